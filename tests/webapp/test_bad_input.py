"""Whatever is sent: a clear answer in the reader's language, in one form, never a broken page."""

from __future__ import annotations

import json
import re
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

CASES = "/api/v1/cases"
HAN = re.compile("[\u4e00-\u9fff]")


def assert_problem(answer, status, code=None):
    """Check the form that the contract promises (RFC 9457) and return the body."""
    assert answer.status_code == status, answer.data[:500]
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    body = json.loads(answer.data)
    assert set(body) >= {"type", "title", "status", "detail", "code"}
    assert body["status"] == status
    assert body["type"] == f"urn:shuangge:error:{body['code']}"
    assert body["title"]
    assert body["detail"]
    for item in body.get("errors", []):
        assert set(item) == {"pointer", "code", "detail"}
        assert item["detail"]
        assert "%(" not in item["detail"]
        assert "?" not in item["detail"] or "Did you mean" in item["detail"]
    if code:
        assert code in {body["code"], *(e["code"] for e in body.get("errors", []))}, body
    return body


@pytest.fixture
def report(sample_report):
    return lambda **changes: sample_report("A1", **changes).report


def with_place(report, **place):
    return {**report, "place": {**report["place"], **place}}


# name -> (what is sent to POST /api/v1/cases, status, code, pointer)
WRONG = {
    "unknown class": (lambda r: {**r, "class_code": "ufo"}, 422, "class_unknown", "/class_code"),
    "missing answer": (lambda r: {**r, "answers": {}}, 422, "answer_required", "/answers/wires"),
    "no photo": (lambda r: {**r, "files": []}, 422, "photo_needed", "/answers/photo"),
    "bad checksum": (
        lambda r: {**r, "files": [{"sha256": "abc"}]}, 422, "bad_hash", "/files/0/sha256",
    ),
    "outside": (lambda r: with_place(r, lon=116.4, lat=39.9), 422, "outside_station", "/place"),
    "swapped": (lambda r: with_place(r, lon=37.8635, lat=112.566), 422, "swapped_axes", "/place"),
    "ocean": (lambda r: with_place(r, lon=-30.0, lat=10.0), 422, None, "/place"),
    "text for a number": (lambda r: with_place(r, lon="112.5"), 422, "not_number", "/place/lon"),
    "unknown system": (lambda r: with_place(r, crs="mars"), 422, "unknown_crs", "/place"),
    "unknown method": (lambda r: with_place(r, method="dice"), 422, "not_allowed", "/place/method"),
    "huge": (lambda r: with_place(r, lon=1e308), 422, None, "/place"),
    "future": (
        lambda r: {**r, "found_at": (datetime.now(UTC) + timedelta(hours=2)).isoformat()},
        422, "found_in_future", "/found_at",
    ),
    "ten years ago": (
        lambda r: {**r, "found_at": (datetime.now(UTC) - timedelta(days=3653)).isoformat()},
        422, "found_too_old", "/found_at",
    ),
    "year one": (lambda r: {**r, "found_at": "0001-01-01T00:00:00+14:00"}, 422, None, "/found_at"),
    "year 9999": (lambda r: {**r, "found_at": "9999-12-31T23:59:59-12:00"}, 422, None, "/found_at"),
    "time without zone": (
        lambda r: {**r, "found_at": "2026-05-04T08:00:00"}, 422, "bad_time", "/found_at",
    ),
    "no time": (lambda r: {**r, "found_at": "yesterday"}, 422, "bad_time", "/found_at"),
    "no id": (lambda r: {k: v for k, v in r.items() if k != "id"}, 422, "field_required", "/id"),
    "bad id": (lambda r: {**r, "id": "7"}, 422, "bad_uuid", "/id"),
    "unknown field": (lambda r: {**r, "colour": "red"}, 422, "field_unknown", "/colour"),
    "long note": (lambda r: {**r, "note": "长" * 2001}, 422, "text_length", "/note"),
    "NUL": (lambda r: {**r, "note": "a\0b"}, 422, "bad_text", "/note"),
    "turned text": (lambda r: {**r, "note": "a\u202eb"}, 422, "bad_text", "/note"),
    "NUL in an answer": (
        lambda r: {**r, "class_code": "other", "answers": {"what": "a\0b"}}, 422, "bad_text", "/answers/what",
    ),
    "an object as answer": (
        lambda r: {**r, "answers": {"wires": {"n": 2}}}, 422, "bad_answer", "/answers/wires",
    ),
    "a list": (lambda r: [r], 422, "not_object", ""),
    "a word": (lambda _r: "report", 422, "not_object", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_is_named_with_its_field_in_both_languages(as_role, report, name):
    change, status, code, pointer = WRONG[name]
    sent = change(report())
    bodies = {}
    for wish, language in (("zh-CN,zh;q=0.9", "zh"), ("en-GB,en;q=0.8", "en")):
        answer = as_role("volunteer").post(CASES, json=sent, headers={"Accept-Language": wish})
        bodies[language] = assert_problem(answer, status, code)
        assert answer.headers["Content-Language"] == {"zh": "zh-CN", "en": "en"}[language]
        assert pointer in {e["pointer"] for e in bodies[language]["errors"]}, bodies[language]
    said = {
        lang: [b["title"], b["detail"], *(e["detail"] for e in b["errors"])] for lang, b in bodies.items()
    }
    for chinese, english in zip(said["zh"], said["en"], strict=True):
        assert HAN.search(chinese), chinese
        assert not HAN.search(english), english


def test_swapped_axes_propose_the_swap(as_role, report):
    sent = with_place(report(), lon=37.8635, lat=112.566)
    answer = as_role("volunteer").post(CASES, json=sent, headers={"Accept-Language": "en"})
    assert "112.566, 37.8635" in answer.json["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "bad_json"),
        (b"{", 400, "bad_json"),
        (b'{"place": {"lon": NaN}}', 400, "bad_json"),
        (b'{"place": {"lon": Infinity}}', 400, "bad_json"),
        (b'{"note": "\xff\xfe"}', 400, None),
        (b'{"note": "\\ud800"}', 400, None),
        (b"[" * 100_000, 400, "bad_json"),
        (b"null", 422, None),
    ],
)
def test_a_body_that_is_no_json_is_a_bad_request(as_role, body, status, code):
    answer = as_role("volunteer").post(CASES, data=body, content_type="application/json")
    assert_problem(answer, status, code)


def test_broken_utf8_is_called_so(as_role):
    answer = as_role("volunteer").post(CASES, data=b'{"note": "\xc3\x28"}', content_type="application/json")
    assert assert_problem(answer, 400)["code"] in ("bad_utf8", "bad_json")


@pytest.mark.parametrize("path", ["/api/v1/me", CASES, "/api/v1/batches", "/ogc/collections/cases/items"])
def test_closed_foreign_and_broken_tokens_are_all_not_known(app, as_role, path):
    made = as_role("volunteer").post("/api/v1/devices", json={"id": str(uuid4()), "label": "x"}).json
    assert as_role("volunteer").delete(f"/api/v1/devices/{made['id']}").status_code == 204
    bodies = []
    for token in (made["token"], made["token"][:-1], "x", "", "\xff", "a" * 5000):
        client = app.test_client(use_cookies=False)
        method = client.post if path.endswith(("cases", "batches")) else client.get
        answer = method(path, headers={"Authorization": f"Bearer {token}"})
        assert_problem(answer, 401, "not_authenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        bodies.append(answer.data)
    assert len(set(bodies)) == 1


@pytest.mark.parametrize(
    "path", ["/api/v1/nothing", "/api/v1/cases/7", "/api/v1/attachments/99999999999999999999"]
)
def test_an_unknown_address_is_a_problem_too(as_role, path):
    assert_problem(as_role("officer", "A").get(path), 404, "not_found")


def test_a_wrong_method_names_the_right_one(as_role):
    answer = as_role("officer", "A").put(CASES)
    assert_problem(answer, 405)
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/cases/%00", "/cases?q=%00", "/cases?class_code=a%00b", "/cases?cursor=%00", "/cases?cursor=zzz",
        "/cases?cursor=WzEsMl0=", "/cases?cursor=WyIyMDI2LTAxLTAxIiw1XQ==", "/cases?q=%ed%a0%80",
        "/api/v1/cases?cursor=WyIyMDI2LTAxLTAxIiw1XQ==", "/api/v1/cases?q=%00", "/api/v1/cases?limit=0",
        "/api/v1/cases?limit=1e9", "/api/v1/cases?state=sleeping", "/api/v1/cases?bbox=1,2,3",
        "/api/v1/cases?bbox=NaN,1,2,3", "/api/v1/cases?satte=open", "/api/v1/cases?police_grid_id=7",
        "/api/v1/search?q=", "/api/v1/search?q=%00", "/api/v1/search", "/api/v1/events?after=-1",
        "/api/v1/events?after=x", "/enrol/%00", "/ogc/collections/%00/items",
        "/api/v1/attachments/1?size=poster",
    ],
)  # fmt: skip
def test_bad_addresses_break_nothing(as_role, path):
    answer = as_role("officer", "A").get(path, headers={"Accept": "application/json"})
    assert 400 <= answer.status_code < 500 or answer.status_code == 200, answer.data[:300]
    if path.startswith("/api/v1/"):
        assert_problem(answer, answer.status_code)
        assert answer.status_code != 200


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "' OR 1=1 --", "\ud7ff", ""])
def test_strange_names_cannot_sign_in(client, name):
    answer = client.post("/login", data={"username": name, "password": "p\0w"})
    assert answer.status_code in (400, 422)
    assert "Set-Cookie" not in answer.headers


