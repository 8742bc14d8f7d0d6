"""The tracking page: what became of it, never who; what the resident may add, judge and withdraw."""

from __future__ import annotations

import io
from hashlib import sha256
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.samples import photo
from tests.webapp.residents.resident import HTML, JSON
from tests.webapp.residents.test_report import at, cases
from webapp.core.shortcodes import shown


def handled(as_role, note, answer="已剪断电线", picture=True, police_grid="A"):
    """Accept and close the case with a note, as its officer does; return its id."""
    officer = as_role("officer", police_grid=police_grid)
    [case] = [c for c in cases(as_role) if c["note"] == note]
    assert officer.post(f"/api/v1/cases/{case['id']}/accept", json={}).status_code == 200
    data = {"note": answer} | ({"photo": (io.BytesIO(photo(77)), "a.jpg")} if picture else {})
    closed = officer.post(f"/api/v1/cases/{case['id']}/close", data=data)
    assert closed.status_code == 200, closed.text
    return case["id"]


def test_the_page_tells_the_state_the_answer_and_the_cure_but_no_person(resident, as_role, station, owner_db):
    someone = resident()
    code = someone.report(note="从头到尾", **at(station, "A1"))
    page = someone.track(shown(code).lower())
    assert "Received." in page
    assert "T-A" in page
    handled(as_role, "从头到尾")
    page = someone.track(code)
    assert "已剪断电线" in page
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        names = session.scalars(text("SELECT name FROM app.person")).all()
    assert not [name for name in names if name in page]
    cure = someone.client.get(f"/public/track/{code}/photo/0")
    assert (cure.status_code, cure.mimetype) == (200, "image/jpeg")
    assert someone.client.get(f"/public/track/{code}/photo/1").status_code == 404


def test_a_restricted_matter_shows_its_answer_but_no_photo(resident, as_role, station):
    someone = resident()
    code = someone.report("mediation", note="限制的纠纷", **at(station, "A1"))
    handled(as_role, "限制的纠纷", "双方已和解")
    assert "双方已和解" in someone.track(code)
    assert someone.client.get(f"/public/track/{code}/photo/0").status_code == 404


def test_a_dispute_is_closed_by_words_a_hazard_by_a_photo(resident, as_role, station):
    resident().report("opinion", note="建议多巡逻", **at(station, "A1"))
    handled(as_role, "建议多巡逻", "已采纳", picture=False)
    resident().report(note="没有照片的隐患", **at(station, "A1"))
    [case] = [c for c in cases(as_role) if c["note"] == "没有照片的隐患"]
    officer = as_role("officer", police_grid="A")
    officer.post(f"/api/v1/cases/{case['id']}/accept", json={})
    refused = officer.post(f"/api/v1/cases/{case['id']}/close", data={"note": "好了"})
    assert [e["code"] for e in refused.json["errors"]] == ["photo_needed"]


def test_an_unknown_code_and_a_mistyped_one(resident, client):
    code = resident().report(note="查询码", lon=112.57, lat=37.863)
    wrong = code[:-1] + ("3" if code[-1] != "3" else "4")
    mistyped = client.get(f"/public/track/{wrong}", headers=HTML)
    assert mistyped.status_code == 422
    assert "查询码有误" in mistyped.text
    unknown = client.get("/public/track/333333333333333", headers=JSON)
    assert (unknown.status_code, unknown.json["code"]) == (404, "code_unknown")
    typed = client.get("/public/track", query_string={"code": f" {shown(code).lower()} "})
    assert typed.headers["Location"] == f"/public/track/{code}"


