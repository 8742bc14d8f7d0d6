"""Strangers with bad intent: floods, programs, other sites, odd bytes; what the role public can reach."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.samples import photo
from tests.webapp.residents.resident import HTML, JSON, Form
from tests.webapp.residents.test_report import at, cases
from webapp.core.actor import Actor
from webapp.core.security import neighbourhood
from webapp.residents import rules


def test_a_program_that_fills_every_field_is_refused(resident, as_role, station):
    someone = resident()
    refused = someone.send(
        someone.open(), headers=JSON, website="http://x", note="机器人", **at(station, "A1")
    )
    assert [e["code"] for e in refused.json["errors"]] == ["trap_filled"]
    assert not [c for c in cases(as_role) if c["note"] == "机器人"]


def test_without_proof_nothing_is_kept(resident, as_role, station):
    someone = resident()
    refused = someone.send(someone.open(), proof="none", headers=JSON, note="没有证明", **at(station, "A1"))
    assert refused.status_code == 422
    assert not [c for c in cases(as_role) if c["note"] == "没有证明"]


def test_many_tries_of_one_address_are_stopped_and_others_go_on(resident, station):
    flood = resident(address="203.0.113.66")
    form = flood.open()
    codes = {flood.send(form, proof="none", headers=JSON).status_code for _n in range(rules.ADDRESS_TRIES)}
    assert codes == {422}
    stopped = flood.send(form, proof="none", headers=JSON)
    assert stopped.status_code == 429
    assert int(stopped.headers["Retry-After"]) > 0
    assert "429" not in resident().report(note="别人照常", **at(station, "A1"))


def test_addresses_are_kept_nowhere_and_counts_are_forgotten_after_a_day(resident, owner_db, station):
    someone = resident(address="203.0.113.99")
    someone.report(note="地址", **at(station, "A1"))

    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        kept = session.scalar(text("SELECT string_agg(bucket, ' ') FROM auth.throttle"))
        session.execute(
            text("UPDATE auth.throttle SET window_at = now() - interval '2 days', bucket = bucket || 'x'")
        )
    assert "resident-" in kept
    assert "203.0.113" not in kept
    someone.report(note="第二天", **at(station, "A1"))
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        left = session.scalar(
            text("""SELECT count(*) FROM auth.throttle
                WHERE window_at < now() - interval '1 day' AND bucket LIKE 'resident-%'""")
        )
    assert left == 0


def test_the_price_rises_with_the_load_of_an_address(resident):
    calm, busy = resident(address="203.0.113.70"), resident(address="203.0.113.71")
    form = busy.open()
    for _n in range(12):
        busy.send(form, proof="none", headers=JSON)
    assert busy.open().bits > calm.open().bits == rules.LEAST_BITS
    assert rules.bits_wanted(10**6, 10**6) == rules.MOST_BITS
    assert neighbourhood("2001:db8:1:2:aaaa::1") == neighbourhood("2001:db8:1:2:bbbb::9")
    assert neighbourhood("2001:db8:1:3::1") != neighbourhood("2001:db8:1:2::1")
    assert neighbourhood("::ffff:203.0.113.7") == "203.0.113.7" != neighbourhood("::ffff:203.0.113.8")


def test_answers_by_hand_are_few(resident, station):
    someone = resident(address="203.0.113.80")
    got = [
        someone.send(
            someone.open(), proof="answer", headers=JSON, note=f"手答{n}", **at(station, "A1")
        ).status_code
        for n in range(rules.PLAIN_ADDRESS + 1)
    ]
    assert got == [201] * rules.PLAIN_ADDRESS + [429]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"form": "x"}, "bad_uuid"), ({"note": "a" * 5000}, "text_length"),
        ({"note": "\u202egnp"}, "bad_text"), ({"grid": "1; DROP TABLE"}, "bad_uuid"),
        ({"lon": "NaN", "lat": "1"}, "not_finite"),
        ({"lon": "1e999", "lat": "1"}, "not_finite"), ({"q_wires": "many"}, "answer_number"),
        ({"q_building_kind": "castle"}, "answer_choice"), ({"accuracy_m": "-5"}, "number_range"),
        ({"phone": "1" * 200, "consent": "true"}, "text_length"), ({"name": "王"}, "consent_needed"),
    ],
)  # fmt: skip
def test_odd_values_are_refused_at_their_field(resident, said, code):
    someone = resident()
    form = someone.open()
    fields = {"note": "怪值", **said}
    form.fields |= {"form": fields.pop("form", form.fields["form"])}
    refused = someone.send(form, headers=JSON, **fields)
    assert refused.status_code == 422, refused.text
    assert code in [e["code"] for e in refused.json["errors"]]
    page = someone.send(form, **fields)
    assert page.status_code == 422
    assert "怪值" in page.text or "note" in said
    assert UUID(Form(page.text).fields["form"])


def test_what_is_no_photo_is_refused_and_four_are_too_many(resident, station):
    someone = resident()
    for photos, code in (((b"GIF89a" + b"x" * 40,), None), ((b"<svg onload=alert(1)>",), None),
                         (tuple(photo(n) for n in range(4)), "too_many")):  # fmt: skip
        refused = someone.send(someone.open(), headers=JSON, photos=photos, note="图", **at(station, "A1"))
        assert refused.status_code == 422
        if code:
            assert code in [e["code"] for e in refused.json["errors"]]


def test_too_large_a_body_is_refused_unread(resident, monkeypatch):
    someone = resident()
    form = someone.open()
    monkeypatch.setattr(rules, "REPORT_BYTES", 100_000)
    refused = someone.send(form, proof="none", headers=JSON, photos=(b"x" * 200_000,))
    assert refused.status_code == 413


def test_another_sites_page_can_send_nothing(resident, station):
    someone = resident()
    head = {**JSON, "Sec-Fetch-Site": "cross-site"}
    refused = someone.send(someone.open(), headers=head, note="跨站", **at(station, "A1"))
    assert (refused.status_code, refused.json["code"]) == (403, "cross_site")


def test_who_has_signed_in_is_a_stranger_here_too(app, resident, as_role, member, station):
    someone = resident()
    someone.client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {member('t.volunteer').token}"
    someone.report(note="登录了也一样", **at(station, "A1"))
    [case] = [c for c in cases(as_role) if c["note"] == "登录了也一样"]
    assert case["reporter_id"] is None


def test_two_stations_ask_to_choose_and_an_unknown_one_too(client):
    for query, status in (({}, 200), ({"station": "nowhere"}, 404), ({"place": "33333333"}, 404)):
        page = client.get("/public/", query_string=query, headers=HTML)
        assert page.status_code == status
        assert "station=T" in page.text
        assert "station=U" in page.text


def test_at_one_station_nobody_sees_the_other(resident, as_role, other_station):
    resident("U").report(note="在U站", grid=str(other_station.grids["A1"]))
    assert not [c for c in cases(as_role) if c["note"] == "在U站"]
    chief = as_role("station_chief", station="U")
    assert "在U站" in chief.get("/api/v1/cases?limit=500").text
    # A grid of another station is no grid here.
    resident("T").report(note="错站网格", grid=str(other_station.grids["A1"]))
    [case] = [c for c in cases(as_role) if c["note"] == "错站网格"]
    assert case["place"]["accuracy_m"] == 5000


@pytest.fixture
def stranger(station):
    return Actor(station.id, "public")


def test_a_stranger_reads_nothing_but_names_of_the_ground(
    web_db, superuser, stranger, resident, send_report, station
):
    resident().report("opinion", note="墙", phone="13900004444", consent="true", **at(station, "A1"))
    send_report("t.volunteer", "A1")
    open_to_all = {"hazard_class", "division", "station", "plan", "grid", "grid_shape", "police_grid",
                   "police_grid_shape", "community", "place"}  # fmt: skip
    with superuser.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relkind = 'r' "
            "AND has_table_privilege('shuangge_web', oid, 'SELECT')"
        )
        tables = {name for (name,) in cursor.fetchall()}
    with web_db.transaction(stranger) as session:
        seen = {t for t in tables if session.scalar(text(f"SELECT count(*) FROM app.{t}"))}
    assert seen <= open_to_all, seen - open_to_all


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE app.case_file SET state = 'closed'",
        "UPDATE app.place SET name = 'x'",
        "UPDATE app.person SET name = 'x'",
        "DELETE FROM app.resident_contact",
        "SELECT * FROM app.resident_ticket",
        "SELECT app.ticket_case('\\x00')",
        "SELECT app.issue_card(gen_random_uuid(), gen_random_uuid(), '\\x00', 30)",
        "SELECT auth.open_stations()",
        "INSERT INTO app.place (id, station_id, kind, name, geom) "
        "SELECT gen_random_uuid(), app.my_station(), "
        "'x', 'x', ST_SetSRID(ST_MakePoint(112.57, 37.86), 4326)",
        "INSERT INTO app.resident_contact SELECT c, app.my_station(), 'x', '1', now(), now() FROM "
        "(SELECT gen_random_uuid() AS c) x",
    ],
)
def test_a_stranger_changes_nothing_by_hand(web_db, stranger, attack):
    touched, refused = 0, None
    try:
        with web_db.transaction(stranger) as session:
            touched = session.execute(text(attack)).rowcount
    except DBAPIError as error:
        refused = error.orig.pgcode
    assert (touched, refused) in ((0, None), (0, "42501"))


def test_a_stranger_may_insert_no_restricted_lead_even_by_hand(web_db, stranger, station):
    facts = {"id": str(uuid4()), "s": str(station.id), "g": str(station.grids["A1"]),
             "k": str(station.police_grids["A"]), "p": str(station.plan_id)}  # fmt: skip
    insert = text("""INSERT INTO app.case_file (id, station_id, number, kind, class_code, class_version,
        state,
        geom, raw_x, raw_y, raw_crs, method, plan_id, grid_id,
        police_grid_id, answers, found_at, content_hash)
        VALUES (:id, :s, :id, 'x', :class, 1, 'reported', ST_SetSRID(ST_MakePoint(112.57, 37.86), 4326),
        1, 1, 'wgs84', 'gps', :p, :g, :k, '{}', now(), '\\x00')""")
    with pytest.raises(DBAPIError, match="row-level security"), web_db.transaction(stranger) as session:
        session.execute(insert, {**facts, "class": "lead"})
    with web_db.transaction(stranger) as session:
        session.execute(insert, {**facts, "class": "opinion"})
        session.rollback()


def test_functions_by_code_answer_strangers_only(db_as, resident, station):
    code = resident().report(note="函数", **at(station, "A1"))
    ask = text("SELECT count(*) FROM app.tracked(sha256(convert_to(:c, 'UTF8')))")
    for username in ("t.officer.a", "t.station_chief", "u.station_chief"):
        with db_as(username) as session:
            assert session.scalar(ask, {"c": code}) == 0
    with db_as(Actor(station.id, "public")) as session:
        assert session.scalar(ask, {"c": code}) == 1


@pytest.mark.parametrize("wires", ["1e300", "9" * 40, "-1e300", "nan", "inf", "\x00"])
def test_numbers_beyond_all_measure_are_refused_not_broken_on(resident, station, wires):
    someone = resident(address="203.0.113.90")
    sent = someone.send(someone.open(), q_wires=wires, note="数目", headers=JSON, **at(station, "A1"))
    assert sent.status_code == 422, sent.text
    assert [error["pointer"] for error in sent.json["errors"]] == ["/answers/wires"]
