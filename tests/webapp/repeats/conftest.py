"""What the tests of repeats share: the worker's work done at once, reports beside each other, merging."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.samples import Sample, report_at

METRE = 1 / 87_900  # degrees of longitude at the tests' stations
CASES = "/api/v1/cases"


@pytest.fixture(scope="module", autouse=True)
def _usual(usual_repeats: None) -> None:
    """These tests are about what repeats."""


@pytest.fixture(scope="module")
def report(as_user: Callable[[str], FlaskClient]) -> Callable[..., Sample]:
    """Report something so many metres east of a place: report((lon, lat), 30, by='t.volunteer.2')."""

    def send(here: tuple[float, float], metres: float = 0, by: str = "t.volunteer", **changes: Any) -> Sample:
        sample = report_at(here[0] + metres * METRE, here[1], **changes)
        answer = as_user(by).post("/api/v1/batches", data=sample.form())
        assert answer.json["reports"][0]["state"] == "received", answer.text
        return sample

    return send


@pytest.fixture(scope="module")
def number_of(as_user: Callable[[str], FlaskClient]) -> Callable[[Sample], str]:
    """Return the number of a report's case."""
    chief = as_user("t.station_chief")
    return lambda sample: str(chief.get(f"{CASES}/{sample.id}").json["number"])


@pytest.fixture(scope="module")
def belonging(as_user: Callable[[str], FlaskClient]) -> Callable[..., dict[str, Any]]:
    """Return what belongs to a report's case, as somebody sees it."""

    def ask(sample: Sample, who: str = "t.station_chief") -> dict[str, Any]:
        answer = as_user(who).get(f"{CASES}/{sample.id}/repeats")
        assert answer.status_code == 200, answer.text
        return dict(answer.json)

    return ask
