"""Both languages are complete: each text has its Chinese, each error its sentence, each page its words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from gis.coverage import Kind
from tests.house.error_codes import Raised, raised
from tests.house.source import ROOT, module, modules, named
from webapp.cases.rules import METHOD_TITLES, State
from webapp.cases.schemas import CloseIn, ReportIn
from webapp.cases.titles import EVENT_TITLES
from webapp.core.i18n import CATALOGUES, speaking
from webapp.core.messages import MESSAGES, TITLES, message
from webapp.core.web import problems_of
from webapp.people.schemas import DeviceIn

TEMPLATES = ROOT / "webapp/templates"
STATIC = ROOT / "static"
WORDS = STATIC / "i18n"
PARAM = re.compile(r"%\((\w+)\)[sd]")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Names that are the same in every language.
PROPER = {"双格", "WGS", "GCJ", "BD", "CGCS", "QR", "JSON"}
SPOKEN_ATTRIBUTES = ("title", "alt", "placeholder", "aria-label", "aria-description")


@cache
def used() -> dict[str, str]:
    """Return each msgid of code and templates with a place that uses it."""
    found: dict[str, str] = {}
    sources = [("**.py", "python"), ("templates/**.html", "jinja2")]
    for file, line, text, _comments, _context in extract_from_dir(
        str(ROOT / "webapp"), method_map=sources, keywords={"_": None, "N_": None}
    ):
        found.setdefault(str(text), f"webapp/{file}:{line}")
    return found


@cache
def chinese() -> Catalog:
    with CATALOGUES["zh"].open("rb") as file:
        return read_po(file, locale="zh_CN")


def test_each_text_has_its_chinese() -> None:
    assert len(used()) > 200, "the texts were not found"
    catalogue = chinese()
    bad = []
    for text, where in sorted(used().items()):
        entry = catalogue.get(text)
        if entry is None or not entry.string or entry.fuzzy:
            bad.append(f"{where}: {text!r} has no Chinese")
        elif set(PARAM.findall(text)) != set(PARAM.findall(str(entry.string))):
            bad.append(f"{where}: {text!r} and {entry.string!r} have different parameters")
        elif not CHINESE.search(str(entry.string)):
            bad.append(f"{where}: {entry.string!r} is not Chinese")
    assert not bad, named(bad, "translate it in webapp/translations/zh_CN/LC_MESSAGES/messages.po")


def test_the_catalogue_holds_no_text_that_nobody_uses() -> None:
    bad = [str(entry.id) for entry in chinese() if entry.id and entry.id not in used()]
    assert not bad, named(bad, "take it out of messages.po")


def test_each_status_has_a_title() -> None:
    assert {400, 401, 403, 404, 409, 413, 422, 429, 500, 503} <= set(TITLES)


# ---------------------------------------------------------------- error codes


@cache
def codes() -> tuple[Raised, ...]:
    return tuple(item for source in modules() for item in raised(source))


def test_each_error_code_has_a_sentence() -> None:
    assert len({item.code for item in codes()}) > 80, "the codes were not found"
    bad = sorted({f"{item.where}: {item.code}" for item in codes() if item.code not in MESSAGES})
    assert not bad, named(bad, "give the code a sentence in webapp/core/messages.py")


def test_each_error_gives_what_its_sentence_names() -> None:
    bad = []
    for item in codes():
        lacking = set(PARAM.findall(MESSAGES.get(item.code, ""))) - (item.given or set())
        if item.given is not None and lacking:
            bad.append(f"{item.where}: {item.code} lacks {', '.join(sorted(lacking))}")
    assert not bad, named(bad, "pass these parameters where the error is raised")


@pytest.mark.parametrize("kind", list(Kind))
def test_each_fault_of_a_coverage_has_a_sentence(kind: Kind) -> None:
    params = {"codes": "140106004012001", "lon": 112.5, "lat": 37.8, "area_m2": 3.5, "length_m": 12.0}
    with speaking("zh"):
        said = message(f"fault_{kind}", params)
    assert "140106004012001" in said
    assert CHINESE.search(said)


def test_an_unspoken_code_is_found() -> None:
    text = """
def check(name):
    if not name:
        raise Refused.because("never_said", "no words for this")
    code = "first" if name == "1" else "second"
    raise CoordinateError(code, x=1)
