"""Look-backs by form apps: offered to whoever has one, sent once, kept when they can't be taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4
from xml.etree import ElementTree

from flask.testing import FlaskClient

from tests.samples import photo
from tests.stations import Station
from tests.webapp.field.form_samples import VERSION, filled, multipart


def way(token_for: Callable[[str], str], username: str) -> str:
    return f"/or/{token_for(username)}"


def answered(task: str, station: Station, instance: UUID, result: str = "done", **nodes: str) -> bytes:
    lon, lat = station.inside("A1")
    said = {"task": task, "result": result, **nodes}
    return filled(lon, lat, form="look_backs", instance=instance, answers={}, **said)


def test_a_look_back_by_a_form_app(
    client: FlaskClient,
    token_for: Callable[[str], str],
    closed_case: Callable[..., str],
    day_comes: Callable[[str], list[str]],
    tend: Callable[[], None],
    work: Callable[[], None],
    as_user: Callable[[str], FlaskClient],
    station: Station,
) -> None:
    case_id = closed_case("A1")
    second, handler = way(token_for, "t.grid_worker.a"), way(token_for, "t.officer.a")
    forms = {u: client.get(f"{u}/formList", headers=VERSION).text for u in (second, handler)}
    assert "look_backs" not in forms[second]
    [own] = day_comes(case_id)
    tend()
    assert "look_backs" in client.get(f"{second}/formList", headers=VERSION).text
    assert "look_backs" not in client.get(f"{handler}/formList", headers=VERSION).text
    form = client.get(f"{second}/forms/look_backs.xml", headers=VERSION)
    ElementTree.fromstring(form.data)
    assert "jr://file-csv/look_backs.csv" in form.text
    assert 'type="entityList"' in client.get(f"{second}/forms/look_backs/manifest", headers=VERSION).text
    listed = client.get(f"{second}/media/look_backs.csv", headers=VERSION).text
    assert own in listed
    assert "飞线充电" in listed
    assert case_id not in listed
    assert own not in client.get(f"{handler}/media/look_backs.csv", headers=VERSION).text

    # the handler, who can't know the id, is not let in by it either
    stray = client.post(
        f"{handler}/submission",
        data=multipart(answered(own, station, uuid4()), ("1.jpg", photo(3))),
        headers=VERSION,
    )
    assert stray.status_code == 202
    assert as_user("t.grid_worker.a").get(f"/api/v1/tasks/{own}").json["state"] == "open"

    # in two parts, as weak networks make an app send it, the first of them twice
    instance = uuid4()
    xml = answered(own, station, instance)
    for files, incomplete in (((), True), ((), True), ((("1.jpg", photo(8)),), False)):
        data: dict[str, Any] = multipart(xml, *files, incomplete=incomplete)
        told = client.post(f"{second}/submission", data=data, headers=VERSION)
        assert told.status_code == 201, told.text
    done = as_user("t.grid_worker.a").get(f"/api/v1/tasks/{own}").json
    assert done["state"] == "done"
    assert len(done["result"]["photos"]) == 1
    assert done["result"]["flags"] == []
    work()
    gone = client.get(f"{second}/integrity/look_backs?id={own}", headers=VERSION)
    assert "true" in gone.text
    late = client.post(
        f"{second}/submission",
        data=multipart(answered(own, station, uuid4(), "failed", note="x")),
        headers=VERSION,
    )
    assert late.status_code == 202
    kept = as_user("t.station_chief").get("/api/v1/quarantine").json
    assert {"task_over", "task_unknown"} <= {p["code"] for entry in kept for p in entry["problems"]}
