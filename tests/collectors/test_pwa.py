"""The phone's batch: good reports come through whatever their siblings or files do."""

import copy
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from collectors import pwa
from collectors.records import Problem, Refused

SAMPLES = Path(__file__).parent / "samples"
BATCH = (SAMPLES / "pwa" / "two_reports.json").read_bytes()
PHOTO = (SAMPLES / "photos" / "gps.jpg").read_bytes()
SHA = hashlib.sha256(PHOTO).hexdigest()


def changed(**changes: Any) -> bytes:
    """The sample batch with members of its first report replaced; None removes one."""
    document = orjson.loads(BATCH)
    report = document["reports"][0]
    for name, value in changes.items():
        if value is None:
            del report[name]
        else:
            report[name] = value
    return orjson.dumps(document)


def with_place(**changes: Any) -> bytes:
    return changed(place={"lon": 112.57, "lat": 37.868, "crs": "wgs84", "method": "gps", **changes})


def with_photo(**changes: Any) -> bytes:
    return changed(
        files=[{"sha256": SHA, "name": "照片.jpg", "media_type": "image/jpeg", "kind": "photo", **changes}]
    )


def test_a_good_batch_is_read_whole() -> None:
    batch = pwa.decode(BATCH, {})
    assert batch.batch_id == UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
    assert batch.client == {"name": "shuangge-phone", "version": "1.0.0"}
    first, second = batch.reports
    assert first.class_code == "flying_wire"
    assert first.answers == {"floor": 3, "charging": True, "spread": ["stairs", "window"], "note": None}
    assert first.found_at == datetime(2026, 11, 22, 1, 14, 40, tzinfo=UTC)
    assert (first.place.lon, first.place.lat, first.place.crs) == (112.5702, 37.8681, "wgs84")
    assert first.place.accuracy_m == 12.5
    assert first.note == "三单元楼下，电线从窗户拉下来"
    assert (second.place.crs, second.place.method, second.place.address) == ("gcj02", "pin", "桥东街12号")
    assert second.class_version is None
    assert not batch.refused
    assert not batch.missing


def test_a_bad_report_does_not_block_its_sibling_and_is_kept() -> None:
    body = changed(class_code=None, found_at="yesterday", surprise=1)
    batch = pwa.decode(body, {})
    assert [str(r.id) for r in batch.reports] == ["16fd2706-8baf-433b-82eb-8c7fada847da"]
    (kept,) = batch.refused
    assert str(kept.id) == "7c9e6679-7425-40de-944b-e07fc1f90ae7"
    assert orjson.loads(kept.raw) == orjson.loads(body)["reports"][0]
    assert {(p.code, p.pointer) for p in kept.refused.problems} == {
        ("missing", "/reports/0/class_code"),
        ("bad_time", "/reports/0/found_at"),
        ("unknown_member", "/reports/0/surprise"),
    }


def test_the_photo_of_a_refused_report_is_kept_with_it() -> None:
    document = orjson.loads(with_photo())
    document["reports"][0]["found_at"] = "2026-11-22T09:00:00"
    batch = pwa.decode(orjson.dumps(document), {"f0": PHOTO})
    assert batch.refused[0].refused.code == "bad_time"
    assert batch.refused[0].files[0].data == PHOTO
    assert batch.unclaimed == ()


@pytest.mark.parametrize(
    ("place", "code", "member"),
    [
        ({"lon": 37.868, "lat": 112.57}, "swapped_axes", "lon"),
        ({"lon": 200.0}, "out_of_range", "lon"),
        ({"lon": "112.57"}, "not_number", "lon"),
        ({"lat": True}, "not_number", "lat"),
        ({"lat": None}, "missing", "lat"),
        ({"crs": "mars"}, "unknown_crs", "crs"),
        ({"crs": "EPSG:2379"}, "unknown_crs", "crs"),
        ({"lon": 2.35, "lat": 48.8, "crs": "bd09"}, "outside_china", "lon"),
        ({"accuracy_m": -1}, "out_of_range", "accuracy_m"),
        ({"method": "guess"}, "not_allowed", "method"),
        ({"method": ["gps"]}, "not_allowed", "method"),
        ({"altitude": 3}, "unknown_member", "altitude"),
    ],
)
def test_a_wrong_place_is_named(place: dict[str, Any], code: str, member: str) -> None:
    (kept,) = pwa.decode(with_place(**place), {}).refused
    assert [(p.code, p.pointer) for p in kept.refused.problems] == [(code, f"/reports/0/place/{member}")]


def test_a_survey_coordinate_is_taken_as_it_is() -> None:
    body = with_place(lon=638148.0733, lat=4194008.6638, crs="EPSG:4546", method="plate")
    report = pwa.decode(body, {}).reports[0]
    assert (report.place.lon, report.place.lat, report.place.crs) == (638148.0733, 4194008.6638, "EPSG:4546")


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("id", "7c9e6679742540de944be07fc1f90ae7", "bad_uuid"),
        ("id", "00000000-0000-0000-0000-000000000000", "bad_uuid"),
        ("id", 5, "not_text"),
        ("class_code", "  ", "missing"),
        ("note", "x" * 2001, "too_long"),
        ("answers", [], "not_object"),
        ("found_at", "2026-13-45T00:00:00Z", "bad_time"),
        ("found_at", "0001-01-01T00:00:00+14:00", "bad_time"),
        ("files", [{}] * 21, "too_many"),
        ("note", "a\x00b", "bad_text"),
    ],
)
def test_a_wrong_member_is_named(member: str, value: Any, code: str) -> None:
    (kept,) = pwa.decode(changed(**{member: value}), {}).refused
    assert (kept.refused.code, kept.refused.pointer) == (code, f"/reports/0/{member}")