def test_a_page_says_it_as_a_page(as_role):
    for language, word in (("zh", "无权查看"), ("en", "nothing")):
        answer = as_role("officer", "A").get(
            "/cases/T-2026-999999", headers={"Accept": "text/html", "Accept-Language": language}
        )
        assert answer.status_code == 404
        assert answer.mimetype == "text/html"
        assert word in answer.text


def rss_kb(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))


def workers_of(pid):
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def say_large(url, path, token, *, chunked):
    """Offer 100 MB and send only as much as the service takes; return (status, megabytes sent, seconds)."""
    parts = urlsplit(url)
    size = 100 * 1024 * 1024
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\n{length}\r\n\r\n"
    )
    block = b"x" * 65536
    framed = b"10000\r\n" + block + b"\r\n" if chunked else block
    began, sent = time.monotonic(), 0
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as line:
        line.sendall(head.encode())
        answer = b""
        line.settimeout(0.0005)
        while sent < size:
            try:
                answer = line.recv(4096)
                break
            except TimeoutError:
                pass
            except ConnectionError:
                break
            try:
                line.settimeout(20)
                line.sendall(framed)
                sent += len(block)
                line.settimeout(0.0005)
            except OSError:
                break
        line.settimeout(20)
        if not answer:
            answer = line.recv(4096)
    return answer, sent / 1024 / 1024, time.monotonic() - began


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("path", ["/api/v1/batches", CASES])
def test_a_hundred_megabytes_are_refused_without_reading_them(service, token_for, path, chunked):
    workers = workers_of(service.pid("web"))
    before = {pid: rss_kb(pid) for pid in workers}
    answer, sent, seconds = say_large(service.url, path, token_for("t.volunteer"), chunked=chunked)
    assert b" 413 " in answer.split(b"\r\n")[0], (answer[:300], sent)
    assert b"application/problem+json" in answer
    assert sent < (40 if chunked else 10)
    assert seconds < 5
    grown = max(rss_kb(pid) - before[pid] for pid in workers)
    assert grown < 60_000, f"{grown} kB more after a refused body"


def test_just_under_the_limit_is_read_and_answered(as_role):
    answer = as_role("volunteer").post(CASES, data=b" " * 2_000_000 + b"{}", content_type="application/json")
    assert_problem(answer, 422, "field_required")
