"""Time and chance are asked for in few places, so that everything else can be repeated."""

from __future__ import annotations

import re

from tests.house.source import Module, calls, imported, module, modules, named

CLOCK = "webapp.core.clock"
# Modules that may draw lots, each with the reason.
CHANCE = {
    "webapp.core.config": "makes the secrets of a new installation",
    "webapp.core.security": "session and token secrets",
    "webapp.core.web": "request numbers and the nonces of the security policy",
    "webapp.demo.load": "passwords of the demo logins",
}
ASKS_TIME = re.compile(
    r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|time\.(time|time_ns|gmtime|localtime))$"
)
# uuid4 is left out on purpose: it names a thing, and nothing follows from which name it is.
DRAWS = re.compile(r"^(random|secrets)(\.|$)|^numpy\.random|^np\.random")


def time_asked(item: Module) -> list[str]:
    """Return the lines that ask what time it is."""
    return [f"{item.path}:{call.lineno}: {name}" for name, call in calls(item.tree) if ASKS_TIME.search(name)]


def chance_drawn(item: Module) -> list[str]:
    """Return the lines that draw from a source of chance of their own; a Random handed in is an argument."""
    found = [f"{item.path}: imports {name}" for name in imported(item.tree) if re.match(r"secrets\b", name)]
    found += [
        f"{item.path}:{call.lineno}: {name}"
        for name, call in calls(item.tree)
        if DRAWS.search(name) or name in ("Random", "SystemRandom", "default_rng")
        # Random(<seed>) is the same each time
        if not (name.split(".")[-1] in ("Random", "default_rng") and call.args)
    ]
    return found


def test_one_module_asks_the_time() -> None:
    found = [line for item in modules() if item.name != CLOCK for line in time_asked(item)]
    assert not found, named(
        found,
        "webapp calls clock.now() (webapp/core/clock.py); gis and collectors take the time as an argument",
    )


def test_chance_is_an_argument() -> None:
    found = [line for item in modules() if item.name not in CHANCE for line in chance_drawn(item)]
    assert not found, named(
        found, "take the source of chance (rng) as an argument; secrets are made by webapp/core/security.py"
    )


def test_the_listed_still_draw() -> None:
    quiet = [item.name for item in modules() if item.name in CHANCE and not chance_drawn(item)]
    assert not quiet, named(quiet, "take the module off CHANCE: it draws no more")


def test_a_clock_and_a_die_are_seen() -> None:
    assert time_asked(module("gis/x.py", "from datetime import datetime\ndatetime.now()"))
    assert time_asked(module("gis/x.py", "import time\ntime.time()"))
    assert not time_asked(module("webapp/x.py", "clock.now(); time.monotonic()"))
    assert chance_drawn(module("gis/x.py", "import random\nrandom.random()"))
    assert chance_drawn(module("gis/x.py", "from random import Random\nRandom()"))
    assert chance_drawn(module("webapp/x.py", "import secrets"))
    assert not chance_drawn(module("gis/x.py", "rng.random(); Random(seed)"))
