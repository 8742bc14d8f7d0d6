"""Who may take which step: every verb, every role, own and foreign ground, made from the table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.webapp.cases.life_cases import CASES, Board, form, step
from webapp.cases.rules import STEPS, Standing, State

CHECKED_STATES = tuple(State)


@dataclass(frozen=True)
class Who:
    """Somebody at the door: `ground`: answers for the case's grid; `is_*`: what the row says of him."""

    username: str
    role: str
    ground: bool = False
    given: bool = False
    columns: tuple[str, ...] = field(default=())
    station: str = "T"

    @property
    def name(self) -> str:
        """Return what a failure is called."""
        return f"{self.username} {'/'.join(self.columns)}".strip()


WHO = (
    Who("t.station_chief", "station_chief", ground=True),
    Who("t.station_chief", "station_chief", ground=True, columns=("pending_by",)),
    Who("t.officer.a", "officer", ground=True),
    Who("t.officer.a", "officer", ground=True, columns=("fed_back_by",)),
    Who("t.officer.a", "officer", ground=True, columns=("pending_by", "handler_id")),
    Who("t.grid_worker.a", "grid_worker", ground=True),
    Who("t.grid_worker.a", "grid_worker", ground=True, columns=("handler_id",)),
    Who("t.grid_worker.a", "grid_worker", ground=True, columns=("assigned_to",)),
    Who("t.grid_worker.a", "grid_worker", ground=True, columns=("reporter_id", "fed_back_by")),
    Who("t.officer.b", "officer"),
    Who("t.officer.b", "officer", columns=("reporter_id",)),
    Who("t.officer.b", "officer", given=True, columns=("assigned_to",)),
    Who("t.grid_worker.b", "grid_worker"),
    Who("t.grid_worker.b", "grid_worker", columns=("reporter_id",)),
    Who("t.grid_worker.b", "grid_worker", given=True, columns=("assigned_to",)),
    Who("t.grid_worker.b", "grid_worker", given=True, columns=("assigned_team",)),
    Who("t.grid_worker.b", "grid_worker", given=True, columns=("assigned_to", "handler_id")),
    Who("t.volunteer", "volunteer"),
    Who("t.volunteer", "volunteer", columns=("reporter_id",)),
    Who("t.planner", "planner"),
    Who("t.planner", "planner", columns=("reporter_id",)),
    Who("t.mediator", "mediator"),
    Who("t.mediator", "mediator", columns=("reporter_id",)),
    Who("t.system_admin", "system_admin"),
    Who("t.audit_admin", "audit_admin"),
    Who("u.officer.a", "officer", station="U"),
    Who("u.station_chief", "station_chief", station="U"),
)
KEEPERS = ("system_admin", "audit_admin")

# Class and facts: all that flying wires ask for is here; nothing is; a house without and with its grade.
READY = ("flying_wire", '{"correction": {}}')
CLASSES = {
    ("flying_wire", "{}"): ({"correction"}, set()),
    READY: ({"correction"}, {"correction"}),
    ("dilapidated_house", "{}"): ({"grade"}, set()),
    ("dilapidated_house", '{"grade": {}}'): ({"grade"}, {"grade"}),
    ("slope", "{}"): (set(), set()),
}


@pytest.fixture(scope="module")
def team(superuser, station, member):
    """A team that the grid worker of B belongs to."""
    made = uuid4()
    with superuser.cursor() as cursor:
        cursor.execute(
            "INSERT INTO app.team (id, station_id, name, kind) VALUES (%s, %s, '夜巡队', 'patrol')",
            (str(made), str(station.id)),
        )
        cursor.execute(
            "INSERT INTO app.membership (team_id, person_id, station_id, since_on)"
            " VALUES (%s, %s, %s, now())",
            (str(made), str(member("t.grid_worker.b").person_id), str(station.id)),
        )
    return made


@pytest.fixture(scope="module")
def leads(send_report, as_role):
    """Numbers of two other cases, of A and of B: what a duplicate may be put to."""
    made = {grid: send_report("t.volunteer", f"{grid}2").id for grid in "AB"}
    chief = as_role("station_chief")
    return {grid: chief.get(f"{CASES}/{made[grid]}").json["number"] for grid in "AB"} | {
        "id": UUID(made["A"])
    }


