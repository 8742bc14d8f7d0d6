"""Open311 GeoReport v2: the form of a report in; services, requests and errors out, as JSON or XML."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5
from xml.etree import ElementTree

import orjson

from collectors.json_in import BAD_TEXT
from collectors.records import Attachment, Problem, Refused

MAX_FILES = 20
MAX_FIELDS = 200
DESCRIPTION_LIMIT = 4_000  # that of the official JSON schema
TEXT_LIMIT = 500
SPAN = timedelta(days=90)
MOST_IDS = 200

CONTACT = ("first_name", "last_name", "phone", "email")
_PLAIN = (
    "service_code", "lat", "long", "address_string", "address_id", "description", "media_url", "device_id",
    "account_id", *CONTACT,
)  # fmt: skip
# Said about the request itself, not about the matter.
_ENVELOPE = ("api_key", "jurisdiction_id", "lang")
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]{1,60})\](?:\[[0-9]*\])?")
_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,20})?")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_YES, _NO = ("yes", "true", "1", "是"), ("no", "false", "0", "否")

# Root and item of each answer; an answer without an item is one record.
ROOTS: dict[str, tuple[str, str]] = {
    "discovery": ("discovery", ""),
    "services": ("services", "service"),
    "service_definition": ("service_definition", ""),
    "requests": ("service_requests", "request"),
    "updates": ("service_request_updates", "request_update"),
    "errors": ("errors", "error"),
}
_ITEMS = {"attributes": "attribute", "values": "value", "endpoints": "endpoint", "formats": "format"}
TYPES = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Sent:
    """A report as the form said it. Coordinates WGS 84 in degrees, both None when only an address came.

    `attributes` holds each attribute's texts in the order sent; `contact` only the named personal fields
    that were filled in; `other` the fields that the standard does not know.
    """

    service_code: str
    lat: float | None
    lon: float | None
    address: str
    address_id: str
    attributes: Mapping[str, tuple[str, ...]]
    description: str
    media_url: str
    device_id: str
    account_id: str
    contact: Mapping[str, str]
    other: Mapping[str, str]
    files: tuple[Attachment, ...] = field(repr=False, default=())


def decode(fields: Sequence[tuple[str, str]], files: Sequence[tuple[str, str, bytes]]) -> Sent:
    """Read the form of POST requests: (name, value) pairs and (file name, media type, bytes) of its parts.

    Raises Refused with every problem: bad_text, too_long, too_many, missing, not_number, out_of_range.
    """
    problems: list[Problem] = []
    if len(fields) > MAX_FIELDS:
        raise Refused.because("too_many", "too many fields", limit=MAX_FIELDS, count=len(fields))
    if len(files) > MAX_FILES:
        raise Refused.because("too_many", "too many files", "media", limit=MAX_FILES, count=len(files))
    plain, attributes, other = _sorted_fields(fields, problems)
    if not plain.get("service_code"):
        problems.append(Problem("missing", "service_code", "this field is required"))
    lat, lon = _position(plain, problems)
    if problems:
        raise Refused(*problems)
    return Sent(
        service_code=plain["service_code"],
        lat=lat,
        lon=lon,
        address=plain.get("address_string", ""),
        address_id=plain.get("address_id", ""),
        attributes=attributes,
        description=plain.get("description", ""),
        media_url=plain.get("media_url", ""),
        device_id=plain.get("device_id", ""),
        account_id=plain.get("account_id", ""),
        contact={name: plain[name] for name in CONTACT if plain.get(name)},
        other=other,
        files=attachments(files),
    )


def _sorted_fields(
    fields: Sequence[tuple[str, str]], problems: list[Problem]
) -> tuple[dict[str, str], dict[str, tuple[str, ...]], dict[str, str]]:
    plain: dict[str, str] = {}
    attributes: dict[str, tuple[str, ...]] = {}
    other: dict[str, str] = {}
    for name, raw in fields:
        if name in _ENVELOPE:
            continue
        value = raw.strip()
        limit = DESCRIPTION_LIMIT if name == "description" else TEXT_LIMIT
        found = _ATTRIBUTE.fullmatch(name)
        if BAD_TEXT.search(name) or BAD_TEXT.search(value):
            where = "" if BAD_TEXT.search(name) else name
            problems.append(Problem("bad_text", where, "NUL or bidirectional control character in a text"))
        elif len(value) > limit or len(name) > TEXT_LIMIT:
            problems.append(Problem("too_long", name[:60], "the text is too long", {"limit": limit}))
        elif found:
            attributes[found.group(1)] = (*attributes.get(found.group(1), ()), value)
        elif name in _PLAIN:
            plain[name] = value
        elif value:
            other[name] = value
    return plain, attributes, other


def _position(plain: Mapping[str, str], problems: list[Problem]) -> tuple[float | None, float | None]:
    """Return latitude and longitude, both or none; an address stands in for them."""
    lat = _degrees(plain, "lat", 90, problems)
    lon = _degrees(plain, "long", 180, problems)
    if problems or (lat is not None and lon is not None):
        return lat, lon
    if lat is not None or lon is not None:
        problems.append(Problem("missing", "lat" if lat is None else "long", "lat and long come together"))
    elif not plain.get("address_string") and not plain.get("address_id"):
        problems.append(Problem("place_or_address_needed", "lat", "lat and long, or an address"))
    return None, None


def _degrees(plain: Mapping[str, str], name: str, most: int, problems: list[Problem]) -> float | None:
    value = plain.get(name, "")
    if not value:
        return None
    if not _NUMBER.fullmatch(value):
        problems.append(Problem("not_number", name, "a plain decimal number is wanted"))
        return None
    number = float(value)
    if not -most <= number <= most:
        problems.append(Problem("out_of_range", name, f"wanted -{most} to {most}"))
        return None
    return number


def attachments(files: Sequence[tuple[str, str, bytes]]) -> tuple[Attachment, ...]:
    """Return the file parts (file name, media type, bytes) by their content: the same bytes count once."""
    found = {}
    for name, media_type, data in files:
        sha256 = hashlib.sha256(data).hexdigest()
        found[sha256] = Attachment(name[:200], media_type[:100], sha256, "photo", data)
    return tuple(found.values())


def answers(sent: Sent, questions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the attributes as typed answers to a class's questions (`name`, `kind`).

    Raises Refused for a text that is no such value, or several where one is wanted. A name that no question
    has is handed on as it is: the rule about answers refuses it.
    """
    kinds = {str(q["name"]): str(q["kind"]) for q in questions}
    problems: list[Problem] = []
    found: dict[str, Any] = {}
    for name, values in sent.attributes.items():
        given = [value for value in values if value]
        where = f"attribute[{name}]"
        if len(given) > 1:
            problems.append(
                Problem("too_many", where, "one value is wanted", {"limit": 1, "count": len(given)})
            )
        elif given:
            found[name] = _typed(kinds.get(name, "text"), given[0], where, problems)
    if problems:
        raise Refused(*problems)
    return found


