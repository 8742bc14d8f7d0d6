"""OpenRosa as form apps speak it: lists and forms, submissions whole and split, and nothing ever lost."""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID, uuid4
from xml.etree import ElementTree

import pytest
from sqlalchemy import select, text

from tests.samples import photo
from tests.webapp.field.form_samples import ANSWERS, VERSION, filled, message, multipart
from webapp.cases.models import CaseNote
from webapp.core.events import Event

LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"


@pytest.fixture
def prefix(token_for):
    return f"/or/{token_for('t.volunteer')}"


@pytest.fixture
def submit(client, prefix):
    def send(xml, *files, incomplete=False, to=prefix, **headers):
        data = multipart(xml, *files, incomplete=incomplete)
        return client.post(f"{to}/submission", data=data, headers=VERSION | headers)

    return send


@pytest.fixture
def case_of(owner_db):
    """Return what lies in the database of a case, as a dict with its photos' checksums."""

    def find(instance):
        with owner_db.transaction() as session:
            session.execute(text("SET LOCAL ROLE shuangge_owner"))
            query = text("SELECT * FROM app.case_file WHERE id = :id")
            row = session.execute(query, {"id": instance}).mappings().one_or_none()
            files = session.scalars(
                text("SELECT sent_sha256 FROM app.attachment WHERE case_id = :id"), {"id": instance}
            ).all()
        return None if row is None else {**row, "files": list(files)}

    return find


@pytest.fixture
def quarantine(as_role):
    """Return what the chief finds in the quarantine from form apps, newest first."""
    return lambda: [
        entry
        for entry in as_role("station_chief").get("/api/v1/quarantine").json
        if entry["door"] == "openrosa"
    ]


def codes(entry):
    return {problem["code"] for problem in entry["problems"]}


def test_the_list_holds_what_a_client_needs(client, prefix):
    answer = client.get(f"{prefix}/formList", headers=VERSION)
    assert answer.status_code == 200
    assert answer.mimetype == "text/xml"
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert answer.headers["Content-Language"] == "zh-CN"
    root = ElementTree.fromstring(answer.data)
    assert root.tag == f"{LIST}xforms"
    forms = {form.findtext(f"{LIST}formID"): form for form in root}
    assert {"flying_wire", "dilapidated_house", "my_reports", "my_tasks"} <= set(forms)
    for form in forms.values():
        for needed in ("name", "version", "hash", "downloadUrl", "manifestUrl"):
            assert form.findtext(f"{LIST}{needed}"), needed
    wire = forms["flying_wire"]
    assert wire.findtext(f"{LIST}name") == "飞线充电"
    address = wire.findtext(f"{LIST}downloadUrl").removeprefix("http://localhost")
    data = client.get(address).data
    import hashlib

    assert wire.findtext(f"{LIST}hash") == "md5:" + hashlib.md5(data).hexdigest()


def test_the_list_speaks_the_language_and_takes_its_parameters(client, prefix):
    english = client.get(
        f"{prefix}/formList?verbose=true&formID=flying_wire", headers={"Accept-Language": "en"}
    )
    root = ElementTree.fromstring(english.data)
    assert [form.findtext(f"{LIST}name") for form in root] == ["Flying-wire charging"]
    assert root[0].findtext(f"{LIST}descriptionText")
    assert client.get(f"{prefix}/formList?formID=nothing").data.count(b"<xform>") == 0


def test_the_manifest_leads_to_grids_and_own_cases(client, prefix, submit, station):
    instance = uuid4()
    assert submit(filled(*station.inside("A2"), instance=instance), ("1.jpg", photo(7))).status_code == 201
    root = ElementTree.fromstring(client.get(f"{prefix}/forms/flying_wire/manifest").data)
    assert root[0].findtext(f"{MANIFEST}filename") == "grids.csv"
    root = ElementTree.fromstring(client.get(f"{prefix}/forms/my_reports/manifest").data)
    file = root[0]
    assert file.get("type") == "entityList"
    address = file.findtext(f"{MANIFEST}downloadUrl").removeprefix("http://localhost")
    listed = client.get(address).text
    assert str(instance) in listed
    assert listed.splitlines()[0].startswith("name,label,__version")
    integrity = file.findtext(f"{MANIFEST}integrityUrl").removeprefix("http://localhost")
    gone = uuid4()
    root = ElementTree.fromstring(client.get(f"{integrity}?id={instance},{gone}").data)
    said = {entity.get("id"): entity.findtext("deleted") for entity in root.iter("entity")}
    assert said == {str(instance): "false", str(gone): "true"}
    assert client.get(f"{prefix}/media/passwd").status_code == 404


