"""Filled forms as a form app sends them: XML by the names of our forms, multipart for Flask's test client."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4
from xml.etree import ElementTree

VERSION = {"X-OpenRosa-Version": "1.0"}
ANSWERS = {"building_kind": "multi_storey", "wires": "2", "seen_charging": "yes"}


def filled(
    lon: float,
    lat: float,
    *,
    form: str = "flying_wire",
    version: str = "1",
    instance: UUID | str | None = None,
    photos: tuple[str, ...] = ("1.jpg",),
    answers: Mapping[str, str] = ANSWERS,
    meta: str = "",
    **nodes: str,
) -> bytes:
    """Return the XML of a filled form; `nodes` replace place, found_at, note, address."""
    given = {
        "place": f"{lat} {lon} 0 7.5",
        "found_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "note": "三单元二楼",
        **nodes,
    }
    said = "".join(f"<{name}>{text}</{name}>" for name, text in given.items())
    asked = "".join(f"<{name}>{text}</{name}>" for name, text in answers.items())
    files = "".join(f"<photo_{n}>{name}</photo_{n}>" for n, name in enumerate(photos, 1))
    given_id = instance if isinstance(instance, str) else f"uuid:{instance or uuid4()}"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><data id="{form}" version="{version}">{said}'
        f"<answers>{asked}</answers><photos>{files}</photos>"
        f"<meta><instanceID>{given_id}</instanceID>{meta}</meta></data>"
    ).encode()


def multipart(xml: bytes, *files: tuple[str, bytes], incomplete: bool = False) -> dict[str, Any]:
    """Return the form of a submission; a file's part is named by the file's name, as Collect does."""
    form: dict[str, Any] = {"xml_submission_file": (io.BytesIO(xml), "form.xml", "text/xml")}
    for name, data in files:
        part = (io.BytesIO(data), name, "image/jpeg")
        form[name] = [*form[name], part] if name in form else [part]
    if incomplete:
        form["*isIncomplete*"] = "yes"
    return form


def message(body: bytes) -> str:
    """Return the text that the phone shows, of an answer in the protocol's envelope."""
    root = ElementTree.fromstring(body)
    assert root.tag == "{http://openrosa.org/http/response}OpenRosaResponse", body
    return root.findtext("{http://openrosa.org/http/response}message") or ""
