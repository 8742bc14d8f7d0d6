"""Open311 GeoReport v2: foreign clients report and follow, in JSON and XML, and see what is for them."""

from __future__ import annotations

import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from uuid import uuid4
from xml.etree import ElementTree

import pytest
import requests
from georeport import GeoReport
from jsonschema import Draft202012Validator
from sqlalchemy import text

from collectors import open311 as protocol
from tests.samples import photo
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.open311.open311 import _ids

V2 = "/open311/v2"
SCHEMAS = json.loads((Path(__file__).parents[2] / "collectors/samples/open311/schemas.json").read_text())
HAN = re.compile("[\u4e00-\u9fff]")


def accepted(kind, answer):
    """Assert that an answer fits the schema of its kind and return it."""
    Draft202012Validator(SCHEMAS[kind]).validate(answer.json)
    return answer.json


@pytest.fixture(scope="module", autouse=True)
def allowed(owner_db, station):
    """Station T takes reports of strangers and shows the coarse list; station U does neither."""
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        session.execute(
            text("""UPDATE app.station
                SET settings = settings || '{"open311": {"report": true, "read": true}}'
                WHERE id = :id"""),
            {"id": station.id},
        )


@pytest.fixture
def form(station):
    """Return a valid form of a flying wire with fresh words: form('A1', description='...', media=[1])."""
    serial = iter(range(10_000))

    def make(grid="A1", media=(1,), **changes):
        lon, lat = station.inside(grid)
        said = {
            "service_code": "flying_wire",
            "lat": str(lat),
            "long": str(lon),
            "attribute[building_kind]": "multi_storey",
            "attribute[wires]": "2",
            "attribute[seen_charging]": "yes",
            "description": f"三单元二楼 {next(serial)} {uuid4()}",
            **changes,
        }
        said = {name: value for name, value in said.items() if value is not None}
        if media:
            said["media"] = [(io.BytesIO(photo(5000 + 20 * n)), f"{n}.jpg", "image/jpeg") for n in media]
        return said

    return make


@pytest.fixture
def row(owner_db):
    """Return a case's row by its number, as the owner sees it."""

    def find(number):
        with owner_db.transaction() as session:
            return session.execute(
                text("""SELECT c.*, ST_X(geom) AS lon,
                    (SELECT count(*) FROM app.attachment a WHERE a.case_id = c.id) AS photos
                    FROM app.case_file c WHERE number = :n OR id::text = :n"""),
                {"n": number},
            ).one()

    return find


def sent(client, said, **extra):
    data = {
        key: [(io.BytesIO(item[0].getvalue()), *item[1:]) for item in value] if key == "media" else value
        for key, value in {**said, **extra}.items()
    }
    return client.post(f"{V2}/requests.json", data=data, headers={"Accept-Language": "en"})


def test_a_key_reports_as_its_person_with_photo_and_answers(client, token_for, member, form, row):
    answer = sent(
        client, form(media=(1, 2), media_url="https://example.org/p.jpg"), api_key=token_for("t.volunteer")
    )
    assert answer.status_code == 201, answer.text
    [told] = accepted("request_response", answer)
    kept = row(told["service_request_id"])
    assert (kept.reporter_id, kept.source, kept.photos) == (member("t.volunteer").person_id, "open311", 2)
    assert kept.answers == {"building_kind": "multi_storey", "wires": 2, "seen_charging": True}
    assert kept.note.endswith("https://example.org/p.jpg")
    assert str(kept.id) == told["token"]


def test_a_stranger_reports_with_a_photo_and_follows_it_by_token(
    client, form, row, as_role, member, owner_db
):
    said = form(phone="13800138000", email="someone@example.org", first_name="三", ward="7")
    answer = sent(client, said, jurisdiction_id="T")
    assert answer.status_code == 201, answer.text
    [told] = answer.json
    kept = row(told["service_request_id"])
    assert (kept.reporter_id, kept.photos) == (None, 1)
    assert "138" not in kept.note
    token = client.get(f"{V2}/tokens/{told['token']}.json?jurisdiction_id=T")
    assert accepted("token", token) == [{"service_request_id": kept.number, "token": told["token"]}]
    [own] = accepted("requests", client.get(f"{V2}/requests/{told['token']}.json?jurisdiction_id=T"))
    assert own["service_request_id"] == kept.number
    assert own["description"] is own["media_url"] is own["address"] is None
    side = f"/api/v1/cases/{kept.id}/open311"
    assert as_role("officer", "A").get(side).json == {"contact": True, "notes": []}
    path = f"{side}/contact"
    contact = as_role("officer", "A").post(path).json
    assert contact["contact"] == {"phone": "13800138000", "email": "someone@example.org", "first_name": "三"}
    assert contact["other"] == {"ward": "7"}
    for who in (as_role("officer", "B"), as_role("station_chief", station="U")):
        assert who.post(path).status_code == 404
    worker = as_role("grid_worker", "A")
    assert (worker.post(path).status_code, worker.get(side).json["contact"]) == (403, False)
    with owner_db.transaction() as session:
        told = session.execute(_DISCLOSED, {"id": kept.id}).all()
    assert told == [(member("t.officer.a").person_id,)]


