"""What the phone page consists of: its files, their version, and the service worker that keeps them."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import orjson

from webapp.core.config import CHECKOUT

STATIC = CHECKOUT / "static"
PAGE = CHECKOUT / "webapp/templates/field/phone.html"
START = "phone/main.js"
# Modules that the service worker is made of, each before those that use it. They touch no document.
WORKER = ("sha256.js", "database.js", "wire.js", "upload.js", "parcel.js", "sender.js", "sw.js")
SHEETS = ("tokens", "base", "phone", "map", "calls")
LEAFLET = "vendor/leaflet-1.9.4"
MANIFEST = {
    "name": "双格 · 随手报隐患",
    "short_name": "双格",
    "description": "发现隐患，拍照上报；没有信号也能写 (Report hazards, offline too)",
    "lang": "zh-CN",
    "start_url": "/phone/",
    "scope": "/phone/",
    "id": "/phone/",
    "display": "standalone",
    "orientation": "portrait",
    "background_color": "#ffffff",
    "theme_color": "#0f4c5c",
    "icons": [
        {
            "src": f"/static/icons/app-{side}.png",
            "sizes": f"{side}x{side}",
            "type": "image/png",
            "purpose": "any",
        }
        for side in (192, 512)
    ]
    + [
        {
            "src": f"/static/icons/app-maskable-{side}.png",
            "sizes": f"{side}x{side}",
            "type": "image/png",
            "purpose": "maskable",
        }
        for side in (192, 512)
    ],
}
_STATIC_IMPORT = re.compile(r"""^(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)";|^import\s+"([^"]+)";""", re.M)
_LAZY = re.compile(r"""\bimport\("([^"]+)"\)|new Worker\("([^"]+)\"""")
_IMPORTS = re.compile(r"^import\b[^;]*;\n?", re.M)
_EXPORTED = re.compile(r"^export (?=const|let|function|async|class)", re.M)
_NOTHING = re.compile(r"^export \{\};\n?", re.M)


def first_modules() -> list[str]:
    """Return the addresses of the modules that the page needs at once, so that no one waits for another."""
    return [f"/static/{name}" for name in sorted(_reached(_stamp(), lazy=False))]


def files() -> list[str]:
    """Return the addresses of everything that the page may need, for the copy on the phone."""
    names = set(_reached(_stamp(), lazy=True))
    names |= {f"style/{sheet}.css" for sheet in SHEETS}
    names |= {
        f"i18n/{page}.{language}.json" for page in ("shared", "phone", "calls") for language in ("zh", "en")
    }
    names |= {f"{LEAFLET}/leaflet.js", f"{LEAFLET}/leaflet.css"}
    names |= {f"{LEAFLET}/images/marker-{part}.png" for part in ("icon", "icon-2x", "shadow")}
    names |= {f"icons/{path.name}" for path in (STATIC / "icons").glob("*.svg")}
    return [f"/static/{name}" for name in sorted(names)]


def worker() -> str:
    """Return the service worker as one plain script: not every browser's workers know modules."""
    return _worker(_stamp())


def _stamp() -> tuple[tuple[str, int], ...]:
    """Names and times of all that the page is made of: what is computed from it holds while this holds."""
    paths = [
        p
        for folder in ("phone", "calls", "shared", "i18n", "style", "icons")
        for p in (STATIC / folder).iterdir()
    ]
    return tuple(sorted((str(path), path.stat().st_mtime_ns) for path in [*paths, PAGE]))


@lru_cache(maxsize=8)
def _reached(_held: tuple[tuple[str, int], ...], *, lazy: bool) -> frozenset[str]:
    """Return the modules that the start reaches; `lazy` also through imports at the moment of need."""
    found: set[str] = set()
    waiting = [START]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        code = (STATIC / name).read_text(encoding="utf-8")
        named = [one or other for one, other in _STATIC_IMPORT.findall(code)]
        if lazy:
            named += [one or other for one, other in _LAZY.findall(code)]
        waiting += [_address(name, target) for target in named]
    return frozenset(found)


def _address(name: str, target: str) -> str:
    if target.startswith("/static/"):
        return target.removeprefix("/static/")
    return str((STATIC / name).parent.joinpath(target).resolve().relative_to(STATIC.resolve()))


@lru_cache(maxsize=2)
def _worker(_held: tuple[tuple[str, int], ...]) -> str:
    listed = files()
    held = sha256(PAGE.read_bytes())
    for address in listed:
        held.update((CHECKOUT / address.removeprefix("/")).read_bytes())
    parts = [_plain(STATIC / "phone" / name) for name in WORKER]
    for part in parts:
        held.update(part.encode())
    head = f"const VERSION = {orjson.dumps(held.hexdigest()[:16]).decode()};\n"
    head += f"const FILES = {orjson.dumps(listed).decode()};\n"
    return f'"use strict";\n{head}' + "".join(parts)


def _plain(path: Path) -> str:
    """Return a module as plain script: what it imports stands above it, what it exports is simply there."""
    code = _NOTHING.sub("", _IMPORTS.sub("", path.read_text(encoding="utf-8")))
    return f"// {path.name}\n{_EXPORTED.sub('', code)}\n"
