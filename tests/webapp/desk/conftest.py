"""Cases in every state for the lists of the desk, written as the life of a case leads to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text


@pytest.fixture
def change(owner_db: Any) -> Callable[..., None]:
    """Set columns of a case to SQL expressions; the tests of the life go there step by step."""

    def set_columns(case_id: str, **columns: str) -> None:
        said = ", ".join(f"{name} = {value}" for name, value in columns.items())
        with owner_db.transaction() as session:
            session.execute(text(f"UPDATE app.case_file SET {said} WHERE id = :id"), {"id": case_id})

    return set_columns
