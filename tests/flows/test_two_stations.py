"""Story three: two stations work in one database at the same time and never see each other."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from sqlalchemy import text

from tests.flows.stream import Stream
from tests.samples import photo, report_at
from webapp.core import audit

pytestmark = pytest.mark.slow


def send(url, token, sample):
    body = json.dumps(sample.batch()).encode()
    files = [("batch", ("b.json", body, "application/json"))]
    files += [(sha, ("p.jpg", data, "image/jpeg")) for sha, data in sample.photos.items()]
    answer = requests.post(
        f"{url}/api/v1/batches", files=files, headers={"Authorization": f"Bearer {token}"}, timeout=30
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["reports"][0]


def test_each_station_gets_its_own_cases_numbers_news_and_chain(
    service, token_for, station, other_station, owner_db
):
    streams = {code: Stream(service.url, token_for(f"{code}.station_chief")) for code in "tu"}
    same = (photo(61),)  # the same picture at both stations: one file, two rights
    jobs = [("t", report_at(*station.inside("A1"), photos=same)) for _n in range(10)]
    jobs += [("u", report_at(*other_station.inside("A1"), photos=same)) for _n in range(10)]
    with ThreadPoolExecutor(6) as pool:
        receipts = list(
            pool.map(lambda job: send(service.url, token_for(f"{job[0]}.volunteer"), job[1]), jobs)
        )
    numbers = {"t": [], "u": []}
    for (code, _sample), receipt in zip(jobs, receipts, strict=True):
        assert receipt["state"] == "received"
        numbers[code].append(receipt["case_number"])
    for code, found in numbers.items():
        assert all(number.startswith(f"{code.upper()}-") for number in found)
        assert sorted(int(number[-6:]) for number in found) == list(range(1, 11))

    ids = {code: {s.id for c, s in jobs if c == code} for code in "tu"}
    for code, stream in streams.items():
        stream.until(lambda s=stream, c=code: ids[c] <= {e["subject_id"] for _at, e in s.events})
        assert not ids["u" if code == "t" else "t"] & {e["subject_id"] for _at, e in stream.events}
        stream.close()

    for code, other in (("t", "u"), ("u", "t")):
        head = {"Authorization": f"Bearer {token_for(f'{code}.station_chief')}"}
        listed = requests.get(f"{service.url}/api/v1/cases?limit=500", headers=head, timeout=60).json()
        assert {case["id"] for case in listed["cases"]} == ids[code]
        drawn = requests.get(f"{service.url}/ogc/collections/cases/items", headers=head, timeout=60).json()
        assert {feature["id"] for feature in drawn["features"]} == ids[code]
        for case_id in ids[other]:
            path = f"{service.url}/api/v1/cases/{case_id}"
            assert requests.get(path, headers=head, timeout=60).status_code == 404

    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        _count, breaks = audit.verify(session.connection())
        chains = session.execute(
            text("""SELECT DISTINCT e.station_id, l.chain FROM audit.link l JOIN app.event e
                ON e.id = l.event_id WHERE e.name = 'cases.reported'""")
        ).all()
    assert breaks == []
    assert len({row.chain for row in chains}) == len(chains) == 2