def test_another_person_sees_other_cases(client, submit, station, token_for):
    instance = uuid4()
    submit(filled(*station.inside("A2"), instance=instance), ("1.jpg", photo()))
    other = client.get(f"/or/{token_for('t.volunteer.2')}/media/my_reports.csv").text
    assert str(instance) not in other


def test_head_is_exactly_204_and_tells_the_true_limit(client, prefix, app):
    answer = client.head(f"{prefix}/submission", headers=VERSION)
    assert answer.status_code == 204
    limit = app.extensions["shuangge"].settings.max_body
    assert answer.headers["X-OpenRosa-Accept-Content-Length"] == str(limit)


def test_a_report_becomes_a_case_where_it_belongs(submit, station, case_of):
    instance = uuid4()
    xml = filled(*station.inside("B1"), instance=instance, address="北街5号")
    answer = submit(xml, ("1.jpg", photo()))
    assert answer.status_code == 201
    case = case_of(instance)
    assert case["number"] in message(answer.data)
    assert "T-B1" in message(answer.data)
    assert case["grid_id"] == station.grids["B1"]
    assert case["answers"] == {"building_kind": "multi_storey", "wires": 2, "seen_charging": True}
    assert (case["method"], case["accuracy_m"], case["address"]) == ("gps", 7.5, "北街5号")
    assert case["source"] == "openrosa"
    assert len(case["files"]) == 1


def test_the_message_is_in_the_language_of_the_account_or_the_app(submit, station):
    assert "网格" in message(submit(filled(*station.inside("A1")), ("1.jpg", photo())).data)
    english = submit(filled(*station.inside("A1")), ("1.jpg", photo()), **{"Accept-Language": "en"})
    assert "Grid: T-A1" in message(english.data)


def test_a_repeat_changes_nothing(submit, station, case_of, quarantine):
    instance = uuid4()
    xml = filled(*station.inside("A1"), instance=instance)
    first, second = (submit(xml, ("1.jpg", photo())) for _n in range(2))
    assert (first.status_code, second.status_code) == (201, 202)
    assert message(first.data) == message(second.data)
    assert len(case_of(instance)["files"]) == 1


def test_other_xml_for_the_same_id_is_a_conflict_and_kept(submit, station, case_of, quarantine):
    instance = uuid4()
    submit(filled(*station.inside("A1"), instance=instance), ("1.jpg", photo()))
    before = len(quarantine())
    answer = submit(filled(*station.inside("A1"), instance=instance, note="anders"), ("1.jpg", photo()))
    assert answer.status_code == 409
    assert case_of(instance)["note"] == "三单元二楼"
    assert len(quarantine()) == before + 1
    assert codes(quarantine()[0]) == {"already_known"}


def test_a_split_upload_is_one_case_with_all_photos(submit, station, case_of):
    instance = uuid4()
    xml = filled(*station.inside("C1"), instance=instance, photos=("1.jpg", "2.jpg", "3.jpg"))
    answer = submit(xml, ("1.jpg", photo(10)), incomplete=True)
    assert answer.status_code == 201
    assert "2.jpg" in message(answer.data)
    assert submit(xml, ("2.jpg", photo(60)), incomplete=True).status_code == 202
    last = submit(xml, ("3.jpg", photo(120)))
    assert last.status_code == 202
    assert ".jpg" not in message(last.data)
    assert len(case_of(instance)["files"]) == 3


def test_a_photo_that_never_came_is_told(submit, station, case_of):
    instance = uuid4()
    answer = submit(filled(*station.inside("C1"), instance=instance))
    assert answer.status_code == 201
    assert "1.jpg" in message(answer.data)
    assert case_of(instance)["files"] == []


def test_a_second_photo_of_the_same_name_is_kept_and_told(submit, station, case_of, quarantine):
    instance = uuid4()
    xml = filled(*station.inside("A1"), instance=instance)
    submit(xml, ("1.jpg", photo(0)))
    before = case_of(instance)["files"]
    answer = submit(xml, ("1.jpg", photo(100)))
    assert answer.status_code == 202
    assert "1.jpg" in message(answer.data)
    assert case_of(instance)["files"] == before
    entry = quarantine()[0]
    assert codes(entry) == {"file_differs"}
    assert "1.jpg" in entry["files"]


