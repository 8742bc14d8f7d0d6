"""Writes the tables of docs/ that follow from the code: python -m tests.house.tables."""

from __future__ import annotations

import ast
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.house.source import ROOT, Function, Module, calls, furniture
from webapp.app import create_app
from webapp.cases.rules import STEPS
from webapp.core.config import Settings, make_secrets, table
from webapp.maps.layers import LAYERS
from webapp.people.rules import Role
from webapp.reactions import REACTIONS

BEGIN = "<!-- Made by `make docs`; edit the code, not the table. -->"
END = "<!-- End of what `make docs` makes. -->"
# The kind of a variable in an address: <uuid:case_id> is shown as <case_id>.
CONVERTER = re.compile(r"<[^<>:]+:")
EVERYBODY = tuple(str(role) for role in Role)

# Views that are no doors: nobody needs to be signed in, or they look themselves. Each with its reason.
OPEN_VIEWS = {
    "people_pages.start": ("everybody", "sends on to the page of the role, or to /login"),
    "people_pages.login_form": ("everybody", "signing in"),
    "people_pages.login": ("everybody", "signing in; throttled by address, locked after failures"),
    "people_pages.logout": ("everybody", "signing out; harmless for nobody"),
    "people_pages.enrol_form": ("everybody", "a phone is set up by a one-time code"),
    "people_pages.enrol": ("everybody", "a phone is set up by a one-time code; throttled by address"),
    "field_pages.phone_shell": ("everybody", "the phone page without anything about a person"),
    "field_pages.phone_worker": ("everybody", "the phone page's service worker; nothing personal"),
    "field_pages.phone_manifest": ("everybody", "how the phone page looks as an app; nothing personal"),
    "maps.events": ("signed in", "holds no transaction while it waits; opens one for each piece of news"),
    "basemap.description": ("everybody", "names the base map; nothing personal"),
    "basemap.mbtiles": ("everybody", "pictures of the base map; nothing personal"),
    "basemap.pmtiles": ("everybody", "pictures of the base map; nothing personal"),
    "place_pages.from_sign": (
        "everybody",
        "leads from a place's sign to the phone page or the residents' page",
    ),
    "public_pages.find": ("everybody", "asks for a tracking code; reads nothing"),
    "apidocs.documentation": ("everybody", "draws the description of the API"),
    "health.alive": ("everybody", "asked by a supervisor"),
    "health.ready": ("everybody", "asked by a supervisor"),
    "health.metrics": ("this machine, or system_admin", "asked by Prometheus"),
    "api-docs.openapi_json": ("everybody", "the description of the API"),
    "static": ("everybody", "what the browser runs"),
    "open311.discovery": ("everybody", "names the address and the formats of the protocol"),
}


@dataclass(frozen=True)
class Route:
    """One address with one method: its view, and who may come in (None: the view is no door)."""

    rule: str
    method: str
    endpoint: str
    door: dict[str, Any] | None

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that a door lets in."""
        return tuple(map(str, (self.door or {}).get("roles", ()))) or EVERYBODY


@cache
def routes() -> tuple[Route, ...]:
    """Return every address of the application, sorted; needs no database."""
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home))
        make_secrets(settings)
        app = create_app(settings)
    found = [
        Route(
            CONVERTER.sub("<", rule.rule),
            method,
            rule.endpoint,
            getattr(app.view_functions[rule.endpoint], "door", None),
        )
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
    return tuple(sorted(found, key=lambda r: (r.rule, r.method)))


def _door(view: Any) -> dict[str, Any] | None:
    return getattr(view, "door", None)


@dataclass(frozen=True)
class Recorded:
    """One place that records an event: its name, what it is about, the action and the data's keys."""

    event: str
    kind: str
    action: str
    keys: tuple[str, ...]


@cache
def recorded() -> tuple[Recorded, ...]:
    """Return every event that an action records, sorted by name."""
    said = {r for item in furniture("actions") for r in events_of(item)} | set(_events_of_life())
    return tuple(sorted(said, key=lambda r: (r.event, r.action)))


def _events_of_life() -> Iterator[Recorded]:
    """Yield the events that the table of steps names."""
    for event in sorted({step.event for step in STEPS.values()}):
        yield Recorded(event, "case", "cases.actions.take_step", ("verb", "state", "revision", "note_id"))


def events_of(item: Module) -> Iterator[Recorded]:
    """Yield the events of one actions.py; a helper that takes the event's name is followed one step."""
    by_name = {f.name: f for f in item.tree.body if isinstance(f, Function)}
    for function in by_name.values():
        for name, call in calls(function):
            told = record_call(by_name.get(name)) if name != "record" else call
            if told is None:
                continue
            given = call.args[1] if name == "record" else _argument(by_name[name], call, told.args[1])
            if isinstance(given, ast.Constant):
                kinds = {k.arg: k.value for k in told.keywords if k.arg}
                kind = kinds.get("kind")
                keys = [k for k in kinds if k not in ("kind", "subject", "by", "grid")]
                keys += _spread(function if name == "record" else by_name[name], told)
                said = kind.value if isinstance(kind, ast.Constant) else "?"
                for action in public_callers(by_name, function.name):
                    yield Recorded(str(given.value), str(said), f"{item.room}.actions.{action}", tuple(keys))