def test_nested_answers_are_refused_at_their_key() -> None:
    (kept,) = pwa.decode(changed(answers={"a/b": {"c": 1}}), {}).refused
    assert (kept.refused.code, kept.refused.pointer) == ("bad_answer", "/reports/0/answers/a~1b")


def test_a_photo_is_found_by_its_content_whatever_its_part_is_called() -> None:
    batch = pwa.decode(with_photo(), {"anything": PHOTO})
    (attachment,) = batch.reports[0].attachments
    assert attachment.data == PHOTO
    assert (attachment.name, attachment.sha256) == ("照片.jpg", SHA)
    assert (batch.missing, batch.bad_files, batch.unclaimed) == ((), (), ())


def test_a_photo_that_is_not_there_yet_is_listed_and_the_report_accepted() -> None:
    batch = pwa.decode(with_photo(), {})
    assert len(batch.reports) == 2
    assert [(str(report), a.sha256) for report, a in batch.missing] == [
        ("7c9e6679-7425-40de-944b-e07fc1f90ae7", SHA)
    ]


@pytest.mark.parametrize("part", [SHA, "照片.jpg"])
def test_a_photo_damaged_on_the_way_is_refused_and_the_report_accepted(part: str) -> None:
    damaged = PHOTO[:-1] + b"x"
    batch = pwa.decode(with_photo(), {part: damaged})
    assert len(batch.reports) == 2
    ((name, problem, data),) = batch.bad_files
    assert (name, problem.code, data) == (part, "hash_mismatch", damaged)
    assert problem.params == {"wanted": SHA, "found": hashlib.sha256(damaged).hexdigest()}
    assert [a.sha256 for _, a in batch.missing] == [SHA]


def test_a_part_that_no_report_names_is_listed() -> None:
    assert pwa.decode(BATCH, {"stray": b"x"}).unclaimed == ("stray",)


def test_a_report_repeated_in_one_batch_counts_once_and_a_contradiction_is_refused() -> None:
    document = orjson.loads(BATCH)
    document["reports"].append(copy.deepcopy(document["reports"][0]))
    assert len(pwa.decode(orjson.dumps(document), {}).reports) == 2
    document["reports"][2]["note"] = "other"
    batch = pwa.decode(orjson.dumps(document), {})
    assert len(batch.reports) == 2
    assert [(r.index, r.refused.code) for r in batch.refused] == [(2, "duplicate_id")]


@pytest.mark.parametrize("raw", [None, 5, "x", [], {}])
def test_a_report_that_is_nothing_is_kept_without_id(raw: Any) -> None:
    document = orjson.loads(BATCH)
    document["reports"][0] = raw
    batch = pwa.decode(orjson.dumps(document), {})
    assert len(batch.reports) == 1
    assert batch.refused[0].id is None
    assert orjson.loads(batch.refused[0].raw) == raw


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[]", "not_object"),
        (b"{", "bad_json"),
        (BATCH.replace(b'"batch_id"', b'"batchid"'), "missing"),
        (orjson.dumps({**orjson.loads(BATCH), "reports": {}}), "not_list"),
        (orjson.dumps({**orjson.loads(BATCH), "reports": [0] * 201}), "too_many"),
        (BATCH + b" " * 1_000_000, "too_large"),
    ],
)
def test_an_unreadable_envelope_is_refused_whole(body: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        pwa.decode(body, {})
    assert refused.value.code == code


def test_a_report_written_out_for_keeping_is_read_again_the_same() -> None:
    reports = pwa.decode(with_photo(), {}).reports
    document = {**orjson.loads(BATCH), "reports": [orjson.loads(pwa.document(r)) for r in reports]}
    assert pwa.decode(orjson.dumps(document), {}).reports == reports


def test_the_receipt_names_what_is_held() -> None:
    problem = Problem("missing", "/reports/1/class_code", "this member is required")
    first = UUID("7c9e6679-7425-40de-944b-e07fc1f90ae7")
    receipt = pwa.Receipt(
        batch_id=UUID("0f8fad5b-d9cb-469f-a165-70867728950e"),
        received_at=datetime(2026, 11, 22, 1, 15, 3, tzinfo=UTC),
        reports=(
            pwa.ReportReceipt(first, 0, "received", "Y-2026-00077", "桥东第一网格", "桥东警格", held=(SHA,)),
            pwa.ReportReceipt(None, 1, "refused", problems=(problem,)),
        ),
    )
    document = pwa.encode(receipt)
    assert orjson.loads(orjson.dumps(document)) == document
    assert document["received_at"] == "2026-11-22T01:15:03+00:00"
    good, bad = document["reports"]
    assert (good["id"], good["case_number"], good["grid"]) == (str(first), "Y-2026-00077", "桥东第一网格")
    assert good["files"] == {"held": [SHA], "missing": [], "previews": []}
    assert (bad["state"], bad["errors"][0]["pointer"]) == ("refused", "/reports/1/class_code")
