"""A station's own forms: uploaded, tried out as drafts, published, versioned, seen by that station alone."""

from __future__ import annotations

import io
import json
import zlib
from base64 import b64decode
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.collectors.xls_books import CHOICES, NOISE, book
from tests.samples import photo
from tests.webapp.field.form_samples import VERSION, filled, message, multipart

ANSWERS = {"kind": "music", "night": "yes", "decibel": "80", "who": "三楼"}


@pytest.fixture
def upload(as_role):
    def send(data=None, role="planner", station="T"):
        form = {"form": (io.BytesIO(data or book()), "noise.xlsx")}
        return as_role(role, station=station).post("/api/v1/forms", data=form)

    return send


@pytest.fixture
def publish(as_role):
    def send(form, verb="publish"):
        return as_role("station_chief").post(f"/api/v1/forms/{form['code']}/{form['version']}/{verb}")

    return send


def listed(client, token, way="/or"):
    answer = client.get(f"{way}/{token}/formList", headers=VERSION)
    assert answer.status_code == 200
    return answer.text


def test_from_the_spreadsheet_to_a_case(client, upload, publish, as_role, token_for, station, owner_db):
    made = upload(book(form_id="whole"))
    assert made.status_code == 201, made.text
    assert (made.json["code"], made.json["version"], made.json["state"]) == ("t-whole", 1, "draft")
    token = token_for("t.volunteer")
    assert "t-whole" not in listed(client, token)
    assert "t-whole" in listed(client, token, "/or/test")
    instance = uuid4()
    xml = filled(*station.inside("A1"), form="t-whole", instance=instance, answers=ANSWERS)
    parts = lambda: multipart(xml, ("1.jpg", photo()))  # noqa: E731
    # A draft is tried out; nothing is kept, and as a real report it is not known yet.
    tried = client.post(f"/or/test/{token}/submission", data=parts(), headers=VERSION)
    assert (tried.status_code, "草稿" in message(tried.data)) == (201, True)
    early = client.post(f"/or/{token}/submission", data=parts(), headers=VERSION)
    assert early.status_code == 202
    assert publish(made.json).json["state"] == "published"
    assert publish(made.json).status_code == 409
    assert "噪声扰民" in listed(client, token)
    form = client.get(f"/or/{token}/forms/t-whole.xml").text
    assert "什么噪声" in form
    assert "What kind" in form
    real = client.post(
        f"/or/{token}/submission",
        data=multipart(filled(*station.inside("A1"), form="t-whole", answers=ANSWERS), ("1.jpg", photo())),
        headers=VERSION,
    )
    assert real.status_code == 201, real.text
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        case = session.execute(text("SELECT * FROM app.case_file WHERE class_code = 't-whole'")).one()
    assert case.answers == {"kind": "music", "night": True, "decibel": 80, "who": "三楼"}
    assert case.kind == "hazard"
    phone = {item["code"] for item in as_role("volunteer").get("/api/v1/hazard-classes").json}
    assert "t-whole" in phone
    page = as_role("officer", "A").get(f"/cases/{case.number}")
    assert page.status_code == 200
    assert "噪声扰民" in page.text


def test_a_new_version_replaces_the_old_and_old_phones_go_on(client, upload, publish, token_for, station):
    first = upload(book(form_id="twice")).json
    publish(first)
    second = upload(book((*NOISE, ("text", "more", "还有", "More")), form_id="twice")).json
    assert (second["version"], second["questions"]) == (2, first["questions"] + 1)
    token = token_for("t.volunteer")
    assert "<version>1</version>" in listed(client, token).partition("t-twice")[2][:200]
    publish(second)
    assert "<version>2</version>" in listed(client, token).partition("t-twice")[2][:200]
    every = client.get(f"/or/{token}/formList?listAllVersions=true&formID=t-twice").text
    assert every.count("<xform>") == 2
    for version in ("1", "2"):
        xml = filled(*station.inside("A1"), form="t-twice", version=version, answers=ANSWERS)
        data = multipart(xml, ("1.jpg", photo()))
        assert client.post(f"/or/{token}/submission", data=data, headers=VERSION).status_code == 201
    assert publish(second, "withdraw").json["state"] == "withdrawn"
    assert "t-twice" not in listed(client, token)
    assert publish(second, "withdraw").status_code == 409


