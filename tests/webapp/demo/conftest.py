"""The demo stations that the tests look at, made once."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from random import Random

import pytest

from webapp.demo.ground import Ground, ground
from webapp.demo.specs import spec

SEED = 20241220


@pytest.fixture(scope="session")
def station() -> Callable[[str], Ground]:
    """Return a demo station's ground by its code."""
    return cache(lambda code: ground(spec(code), Random(SEED)))


@pytest.fixture(scope="session")
def until() -> datetime:
    """The moment that the demo world ends at."""
    return datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
