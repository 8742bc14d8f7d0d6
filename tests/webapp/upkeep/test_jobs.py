"""What the machine gave up is seen by who may, without a word of what it was about, and started again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

URL = "/api/v1/jobs"


@pytest.fixture(autouse=True)
def jobs(superuser, station, other_station):
    """Two dead jobs, one running, one waiting; and a dead one of another station."""
    words = "IntegrityError: Key (name)=(甲某某) already exists"
    rows = [
        (station, "cases.make_thumbnails", "dead", 5, words),
        (station, "webhooks.deliver", "dead", 5, "the worker died each time"),
        (station, "cases.award_points", "leased", 1, None),
        (station, "cases.watch_clocks", "ready", 2, "LookupError"),
        (station, "intake.take_rows", "done", 1, None),
        (other_station, "cases.make_thumbnails", "dead", 5, words),
    ]
    with superuser.cursor() as cursor:
        cursor.execute("TRUNCATE app.job")
        for number, (of, name, state, tries, error) in enumerate(rows):
            cursor.execute(
                "INSERT INTO app.job (name, station_id, key, state, attempts, last_error, created_at)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s)",
                (
                    name,
                    str(of.id),
                    f"test/{number}",
                    state,
                    tries,
                    error,
                    datetime.now(UTC) - timedelta(hours=3),
                ),
            )


def rows(owner_db):
    with owner_db.transaction() as session:
        return {row.name + "/" + row.key: row.state for row in session.execute(text("SELECT * FROM app.job"))}


@pytest.mark.parametrize("role", ["system_admin", "station_chief"])
def test_the_own_stations_jobs_are_listed_without_words(as_role, role):
    told = as_role(role).get(URL)
    assert told.json["counts"] == {"dead": 2, "leased": 1, "ready": 1}
    assert [(job["state"], job["error"]) for job in told.json["jobs"]] == [
        ("dead", "IntegrityError"),
        ("dead", "the worker died each time"),
        ("leased", None),
        ("ready", "LookupError"),
    ]
    assert "甲某某" not in told.text
    assert len(as_role(role).get(f"{URL}?state=dead").json["jobs"]) == 2
    page = as_role(role).get("/jobs", headers={"Accept": "text/html", "Accept-Language": "en"})
    assert "cases.make_thumbnails" in page.text
    assert "甲某某" not in page.text
    assert ("/api/v1/jobs/restart" in page.text) == (role == "system_admin")


def test_one_is_started_again_and_it_is_logged(as_role, owner_db, member):
    admin = as_role("system_admin")
    one = admin.get(f"{URL}?state=dead").json["jobs"][0]["id"]
    assert admin.post(f"{URL}/{one}/restart").json == {"restarted": 1}
    again = admin.post(f"{URL}/{one}/restart")
    assert (again.status_code, again.json["code"]) == (404, "not_found")
    assert admin.get(f"{URL}/counts").json == {"dead": 1, "leased": 1, "ready": 2}
    with owner_db.transaction() as session:
        job = session.execute(
            text("SELECT attempts, run_at <= now() FROM app.job WHERE id = :i"), {"i": one}
        ).one()
        event = session.execute(
            text("SELECT by_id, data FROM app.event WHERE name = 'upkeep.restarted' ORDER BY id DESC LIMIT 1")
        ).one()
    assert tuple(job) == (0, True)
    assert (event.by_id, event.data) == (member("t.system_admin").person_id, {"jobs": 1, "ids": [one]})


def test_all_dead_ones_of_the_own_station_are_started_again(as_role, owner_db):
    assert as_role("system_admin").post(f"{URL}/restart").json == {"restarted": 2}
    assert as_role("system_admin").post(f"{URL}/restart").json == {"restarted": 0}
    states = rows(owner_db)
    assert states["cases.make_thumbnails/test/5"] == "dead", "another station's job"
    assert sorted(states.values()) == ["dead", "done", "leased", "ready", "ready", "ready"]


def test_another_stations_job_is_not_found(as_role, superuser, other_station):
    with superuser.cursor() as cursor:
        cursor.execute("SELECT id FROM app.job WHERE station_id = %s", (str(other_station.id),))
        (theirs,) = cursor.fetchone()
    assert as_role("system_admin").post(f"{URL}/{theirs}/restart").status_code == 404


@pytest.mark.parametrize("who", ["t.station_chief", "t.officer.a", "t.volunteer", "t.audit_admin"])
def test_the_database_lets_nobody_else_restart(db_as, who):
    with pytest.raises(DBAPIError, match="only the system admin"), db_as(who) as session:
        session.execute(text("SELECT app.restart_jobs(NULL)"))


@pytest.mark.parametrize("who", ["t.officer.a", "t.volunteer", "t.planner", "u.system_admin"])
def test_the_database_shows_nobody_else_our_jobs(db_as, who):
    with db_as(who) as session:
        seen = session.execute(text("SELECT name FROM app.jobs_open(100)")).all()
        assert len(seen) == (1 if who == "u.system_admin" else 0)
    with pytest.raises(DBAPIError, match="permission denied"), db_as(who) as session:
        session.execute(text("SELECT 1 FROM app.job"))