_DISCLOSED = text("SELECT by_id FROM app.event WHERE subject_id = :id AND name = 'open311.contact_disclosed'")


def test_the_same_report_again_is_the_same_request_never_an_error(client, token_for, form, owner_db):
    for extra in ({"api_key": token_for("t.volunteer")}, {"jurisdiction_id": "T"}):
        said = form(phone="13800138001")
        answers = [sent(client, said, **extra) for _n in range(3)]
        assert {a.status_code for a in answers} == {201}
        assert len({a.data for a in answers}) == 1
        other = sent(client, {**said, "description": said["description"] + "!"}, **extra)
        assert other.json[0]["service_request_id"] != answers[0].json[0]["service_request_id"]
        with owner_db.transaction() as session:
            found = session.scalar(
                text("SELECT count(*) FROM app.case_file WHERE note = :n"), {"n": said["description"]}
            )
        assert found == 1


def test_a_report_sent_again_after_midnight_is_still_the_same(app, client, form, owner_db, station):
    """The id holds the day: what came yesterday, less than 24 hours ago, is looked for as well."""
    said = form(media=(), media_url="https://example.org/p.jpg")
    first = sent(client, said, jurisdiction_id="T").json[0]
    read = protocol.decode(list(said.items()), [])
    with app.test_request_context(environ_base={"REMOTE_ADDR": "127.0.0.1"}):
        today, yesterday = _ids(read, Actor(station.id, "public"), clock.now())
    assert str(today) == first["token"]

    def put_back(hours):
        with owner_db.transaction() as session:
            session.execute(text("SET LOCAL ROLE shuangge_owner"))
            session.execute(
                text("UPDATE app.case_file SET id = :i, reported_at = now() - :d WHERE number = :n"),
                {"i": yesterday, "d": timedelta(hours=hours), "n": first["service_request_id"]},
            )

    put_back(23)
    again = sent(client, said, jurisdiction_id="T").json[0]
    assert again["service_request_id"] == first["service_request_id"]
    put_back(25)
    news = sent(client, said, jurisdiction_id="T").json[0]
    assert news["service_request_id"] != first["service_request_id"]


def test_eight_at_once_are_one_case(service, form, owner_db):
    barrier = Barrier(8)
    said = form(media=())
    said["service_code"], said["attribute[what]"] = "other", "井盖"
    for name in ("building_kind", "wires", "seen_charging"):
        del said[f"attribute[{name}]"]

    def send(_n):
        barrier.wait()
        files = {"media": ("a.jpg", photo(77), "image/jpeg")}
        data = {**said, "jurisdiction_id": "T"}
        return requests.post(f"{service.url}{V2}/requests.json", data=data, files=files, timeout=30)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert {a.status_code for a in answers} == {201}, [a.text for a in answers]
    assert len({a.json()[0]["service_request_id"] for a in answers}) == 1
    with owner_db.transaction() as session:
        found = session.execute(
            text("""SELECT count(DISTINCT c.id), count(a.id) FROM app.case_file c
                LEFT JOIN app.attachment a ON a.case_id = c.id WHERE note = :n"""),
            {"n": said["description"]},
        ).one()
    assert tuple(found) == (1, 1)


def test_a_photo_elsewhere_counts_as_named_and_is_never_fetched(client, form, row):
    """A class that asks for a photo takes a client that knows only media_url."""
    url = "http://127.0.0.1:9/photo.jpg"
    [told] = sent(client, form(media=(), media_url=url), jurisdiction_id="T").json
    kept = row(told["service_request_id"])
    assert kept.photos == 0
    assert url in kept.note
    bare = sent(client, form(media=()), jurisdiction_id="T")
    assert bare.status_code == 400
    assert accepted("errors", bare) == [{"code": 400, "description": "media: A photo is needed as proof."}]


