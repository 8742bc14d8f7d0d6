"""Typed reading of a JSON object's members that collects every problem instead of stopping at one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from collectors.json_in import escaped
from collectors.records import Problem, Refused

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NIL = UUID(int=0)
_EPOCH = datetime.fromtimestamp(0, UTC)


class Members:
    """One JSON object under reading; each getter returns a usable value and notes what was wrong.

    Getters of an absent or wrong member return a neutral value, so a caller reads all members and
    then calls `finish`, which raises Refused with every problem found.
    """

    def __init__(self, value: Any, pointer: str = "", problems: list[Problem] | None = None) -> None:
        self.pointer = pointer
        self.problems: list[Problem] = [] if problems is None else problems
        self._seen: set[str] = set()
        self._object: dict[str, Any] = value if isinstance(value, dict) else {}
        if not isinstance(value, dict):
            self.problems.append(Problem("not_object", pointer, "an object is wanted"))

    def note(self, code: str, name: str, detail: str, **params: Any) -> None:
        """Remember a problem at member `name`."""
        self.problems.append(Problem(code, f"{self.pointer}/{escaped(name)}", detail, params))

    def take(self, name: str, *, required: bool) -> Any:
        """The raw member, None when absent or null; an absent required one is noted as `missing`."""
        self._seen.add(name)
        value = self._object.get(name)
        if value is None and required:
            self.note("missing", name, "this member is required")
        return value

    def text(self, name: str, *, limit: int, required: bool = True) -> str:
        """A string of at most `limit` characters, stripped of outer blanks; "" when absent."""
        value = self.take(name, required=required)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.note("not_text", name, "a text is wanted")
            return ""
        if len(value) > limit:
            self.note("too_long", name, "the text is too long", limit=limit, length=len(value))
            return ""
        if required and not value.strip():
            self.note("missing", name, "the text is empty")
        return value.strip()

    def number(self, name: str, *, low: float, high: float, required: bool = True) -> float | None:
        """A finite number within low..high; true and false are no numbers."""
        value = self.take(name, required=required)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.note("not_number", name, "a number is wanted")
            return None
        if not low <= value <= high:
            self.note("out_of_range", name, f"wanted {low} to {high}", low=low, high=high)
            return None
        return float(value)

    def choice(self, name: str, allowed: Sequence[str], *, default: str) -> str:
        """One of the allowed words; `default` when absent."""
        value = self.take(name, required=False)
        if value is None:
            return default
        if value not in allowed:
            self.note("not_allowed", name, "not one of the allowed words", allowed=list(allowed))
            return default
        return str(value)

    def has(self, name: str) -> bool:
        """Say whether the member is there with a value."""
        return self._object.get(name) is not None

    def uuid(self, name: str) -> UUID:
        """A UUID in its canonical text form; the nil UUID is refused."""
        value = self.text(name, limit=36)
        try:
            found = UUID(value)
        except ValueError:
            found = _NIL
        if value and (found == _NIL or str(found) != value.lower()):
            self.note("bad_uuid", name, "a UUID like 01234567-89ab-4def-8123-456789abcdef is wanted")
        return found

    def time(self, name: str) -> datetime:
        """An ISO 8601 time with offset, returned in UTC; a time without offset is ambiguous: refused."""
        value = self.text(name, limit=40)
        try:
            found = datetime.fromisoformat(value)
            if found.tzinfo is None:
                raise ValueError("no offset")
            return found.astimezone(UTC)
        except (ValueError, OverflowError):
            if value:
                self.note("bad_time", name, "a time like 2026-11-22T08:30:00+08:00 is wanted")
            return _EPOCH

    def sha256(self, name: str, *, required: bool = True) -> str:
        """A SHA-256 as 64 lower-case hexadecimal digits; "" when absent."""
        value = self.text(name, limit=64, required=required).lower()
        if value and not _SHA256.fullmatch(value):
            self.note("bad_hash", name, "a SHA-256 as 64 hexadecimal digits is wanted")
        return value

    def items(self, name: str, *, limit: int, required: bool = True) -> list[Any]:
        """A list of at most `limit` items."""
        value = self.take(name, required=required)
        if value is None:
            return []
        if not isinstance(value, list):
            self.note("not_list", name, "a list is wanted")
            return []
        if len(value) > limit:
            self.note("too_many", name, "too many items", limit=limit, count=len(value))
            return []
        return value

    def below(self, name: str, *, required: bool = True) -> Members:
        """The object at member `name`, its problems noted here; empty when absent."""
        value = self.take(name, required=required)
        return Members({} if value is None else value, f"{self.pointer}/{name}", self.problems)

    def close(self) -> None:
        """Note every member that nobody asked for: what is not understood must not vanish silently."""
        for name in self._object:
            if name not in self._seen:
                self.note("unknown_member", name, "this member is not known")

    def finish(self) -> None:
        """Raise Refused if anything was noted."""
        if self.problems:
            raise Refused(*self.problems)