"""
    found = {(item.code, item.given) for item in raised(module("collectors/made_up.py", text))}
    given = frozenset({"x"})
    assert found == {("never_said", frozenset()), ("first", given), ("second", given)}


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        (ReportIn, {}),
        (ReportIn, {"id": 7, "class_code": "", "place": "here", "found_at": "soon", "note": 1, "x": 1}),
        (
            ReportIn,
            {
                "id": "x",
                "class_code": "a" * 61,
                "class_version": "two",
                "answers": [],
                "place": {"lon": "east", "lat": float("nan"), "accuracy_m": -1, "method": "guess"},
                "found_at": "2026-05-03T08:00:00",
                "note": "\u202e",
            },
        ),
        (DeviceIn, {"id": None, "label": "", "scope": "everything"}),
        (CloseIn, {"note": "x" * 2001, "revision": "first"}),
    ],
)
def test_what_a_schema_refuses_is_said_in_chinese(schema: type, sent: dict[str, object]) -> None:
    problems = problems_of(schema().validate(sent))
    assert problems
    with speaking("zh"):
        for problem in problems:
            said = message(problem.code, problem.params)
            assert problem.code != "field_wrong", problem
            assert CHINESE.search(said), (problem, said)
            assert "?" not in said, (problem, said)


def test_states_events_and_methods_have_titles() -> None:
    from collectors.records import PLACE_METHODS
    from webapp.cases.rules import STATE_TITLES

    assert set(STATE_TITLES) == set(State)
    assert set(METHOD_TITLES) == set(PLACE_METHODS)
    source = next(m for m in modules("webapp") if m.name == "webapp.cases.actions").text
    assert set(re.findall(r'"(cases\.\w+)"', source)) <= set(EVENT_TITLES)


# ---------------------------------------------------------------- templates

# What is Jinja's own, and the block that holds a class name instead of words.
CLASS = r"\{% block body_class %\}.*?\{% endblock %\}"
JINJA = re.compile(CLASS + r"|\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.S)


class Spoken(HTMLParser):
    """Collects the text of a template that people would read or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style")
        self.found += [
            (self.getpos()[0], value) for name, value in attrs if name in SPOKEN_ATTRIBUTES and value
        ]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append((self.getpos()[0], data))


def literal_words(template: str) -> Iterator[tuple[int, str]]:
    """Yield (line, word) of what a template says by itself; units of one letter may stay."""
    # What Jinja writes counts as nothing, its line breaks stay for the line numbers.
    spoken = Spoken()
    spoken.feed(JINJA.sub(lambda part: "\n" * part.group().count("\n"), template))
    for line, text in spoken.found:
        for word in re.findall(r"[A-Za-z]{2,}|[\u4e00-\u9fff]+", text):
            if word not in PROPER:
                yield line, word


def test_templates_speak_through_the_catalogue_only() -> None:
    files = sorted(TEMPLATES.rglob("*.html"))
    assert len(files) > 8
    bad = [
        f"{file.relative_to(ROOT)}:{line}: {word}"
        for file in files
        for line, word in literal_words(file.read_text(encoding="utf-8"))
    ]
    assert not bad, named(bad, 'write {{ _("...") }} and translate it in messages.po')


def test_a_literal_text_is_found() -> None:
    template = """<p>{{ _("fine") }} 双格</p>
      {% if x %}<img alt="Photo" src="{{ a }}">{% endif %}<b>提交</b>"""
    assert list(literal_words(template)) == [(2, "Photo"), (2, "提交")]


# ---------------------------------------------------------------- browser

PAGES = sorted({file.name.split(".")[0] for file in WORDS.glob("*.json")})
FOLDERS = sorted(folder for folder in STATIC.iterdir() if folder.is_dir() and any(folder.glob("*.js")))
# A call of t on a plain text or a template literal.
ASKED = re.compile(r"""\bt\(\s*(?:"([^"]+)"|'([^']+)'|`([^`]+)`)""")


def words(page: str, language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((WORDS / f"{page}.{language}.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_the_same_words_in_both_languages(page: str) -> None:
    zh, en = words(page, "zh"), words(page, "en")
    assert zh.keys() == en.keys(), sorted(zh.keys() ^ en.keys())
    holes = re.compile(r"\{(\w+)\}")
    bad = [key for key in zh if set(holes.findall(zh[key])) != set(holes.findall(en[key]))]
    assert not bad, named(bad, "both languages fill in the same {names}")
    assert not [key for key in zh if not zh[key].strip() or not en[key].strip()]


def asked(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield (place, pattern) of each text that a folder's modules ask for; `${...}` may be anything.

    What a script looks for first (`has`) may be missing.
    """
    for file in sorted(folder.glob("*.js")):
        text = file.read_text(encoding="utf-8")
        for call in ASKED.finditer(text):
            line = text.count("\n", 0, call.start()) + 1
            plain, quoted, template = call.groups()
            if template and f"has(`{template}`)" in text:
                continue
            parts = re.split(r"\$\{[^}]*\}", template) if template else [plain or quoted]
            yield f"static/{folder.name}/{file.name}:{line}", ".+".join(re.escape(part) for part in parts)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_text_that_a_script_asks_for_exists(folder: Path) -> None:
    source = "\n".join(file.read_text(encoding="utf-8") for file in folder.glob("*.js"))
    pages = {"shared", *re.findall(r"""\bload\(\s*["'](\w+)["']\s*\)""", source)}
    known = set().union(*(words(page, "zh") for page in pages))
    bad = [
        f"{where}: {wanted}"
        for where, wanted in asked(folder)
        if not any(re.fullmatch(wanted, key) for key in known)
    ]
    assert not bad, named(bad, "add the key to static/i18n/<page>.zh.json and .en.json")
