"""Pure decisions about packages: what they may hold, who may pack, take and believe; names of states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.core.i18n import N_

CONTENTS = ("reports", "cases", "events", "attachments")
CONTENT_TITLES = {
    "reports": N_("Reports"),
    "cases": N_("Cases with their state"),
    "events": N_("Events"),
    "attachments": N_("Photos"),
}
STATES = {
    "packed": N_("packed"),
    "waiting": N_("waits for the worker"),
    "taken": N_("taken"),
    "refused": N_("refused"),
    "answered": N_("answered"),
}
# What a package holds and what became of it, by the names of its counts.
COUNT_TITLES = {
    "reports": N_("Reports"),
    "cases": N_("Cases"),
    "events": N_("Events"),
    "files": N_("Photos"),
    "receipts": N_("Receipts"),
    "received": N_("received"),
    "held": N_("held"),
    "kept": N_("kept for repair"),
    "conflict": N_("in conflict"),
    "refused": N_("refused"),
}
CARRIERS = ("station_chief", "system_admin")
PACKERS = ("station_chief",)
KEEPERS_OF_KEYS = ("system_admin",)
DROP_FOLDERS = ("in", "out", "taken", "refused")
# So many reports of a package are entered at once: the station's next number is held meanwhile.
STEP_REPORTS = 20
# A file that grows is still being copied.
QUIET_S = 2.0

SAID = ("class_code", "answers", "raw_x", "raw_y", "raw_crs", "method", "address", "found_at", "note")


def same_report(held: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    """Say whether a report that came is the one that is held under its id.

    Questions may have been answered on one side since; an answer that both have is the same.
    """
    first, second = held["answers"], sent["answers"]
    both = first.keys() & second.keys()
    agreed = all(first[name] == second[name] for name in both) and both in (first.keys(), second.keys())
    return agreed and all(held[name] == sent[name] for name in SAID if name != "answers")


def grouped(fingerprint: str) -> str:
    """Return a fingerprint as people read it aloud: groups of four."""
    return " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4))
