"""A mediator takes and ends the disputes of the grids where he is posted, and nothing else."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.webapp.cases.life_cases import CASES, Board, form, step
from tests.webapp.residents.resident import Resident
from webapp.cases.rules import STEPS, Standing, State


@pytest.fixture(scope="module")
def posted(owner_db, station, member):
    """The mediator of T is posted at police grid A."""
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        session.execute(
            text("""INSERT INTO app.posting (id, station_id, person_id, duty, police_grid_id, since_at)
                VALUES (gen_random_uuid(), :s, :p, 'mediator', :k, now() - interval '1 day')"""),
            {"s": station.id, "p": member("t.mediator").person_id, "k": station.police_grids["A"]},
        )


@pytest.fixture(scope="module")
def dispute(app, as_role, station):
    """Apply for mediation in a grid as a resident does, and return the case: dispute('A1')."""

    def make(grid, declared="mediation"):
        lon, lat = station.inside(grid)
        words = f"邻里纠纷 {uuid4().hex[:8]}"
        resident = Resident(app, address=f"198.51.100.{len(made) + 1}")
        resident.report(declared, note=words, lon=lon, lat=lat, accuracy_m=12)
        made.append(words)
        found = as_role("station_chief").get("/api/v1/cases?limit=500").json["cases"]
        return next(case for case in found if case["note"] == words)

    made: list[str] = []
    return make


@pytest.fixture(scope="module")
def pair(dispute):
    """Two disputes on the mediator's ground."""
    return dispute("A2"), dispute("A2")


def test_a_mediator_takes_a_dispute_and_ends_it_by_words(posted, dispute, as_user):
    case, mediator = dispute("A1"), as_user("t.mediator")
    page = mediator.get(f"/cases/{case['number']}")
    assert 'id="accept"' in page.text
    assert step(mediator, case["id"], "accept", {}).json["state"] == "accepted"
    assert step(mediator, case["id"], "handle", {}).json["state"] == "handling"
    assert step(mediator, case["id"], "close", {}).status_code == 422  # without a word no dispute ends
    done = step(mediator, case["id"], "close", {"note": "双方握手言和，次日履行"})
    assert (done.status_code, done.json["state"]) == (200, "closed"), done.text
    told = as_user("t.officer.a").get(f"/cases/{case['number']}").text
    assert "双方握手言和" in told


def test_other_grounds_and_other_matters_are_none_of_his(posted, dispute, as_user, send_report):
    mediator = as_user("t.mediator")
    for case_id in (dispute("B1")["id"], dispute("A1", "opinion")["id"], send_report("t.volunteer", "A1").id):
        assert mediator.get(f"{CASES}/{case_id}").status_code == 404
        assert step(mediator, case_id, "accept", {}).status_code == 404
    own = send_report("t.mediator", "A1")  # what he has reported himself he follows, no more
    assert step(mediator, own.id, "accept", {}).status_code == 403


@pytest.mark.parametrize("verb", STEPS)
def test_every_verb_in_every_state_as_the_table_says(verb, posted, pair, superuser, member, as_user, station):
    """Untouched, accepted by himself, and fed back by himself: the real answer is the table's."""
    case, lead = pair
    board, me = Board(superuser, UUID(case["id"]), station.inside("A2")), member("t.mediator").person_id
    other, wanted, wrong = member("t.officer.a").person_id, STEPS[verb], []
    for state in wanted.starts:
        for handler, fed_back in ((other, other), (me, me)):
            asks = wanted.settles or None
            columns = {
                "handler_id": None if state == State.REPORTED else handler,
                "fed_back_by": fed_back if state == State.FED_BACK else None,
                "pending": asks,
                "pending_by": other if asks else None,
                "pending_until": "2099-01-01" if asks else None,
                "duplicate_of": None,
            }
            if state == State.DUPLICATE:
                columns["duplicate_of"] = UUID(lead["id"])
            board.put(state, **columns)
            standing = Standing(
                role="mediator", me=me, state=state, handler=columns["handler_id"], pending=asks,
                pending_by=columns["pending_by"], fed_back_by=columns["fed_back_by"], by_words=True,
                dispute=True,
            )  # fmt: skip
            promised = 409
            if not standing.is_one(wanted.who):
                promised = 403
            elif standing.allows(wanted):
                promised = 200
            got = step(as_user("t.mediator"), case["id"], verb, form(verb, board.place)).status_code
            if got != promised:
                wrong.append((str(state), handler == me, promised, got))
    assert not wrong


def test_the_police_s_own_verbs_stay_with_the_police():
    mine = Standing(role="mediator", me=uuid4(), state="handling", dispute=True, by_words=True)
    for verb in ("reject", "dispatch", "transfer", "mark_duplicate", "resume", "reopen", "hang_up"):
        assert not mine.is_one(STEPS[verb].who), verb
    elsewhere = Standing(role="mediator", me=uuid4(), state="reported", dispute=True, here_to_work=False)
    assert not elsewhere.is_one("handler")


def test_the_wall_holds_below_the_rules(posted, dispute, db_as, send_report):
    near, far, hazard = dispute("A1")["id"], dispute("B1")["id"], send_report("t.volunteer", "A1").id
    change = text("UPDATE app.case_file SET state = 'accepted' WHERE id = :id")
    for case_id, rows in ((near, 1), (far, 0), (hazard, 0)):
        with db_as("t.mediator") as session:
            assert session.execute(change, {"id": case_id}).rowcount == rows
    with db_as("t.mediator") as session, pytest.raises(DBAPIError):
        session.execute(
            text("UPDATE app.case_file SET grid_id = gen_random_uuid() WHERE id = :id"), {"id": near}
        )
