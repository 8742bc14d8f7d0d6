"""A filled form that an OpenRosa client sends: XML and its files in, a report out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5
from xml.etree.ElementTree import Element

import orjson

from collectors import xml_in
from collectors.records import Attachment, Place, Problem, Refused, Report
from collectors.xforms import ADDRESS_LIMIT, NOTE_LIMIT

TEXT_LIMIT = 2_000
NAME_LIMIT = 200
MAX_PHOTOS = 20

# Nodes of our forms that say nothing about the matter itself.
_SILENT = frozenset(("deviceid", "start", "end", "grid", "told", "state", "hint_shown"))
_WHOLE = re.compile(r"-?\d{1,15}\Z")
_DECIMAL = re.compile(r"-?\d{1,15}\.\d{1,15}\Z")
_YESNO = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}


@dataclass(frozen=True, slots=True)
class Submission:
    """A filled form, read but not yet understood.

    `id` is the UUID of meta/instanceID; an id of another make, or none, gives a UUID derived from it (or
    from the bytes), so that sending again is harmless for such clients too. `deprecated` is the id of the
    submission that this one corrects. `leaves` are (path, text) of all nodes with text, in their order.
    """

    form_id: str
    version: str
    id: UUID
    deprecated: UUID | None
    leaves: tuple[tuple[str, str], ...]

    def text(self, path: str) -> str:
        """Return the text of a node, empty when it has none."""
        return next((text for name, text in self.leaves if name == path), "")

    def named_files(self) -> tuple[str, ...]:
        """Return the names of the files that the form's photo questions hold."""
        names = [text for path, text in self.leaves if path.startswith("photos/")]
        return tuple(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class Part:
    """One file part of a request: its field's name, the name of the file, its bytes."""

    name: str
    filename: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Matched:
    """The parts of a request sorted by what the XML names.

    `held` are bytes by name; `missing` names came in no part (a split upload sends them later). `strays`
    are parts that no field names, `rivals` further parts of a name with other bytes: (key, bytes), the key
    unique among both.
    """

    held: Mapping[str, bytes]
    missing: tuple[str, ...]
    strays: tuple[tuple[str, bytes], ...]
    rivals: tuple[tuple[str, bytes], ...]


def decode(xml: bytes, *, sender: str = "") -> Submission:
    """Read a submission's XML.

    `sender` tells people apart whose clients make ids that are no UUIDs. Raises Refused: those of
    xml_in.parsed, form_missing (no form id at the root), too_long.
    """
    root = xml_in.parsed(xml)
    form_id = root.get("id", "").strip() or xml_in.local(root)
    if not root.get("id", "").strip():
        raise Refused.because("form_missing", "the root has no id", "/id")
    leaves = tuple(_leaves(root))
    long = [path for path, text in leaves if len(text) > TEXT_LIMIT]
    if long:
        raise Refused.because("too_long", "a text is too long", f"/{long[0]}", limit=TEXT_LIMIT)
    meta = {path.rpartition("/")[2]: text for path, text in leaves if path.startswith("meta/")}
    given, old = meta.get("instanceID", ""), meta.get("deprecatedID", "")
    return Submission(
        form_id=form_id[:NAME_LIMIT],
        version=root.get("version", "").strip()[:40],
        id=_uuid(given or hashlib.sha256(xml).hexdigest(), sender, form_id),
        deprecated=_uuid(old, sender, form_id) if old else None,
        leaves=tuple((path, text) for path, text in leaves if not path.startswith("meta/")),
    )


def _uuid(text: str, sender: str, form_id: str) -> UUID:
    try:
        return UUID(text.strip().removeprefix("uuid:"))
    except ValueError:
        return uuid5(NAMESPACE_URL, f"openrosa|{sender}|{form_id}|{text.strip()}")


def _leaves(root: Element) -> Iterable[tuple[str, str]]:
    """Yield path and text of each node with text; walks without recursion."""
    waiting = [("", child) for child in reversed(root)]
    while waiting:
        above, item = waiting.pop()
        path = f"{above}/{xml_in.local(item)}" if above else xml_in.local(item)
        if (item.text or "").strip():
            yield path, (item.text or "").strip()
        waiting.extend((path, child) for child in reversed(item))


def matched(named: Sequence[str], parts: Iterable[Part]) -> Matched:
    """Sort the file parts of a request. Names are compared as they are and never become paths."""
    held: dict[str, bytes] = {}
    strays: list[tuple[str, bytes]] = []
    rivals: list[tuple[str, bytes]] = []
    for number, part in enumerate(parts, 1):
        name = next((name for name in (part.name, part.filename) if name in named), None)
        key = f"{number}-{(name or part.filename or part.name)[:NAME_LIMIT]}"
        if name is None:
            strays.append((key, part.data))
        elif held.setdefault(name, part.data) != part.data:
            rivals.append((key, part.data))
    missing = tuple(name for name in named if name not in held)
    return Matched(held, missing, tuple(strays), tuple(rivals))


def report(sent: Submission, questions: Sequence[Mapping[str, Any]], held: Mapping[str, bytes]) -> Report:
    """Return the report that a submission of a hazard class's form makes.

    Answers get the types of the class's questions as far as they can be read so; what can't stays text,
    for the class's own rules to refuse. A file that has not come yet stands in the report by a made-up
    checksum. Raises Refused with every problem: place_needed, bad_value, bad_time, field_required,
    too_many, field_unknown (a node that no question asks for).
    """
    problems: list[Problem] = []
    kinds = {str(q["name"]): str(q["kind"]) for q in questions}
    answers: dict[str, Any] = {}
    for path, text in sent.leaves:
        name = path.removeprefix("answers/")
        if path.startswith("answers/") and name not in answers:
            answers[name] = _typed(kinds.get(name, "text"), text)
        elif not _ours(path) or path.startswith("answers/"):
            problems.append(Problem("field_unknown", f"/{path}", "no question asks for this"))
    names = sent.named_files()
    if len(names) > MAX_PHOTOS:
        problems.append(Problem("too_many", "/photos", "too many photos", {"limit": MAX_PHOTOS}))
    place, found_at = _place(sent, problems), _time(sent, problems)
    if problems or place is None or found_at is None:
        raise Refused(*problems)
    return Report(
        id=sent.id,
        class_code=sent.form_id,
        class_version=sent.version or None,
        answers=answers,
        place=place,
        found_at=found_at,
        note=sent.text("note"),
        attachments=tuple(_attachment(sent, name, held.get(name)) for name in names),
    )


def _ours(path: str) -> bool:
    known = ("place", "grid_point", "address", "found_at", "note", "case")
    return path in known or path in _SILENT or path.startswith("photos/")


def _typed(kind: str, text: str) -> Any:
    if kind == "number" and _WHOLE.match(text):
        return int(text)
    if kind == "number" and _DECIMAL.match(text):
        return float(text)
    if kind == "yesno":
        return _YESNO.get(text.lower(), text)
    return text


def _place(sent: Submission, problems: list[Problem]) -> Place | None:
    """Return the place by GPS, else the chosen grid's; a geopoint is `lat lon alt acc`, metres."""
    address = sent.text("address")[:ADDRESS_LIMIT]
    for path, method in (("place", "gps"), ("grid_point", "grid")):
        if not sent.text(path):
            continue
        try:
            numbers = [float(part) for part in sent.text(path).split()]
            lat, lon = numbers[0], numbers[1]
        except (ValueError, IndexError):
            problems.append(Problem("bad_value", f"/{path}", "not `lat lon alt acc`"))
            return None
        if len(numbers) > 4 or not all(abs(number) < 1e6 for number in numbers):
            problems.append(Problem("bad_value", f"/{path}", "not `lat lon alt acc`"))
            return None
        accuracy = numbers[3] if len(numbers) == 4 and numbers[3] > 0 else None
        return Place(lon, lat, "wgs84", accuracy, method, address)
    problems.append(Problem("place_needed", "/place", "neither a position nor a grid"))
    return None


def _time(sent: Submission, problems: list[Problem]) -> datetime | None:
    text = sent.text("found_at") or sent.text("start")
    if not text:
        problems.append(Problem("field_required", "/found_at", "a time is needed"))
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        problems.append(Problem("bad_time", "/found_at", "a time with its zone is needed"))
        return None
    return at


def _attachment(sent: Submission, name: str, data: bytes | None) -> Attachment:
    said = data if data is not None else f"openrosa|{sent.id}|{name}".encode()
    return Attachment(name[:NAME_LIMIT], "", hashlib.sha256(said).hexdigest(), "photo", data)


@dataclass(frozen=True, slots=True)
class LookBackAnswer:
    """What a filled look-back form says: which task (its id as text), done or failed, where, when, words."""

    task: str
    outcome: str
    place: Place | None
    at: datetime | None
    note: str


def look_back(sent: Submission) -> LookBackAnswer:
    """Return what a look-back form says. Raises Refused 'field_required' or 'bad_value' for the result."""
    outcome = sent.text("result")
    if outcome not in ("done", "failed"):
        code = "bad_value" if outcome else "field_required"
        raise Refused.because(code, "done or failed is needed", "/result")
    at = _time(sent, [])
    return LookBackAnswer(sent.text("task"), outcome, _place(sent, []), at, sent.text("note")[:NOTE_LIMIT])


def content_hash(sent: Submission) -> bytes:
    """Return the SHA-256 of what a submission says: a repeat has the same, a split upload in each part."""
    said = [sent.form_id, sent.version, [leaf for leaf in sent.leaves if leaf[0] not in _SILENT]]
    return hashlib.sha256(orjson.dumps(said)).digest()


def document(xml: bytes) -> dict[str, Any]:
    """Return what can be read of a kept submission in the usual form of a report, for its mending.

    Raises Refused when the XML can't be read.
    """
    sent = decode(xml)
    place = _place(sent, [])
    answers = {
        path.removeprefix("answers/"): _guessed(text)
        for path, text in sent.leaves
        if path.startswith("answers/")
    }
    return {
        "id": str(sent.id),
        "class_code": sent.form_id,
        "answers": answers,
        "place": {"lon": place.lon, "lat": place.lat, "crs": place.crs} if place else {},
        "found_at": sent.text("found_at") or sent.text("start"),
        "note": sent.text("note")[:NOTE_LIMIT],
    }


def _guessed(text: str) -> Any:
    if text in ("yes", "no"):
        return text == "yes"
    return _typed("number", text)
