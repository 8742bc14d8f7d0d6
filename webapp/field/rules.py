"""Rules of the doors for devices: own forms, lists that travel to a phone, the seal of its file, limits."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from collectors.openrosa_submission import Matched
from collectors.xforms import FormClass
from webapp.core.errors import Problem
from webapp.core.i18n import N_

# Where the phone's map looks when a station has no ground yet: west, south, east, north.
CHINA = (73.5, 18.0, 135.1, 53.6)
# A photo of a phone as it comes; the photo rules themselves are in collectors.photos.
UPLOAD_LIMIT = 8_000_000
PIECE_LIMIT = 4_000_000

OPENROSA = "openrosa"
MAKERS = ("system_admin", "station_chief", "planner")
# A phone's list is for a person to choose from, not an archive.
LISTED = 200

MY_REPORTS = FormClass(
    "my_reports",
    "1",
    {"zh": "我的上报", "en": "My reports"},
    {"zh": "查看办理情况，补充照片或说明", "en": "See what became of them; add photos or a word"},
    (),
)
MY_TASKS = FormClass(
    "my_tasks",
    "1",
    {"zh": "我的待办", "en": "My tasks"},
    {"zh": "我已受理、尚未办结的事项", "en": "Cases that I took over and that are still open"},
    (),
)
# Only in the list of whoever has one to do: nobody waits for what nobody is told before its day.
LOOK_BACKS = FormClass(
    "look_backs",
    "1",
    {"zh": "回头看", "en": "Look-backs"},
    {
        "zh": "到现场看是否仍然完好，拍一张照片",
        "en": "See on the spot whether it still is in order; take a photo",
    },
    (),
)
STATE_WORDS = {"draft": N_("draft"), "published": N_("published"), "withdrawn": N_("withdrawn")}
# Files that came with a known case and that no name of it stands for.
LOOSE_FILES = ("file_not_named", "file_differs")
KIND_WORDS = {
    "text": N_("text"),
    "number": N_("number"),
    "choice": N_("choice"),
    "yesno": N_("yes or no"),
    "date": N_("date"),
    "photo": N_("photo"),
}
FOLLOW_UPS = {form.form_id: form for form in (MY_REPORTS, MY_TASKS, LOOK_BACKS)}
LISTS = {f"{name}.csv": name for name in FOLLOW_UPS}


def oddities(parts: Matched, unfit: Mapping[str, str], rivals: Collection[str], number: str) -> list[Problem]:
    """Return what is odd about the files of a taken submission, each file that becomes no photo by name.

    `unfit` names files that are no photos with the code of the refusal, `rivals` those that came in an
    earlier request with other bytes.
    """
    found = [_about("file_not_named", key, number) for key, _data in parts.strays]
    found += [_about("file_differs", key, number) for key, _data in parts.rivals]
    found += [_about("file_differs", name, number) for name in rivals]
    return found + [Problem(f"/files/{name}", code) for name, code in unfit.items()]


def loose_case(problems: Sequence[Mapping[str, Any]]) -> str:
    """Return the number of the case that an entry's files came for and are not part of; empty for none."""
    numbers = {p["params"].get("number", "") for p in problems if p["code"] in LOOSE_FILES}
    return str(numbers.pop()) if len(numbers) == 1 else ""


def _about(code: str, name: str, number: str) -> Problem:
    return Problem(f"/files/{name}", code, {"name": name, "number": number})


def next_version(versions: Sequence[int]) -> int:
    """Return the version of a class after those that there are."""
    return max(versions, default=0) + 1


def of_class(declared: Any) -> FormClass:
    """Return what a form is made of, from a row of hazard classes."""
    return FormClass(declared.code, str(declared.version), declared.title, declared.hint, declared.questions)


def class_code(station_code: str, form_id: str) -> str:
    """Return the code of a station's own class: its form's id behind the station's code."""
    return f"{station_code}-{form_id}".lower()


def condition(form: Any) -> str:
    """Return in which condition a version of an own form is: published, draft, or an old one."""
    return "published" if form.in_use else "draft" if form.draft else "withdrawn"


def seal_key(key: bytes, person_id: UUID) -> str:
    """Return the key by which a person's phone seals a file of waiting reports; told to that person only."""
    return hmac.new(key, f"handin|{person_id}".encode(), sha256).hexdigest()


def seal_of(seal: str, data: bytes) -> str:
    """Return the seal over some bytes: HMAC-SHA256 (RFC 2104) with the hex key's text, as hex."""
    return hmac.new(seal.encode(), data, sha256).hexdigest()
