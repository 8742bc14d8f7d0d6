"""A resident's report: it arrives once, in the right grid, without an account, and the proof is asked for."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.samples import photo
from tests.webapp.residents.resident import HTML, JSON, Form, code_in, solve
from webapp.core.actor import Actor
from webapp.core.shortcodes import TRACKING_LENGTH, sound
from webapp.residents.actions import forget_contacts


def at(station, grid):
    lon, lat = station.inside(grid)
    return {"lon": lon, "lat": lat, "accuracy_m": 12}


def cases(as_role, **filters):
    return as_role("station_chief").get("/api/v1/cases", query_string={"limit": 500, **filters}).json["cases"]


def test_a_report_reaches_the_officer_of_the_ground(resident, as_role, station):
    code = resident().report(note="三楼拉线下来", photos=(photo(41),), q_wires="3", **at(station, "B2"))
    assert sound(code, TRACKING_LENGTH)
    found = as_role("officer", police_grid="B").get("/api/v1/cases?limit=500").json["cases"]
    [case] = [c for c in found if c["note"] == "三楼拉线下来"]
    assert case["grid"]["name"] == "T-B2"
    assert (case["reporter_id"], case["kind"], case["answers"]) == (None, "hazard", {"wires": 3})
    assert len(case["attachments"]) == 1
    assert case["place"]["method"] == "gps"
    other = as_role("officer", police_grid="A").get("/api/v1/cases?limit=500").json["cases"]
    assert case["id"] not in [c["id"] for c in other]
    assert case["id"] in as_role("officer", police_grid="B").get("/ogc/collections/cases/items").text


def test_the_same_form_again_is_the_same_case(resident, as_role, station):
    someone = resident()
    form = someone.open()
    first = someone.send(form, note="只报一次", **at(station, "A1"))
    again = someone.send(form, proof="none", note="只报一次", **at(station, "A1"))
    assert code_in(first) == code_in(again)
    assert "sent=new" in first.headers["Location"]
    assert "sent=again" in again.headers["Location"]
    assert len([c for c in cases(as_role) if c["note"] == "只报一次"]) == 1


def test_the_same_form_sent_twice_at_one_moment_is_one_case(app, resident, as_role, station):
    someone = resident()
    form = someone.open()
    work = solve(form.fields["challenge"], form.bits)
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(
                lambda _n: resident(address="203.0.113.90").send(
                    form, note="双击发送", work=work, **at(station, "A1")
                ),
                range(4),
            )
        )
    assert {a.status_code for a in answers} == {303}
    assert len({code_in(a) for a in answers}) == 1
    assert len([c for c in cases(as_role) if c["note"] == "双击发送"]) == 1


def test_a_proof_is_good_once_and_for_this_page_only(resident, station):
    someone = resident()
    form = someone.open()
    assert someone.send(form, note="一", **at(station, "A1")).status_code == 303
    second = {**at(station, "A1"), "form": str(uuid4())}
    refused = someone.send(form, note="二", headers=JSON, **second)
    assert (refused.status_code, refused.json["code"]) == (422, "challenge_old")
    for change in ("x" + form.fields["challenge"], form.fields["challenge"].replace(".", ".9", 1), ""):
        refused = someone.send(
            form, note="三", headers=JSON, challenge=change, work="1", **{**second, "form": str(uuid4())}
        )
        assert (refused.status_code, refused.json["code"]) == (422, "challenge_old")
    fresh = someone.client.get("/public/challenge?station=T").json
    cheap = someone.send(form, note="四", headers=JSON, challenge=fresh["challenge"], work="0", **second)
    assert cheap.json["code"] == "challenge_old"
    good = solve(fresh["challenge"], fresh["bits"])
    taken = someone.send(form, note="五", headers=JSON, challenge=fresh["challenge"], work=good, **second)
    assert taken.status_code == 201, taken.text
    assert taken.json["track"].startswith("/public/track/")


def test_without_javascript_the_plain_question_is_enough(resident, as_role, station):
    someone = resident()
    form = someone.open()
    wrong = someone.send(form, proof="none", answer="99", note="不用脚本", **at(station, "C1"))
    assert wrong.status_code == 422
    assert "不用脚本" in wrong.text  # what was typed is still there
    again = Form(wrong.text)
    assert again.fields["form"] == form.fields["form"]
    assert again.fields["challenge"] != form.fields["challenge"]
    form = someone.open()
    assert someone.send(form, proof="answer", note="不用脚本", **at(station, "C1")).status_code == 303
    assert [c["grid"]["name"] for c in cases(as_role) if c["note"] == "不用脚本"] == ["T-C1"]


@pytest.mark.parametrize(
    ("said", "grid", "method"),
    [
        ({"grid": "B1"}, "T-B1", "grid"),
        ({"address": "测试小区三号楼二单元"}, "T-C2", "address"),
        ({"address": "没有人知道的地方"}, None, "address"),
        ({"lon": 10.0, "lat": 50.0, "accuracy_m": 5, "grid": "A2"}, "T-A2", "grid"),
        ({"lon": "A1", "accuracy_m": 900, "grid": "A2"}, "T-A2", "grid"),
        ({}, None, "address"),
    ],
)  # fmt: skip
def test_the_place_never_blocks_a_report(resident, as_role, station, owner_db, said, grid, method):
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        lon, lat = station.inside("C2")
        session.execute(
            text("""INSERT INTO app.place (id, station_id, kind, name, geom)
                SELECT gen_random_uuid(), :s, 'compound', '测试小区', ST_SetSRID(ST_MakePoint(:x, :y), 4326)
                WHERE NOT EXISTS (SELECT 1 FROM app.place WHERE name = '测试小区')"""),
            {"s": station.id, "x": lon, "y": lat},
        )
    said = dict(said)
    if said.get("grid"):
        said["grid"] = str(station.grids[said["grid"]])
    if said.get("lon") == "A1":
        said["lon"], said["lat"] = station.inside("A1")
    mark = uuid4().hex
    resident().report(note=mark, **said)
    [case] = [c for c in cases(as_role) if c["note"] == mark]
    assert case["place"]["method"] == method
    if grid is not None:
        assert case["grid"]["name"] == grid
    else:
        assert (case["place"]["accuracy_m"], case["place"]["flag"]) == (5000, "vague")
        page = as_role("station_chief").get(f"/cases/{case['number']}", headers={"Accept-Language": "en"})
        assert "The place is hardly known" in page.text


def test_a_typed_address_is_looked_up_in_the_register_of_addresses(resident, as_role, station):
    lon, lat = station.inside("B2")
    away = "甲社区登记路9号远方公寓1号楼,113.9,37.1"
    listed = f"地址,经度,纬度\n甲社区登记路6号金桥公寓4号楼,{lon},{lat}\n{away}\n".encode()
    kept = as_role("system_admin").post(
        "/api/v1/addresses", data={"crs": "wgs84", "file": (io.BytesIO(listed), "list.csv")}
    )
    assert kept.status_code == 201, kept.text

    def sent(**said):
        mark = uuid4().hex
        resident().report(note=mark, **said)
        return next(c for c in cases(as_role) if c["note"] == mark)

    case = sent(address="金桥公寓四号楼2单元301室", grid=str(station.grids["A1"]))
    assert (case["grid"]["name"], case["place"]["method"], case["place"]["flag"]) == ("T-B2", "address", None)
    assert case["place"]["accuracy_m"] == 25
    # A position of the phone comes first; an address far outside blocks nothing.
    assert sent(address="金桥公寓4号楼", **at(station, "C1"))["grid"]["name"] == "T-C1"
    assert sent(address="远方公寓1号楼")["place"]["flag"] == "vague"


def test_contact_needs_consent_and_is_kept_apart(resident, as_role, db_as, owner_db, station):
    someone = resident()
    form = someone.open("mediation")
    refused = someone.send(
        form, "mediation", headers=JSON, note="楼上漏水", phone="13900001111", **at(station, "A1")
    )
    assert refused.status_code == 422
    assert [e["code"] for e in refused.json["errors"]] == ["consent_needed"]
    code = someone.report(
        "mediation", note="楼上漏水", phone="13900001111", name="老王", consent="true",
        q_subject="leak", **at(station, "A1"),
    )  # fmt: skip
    [case] = [c for c in cases(as_role) if c["note"] == "楼上漏水"]
    assert "13900001111" not in str(case)
    assert (case["kind"], case["restricted"]) == ("dispute", True)
    address = f"/api/v1/cases/{case['id']}/resident"
    officer = as_role("officer", police_grid="A")
    assert officer.get(address).json["contact"] is True
    told = officer.post(f"{address}/contact")
    assert (told.json["phone"], told.json["name"]) == ("13900001111", "老王")
    assert as_role("station_chief").post(f"{address}/contact").status_code == 200
    for other in (
        as_role("officer", police_grid="B"), as_role("station_chief", station="U"),
    ):  # fmt: skip
        assert other.post(f"{address}/contact").status_code == 404
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        readers = session.execute(
            text(
                "SELECT by_id FROM app.event WHERE name = 'residents.contact_disclosed' AND subject_id = :c"
            ),
            {"c": case["id"]},
        ).all()
        everything = session.scalar(text("SELECT string_agg(data::text, ' ') FROM app.event"))
    assert len(readers) == 2
    assert "13900001111" not in everything
    assert someone.client.post(f"/public/track/{code}/withdrawal").status_code == 303
    assert officer.get(address).json["contact"] is False
    assert officer.post(f"{address}/contact").status_code == 404


def test_old_contact_data_are_read_by_nobody_and_go(resident, as_role, owner_db, db_as, station):
    someone = resident()
    someone.report("opinion", note="过期联系", phone="13900002222", consent="true", **at(station, "A1"))
    [case] = [c for c in cases(as_role) if c["note"] == "过期联系"]
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        session.execute(
            text("UPDATE app.resident_contact SET keep_until = now() - interval '1 s' WHERE case_id = :c"),
            {"c": case["id"]},
        )
    chief = as_role("station_chief")
    assert chief.post(f"/api/v1/cases/{case['id']}/resident/contact").status_code == 404
    with db_as(Actor(station.id, "machine")) as session:
        assert forget_contacts(session, by=Actor(station.id, "machine")) == 1
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        assert not session.scalar(
            text("SELECT count(*) FROM app.resident_contact WHERE case_id = :c"), {"c": case["id"]}
        )


def test_a_dispute_is_for_officer_chief_and_the_mediator_posted_there(
    resident, as_user, as_role, owner_db, station, member
):
    resident().report("mediation", note="噪音纠纷", **at(station, "A2"))
    [case] = [c for c in cases(as_role) if c["note"] == "噪音纠纷"]

    def readers():
        return {
            name
            for name in ("t.officer.a", "t.officer.b", "t.grid_worker.a", "t.mediator", "t.station_chief",
                         "t.volunteer", "t.planner", "u.station_chief")
            if as_user(name).get(f"/api/v1/cases/{case['id']}").status_code == 200
        }  # fmt: skip

    assert readers() == {"t.officer.a", "t.station_chief"}
    assert case["id"] not in as_user("t.grid_worker.a").get("/ogc/collections/cases/items").text
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        session.execute(
            text("""INSERT INTO app.posting (id, station_id, person_id, duty, police_grid_id, since_at)
                VALUES (gen_random_uuid(), :s, :p, 'mediator', :k, now() - interval '1 day')"""),
            {"s": station.id, "p": member("t.mediator").person_id, "k": station.police_grids["A"]},
        )
    assert readers() == {"t.officer.a", "t.station_chief", "t.mediator"}
    # Hazards of the same ground stay what they were for mediators.
    code = resident().report(note="普通隐患", **at(station, "A2"))
    assert code
    [hazard] = [c for c in cases(as_role) if c["note"] == "普通隐患"]
    assert as_user("t.mediator").get(f"/api/v1/cases/{hazard['id']}").status_code == 404


def test_the_phone_page_asks_for_hazards_only(as_role):
    phone = as_role("volunteer")
    told = [c["code"] for c in phone.get("/api/v1/hazard-classes").json]
    assert "flying_wire" in told
    assert not {"mediation", "opinion"} & set(told)
    disputes = phone.get("/api/v1/hazard-classes?kind=dispute").json
    assert [c["code"] for c in disputes] == ["mediation"]
    assert phone.get("/api/v1/hazard-classes?kind=nonsense").status_code == 422
    page = as_role("station_chief").get("/cases", headers=HTML).text
    assert "mediation" in page


def test_residents_can_use_only_what_is_public(resident):
    someone = resident()
    for code in ("lead", "nothing", ""):
        answer = someone.client.get("/public/new", query_string={"station": "T", "class": code}, headers=JSON)
        assert answer.status_code == 404
    page = someone.client.get("/public/?station=T&lang=en", headers=HTML).text
    assert "class=flying_wire" in page
    assert "class=lead" not in page