def public_callers(by_name: dict[str, Function], name: str) -> list[str]:
    """Return the public functions of a module that reach a function of it: itself, when it is public."""
    reached, grown = {name}, True
    while grown and name.startswith("_"):
        more = {f for f, node in by_name.items() if {n for n, _call in calls(node)} & reached} - reached
        reached |= more
        grown = bool(more)
    return sorted(f for f in reached if not f.startswith("_"))


def _spread(function: Function, call: ast.Call) -> list[str]:
    """Return the keys that a call takes from `**news`, when news is a dict written in the same function."""
    names = {k.value.id for k in call.keywords if k.arg is None and isinstance(k.value, ast.Name)}
    return [
        str(key.value)
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
        if names & {target.id for target in node.targets if isinstance(target, ast.Name)}
        for key in node.value.keys
        if isinstance(key, ast.Constant)
    ]


def record_call(function: Function | None) -> ast.Call | None:
    """Return the call of `record` in a helper whose event name is one of its arguments."""
    for name, call in calls(function) if function else ():
        if name == "record" and isinstance(call.args[1], ast.Name):
            return call
    return None


def _argument(function: Function, call: ast.Call, wanted: ast.expr) -> ast.expr | None:
    """Return what a call hands to the parameter `wanted` of a function of ours."""
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    key = wanted.id if isinstance(wanted, ast.Name) else ""
    for keyword in call.keywords:
        if keyword.arg == key:
            return keyword.value
    position = names.index(key) if key in names else len(call.args)
    return call.args[position] if position < len(call.args) else None


def _rows(heading: str, rows: list[tuple[str, ...]]) -> str:
    columns = heading.count("|") + 1
    lines = [f"| {heading} |", "|" + "---|" * columns]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def events_table() -> str:
    """Return the table of events."""
    rows = [
        (f"`{r.event}`", r.kind, f"`{r.action}`", _listed(r.keys), _listed(REACTIONS.get(r.event, [])))
        for r in recorded()
    ]
    return _rows("event | about a | recorded by | data | starts", rows)


def routes_table() -> str:
    """Return the table of addresses."""
    rows = []
    for route in routes():
        if route.door is None:
            who, why = OPEN_VIEWS.get(route.endpoint, ("?", "?"))
            rows.append((route.method, f"`{route.rule}`", f"{who} ({why})", "", f"`{route.endpoint}`"))
        else:
            who = "signed in" if set(route.roles) == set(EVERYBODY) else ", ".join(route.roles)
            who = "everybody, as a stranger" if route.door.get("stranger") else who
            rows.append((route.method, f"`{route.rule}`", who, route.door["scope"], f"`{route.endpoint}`"))
    return _rows("method | address | who | token scope | view", rows)


def roles_table() -> str:
    """Return the matrix of doors and roles."""
    rows = []
    for route in routes():
        if route.door is not None:
            marks = ["yes" if role in route.roles else "" for role in EVERYBODY]
            rows.append((route.method, f"`{route.rule}`", *marks))
    return _rows("method | address | " + " | ".join(EVERYBODY), rows)


def life_table() -> str:
    """Return the table of the life of a case."""
    rows = [
        (
            f"`{step.verb}`",
            _listed([str(state) for state in step.starts]),
            f"`{step.to}`" if step.to else "stays",
            step.who,
            ", ".join(step.needs),
            step.clock,
            step.only
            or (f"asks: {step.asks}" if step.asks else f"settles: {step.settles}" * bool(step.settles)),
            f"`{step.event}`",
        )
        for step in STEPS.values()
    ]
    return _rows("verb | from | to | who | needs | clock | only when | event", rows)


def layers_table() -> str:
    """Return the table of map layers, in the order in which they are drawn."""
    rows = [
        (
            f"`{layer.id}`",
            layer.title,
            layer.geometry,
            ", ".join(layer.roles) or "everybody with a map",
            str(layer.min_zoom or ""),
            "on" if layer.shown else "off",
            _listed(layer.filters),
        )
        for layer in LAYERS
    ]
    return _rows("layer | title | geometry | roles | from zoom | at first | filters", rows)


def vendor_table() -> str:
    """Return the table of the browser libraries that are kept in static/vendor, with what they contain."""
    manifest = json.loads((ROOT / "static/vendor/manifest.json").read_text(encoding="utf-8"))
    rows = []
    for item in manifest["libraries"]:
        inside = [f"{b['name']} {b['version']} ({b['license']})" for b in item.get("bundles", [])]
        rows.append((item["name"], item["version"], item["license"], ", ".join(inside)))
    return _rows("library | version | licence | contains", rows)


TABLES: dict[str, Callable[[], str]] = {
    "docs/settings.md": table,
    "docs/events.md": events_table,
    "docs/routes.md": routes_table,
    "docs/roles.md": roles_table,
    "docs/layers.md": layers_table,
    "docs/life.md": life_table,
    "docs/data.md": vendor_table,
}


def put_in(text: str, made: str) -> str:
    """Return a document with the part between the two marks replaced."""
    head, _begin, rest = text.partition(BEGIN)
    _old, end, tail = rest.partition(END)
    if not end:
        raise ValueError(f"the document lacks its marks: {BEGIN} and {END}")
    return f"{head}{BEGIN}\n\n{made}\n{END}{tail}"


def main() -> None:
    """Write all tables into their documents."""
    for name, make in TABLES.items():
        path = ROOT / name
        before = path.read_text(encoding="utf-8")
        after = put_in(before, make())
        path.write_text(after, encoding="utf-8")
        print(f"{'written' if before != after else 'same'} {name}")


if __name__ == "__main__":
    main()
