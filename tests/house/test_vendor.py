"""The browser's files are the pinned ones, licensed, readable, and load nothing from another host."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

STATIC = Path(__file__).resolve().parents[2] / "static"
VENDOR = STATIC / "vendor"
LIBRARIES = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))["libraries"]
SHEETS = sorted(STATIC.rglob("*.css"))
SCRIPTS = sorted(VENDOR.rglob("*.js"))
ICONS = sorted((STATIC / "icons").glob("*.svg"))
HAZARD_CLASSES = ["flying_wire", "dilapidated_house", "fire_lane", "slope", "lead", "other"]


def relative(path: Path) -> str:
    return str(path.relative_to(STATIC))


def folder_of(library: dict) -> Path:
    return VENDOR / f"{library['name'].rpartition('/')[2]}-{library['version']}"


def foreign_addresses(sheet: str) -> list[str]:
    """Addresses a sheet would load that are neither a file beside it, a data: picture nor a fragment."""
    sheet = re.sub(r"/\*.*?\*/", "", sheet, flags=re.S)
    loads = re.findall(r"@import\s+(?:url\()?\s*[\"']?([^\"')\s;]+)", sheet)
    loads += [
        quoted or bare for _, quoted, bare in re.findall(r"url\(\s*(?:([\"'])(.*?)\1|([^)]*))\s*\)", sheet)
    ]
    return [load for load in loads if re.match(r"(?:[a-z]+:)?//", load.strip(), flags=re.I)]


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library["name"])
def test_library_is_as_pinned(library: dict) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", library["version"])
    for package in [library, *library.get("bundles", [])]:
        assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", package["integrity"]), package["name"]
        assert package["license"], package["name"]
    for file in library["files"]:
        found = hashlib.sha256((folder_of(library) / file["path"]).read_bytes()).hexdigest()
        assert found == file["sha256"], f"{file['path']} differs from manifest.json"


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library["name"])
def test_library_keeps_its_licence(library: dict) -> None:
    listed = {file["path"] for file in library["files"]}
    assert library["licence_files"]
    for name in library["licence_files"]:
        assert name in listed
        text = (folder_of(library) / name).read_text(encoding="utf-8")
        assert re.search(r"licen[sc]e|permission|redistribution|public domain", text, flags=re.I), name


def test_check_command_finds_a_changed_missing_and_extra_file(tmp_path: Path) -> None:
    for path in VENDOR.rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            copy = tmp_path / path.relative_to(VENDOR)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    command = [sys.executable, str(tmp_path / "fetch.py"), "--check"]
    untouched = subprocess.run(command, capture_output=True, text=True, check=False)
    assert untouched.returncode == 0, untouched.stdout

    (tmp_path / "leaflet-1.9.4" / "leaflet.js").write_text("alert(1)", encoding="utf-8")
    (tmp_path / "pmtiles-4.5.0" / "LICENSE").unlink()
    (tmp_path / "leaflet-1.9.4" / "more.js").write_text("", encoding="utf-8")
    spoilt = subprocess.run(command, capture_output=True, text=True, check=False)
    assert spoilt.returncode == 1
    assert "changed: leaflet-1.9.4/leaflet.js" in spoilt.stdout
    assert "missing: pmtiles-4.5.0/LICENSE" in spoilt.stdout
    assert "in no list: leaflet-1.9.4/more.js" in spoilt.stdout


def test_vendor_is_small() -> None:
    size = sum(path.stat().st_size for path in VENDOR.rglob("*") if path.is_file() and path.suffix != ".pyc")
    assert size < 2_000_000


@pytest.mark.parametrize("sheet", SHEETS, ids=relative)
def test_sheet_loads_nothing_from_another_host(sheet: Path) -> None:
    text = sheet.read_text(encoding="utf-8")
    assert foreign_addresses(text) == []
    for _, quoted, bare in re.findall(r"url\(\s*(?:([\"'])(.*?)\1|([^)\"']*))\s*\)", text):
        target = (quoted or bare).strip()
        if not target.startswith(("data:", "#", "%23")):
            assert (sheet.parent / unquote(target)).is_file(), f"{target} is not there"


@pytest.mark.parametrize(
    "text",
    [
        "a{background:url(https://x.example/a.png)}",
        "a{background:url( '//x.example/a.png' )}",
        '@import "http://x.example/a.css";',
        "@import url(HTTPS://x.example/a.css) screen;",
    ],
)
def test_foreign_address_in_a_sheet_is_seen(text: str) -> None:
    assert foreign_addresses(text) != []


@pytest.mark.parametrize("file", [*SHEETS, *SCRIPTS], ids=relative)
def test_source_map_stays_at_home(file: Path) -> None:
    for target in re.findall(r"sourceMappingURL=(\S+)", file.read_text(encoding="utf-8")):
        assert not re.match(r"(?:[a-z]+:)?//|/|\.\.", target, flags=re.I), target


@pytest.mark.parametrize("script", SCRIPTS, ids=relative)
def test_script_needs_no_eval(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    # Geoman asks Function("return this") for the global object where there is no `self`: never in a browser.
    text = re.sub(r"\|\|\s*Function\(\"return this\"\)\(\)", "", text)
    assert not re.search(r"(?<![\w.$])(?:eval|Function)\s*\(\s*[\"'`\w]|new Function\b", text)


@pytest.mark.parametrize("icon", ICONS, ids=relative)
def test_icon_is_a_drawing_without_text_or_links(icon: Path) -> None:
    text = icon.read_text(encoding="utf-8")
    assert 'viewBox="0 0 48 48"' in text
    assert not re.search(r"<(?:text|script|image|foreignObject|style)\b|href=", text)
    assert icon.stem == "app" or ('id="icon"' in text and 'stroke="currentColor"' in text)


@pytest.mark.parametrize("code", HAZARD_CLASSES)
def test_each_hazard_class_has_its_picture_and_colour(code: str) -> None:
    assert (STATIC / "icons" / f"{code}.svg").is_file()
    assert f"class-{code}" in tokens()


def tokens() -> dict[str, str]:
    """Colours of the root rule of tokens.css, by name."""
    text = (STATIC / "style" / "tokens.css").read_text(encoding="utf-8").partition("@media")[0]
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})\b", text))


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, WCAG 2.2, from 1 to 21."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted([luminance(first), luminance(second)])
    return (high + 0.05) / (low + 0.05)


TEXT_PAIRS = [
    *[(ink, ground) for ink in ("ink", "ink-soft", "link", "danger") for ground in ("paper", "ground")],
    *[(f"tone-{tone}-ink", f"tone-{tone}-tint") for tone in ("new", "work", "wait", "done", "out")],
    *[("on-primary", fill) for fill in ("primary", "primary-strong", "bar", "danger")],
    ("primary", "paper"),
    ("primary-strong", "primary-tint"),
    ("ink-soft", "primary-tint"),
    ("ink-soft", "sunken"),
    ("ink-soft", "map-ground"),
    ("danger-strong", "tone-new-tint"),
    ("bar-soft", "bar"),
]


@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_text_can_be_read_in_the_sun(ink: str, ground: str) -> None:
    assert contrast(tokens()[ink], tokens()[ground]) >= 4.5


@pytest.mark.parametrize(
    ("line", "ground"), [("line-strong", "paper"), ("focus", "paper"), ("accent", "bar")]
)
def test_borders_and_rings_can_be_seen(line: str, ground: str) -> None:
    assert contrast(tokens()[line], tokens()[ground]) >= 3.0


def test_contrast_formula() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
