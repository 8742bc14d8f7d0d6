"""A restricted lead with words that nobody may find anywhere else."""

from __future__ import annotations

import pytest

SECRET = "赌窝在锅炉房后门"
ADDRESS = "秘密巷七号"


@pytest.fixture(scope="module")
def lead(send_report):
    """A lead in A1, reported by a volunteer, with a photo."""
    answers = {"subject": "gambling", "ongoing": False}
    place = {"address": ADDRESS}
    return send_report("t.volunteer.2", "A1", class_code="lead", answers=answers, note=SECRET, place=place)


@pytest.fixture(scope="module")
def number(owner_db, lead):
    """The number of the lead."""
    from sqlalchemy import text

    with owner_db.transaction() as session:
        return session.scalar(text("SELECT number FROM app.case_file WHERE id = :id"), {"id": lead.id})


@pytest.fixture
def open_lead(as_user, lead):
    """Return a function that opens the lead for a purpose: open_lead('t.officer.a')."""

    def opened(username, purpose="handle", words="核实举报内容", subject=None):
        said = {"purpose": purpose, "words": words}
        return as_user(username).post(f"/api/v1/leads/{subject or lead.id}/open", json=said)

    return opened


@pytest.fixture
def shut(superuser):
    """Forget all purposes given so far, as if fifteen minutes had passed."""

    def close():
        with superuser.cursor() as cursor:
            cursor.execute("UPDATE app.lead_read SET at = at - interval '16 minutes'")

    close()
    return close