def test_an_address_of_the_register_stands_in_for_coordinates(client, token_for, form, row):
    key = {"api_key": token_for("t.volunteer")}
    place = {"lat": None, "long": None}
    [told] = sent(client, form(**place, address_string="T-B2"), **key).json
    kept = row(told["service_request_id"])
    assert (kept.method, kept.address) == ("address", "T-B2")
    [told] = sent(client, form(**place, address_id="140106001003001"), **key).json
    assert row(told["service_request_id"]).method == "address"
    unknown = sent(client, form(**place, address_string="无名路9号"), **key)
    assert unknown.status_code == 400
    assert "lat and long" in unknown.json[0]["description"]


@pytest.mark.parametrize("known", [True, False], ids=["a volunteer", "a stranger"])
def test_a_typed_address_is_looked_up_in_the_register_of_addresses(
    client, token_for, as_role, station, form, row, known
):
    lon, lat = station.inside("B1")
    listed = f"地址,经度,纬度\n甲社区登记路6号金桥公寓4号楼,{lon},{lat}\n".encode()
    kept = as_role("system_admin").post(
        "/api/v1/addresses", data={"crs": "wgs84", "file": (io.BytesIO(listed), "list.csv")}
    )
    assert kept.status_code == 201
    who = {"api_key": token_for("t.volunteer")} if known else {"jurisdiction_id": "T"}
    nowhere = {"lat": None, "long": None}
    [told] = sent(client, form(**nowhere, address_string="金桥公寓四号楼旁"), **who).json
    taken = row(told["service_request_id"] or told["token"])
    assert (taken.method, taken.accuracy_m, taken.lon) == ("address", 25, pytest.approx(lon))
    # A road alone is registered too, but says nothing sure: it is told, not guessed.
    assert sent(client, form(**nowhere, address_string="登记路"), **who).status_code == 400