def test_an_own_form_is_the_stations_alone(client, upload, publish, as_role, token_for, db_as):
    made = upload(book(form_id="secret")).json
    publish(made)
    other = token_for("u.volunteer")
    assert "t-secret" not in listed(client, other)
    assert client.get(f"/or/{other}/forms/t-secret.xml").status_code == 404
    foreign = as_role("station_chief", station="U")
    assert foreign.get("/api/v1/forms").json == []
    assert foreign.post("/api/v1/forms/t-secret/1/withdraw").status_code == 404
    with db_as("u.station_chief") as session:
        rows = session.execute(
            text("UPDATE app.hazard_class SET in_use = false WHERE code = 't-secret' RETURNING code")
        ).all()
        assert rows == []
    # Nobody changes what belongs to everybody, nor makes a class for another station or for all.
    with db_as("t.station_chief") as session:
        rows = session.execute(
            text("UPDATE app.hazard_class SET in_use = false WHERE code = 'flying_wire' RETURNING code")
        ).all()
        assert rows == []
    for owner in ("NULL", f"'{uuid4()}'"):
        with db_as("t.station_chief") as session, pytest.raises(DBAPIError, match="row-level security"):
            session.execute(
                text(
                    "INSERT INTO app.hazard_class (code, version, title, hint, law, questions, icon, "
                    "position, limit_h, in_use, station_id, draft) "
                    "VALUES ('x', 1, '{}', '{}', '{}', '[]', 'x', 1, 1, false, CAST(:owner AS uuid), true)"
                ),
                {"owner": None if owner == "NULL" else owner.strip("'")},
            )
    # The same id in another station is another class.
    again = upload(book(form_id="secret"), role="station_chief", station="U")
    assert again.json["code"] == "u-secret"


def test_faults_are_told_with_their_rows(upload, as_role):
    rows = (*NOISE, ("select_multiple kinds", "many", "多选", "Many"), ("audio", "s", "录音", "Sound"))
    answer = upload(book(rows, CHOICES))
    assert answer.status_code == 422
    found = {(item["pointer"], item["code"]) for item in answer.json["errors"]}
    assert found == {("row 14", "xlsform_type"), ("row 15", "xlsform_type")}
    assert upload(b"no workbook").json["errors"][0]["code"] == "xlsform_not_xlsx"
    assert as_role("planner").post("/api/v1/forms", data={}).status_code == 422


def test_a_draft_that_is_filled_in_wrongly_is_told_what_is_wrong(client, upload, token_for, station):
    upload(book(form_id="tried"))
    to = f"/or/test/{token_for('t.system_admin')}/submission"
    xml = filled(*station.inside("A1"), form="t-tried", answers={**ANSWERS, "decibel": "500"})
    answer = client.post(to, data=multipart(xml, ("1.jpg", photo())), headers=VERSION)
    assert "130" in message(answer.data)
    unknown = filled(*station.inside("A1"), form="t-nothing")
    assert client.post(to, data=multipart(unknown), headers=VERSION).status_code == 404


def test_the_page_shows_drafts_and_what_they_ask(upload, as_role):
    upload(book(form_id="shown"))
    page = as_role("planner").get("/forms", headers={"Accept-Language": "en"}).text
    assert "t-shown" in page
    assert "What kind" in page
    assert as_role("volunteer").get("/forms").status_code == 403


def test_a_form_app_is_set_up_by_one_code(client, as_role):
    made = as_role("volunteer").post("/api/v1/form-apps", json={"id": str(uuid4()), "label": "红米"})
    assert made.status_code == 201
    said = json.loads(zlib.decompress(b64decode(made.json["settings"])))
    url = said["general"]["server_url"]
    assert url == made.json["url"]
    assert said["project"]["name"] == "测试派出所T"
    assert made.json["qr_svg"].startswith("<svg")
    path = url.removeprefix("http://localhost")
    assert client.get(f"{path}/formList", headers=VERSION).status_code == 200
    # The phone's token sends and lists; it opens nothing of the account.
    token = path.rpartition("/")[2]
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/devices", headers=bearer).status_code == 403


def test_no_report_takes_another_stations_class_or_a_draft(
    upload, publish, as_role, sample_report, other_station
):
    """The batch of the phone page asks in one statement that sees every class: it must not find these."""
    made = upload(book(form_id="fenced")).json
    answers = {"kind": "works", "night": False, "decibel": 60}

    def state(username_role, station, grid_place):
        sample = sample_report(
            "A1", class_code="t-fenced", class_version="1", answers=answers, place=grid_place
        )
        answer = as_role(username_role, station=station).post("/api/v1/batches", data=sample.form())
        told = answer.json["reports"][0]
        return told["state"], [error["code"] for error in told["errors"]]

    lon, lat = other_station.inside("A1")
    unknown = ("kept", ["class_unknown"])
    assert state("volunteer", "T", {}) == unknown, "a draft"
    publish(made)
    assert state("volunteer", "T", {}) == ("received", [])
    assert state("volunteer", "U", {"lon": lon, "lat": lat}) == unknown, "another station's class"