def test_only_the_hash_of_the_code_is_kept(resident, owner_db, station):
    code = resident().report(note="只存哈希", phone="13900003333", consent="true", **at(station, "A1"))
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        hashes = session.scalars(text("SELECT code_hash FROM app.resident_ticket")).all()
        dump = "".join(
            session.scalar(text(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM app.{table} t"))
            for table in ("resident_ticket", "case_file", "event", "resident_note", "resident_contact")
        )
    assert sha256(code.encode()).digest() in [bytes(h) for h in hashes]
    assert code not in dump


def test_the_resident_adds_words_and_a_photo_once(resident, as_role, station):
    someone = resident()
    code = someone.report(note="待补充", **at(station, "B1"))
    [case] = [c for c in cases(as_role) if c["note"] == "待补充"]
    said = {"form": str(uuid4()), "note": "又多了一根线 <script>alert(1)</script>"}
    for _again in range(2):
        added = someone.client.post(f"/public/track/{code}/notes", data=said)
        assert added.status_code == 303
        picture = {"photo": (io.BytesIO(photo(91)), "x.jpg")}
        assert someone.client.post(f"/public/track/{code}/photos", data=picture).status_code == 303
    page = someone.client.get(f"/public/track/{code}", headers=HTML).text
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    officer = as_role("officer", police_grid="B")
    side = officer.get(f"/api/v1/cases/{case['id']}/resident").json
    assert [n["note"] for n in side["notes"]] == [said["note"]]
    assert len(officer.get(f"/api/v1/cases/{case['id']}").json["attachments"]) == 1
    names = [
        e["name"]
        for e in officer.get("/api/v1/events?after=1").json["events"]
        if e["subject_id"] == case["id"]
    ]
    assert names.count("residents.note_added") == names.count("residents.photo_added") == 1
    assert as_role("officer", police_grid="A").get(f"/api/v1/cases/{case['id']}/resident").status_code == 404


def test_satisfaction_is_asked_after_closing_and_kept_as_an_event(resident, as_role, station, owner_db):
    someone = resident()
    code = someone.report(note="评价", **at(station, "A2"))
    early = someone.client.post(
        f"/public/track/{code}/judgement", data={"form": str(uuid4()), "satisfied": "true"}, headers=JSON
    )
    assert (early.status_code, early.json["code"]) == (409, "not_closed")
    case = handled(as_role, "评价")
    for satisfied in ("true", "false"):
        said = {"form": str(uuid4()), "satisfied": satisfied, "note": "还在拉线"}
        assert someone.client.post(f"/public/track/{code}/judgement", data=said).status_code == 303
    assert "not satisfied" in someone.track(code)
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        told = session.scalars(
            text(
                "SELECT data->>'satisfied' FROM app.event "
                "WHERE name = 'residents.judged' AND subject_id = :c ORDER BY id"
            ),
            {"c": case},
        ).all()
    assert told == ["true", "false"]
    shown_page = as_role("officer", police_grid="A").get("/cases", headers=HTML)
    assert shown_page.status_code == 200


def test_one_can_not_add_without_end(resident, station):
    someone = resident(address="203.0.113.201")
    code = someone.report(note="太多", **at(station, "A1"))
    answers = [
        someone.client.post(
            f"/public/track/{code}/notes", data={"form": str(uuid4()), "note": "x"}, headers=JSON
        )
        for _n in range(21)
    ]
    assert {a.status_code for a in answers[:20]} == {303}
    assert (answers[20].status_code, answers[20].json["code"]) == (422, "enough_added")
    last = [
        someone.client.post(f"/public/track/{code}/withdrawal", headers=JSON).status_code for _n in range(10)
    ]
    assert (last[0], last[-1]) == (303, 429)


@pytest.mark.parametrize("path", ["notes", "photos", "judgement", "withdrawal"])
def test_another_sites_page_can_change_nothing(resident, station, path):
    someone = resident()
    code = someone.report(note="跨站", **at(station, "A1"))
    head = {**JSON, "Origin": "https://evil.example"}
    refused = someone.client.post(f"/public/track/{code}/{path}", data={"form": str(uuid4())}, headers=head)
    assert (refused.status_code, refused.json["code"]) == (403, "cross_site")