WRONG = {
    "no service": ({"service_code": None}, 400, "service_code"),
    "unknown service": ({"service_code": "ufo"}, 404, "service_code"),
    "no place": ({"lat": None, "long": None}, 400, "place"),
    "half a place": ({"long": None}, 400, "long"),
    "NaN": ({"lat": "NaN"}, 400, "lat"),
    "infinity": ({"long": "1e999"}, 400, "long"),
    "hex": ({"lat": "0x25"}, 400, "lat"),
    "digits of another script": ({"lat": "３７.８６"}, 400, "lat"),
    "beyond the pole": ({"lat": "90.5"}, 400, "lat"),
    "elsewhere": ({"lat": "39.9", "long": "116.4"}, 400, "lat, long"),
    "swapped": ({"lat": "112.566", "long": "37.8635"}, 400, "lat"),
    "NUL": ({"description": "a\0b"}, 400, "description"),
    "turned text": ({"description": "a\u202eb"}, 400, "description"),
    "long words": ({"description": "长" * 4001}, 400, "description"),
    "no answer": ({"attribute[wires]": None}, 400, "attribute[wires]"),
    "bad number": ({"attribute[wires]": "two"}, 400, "attribute[wires]"),
    "infinite number": ({"attribute[wires]": "9" * 400}, 400, "attribute[wires]"),
    "bad choice": ({"attribute[building_kind]": "tent"}, 400, "attribute[building_kind]"),
    "bad yes": ({"attribute[seen_charging]": "maybe"}, 400, "attribute[seen_charging]"),
    "unknown attribute": ({"attribute[colour]": "red"}, 400, "attribute[colour]"),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_is_named_with_its_field_in_the_form_asked_for(client, token_for, form, name):
    changes, status, field = WRONG[name]
    data = form(media=(), media_url="https://example.org/x.jpg", **changes)
    data["api_key"] = token_for("t.volunteer")
    for ending in ("json", "xml"):
        said = {}
        for language in ("zh", "en"):
            answer = client.post(
                f"{V2}/requests.{ending}", data=dict(data), headers={"Accept-Language": language}
            )
            assert answer.status_code == status, answer.text
            if ending == "json":
                [first, *_more] = accepted("errors", answer)
                said[language] = (first["code"], first["description"])
            else:
                top = ElementTree.fromstring(answer.data)
                assert top.tag == "errors"
                said[language] = (int(top.findtext("error/code")), top.findtext("error/description"))
            assert said[language][0] == status
        assert field in said["en"][1], said
        assert HAN.search(said["zh"][1])
        assert not HAN.search(said["en"][1])


def test_what_a_key_sent_and_we_could_not_take_is_kept_without_the_key(client, token_for, form, as_role):
    data = form(media=(3,), service_code="ufo", description="奇怪的东西")
    data["media"].append((io.BytesIO(b"no photo"), "a.txt", "text/plain"))
    key = token_for("t.volunteer")
    for _again in range(2):
        assert sent(client, data, api_key=key).status_code == 404
    chief = as_role("station_chief")
    mine = [
        e for e in chief.get("/api/v1/quarantine").json if e["door"] == "open311" and len(e["files"]) == 2
    ]
    assert len(mine) == 1
    body = chief.get(f"/api/v1/quarantine/{mine[0]['id']}/body").text
    assert "奇怪的东西" in body
    assert key not in body
    assert "奇怪的东西" in chief.get("/quarantine", headers={"Accept": "text/html"}).text


def test_hostile_forms_are_refused_in_the_protocols_form(client, token_for, form):
    key = token_for("t.volunteer")
    parts = {f"media{n}": (io.BytesIO(b"x"), "x.jpg", "image/jpeg") for n in range(10_000)}
    many = client.post(f"{V2}/requests.json", data={**form(media=()), "api_key": key, **parts})
    assert many.status_code == 413
    assert accepted("errors", many)[0]["code"] == 413
    big = client.post(f"{V2}/requests.xml", data={**form(media=()), "api_key": key, "x": "y" * 2_000_000})
    assert big.status_code in (400, 413)
    assert ElementTree.fromstring(big.data).findtext("error/code") == str(big.status_code)
    wide = client.post(f"{V2}/requests.json", data={f"f{n}": "1" for n in range(500)} | {"api_key": key})
    assert wide.status_code == 400
    files = [(io.BytesIO(photo(n)), "x.jpg", "image/jpeg") for n in range(21)]
    assert sent(client, {**form(media=()), "media": files}, api_key=key).status_code == 400
    assert (
        client.post(f"{V2}/requests.json", data=b"\xff\xfe<xml", content_type="text/xml").status_code == 400
    )


def test_a_wrong_key_is_a_403_and_never_a_stranger(client, form):
    answer = sent(client, form(), api_key="wrong", jurisdiction_id="T")
    assert answer.status_code == 403
    assert accepted("errors", answer)[0]["code"] == 403
    assert client.get(f"{V2}/requests.json?api_key=wrong&jurisdiction_id=T").status_code == 403


def test_jurisdictions(client, token_for, form):
    assert client.get(f"{V2}/services.json").status_code == 400  # two stations work here
    assert client.get(f"{V2}/services.json?jurisdiction_id=X").status_code == 404
    key = token_for("t.officer.a")
    assert client.get(f"{V2}/services.json?api_key={key}").status_code == 200
    assert client.get(f"{V2}/services.json?api_key={key}&jurisdiction_id=T").status_code == 200
    assert client.get(f"{V2}/services.json?api_key={key}&jurisdiction_id=U").status_code == 404
    assert sent(client, form(), jurisdiction_id="U").status_code == 403


def test_services_and_their_definitions(client, token_for):
    listed = accepted("services", client.get(f"{V2}/services.json?jurisdiction_id=T&lang=en"))
    codes = {item["service_code"] for item in listed}
    assert "flying_wire" in codes
    assert "lead" not in codes  # nothing restricted is offered to strangers
    assert client.get(f"{V2}/services/lead.json?jurisdiction_id=T").status_code == 404
    key = token_for("t.volunteer")
    assert "lead" in client.get(f"{V2}/services.json?api_key={key}").text
    for code in codes:
        found = accepted(
            "service_definition", client.get(f"{V2}/services/{code}.json?jurisdiction_id=T&lang=en")
        )
        assert [a["order"] for a in found["attributes"]] == list(range(1, len(found["attributes"]) + 1))
        assert "photo" not in [a["code"] for a in found["attributes"]]
    wire = client.get(f"{V2}/services/flying_wire.xml?jurisdiction_id=T")
    top = ElementTree.fromstring(wire.data)
    assert top.tag == "service_definition"
    kinds = {a.findtext("code"): a.findtext("datatype") for a in top.iter("attribute")}
    assert kinds["building_kind"] == "singlevaluelist"
    assert kinds["wires"] == "number"
    assert top.find("attributes/attribute/values/value/key").text


def test_discovery_needs_nobody(client):
    said = accepted("discovery", client.get(f"{V2}/discovery.json"))
    assert said["endpoints"][0]["url"].endswith("/open311/v2")
    top = ElementTree.fromstring(client.get(f"{V2}/discovery.xml").data)
    assert (top.tag, top.findtext("endpoints/endpoint/formats/format")) == ("discovery", "text/xml")


@pytest.fixture
def closed(form, client, token_for, as_role):
    """A case in A1 that was closed with personal words, and one in A1 that is open: their numbers."""
    officer, numbers = as_role("officer", "A"), []
    for _n in range(2):
        said = form(address_string="一号楼")
        said["description"] = f"李某家门口 {said['description']}"
        [told] = sent(client, said, api_key=token_for("t.volunteer")).json
        numbers.append((told["service_request_id"], told["token"]))
    case = numbers[0][1]
    assert officer.post(f"/api/v1/cases/{case}/accept", json={}).status_code == 200
    data = {"note": "已找李某谈话", "photo": (io.BytesIO(photo(9)), "a.jpg")}
    assert officer.post(f"/api/v1/cases/{case}/close", data=data).status_code == 200
    return [number for number, _token in numbers]


def test_a_caller_sees_what_the_keys_person_sees_and_strangers_the_coarse_public_part(
    client, closed, token_for, send_report, station, row
):
    done, still_open = closed
    lead = send_report(
        "t.volunteer", "A1", class_code="lead", answers={"subject": "gambling", "ongoing": True}
    )
    officer, other = token_for("t.officer.a"), token_for("t.officer.b")
    [seen] = accepted("requests", client.get(f"{V2}/requests/{done}.json?api_key={officer}"))
    assert seen["status"] == "closed"
    assert seen["description"].startswith("李某")
    assert "已找李某谈话" in seen["status_notes"]
    assert seen["media_url"].startswith("http")
    assert client.get(f"{V2}/requests/{done}.json?api_key={other}").status_code == 404
    answer = client.get(f"{V2}/requests.json?jurisdiction_id=T")
    public = {r["service_request_id"]: r for r in accepted("requests", answer)}
    assert {done, still_open} <= set(public)
    assert "李某" not in answer.text
    assert "一号楼" not in answer.text
    assert "lead" not in {r["service_code"] for r in public.values()}
    assert lead.id not in answer.text
    lon, lat = public[done]["long"], public[done]["lat"]
    assert (lon, lat) == (round(lon, 3), round(lat, 3))
    assert (lon, lat) != station.inside("A1")
    assert client.get(f"{V2}/requests.json?jurisdiction_id=U").json == []
    assert client.get(f"{V2}/requests/{done}.json?jurisdiction_id=U").status_code == 404


def test_filters(client, closed, token_for):
    done, still_open = closed

    for who in ({"api_key": token_for("t.officer.a")}, {"jurisdiction_id": "T"}):

        def numbers(who=who, **query):
            found = client.get(f"{V2}/requests.json", query_string={**who, **query})
            assert found.status_code == 200, found.text
            return [r["service_request_id"] for r in found.json]

        everything = numbers()
        assert everything.index(still_open) < everything.index(done)  # newest first
        assert done in numbers(status="closed")
        assert still_open not in numbers(status="closed")
        assert done not in numbers(status="open")
        assert done in numbers(status="open,closed")
        assert done not in numbers(service_code="slope")
        assert done in numbers(service_code="slope,flying_wire")
        assert sorted(numbers(service_request_id=f"{done},{still_open}", status="open")) == sorted(closed)
        assert done not in numbers(end_date="2020-01-01T00:00:00Z")
        assert done not in numbers(start_date="2020-01-01T00:00:00Z")  # the 90 days from then on
        assert done in numbers(start_date=(clock.now() - timedelta(days=2)).isoformat())
    for query in ("start_date=yesterday", "status=lost", "start_date=2020-01-01T00:00:00",
                  "start_date=2020-01-01T00:00:00Z&end_date=2021-01-01T00:00:00Z"):  # fmt: skip
        assert client.get(f"{V2}/requests.json?jurisdiction_id=T&{query}").status_code == 400, query


def test_updates_tell_the_changes_of_state(client, closed, token_for):
    done, _still_open = closed
    key = token_for("t.officer.a")
    mine = [
        u
        for u in accepted("updates", client.get(f"{V2}/servicerequestupdates.json?api_key={key}"))
        if u["service_request_id"] == done
    ]
    assert [u["status"] for u in mine] == ["open", "open", "closed"]
    assert mine[-1]["description"] == "已找李某谈话"
    assert len({u["update_id"] for u in mine}) == 3
    public = client.get(f"{V2}/servicerequestupdates.xml?jurisdiction_id=T&service_request_id={done}")
    top = ElementTree.fromstring(public.data)
    assert top.tag == "service_request_updates"
    assert [u.findtext("status") for u in top.findall("request_update")] == ["open", "open", "closed"]
    assert "李某" not in public.text


@pytest.mark.parametrize("ending", ["json", "xml"])
def test_a_foreign_client_reads_the_real_service(service, closed, ending):
    """georeport 0.3.1 is a client that we did not write."""
    client = GeoReport(f"{service.url}{V2}", jurisdiction="T", output_format=ending)
    services = client.get_service_list()
    assert {"flying_wire", "slope"} <= {item["service_code"] for item in services}
    definition = client.get_service_definition("flying_wire")
    assert definition["service_code"] == "flying_wire"
    assert definition["attributes"]
    found = client.get_service_requests(status="open")
    found = found if isinstance(found, list) else [found]  # what its XML reader makes of a single item
    assert closed[1] in [item["service_request_id"] for item in found]
    one = client.get_service_request(closed[0])
    assert (one["service_request_id"], one["status"]) == (closed[0], "closed")


def test_strangers_are_slowed_down(client, form, owner_db):
    assert sent(client, form(), jurisdiction_id="T").status_code == 201
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        session.execute(text("UPDATE auth.throttle SET hits = 100000 WHERE bucket LIKE 'open311%'"))
    answer = sent(client, form(), jurisdiction_id="T")
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        session.execute(text("DELETE FROM auth.throttle"))
    assert answer.status_code == 429
    assert accepted("errors", answer)[0]["code"] == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_what_a_stranger_sent_is_to_be_confirmed_before_other_strangers_see_it(client, form, as_user):
    number = sent(client, form(), jurisdiction_id="T").json[0]["service_request_id"]

    def listed():
        found = client.get(f"{V2}/requests.json?jurisdiction_id=T").json
        return {request["service_request_id"] for request in found}

    officer = as_user("t.officer.a")
    assert number not in listed()
    assert client.get(f"{V2}/requests/{number}.json?jurisdiction_id=T").status_code == 404
    for page in (f"/cases/{number}?lang=en", f"/cases?q={number}&lang=en"):
        assert "from a stranger, to be confirmed" in officer.get(page).text
    case = officer.get("/api/v1/cases", query_string={"q": number}).json["cases"][0]
    assert officer.post(f"/api/v1/cases/{case['id']}/accept", json={}).status_code == 200
    assert number in listed()
    assert "to be confirmed" not in officer.get(f"/cases/{number}?lang=en").text


def test_strangers_of_all_addresses_have_a_limit_together_and_keys_do_not_share_it(
    client, form, owner_db, station, token_for
):
    bucket = {"b": f"open311-station:{station.id}"}
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        session.execute(
            text("""INSERT INTO auth.throttle (bucket, window_at, hits) VALUES (:b, now(), 60)
                ON CONFLICT (bucket) DO UPDATE SET hits = 60, window_at = now()"""),
            bucket,
        )
    again = form()
    refused = sent(client, again, jurisdiction_id="T")
    with_key = sent(client, form(), api_key=token_for("t.volunteer"))
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        session.execute(text("DELETE FROM auth.throttle WHERE bucket = :b"), bucket)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert with_key.status_code == 201
    assert sent(client, again, jurisdiction_id="T").status_code == 201


def test_one_ipv6_network_is_one_stranger(client, owner_db):
    """Whoever has one IPv6 address has 2^64 of them: another one each time must not be another stranger."""
    for number in range(3):
        address = {"REMOTE_ADDR": f"2001:db8:5:6::{number:x}"}
        asked = client.get(f"{V2}/services.json?jurisdiction_id=T", environ_overrides=address)
        assert asked.status_code == 200
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        counted = text("SELECT hits FROM auth.throttle WHERE bucket LIKE 'open311:2001:db8:5:6%'")
        assert list(session.scalars(counted)) == [3]
