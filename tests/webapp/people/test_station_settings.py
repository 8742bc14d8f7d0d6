"""What the chief sets for the station: kept, logged, within limits, and never for another station."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

URL = "/api/v1/station-settings"
AT_FIRST = {
    "open311": {"report": False, "read": False},
    "gps_threshold_m": 50.0,
    "strict_end": False,
    "unsatisfied": "look_back",
    "plan_approval": False,
    "grid_households": {"low": 300, "high": 500},
}
EVENTS = text("SELECT by_id, data FROM app.event WHERE name = 'people.station_set' ORDER BY id")


def test_what_is_set_counts_and_is_logged_with_old_and_new(as_role, owner_db, member):
    chief, admin = as_role("station_chief"), as_role("system_admin")
    assert chief.get(URL).json == AT_FIRST
    assert chief.patch(URL, json={"gps_threshold_m": 30}).json == {
        **AT_FIRST,
        "gps_threshold_m": 30,
        "strict_end": False,
    }
    assert as_role("volunteer").get("/api/v1/phone").json["threshold_m"] == 30
    strangers = admin.patch(URL, json={"open311": {"read": True}}).json
    assert strangers == {**AT_FIRST, "open311": {"report": False, "read": True}, "gps_threshold_m": 30}
    assert admin.patch(URL, json=strangers).json == strangers
    with owner_db.transaction() as session:
        events = [tuple(row) for row in session.execute(EVENTS)]
    assert events == [
        (
            member("t.station_chief").person_id,
            {"old": {"gps_threshold_m": 50.0}, "new": {"gps_threshold_m": 30.0}},
        ),
        (
            member("t.system_admin").person_id,
            {
                "old": {"open311": {"report": False, "read": False}},
                "new": {"open311": {"report": False, "read": True}},
            },
        ),
    ]
    assert as_role("station_chief", station="U").get(URL).json == AT_FIRST


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"gps_threshold_m": 4.9}, "/gps_threshold_m"),
        ({"gps_threshold_m": 501}, "/gps_threshold_m"),
        ({"gps_threshold_m": None}, "/gps_threshold_m"),
        ({"gps_threshold_m": True}, "/gps_threshold_m"),
        ({"open311": {"report": "perhaps"}}, "/open311/report"),
        ({"open311": {"write": True}}, "/open311/write"),
        ({"name": "x"}, "/name"),
    ],
)
def test_what_is_not_taken_is_named(as_role, wish, pointer):
    chief = as_role("station_chief")
    before = chief.get(URL).json
    answer = chief.patch(URL, json=wish)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
    assert chief.get(URL).json == before


def test_the_database_lets_the_two_roles_change_this_column_of_their_station_only(
    db_as, station, other_station
):
    change = text("UPDATE app.station SET settings = settings WHERE id = :id")
    for role, where, rows in (
        ("t.station_chief", station, 1),
        ("t.system_admin", station, 1),
        ("t.station_chief", other_station, 0),
        ("t.planner", station, 0),
        ("t.officer.a", station, 0),
    ):
        with db_as(role) as session:
            assert session.execute(change, {"id": where.id}).rowcount == rows, role
    with pytest.raises(DBAPIError, match="permission denied"), db_as("t.station_chief") as session:
        session.execute(text("UPDATE app.station SET code = 'X'"))