def test_the_chief_attaches_the_photo_that_was_kept_beside_its_case(
    submit, station, case_of, quarantine, as_role, owner_db
):
    instance = uuid4()
    xml = filled(*station.inside("A1"), instance=instance)
    submit(xml, ("1.jpg", photo(0)))
    submit(xml, ("1.jpg", photo(100)), ("notes.txt", b"no photo"))
    entry = quarantine()[0]
    door = f"/api/v1/quarantine/{entry['id']}/attach"
    assert as_role("officer").post(door).status_code == 403
    chief = as_role("station_chief")
    assert f'data-attach="{door}"' in chief.get("/quarantine").text
    done = chief.post(door)
    assert (done.status_code, done.json["state"], done.json["case_id"]) == (200, "attached", str(instance))
    assert sha256(photo(100)).hexdigest() in case_of(instance)["files"]
    assert len(case_of(instance)["files"]) == 2
    assert entry["id"] not in {e["id"] for e in quarantine()}
    assert chief.post(door).status_code == 409
    with owner_db.transaction() as session:
        told = session.scalars(select(Event).where(Event.name == "field.attached")).all()
    assert told[-1].data == {"case": str(instance), "photos": 1, "others": 1}


def test_what_came_for_no_known_case_can_not_be_attached(submit, quarantine, as_role):
    submit(b"<data id='flying_wire'><strange/></data>", ("1.jpg", photo()))
    entry = quarantine()[0]
    answer = as_role("station_chief").post(f"/api/v1/quarantine/{entry['id']}/attach")
    assert (answer.status_code, answer.json["code"]) == (422, "no_loose_photos")
    assert entry["id"] in {e["id"] for e in quarantine()}


def test_two_parts_of_one_name_in_one_request_are_both_kept(submit, station, case_of, quarantine):
    instance = uuid4()
    xml = filled(*station.inside("A1"), instance=instance)
    answer = submit(xml, ("1.jpg", photo(0)), ("1.jpg", photo(100)))
    assert answer.status_code == 201
    assert len(case_of(instance)["files"]) == 1
    assert codes(quarantine()[0]) == {"file_differs"}
    assert len(quarantine()[0]["files"]) == 1


def test_a_file_that_nothing_names_and_one_that_is_no_photo_are_kept(
    submit, station, case_of, quarantine, as_role
):
    instance = uuid4()
    xml = filled(*station.inside("A1"), instance=instance, photos=("1.jpg", "sound.m4a"))
    answer = submit(xml, ("1.jpg", photo()), ("sound.m4a", b"not a photo"), ("../../etc/x.jpg", photo(90)))
    assert answer.status_code == 201
    assert len(case_of(instance)["files"]) == 1
    entry = quarantine()[0]
    assert codes(entry) == {"file_not_named", "not_a_photo"}
    assert len(entry["files"]) == 2
    chief = as_role("station_chief")
    address = f"/api/v1/quarantine/{entry['id']}/files"
    stray, sound = (chief.get(f"{address}/{n}") for n in (1, 2))
    assert (stray.mimetype, stray.data) == ("image/jpeg", photo(90))
    assert (sound.mimetype, sound.data) == ("application/octet-stream", b"not a photo")
    assert sound.headers["Content-Disposition"].startswith("attachment")
    assert chief.get(f"{address}/3").status_code == 404
    assert f'{address}/2"' in chief.get("/quarantine").text
    again = len(quarantine())
    submit(xml, ("1.jpg", photo()), ("sound.m4a", b"not a photo"), ("../../etc/x.jpg", photo(90)))
    assert len(quarantine()) == again


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"form": "no_such_form"}, "class_unknown"),
        ({"version": "77"}, "class_unknown"),
        ({"answers": {**ANSWERS, "wires": "many"}}, "answer_number"),
        ({"answers": {}}, "answer_required"),
        ({"answers": {**ANSWERS, "nonsense": "1"}}, "answer_not_asked"),
        ({"place": "31.2 121.5 0 5"}, "outside_station"),
        ({"place": "112.57 37.865 0 5"}, "swapped_axes"),
        ({"place": "here"}, "bad_value"),
        ({"place": ""}, "place_needed"),
        ({"found_at": "yesterday"}, "bad_time"),
        ({"found_at": "2019-01-01T00:00:00.000+08:00"}, "found_too_old"),
        ({"surprise": "x"}, "field_unknown"),
        ({"photos": ()}, "photo_needed"),
    ],
)
def test_what_can_not_be_taken_is_safe_and_the_phone_may_let_go(submit, station, quarantine, change, code):
    before = len(quarantine())
    answer = submit(filled(*station.inside("A1"), **change), ("1.jpg", photo()))
    assert answer.status_code == 202
    assert message(answer.data)
    assert len(quarantine()) == before + 1
    assert code in codes(quarantine()[0])
    assert len(quarantine()[0]["files"]) == 1