@pytest.fixture(scope="module")
def board(send_report, superuser, station):
    sent = send_report("t.volunteer", "A1")
    return Board(superuser, UUID(sent.id), station.inside("A1"))


@pytest.fixture(scope="module")
def strict(as_role):
    """Switch the strict end on and off: strict(True)."""

    def switch(on: bool) -> None:
        answer = as_role("station_chief").patch("/api/v1/station-settings", json={"strict_end": on})
        assert answer.status_code == 200

    return switch


def setting(who: Who, verb: str, state: str, ids: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a case in a state, as it stands to somebody, fit for a verb."""
    asks = STEPS[verb].settles or None
    columns: dict[str, Any] = {
        "reporter_id": ids["elsewhere"],
        "handler_id": None if state == State.REPORTED else ids["other"],
        "pending": asks,
        "pending_by": ids["other"] if asks else None,
        "pending_until": "2099-01-01" if asks else None,
        "duplicate_of": ids["lead"] if state == State.DUPLICATE else None,
        "fed_back_by": ids["other"] if state == State.FED_BACK else None,
    }
    for column in who.columns:
        if column == "pending_by" and not asks:
            continue
        columns[column] = ids["team"] if column == "assigned_team" else ids["me"]
    return columns


def expected(who: Who, verb: str, state: str, columns: dict[str, Any], ids: dict[str, Any], end: Any) -> int:
    """Return the status that the table of the life promises; the database's walls come first."""
    strictly, asked, here = end
    if who.role in KEEPERS:
        return 403
    sees = who.ground or who.given or columns["reporter_id"] == ids["me"]
    if who.station == "U" or not sees:
        return 404
    own = columns["reporter_id"] == ids["me"] and state in (State.REPORTED, State.FED_BACK)
    if not (who.ground or who.given or own):
        return 403
    standing = Standing(
        role=who.role,
        me=ids["me"],
        state=state,
        here_to_work=who.ground or who.given,
        reporter=columns["reporter_id"],
        handler=columns["handler_id"],
        assigned=columns.get("assigned_to"),
        in_team=columns.get("assigned_team") is not None,
        pending=columns["pending"],
        pending_by=columns["pending_by"],
        fed_back_by=columns["fed_back_by"],
        asked=frozenset(asked if strictly else ()),
        here=frozenset(here),
        second_look=strictly,
    )
    wanted = STEPS[verb]
    if not standing.is_one(wanted.who):
        return 403
    return 200 if standing.allows(wanted) else 409


@pytest.mark.parametrize("verb", STEPS)
def test_every_verb_by_every_role_on_own_and_foreign_ground(
    verb, board, team, leads, member, as_user, strict
):
    """The real answer for each who, in each state that the verb starts from and in one that it does not."""
    wrong = []
    wanted = STEPS[verb]
    outside = next(state for state in State if state not in wanted.starts)
    ends = [(True, READY)]
    if wanted.only:
        ends = [(on, kind) for on in (True, False) for kind in CLASSES]
    for on, kind in ends:
        strict(on)
        for who in WHO if kind == READY else WHO[2:3]:
            ids = {
                "me": member(who.username).person_id,
                "other": member(
                    "t.officer.a" if "officer.a" not in who.username else "t.grid_worker.a"
                ).person_id,
                "elsewhere": member("t.volunteer.2").person_id,
                "lead": leads["id"],
                "team": team,
            }
            for state in (*wanted.starts, outside):
                columns = setting(who, verb, state, ids)
                board.put(state, class_code=kind[0], facts=kind[1], **columns)
                more = (
                    {"of": leads["B" if who.username.endswith(".b") else "A"]}
                    if verb == "mark_duplicate"
                    else {}
                )
                if verb == "dispatch":
                    more = {"person_id": str(member("t.grid_worker.a").person_id)}
                answer = step(as_user(who.username), board.case_id, verb, form(verb, board.place, **more))
                promised = expected(who, verb, state, columns, ids, (on, *CLASSES[kind]))
                if answer.status_code != promised:
                    wrong.append(
                        (who.name, str(state), on, kind[1], promised, answer.status_code, answer.text[:200])
                    )
                elif promised == 200:
                    after = answer.json["state"]
                    if after != (wanted.to or state):
                        wrong.append((who.name, str(state), "came to", after))
    assert not wrong, "\n".join(map(str, wrong))
