"""An export of many rows needs no more memory than one of few."""

from __future__ import annotations

import pytest

from tests.bench.exports import FORMS, fill, measured
from tests.stations import Station
from webapp.core.config import Settings

ROWS = 50_000
LIMIT_MB = 300


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_fifty_thousand_cases_fit_into_little_memory(settings: Settings, station: Station) -> None:
    fill(settings, station.id, ROWS)
    for form in FORMS:
        found = measured(settings, station.id, form)
        assert found["rows"] == ROWS
        assert found["peak_kb"] / 1024 < LIMIT_MB, (form, found)
