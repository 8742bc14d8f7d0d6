"""Puts a case into any state of its life, and says what each verb of the table needs, made from the table."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg2

from tests.samples import photo
from webapp.cases.rules import PAUSED_STATES, STEPS, State

CASES = "/api/v1/cases"

# What a case has when nothing has happened to it yet.
FRESH: dict[str, Any] = {
    "state": "reported", "handler_id": None, "assigned_to": None, "assigned_team": None, "pending": None,
    "pending_by": None, "pending_until": None, "level": 0, "priority": 0, "duplicate_of": None,
    "fed_back_by": None, "fed_back_at": None, "verified_by": None, "paused_at": None, "paused_left_s": None,
    "accepted_at": None, "closed_at": None, "closing_note": None, "facts": "{}",
}  # fmt: skip


@dataclass(frozen=True)
class Board:
    """One case on the table, with a hand that sets its row as it likes."""

    superuser: psycopg2.extensions.connection
    case_id: UUID
    place: tuple[float, float]

    def put(self, state: str, **columns: Any) -> None:
        """Set the row: all as fresh, then what the state needs, then what is named."""
        now = datetime.now(UTC)
        row = {**FRESH, "state": state, "due_at": now + timedelta(hours=9), "respond_by": now, **columns}
        if state in PAUSED_STATES:
            row |= {"paused_at": now, "paused_left_s": 3600}
        if state == State.CLOSED:
            row |= {"closed_at": now}
        names = ", ".join(f"{name} = %s" for name in row)
        with self.superuser.cursor() as cursor:
            cursor.execute(
                f"UPDATE app.case_file SET {names} WHERE id = %s",
                [
                    str(value) if isinstance(value, UUID | State) else value
                    for value in (*row.values(), self.case_id)
                ],
            )
            assert cursor.rowcount == 1


def form(verb: str, place: tuple[float, float], **changes: Any) -> dict[str, Any]:
    """Return a form that has all that a verb needs; `changes` replace its fields, None leaves one out."""
    full: dict[str, Mapping[str, Any]] = {
        "note": {"note": "按规定办理"},
        "photo": {"photo": (io.BytesIO(photo(11)), "after.jpg")},
        "place": {"lon": place[0], "lat": place[1], "accuracy_m": 5},
        "until": {"until": (datetime.now(UTC) + timedelta(days=3)).isoformat()},
        "body": {"body": "街道办"},
        "receipt": {"receipt": "回执-7"},
        "grade": {"grade": "C"},
        "assignee": {},
        "of": {},
    }
    step = STEPS.get(verb)
    made = {name: value for need in (step.needs if step else ()) for name, value in full[need].items()}
    return {name: value for name, value in {**made, **changes}.items() if value is not None}


def step(client: Any, case_id: Any, verb: str, data: dict[str, Any], **more: Any) -> Any:
    """Ask for a step at the door."""
    return client.post(f"{CASES}/{case_id}/steps/{verb}", data=data, **more)
