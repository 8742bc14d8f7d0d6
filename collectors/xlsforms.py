"""XLSForms of a station: read, checked by pyxform, and made into the questions of a hazard class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class StationForm:
    """A station's own form: id, title and hint in both languages, questions as a class declares them."""

    form_id: str
    title: Mapping[str, str]
    hint: Mapping[str, str]
    questions: tuple[Mapping[str, Any], ...]