def test_a_kept_form_is_mended_and_the_phone_hears_of_it(submit, station, quarantine, as_role, case_of):
    instance = uuid4()
    lon, lat = station.inside("A1")
    xml = filled(lon, lat, instance=instance, place="31.2 121.5 0 5")
    assert submit(xml, ("1.jpg", photo())).status_code == 202
    chief = as_role("station_chief")
    entry = quarantine()[0]
    page = chief.get("/quarantine").text
    assert f'data-id="{instance}"' in page
    mended = {
        "id": str(instance),
        "class_code": "flying_wire",
        "answers": {"building_kind": "multi_storey", "wires": 2, "seen_charging": True},
        "place": {"lon": lon, "lat": lat},
        "found_at": case_time(xml),
    }
    done = chief.post(f"/api/v1/quarantine/{entry['id']}/repair", json=mended)
    assert done.status_code == 201, done.text
    again = submit(xml, ("1.jpg", photo()))
    assert again.status_code == 202
    assert done.json["case_number"] in message(again.data)
    assert case_of(instance)["files"]


def case_time(xml):
    return ElementTree.fromstring(xml).findtext("found_at")


def test_a_correction_never_overwrites_a_case(submit, station, case_of, quarantine):
    instance, newer = uuid4(), uuid4()
    submit(filled(*station.inside("A1"), instance=instance), ("1.jpg", photo()))
    old = f"<deprecatedID>uuid:{instance}</deprecatedID>"
    answer = submit(
        filled(*station.inside("A1"), instance=newer, meta=old, note="doch vier"), ("1.jpg", photo())
    )
    assert answer.status_code == 202
    assert case_of(instance)["number"] in message(answer.data)
    assert case_of(instance)["note"] == "三单元二楼"
    assert case_of(newer) is None
    assert codes(quarantine()[0]) == {"edit_of_case"}


def test_a_correction_of_what_never_came_is_a_report(submit, station, case_of):
    newer = uuid4()
    old = f"<deprecatedID>uuid:{uuid4()}</deprecatedID>"
    assert (
        submit(filled(*station.inside("A1"), instance=newer, meta=old), ("1.jpg", photo())).status_code == 201
    )
    assert case_of(newer)


def test_ids_that_are_no_uuids_are_told_apart_by_person(client, submit, station, token_for):
    xml = filled(*station.inside("A1"), instance="form-1")
    mine = submit(xml, ("1.jpg", photo()))
    again = submit(xml, ("1.jpg", photo()))
    other = submit(xml, ("1.jpg", photo()), to=f"/or/{token_for('t.volunteer.2')}")
    assert (mine.status_code, again.status_code, other.status_code) == (201, 202, 201)
    assert message(mine.data) != message(other.data)


def test_a_grid_stands_in_for_a_position(submit, station, case_of):
    instance = uuid4()
    lon, lat = station.inside("C2")
    answer = submit(
        filled(
            lon, lat, instance=instance, place="", grid="140106001003002", grid_point=f"{lat} {lon} 0 193"
        ),
        ("1.jpg", photo()),
    )
    assert answer.status_code == 201
    assert (case_of(instance)["method"], case_of(instance)["accuracy_m"]) == ("grid", 193)