def _typed(kind: str, value: str, where: str, problems: list[Problem]) -> Any:
    if kind == "number":
        if _NUMBER.fullmatch(value) and math.isfinite(float(value)):
            return float(value) if "." in value else int(value)
        problems.append(Problem("not_number", where, "a plain decimal number is wanted"))
    elif kind == "yesno":
        if value.lower() in (*_YES, *_NO):
            return value.lower() in _YES
        problems.append(Problem("not_boolean", where, "yes or no is wanted"))
    elif kind == "date":
        try:
            return date.fromisoformat(value[:10]).isoformat()
        except ValueError:
            problems.append(Problem("not_date", where, "a date is wanted"))
    return value


def report_id(sent: Sent, *, sender: str, day: date, namespace: UUID) -> UUID:
    """Return the id of a report whose sender can give none: a UUID (version 5) of all that it says.

    The same form from the same sender on the same day has the same id. `namespace` is the service's secret:
    nobody can guess the id of another's report, and whoever knows it may follow that report.
    """
    said = [
        sender, day.isoformat(), sent.service_code, sent.lat, sent.lon, sent.address, sent.address_id,
        sorted(sent.attributes.items()), sent.description, sent.media_url, sent.device_id, sent.account_id,
        sorted(sent.contact.items()), sorted(sent.other.items()), sorted(file.sha256 for file in sent.files),
    ]  # fmt: skip
    return uuid5(namespace, orjson.dumps(said).decode())


