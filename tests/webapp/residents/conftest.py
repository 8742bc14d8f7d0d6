"""What tests of residents' pages may ask for."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from flask import Flask

from tests.webapp.residents.resident import Resident

_number = count(1)


@pytest.fixture
def resident(app: Flask) -> Callable[..., Resident]:
    """Return a resident at station T (or another) who nobody knows yet: resident(station='U')."""

    def make(station: str = "T", **more: Any) -> Resident:
        return Resident(app, station, **({"address": f"198.51.100.{next(_number) % 250}"} | more))

    return make
