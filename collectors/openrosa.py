"""What an OpenRosa 1.0 server says: form list, manifest, integrity, message; and the set-up of ODK Collect.

Source: OpenRosa 1.0 (form discovery, form submission, metadata), docs.getodk.org/openrosa.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from collectors.xml_in import element, escaped

VERSION = "1.0"
MEDIA_TYPE = "text/xml; charset=utf-8"
LIST_NS = "http://openrosa.org/xforms/xformsList"
MANIFEST_NS = "http://openrosa.org/xforms/xformsManifest"
RESPONSE_NS = "http://openrosa.org/http/response"
XML_PART = "xml_submission_file"
INCOMPLETE = "*isIncomplete*"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True, slots=True)
class Listed:
    """A form of the list; `manifest_url` is empty when the form needs no further files."""

    form_id: str
    version: str
    name: str
    hash: str
    download_url: str
    manifest_url: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file that a form needs; `kind` is entityList for a list that the server keeps up to date."""

    filename: str
    hash: str
    download_url: str
    kind: str = ""
    integrity_url: str = ""


def digest(data: bytes) -> str:
    """Return the hash that clients compare: md5 and hex, as the protocol wants it."""
    return "md5:" + hashlib.md5(data, usedforsecurity=False).hexdigest()


def form_list(forms: Iterable[Listed]) -> bytes:
    """Return the form list. `hash` is always there: Collect's parser breaks without it."""
    return _document("xforms", LIST_NS, "".join(_listed(form) for form in forms))


def _listed(form: Listed) -> str:
    parts = {
        "formID": form.form_id,
        "name": form.name,
        "version": form.version,
        "hash": form.hash,
        "descriptionText": form.description,
        "downloadUrl": form.download_url,
        "manifestUrl": form.manifest_url,
    }
    optional = ("descriptionText", "manifestUrl")
    said = [element(key, escaped(text)) for key, text in parts.items() if text or key not in optional]
    return element("xform", "".join(said))


def manifest(files: Iterable[MediaFile]) -> bytes:
    """Return the manifest of a form's files."""
    return _document("manifest", MANIFEST_NS, "".join(_media(file) for file in files))


def _media(file: MediaFile) -> str:
    parts = {"filename": file.filename, "hash": file.hash, "downloadUrl": file.download_url}
    if file.integrity_url:
        parts["integrityUrl"] = file.integrity_url
    said = "".join(element(key, escaped(text)) for key, text in parts.items())
    return element("mediaFile", said, type=file.kind or None)


def integrity(deleted: Mapping[str, bool]) -> bytes:
    """Return which of the asked entities (id to deleted) are gone."""
    said = [
        element("entity", element("deleted", "true" if gone else "false"), id=name)
        for name, gone in deleted.items()
    ]
    return (_HEAD + element("data", element("entities", "".join(said)))).encode()


def response(message: str, *, nature: str = "") -> bytes:
    """Return the envelope of every other answer; clients show `message` to their user."""
    return _document("OpenRosaResponse", RESPONSE_NS, element("message", escaped(message), nature=nature))


def _document(name: str, namespace: str, content: str) -> bytes:
    return (_HEAD + element(name, content or "\n", xmlns=namespace)).encode()


def table(headings: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return rows as the CSV that a form reads as its data; line ends inside a cell become blanks."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(headings)
    for row in rows:
        writer.writerow([" ".join(str(row.get(name, "")).split()) for name in headings])
    return out.getvalue().encode()


def collect_settings(server_url: str, *, name: str, icon: str, color: str, language: str = "") -> str:
    """Return the text of the QR that sets up ODK Collect or KoboCollect: base64(zlib(JSON)).

    `server_url` holds the phone's own token, so nobody types a password.
    """
    general: dict[str, Any] = {
        "protocol": "odk_default",
        "server_url": server_url,
        "form_update_mode": "match_exactly",
        "periodic_form_updates_check": "every_one_hour",
        "autosend": "wifi_and_cellular",
        "image_size": "medium",
        "delete_send": False,
    }
    if language:
        general["app_language"] = language
    settings = {"general": general, "admin": {}, "project": {"name": name, "icon": icon, "color": color}}
    return base64.b64encode(zlib.compress(orjson.dumps(settings), 9)).decode()