def raw_document(fields: Sequence[tuple[str, str]]) -> bytes:
    """Return a form that could not be taken as JSON, for the quarantine; the key is left out.

    The usual members stand where a report has them, the whole form under `form`.
    """
    said = [(name, value.replace("\0", "")) for name, value in fields if name not in _ENVELOPE][:MAX_FIELDS]
    first = dict(reversed(said))
    given = ((_ATTRIBUTE.fullmatch(name), value) for name, value in said)
    document = {
        "class_code": first.get("service_code", ""),
        "place": {"lon": first.get("long", ""), "lat": first.get("lat", ""), "crs": "wgs84"},
        "answers": {found.group(1): value for found, value in given if found},
        "note": first.get("description", ""),
        "form": said,
    }
    return orjson.dumps(document)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What GET requests asks for; `ids` override everything else. Times in UTC."""

    ids: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def within(self, at: datetime) -> bool:
        """Say whether a moment lies in the span."""
        return (self.since is None or at >= self.since) and (self.until is None or at <= self.until)


def wanted(query: Mapping[str, str], now: datetime) -> Wanted:
    """Read the filters of GET requests; without dates the last 90 days, and never more than these.

    Raises Refused: bad_time, not_allowed, too_many, span_too_long.
    """
    problems: list[Problem] = []
    statuses = _listed(query, "status", problems)
    if not set(statuses) <= {"open", "closed"}:
        problems.append(Problem("not_allowed", "status", "open, closed", {"allowed": ["open", "closed"]}))
    since = _moment(query, "start_date", problems)
    until = _moment(query, "end_date", problems)
    ids, codes = _listed(query, "service_request_id", problems), _listed(query, "service_code", problems)
    if since is not None and until is not None and until - since > SPAN + timedelta(days=1):
        problems.append(Problem("span_too_long", "end_date", "more than 90 days", {"days": SPAN.days}))
    if problems:
        raise Refused(*problems)
    if since is None:
        since = (until or now) - SPAN
    return Wanted(ids, codes, statuses, since, until or since + SPAN)


def _listed(query: Mapping[str, str], name: str, problems: list[Problem]) -> tuple[str, ...]:
    found = tuple(part.strip() for part in query.get(name, "").split(",") if part.strip())
    if len(found) > MOST_IDS:
        problems.append(Problem("too_many", name, "too many", {"limit": MOST_IDS, "count": len(found)}))
    return found


def _moment(query: Mapping[str, str], name: str, problems: list[Problem]) -> datetime | None:
    value = query.get(name, "").strip()
    if not value:
        return None
    try:
        # A plus sign that nobody escaped arrives as a blank.
        at = datetime.fromisoformat(value.replace(" ", "+") if "T" in value else value)
        if at.tzinfo is None or not 1900 < at.year < 9000:
            raise ValueError("no offset")
        return at.astimezone(UTC)
    except ValueError:
        problems.append(Problem("bad_time", name, "a time like 2026-11-22T08:30:00+08:00 is wanted"))
        return None


def encode(kind: str, said: Any, form: str) -> bytes:
    """Return an answer (a kind of ROOTS) as bytes in `form`, json or xml.

    JSON has no outer wrapper: a list is a top-level array, as the official schemas want it.
    """
    if form == "json":
        return orjson.dumps(said)
    root, item = ROOTS[kind]
    top = ElementTree.Element(root)
    if item:
        for record in said:
            _put(ElementTree.SubElement(top, item), record)
    else:
        _put(top, said)
    written: bytes = ElementTree.tostring(
        top, encoding="UTF-8", xml_declaration=True, short_empty_elements=False
    )
    return written


def _put(parent: ElementTree.Element, record: Mapping[str, Any]) -> None:
    for name, value in record.items():
        child = ElementTree.SubElement(parent, name)
        if isinstance(value, list):
            for part in value:
                inner = ElementTree.SubElement(child, _ITEMS[name])
                if isinstance(part, Mapping):
                    _put(inner, part)
                else:
                    inner.text = _text(part)
        else:
            child.text = _text(value)


def _text(value: Any) -> str:
    """Return a value as XML holds it: true or false, nothing for none, no control characters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _NOT_XML.sub("\ufffd", str(value))


def definition(code: str, questions: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> dict[str, Any]:
    """Return the definition of a service: its questions (titles already in one language) as attributes.

    A photo is no attribute: it comes as a file part `media`. A question that is asked only after a certain
    other answer is not required here. `words` are the sentences: yes, no, date.
    """
    asked = [q for q in questions if q["kind"] != "photo"]
    return {
        "service_code": code,
        "attributes": [_attribute(q, order, words) for order, q in enumerate(asked, 1)],
    }


def _attribute(question: Mapping[str, Any], order: int, words: Mapping[str, str]) -> dict[str, Any]:
    kind = question["kind"]
    types = {"number": "number", "date": "datetime", "choice": "singlevaluelist", "yesno": "singlevaluelist"}
    said: dict[str, Any] = {
        "variable": True,
        "code": question["name"],
        "datatype": types.get(kind, "string"),
        "required": bool(question.get("required")) and not question.get("relevant"),
        "datatype_description": words["date"] if kind == "date" else None,
        "order": order,
        "description": question["title"],
    }
    if kind == "choice":
        said["values"] = [{"key": c["value"], "name": c["title"]} for c in question["choices"]]
    if kind == "yesno":
        said["values"] = [{"key": "yes", "name": words["yes"]}, {"key": "no", "name": words["no"]}]
    return said