def test_photos_and_a_word_follow_a_case(submit, station, case_of, quarantine, owner_db, member):
    instance = uuid4()
    submit(filled(*station.inside("A1"), instance=instance), ("1.jpg", photo()))
    xml = filled(0, 0, form="my_reports", answers={}, place="", case=str(instance), note="还在")
    answer = submit(xml, ("1.jpg", photo(200)))
    assert answer.status_code == 201
    assert len(case_of(instance)["files"]) == 2
    assert submit(xml, ("1.jpg", photo(200))).status_code == 201
    with owner_db.transaction() as session:
        words = session.scalars(select(CaseNote).where(CaseNote.case_id == instance)).all()
    assert [(w.note, w.person_id) for w in words] == [("还在", member("t.volunteer").person_id)]
    assert str(instance) not in str(quarantine())
    strange = filled(0, 0, form="my_reports", answers={}, place="", case=str(uuid4()), note="?")
    assert submit(strange, ("1.jpg", photo(200))).status_code == 202
    assert codes(quarantine()[0]) == {"case_unknown"}


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (b"<data id='flying_wire'", "bad_xml"),
        (b"", "bad_xml"),
        ("<data id='x'><note>café</note></data>".encode("latin-1"), "bad_utf8"),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?><data id='x'/>", "bad_utf8"),
        (b"<!DOCTYPE d [<!ENTITY a 'b'>]><data id='x'>&a;</data>", "xml_entities"),
        (b"<!DOCTYPE d SYSTEM 'file:///etc/passwd'><data id='x'/>", "xml_entities"),
        (b"<data id='x'>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</data>", "xml_too_large"),
        (b"<data id='x'>" + b"<a/>" * 9000 + b"</data>", "xml_too_large"),
        (b"<data>" + b" " * 1_000_001 + b"</data>", "too_large"),
        (b"<data/>", "form_missing"),
    ],
)
def test_hostile_xml_is_refused_in_the_protocols_form_and_kept(submit, quarantine, xml, code):
    answer = submit(xml, ("1.jpg", photo()))
    assert answer.status_code == 400
    assert message(answer.data)
    assert b'nature="error"' in answer.data
    assert code in codes(quarantine()[0])


def test_a_billion_laughs_are_not_heard(submit):
    lines = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    xml = f'<!DOCTYPE d [<!ENTITY l0 "lol">{lines}]><data id="flying_wire">&l9;</data>'.encode()
    assert submit(xml).status_code == 400


def test_ten_thousand_files_are_refused_in_the_protocols_form(client, prefix, station):
    mark = b'--b\r\nContent-Disposition: form-data; name="f%d"; filename="f"\r\n\r\nx\r\n'
    body = b"".join(mark.replace(b"%d", str(n).encode()) for n in range(10_000)) + b"--b--\r\n"
    answer = client.post(
        f"{prefix}/submission", data=body, content_type="multipart/form-data; boundary=b", headers=VERSION
    )
    assert answer.status_code in (400, 413)
    assert message(answer.data)


def test_a_part_without_a_files_name_is_not_dropped(client, prefix, station, quarantine):
    form = multipart(filled(*station.inside("A1")), ("1.jpg", photo())) | {"2.jpg": "text", "Date": "today"}
    assert client.post(f"{prefix}/submission", data=form, headers=VERSION).status_code == 201
    assert codes(quarantine()[0]) == {"file_not_named"}
    assert len(quarantine()[0]["files"]) == 1


def test_statuses_of_the_protocol(client, prefix, station):
    xml = filled(*station.inside("A1"))
    assert client.post(f"{prefix}/submission", data=multipart(xml)).status_code == 400  # no version header
    other = client.get(f"{prefix}/formList", headers={"X-OpenRosa-Version": "2.0"})
    assert other.status_code == 400
    assert message(other.data)
    assert client.post(f"{prefix}/submission", data={"a": "b"}, headers=VERSION).status_code == 400
    for address in ("/or/wrong-token/formList", "/or/wrong-token/forms/flying_wire.xml"):
        answer = client.get(address, headers=VERSION)
        assert answer.status_code == 403
        assert "WWW-Authenticate" not in answer.headers
        assert message(answer.data)
    nobody = client.get("/or/formList", headers=VERSION)
    assert nobody.status_code == 401
    assert nobody.headers["WWW-Authenticate"].startswith('Digest realm="shuangge"')
    assert client.head("/or/submission", headers=VERSION).status_code == 401
    assert client.get(f"{prefix}/forms/nothing.xml").status_code == 404
    assert client.get(f"{prefix}/submission").status_code == 405
    assert message(client.get(f"{prefix}/nowhere").data)


def test_a_role_that_may_not_report_is_told_so(client, token_for, station):
    to = f"/or/{token_for('t.audit_admin')}/submission"
    answer = client.post(to, data=multipart(filled(*station.inside("A1"))), headers=VERSION)
    assert answer.status_code == 403
    assert message(answer.data)


def test_the_names_of_files_are_seen_by_the_cases_readers_only(submit, station, db_as):
    instance = uuid4()
    submit(filled(*station.inside("A1"), instance=instance), ("1.jpg", photo()))
    query = text("SELECT count(*) FROM app.form_file WHERE case_id = :id")
    for who, seen in (("t.volunteer", 1), ("t.officer.a", 1), ("t.volunteer.2", 0), ("u.station_chief", 0)):
        with db_as(who) as session:
            assert session.scalar(query, {"id": UUID(str(instance))}) == seen, who
