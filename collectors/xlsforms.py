"""XLSForms of a station: checked by pyxform, and made into the questions of a hazard class."""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collectors import child_process
from collectors.records import Problem, Refused

LIMIT_BYTES = 2_000_000
MAX_MEMBERS = 200
MAX_TOTAL_BYTES = 30_000_000
RESULT_LIMIT_BYTES = 8_000_000
WALL_S = 40
MAX_QUESTIONS = 100
MAX_CHOICES = 300
WIDE = 1_000_000_000
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}\Z")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,59}\Z")
# Filled in by the phone itself, or asked for by every form of ours.
_GIVEN = frozenset(
    ("start", "end", "today", "deviceid", "device id", "username", "phonenumber", "phone number", "email")
)
_KINDS = {"integer": "number", "decimal": "number", "range": "number", "text": "text", "date": "date"}
_KINDS |= {"select one": "choice", "photo": "photo", "image": "photo"}
_YES = ("yes", "true", "true()")
_NO = ("", "no", "false", "false()")
_EQUALS = re.compile(
    r"""(?:\$\{([\w.-]+)\}\s*=\s*|selected\(\s*\$\{([\w.-]+)\}\s*,\s*)"""
    r"""(?:'([^']*)'|"([^"]*)"|(-?\d+(?:\.\d+)?))\s*\)?\Z"""
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?\Z")
_BOUND = re.compile(r"\.\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)\Z")


@dataclass(frozen=True, slots=True)
class StationForm:
    """A station's own form: id, title and hint in both languages, questions as a class declares them."""

    form_id: str
    title: Mapping[str, str]
    hint: Mapping[str, str]
    questions: tuple[Mapping[str, Any], ...]


@dataclass(slots=True)
class _Reading:
    """What has been read so far, and everything that is wrong, each with its row."""

    rows: Mapping[str, int]
    choices: Mapping[str, Any]
    questions: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    places: int = 0

    def refuse(self, code: str, where: str, **params: Any) -> None:
        """Note a problem at the row of a name."""
        row = self.rows.get(where)
        at = f"row {row}" if row else where
        self.problems.append(Problem(code, at, f"{code} at {where}", params))

    def known(self, name: str) -> Mapping[str, Any] | None:
        """Return the question of that name, if it came before."""
        return next((q for q in self.questions if q["name"] == name), None)


def decode(data: bytes) -> StationForm:
    """Read an XLSForm (.xlsx). pyxform checks it in a process of its own, with limits.

    Questions that a class can't have (repeats, several choices, calculations, free conditions) are refused,
    each with its row. Raises Refused: too_large, xlsform_not_xlsx, zip_bomb, bad_zip, xlsform_broken (what
    pyxform says), xlsform_type, xlsform_condition, xlsform_constraint, xlsform_required, xlsform_name,
    xlsform_second_place, xlsform_id, xlsform_empty, too_many, too_many_lines, file_too_costly, file_crashed.
    """
    if len(data) > LIMIT_BYTES:
        raise Refused.because("too_large", "the file is too large", limit=LIMIT_BYTES, size=len(data))
    _check_zip(data)
    answer = _through_child(data)
    form = answer["form"]
    reading = _Reading({name: row for name, row in answer["rows"] if name}, form.get("choices") or {})
    _walk(reading, form.get("children", []), None)
    if not _ID.match(str(form["id_string"])):
        reading.problems.append(Problem("xlsform_id", "settings", "form_id", {"id": form["id_string"]}))
    if len(reading.questions) > MAX_QUESTIONS:
        reading.problems.append(Problem("too_many", "survey", "questions", {"limit": MAX_QUESTIONS}))
    if not reading.questions and not reading.problems:
        reading.problems.append(Problem("xlsform_empty", "survey", "no question"))
    if reading.problems:
        raise Refused(*reading.problems)
    return StationForm(
        str(form["id_string"]), _title(str(form["title"])), {"zh": "", "en": ""}, tuple(reading.questions)
    )


def _check_zip(data: bytes) -> None:
    if data[:4] != b"PK\x03\x04":
        raise Refused.because("xlsform_not_xlsx", "not an .xlsx file")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            listed = archive.infolist()
            # Counted while unpacking: the directory of an archive may lie about sizes.
            total = 0
            for member in listed[: MAX_MEMBERS + 1]:
                with archive.open(member) as source:
                    while part := source.read(1_000_000):
                        total += len(part)
                        if total > MAX_TOTAL_BYTES:
                            raise Refused.because("zip_bomb", "unpacks to too much", limit=MAX_TOTAL_BYTES)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Refused.because("bad_zip", f"the archive cannot be read: {error}") from None
    if len(listed) > MAX_MEMBERS:
        raise Refused.because("zip_bomb", "too many members", limit=MAX_MEMBERS, count=len(listed))


def _through_child(data: bytes) -> dict[str, Any]:
    """Let a child of ours read the workbook; its death and its refusal are a Refused."""
    child = Path(__file__).with_name("xls_child.py")
    with tempfile.TemporaryDirectory(prefix="form-") as folder:
        job = Path(folder)
        (job / "form.xlsx").write_bytes(data)
        command = [sys.executable, "-I", str(child), str(job)]
        environment = {"LANG": "C.UTF-8", "PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1"}
        return child_process.answer(command, environment, job, WALL_S, RESULT_LIMIT_BYTES)


def _walk(reading: _Reading, children: list[dict[str, Any]], inherited: dict[str, Any] | None) -> None:
    """Read questions in their order; a group gives its condition to its questions."""
    for item in children:
        name, kind = str(item.get("name", "")), str(item.get("type", ""))
        if kind == "group" and name == "meta":
            continue
        if kind == "group":
            _walk(reading, item.get("children", []), _condition(reading, item, inherited))
        elif kind == "geopoint":
            reading.places += 1
            if reading.places > 1:
                reading.refuse("xlsform_second_place", name)
        elif kind in _KINDS:
            _question(reading, item, _KINDS[kind], inherited)
        elif kind not in _GIVEN and kind != "note":
            reading.refuse("xlsform_type", name, type=kind)


def _question(
    reading: _Reading, item: Mapping[str, Any], kind: str, inherited: dict[str, Any] | None
) -> None:
    name, bind = str(item["name"]), item.get("bind") or {}
    if not _NAME.match(name) or reading.known(name):
        reading.refuse("xlsform_name", name, name=name)
    required = str(bind.get("required", "")).strip().lower()
    if required not in _YES + _NO:
        reading.refuse("xlsform_required", name)
    if "calculate" in bind or item.get("choice_filter"):
        reading.refuse("xlsform_type", name, type="calculation" if "calculate" in bind else "choice_filter")
    found: dict[str, Any] = {
        "name": name,
        "kind": kind,
        "required": required in _YES,
        "title": _texts(item.get("label"), name),
    }
    relevant = _condition(reading, item, inherited)
    if relevant:
        found["relevant"] = relevant
    if kind == "number":
        found["low"], found["high"] = (_plain(end) for end in _range(reading, item))
    elif bind.get("constraint"):
        reading.refuse("xlsform_constraint", name)
    if kind == "choice":
        found |= _choices(reading, item)
    reading.questions.append(found)


def _choices(reading: _Reading, item: Mapping[str, Any]) -> dict[str, Any]:
    """Return kind and choices; a list of just yes and no is a question of its own kind."""
    listed = item.get("choices") or reading.choices.get(str(item.get("list_name", "")), [])
    if not listed or len(listed) > MAX_CHOICES:
        reading.refuse("xlsform_type", str(item["name"]), type=str(item.get("itemset", "select_one")))
    values = [str(choice["name"]) for choice in listed]
    if sorted(values) == ["no", "yes"]:
        return {"kind": "yesno"}
    named = [{"value": str(c["name"]), "title": _texts(c.get("label"), str(c["name"]))} for c in listed]
    return {"choices": named}


def _condition(
    reading: _Reading, item: Mapping[str, Any], inherited: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Return a condition of the form `${question} = 'value' or ...` as a class declares it."""
    text = str((item.get("bind") or {}).get("relevant", "")).strip()
    if not text:
        return inherited
    found = [_EQUALS.match(part.strip()) for part in re.split(r"\s+or\s+", text)]
    names = {match.group(1) or match.group(2) for match in found if match}
    asked = reading.known(names.pop()) if len(names) == 1 and all(found) else None
    if asked is None or inherited is not None or asked["kind"] == "photo":
        reading.refuse("xlsform_condition", str(item.get("name", "")))
        return None
    values = [_value(asked["kind"], match) for match in found if match]
    return {"question": asked["name"], "in": values}


def _value(kind: str, match: re.Match[str]) -> Any:
    text = next(part for part in match.groups()[2:] if part is not None)
    if kind == "yesno":
        return text == "yes"
    return _plain(float(text)) if kind == "number" and _NUMBER.match(text) else text


def _range(reading: _Reading, item: Mapping[str, Any]) -> tuple[float, float]:
    """Return the lowest and highest number of `. >= 1 and . <= 20`, or of a range's parameters."""
    if item.get("type") == "range":
        said = item.get("parameters") or {}
        low, high = float(said.get("start", 1)), float(said.get("end", 10))
        return min(low, high), max(low, high)
    text = str((item.get("bind") or {}).get("constraint", "")).strip()
    low, high = float(-WIDE), float(WIDE)
    step = 1.0 if item.get("type") == "integer" else 1e-6
    for part in re.split(r"\s+and\s+", text) if text else []:
        match = _BOUND.match(part.strip().strip("()").strip())
        if match is None:
            reading.refuse("xlsform_constraint", str(item["name"]))
            continue
        sign, number = match.group(1), float(match.group(2))
        if sign.startswith(">"):
            low = number if sign == ">=" else number + step
        else:
            high = number if sign == "<=" else number - step
    return low, high


def _plain(number: float) -> float:
    return int(number) if number.is_integer() else number


def _texts(label: Any, name: str) -> dict[str, str]:
    """Return a label in Chinese and English; columns are known by zh, 中文, en, English in their language."""
    if not isinstance(label, dict):
        said = " ".join(str(label or name).split())
        return {"zh": said, "en": said}
    found: dict[str, str] = {}
    for language, text in label.items():
        low = str(language).lower()
        code = "zh" if "zh" in low or "中文" in low or "chinese" in low else "en" if "en" in low else "other"
        found.setdefault(code, " ".join(str(text).split()))
    spare = next((text for text in found.values() if text), name)
    return {"zh": found.get("zh") or spare, "en": found.get("en") or spare}


def _title(text: str) -> dict[str, str]:
    """Return a title in both languages: `中文 | English`, else the same for both."""
    zh, _bar, en = (part.strip() for part in text.partition("|"))
    return {"zh": zh or text, "en": en or zh or text}
