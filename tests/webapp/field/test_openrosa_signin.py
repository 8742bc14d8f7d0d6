"""Who a form app is: Digest, Basic, a token in the address; by clients that we did not write."""

from __future__ import annotations

import base64
import subprocess
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import requests
from requests.auth import HTTPDigestAuth
from sqlalchemy import text

from tests.samples import photo
from tests.webapp.field.form_samples import VERSION, filled, message, multipart
from webapp.core import clock, digest_auth
from webapp.people import logins


def basic(name, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def digest(member, method, uri, nonce, nc="00000001", secret=None, qop="auth"):
    """Return the header of a Digest answer, made from the formula of RFC 2617 by hand."""
    md5 = digest_auth._md5
    ha1 = md5(f"{member.username}:shuangge:{secret or member.token}")
    ha2 = md5(f"{method}:{uri}")
    middle = f":{nc}:abc:auth:" if qop else ":"
    said = {
        "username": member.username,
        "realm": "shuangge",
        "nonce": nonce,
        "uri": uri,
        "response": md5(f"{ha1}:{nonce}{middle}{ha2}"),
    }
    header = "Digest " + ", ".join(f'{key}="{value}"' for key, value in said.items())
    return {"Authorization": header + (f', qop=auth, nc={nc}, cnonce="abc"' if qop else "")}


@pytest.fixture
def nonce(settings):
    """Return a nonce of ours of some age in seconds."""

    def make(age_s=0):
        now = int(clock.now().timestamp()) - age_s
        return digest_auth.nonce(settings.secret("csrf.key"), now, uuid4().hex[:12])

    return make


def form(station, instance, **changes):
    return filled(*station.inside("A1"), instance=instance, **changes)


def test_the_example_of_rfc_2617():
    answer = digest_auth.parsed(
        'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b", '
        'response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    ha1 = digest_auth._md5("Mufasa:testrealm@host.com:Circle Of Life")
    assert answer.proves(ha1, "GET")
    assert not answer.proves(ha1, "POST")
    assert not answer.proves(digest_auth._md5("Mufasa:testrealm@host.com:Circle"), "GET")


@pytest.mark.parametrize(
    "header", ["Digest", "Digest ,,,", 'Digest username="a', "Digest " + 'x="y",' * 5000]
)
def test_a_broken_digest_is_nobody(client, header):
    assert client.get("/or/formList", headers={"Authorization": header}).status_code == 401


def test_digest_opens_the_door_with_and_without_qop(client, member, nonce):
    volunteer = member("t.volunteer")
    for qop in ("auth", ""):
        headers = digest(volunteer, "GET", "/or/formList", nonce(), qop=qop)
        assert client.get("/or/formList", headers=headers).status_code == 200
    wrong = digest(volunteer, "GET", "/or/formList", nonce(), secret="x" * 43)
    assert client.get("/or/formList", headers=wrong).status_code == 401


def test_a_digest_is_for_one_address_and_method(client, member, nonce):
    volunteer = member("t.volunteer")
    headers = digest(volunteer, "GET", "/or/formList?a=1", nonce())
    assert client.get("/or/media/grids.csv", headers=headers).status_code == 401
    assert client.get("/or/formList?a=2", headers=headers).status_code == 401
    assert client.head("/or/formList?a=1", headers=headers).status_code == 401
    assert client.get("/or/formList?a=1", headers=headers).status_code == 200


def test_an_old_or_used_nonce_is_stale_and_a_forged_one_is_not(client, member, nonce):
    volunteer = member("t.volunteer")
    fresh = nonce()
    used = digest(volunteer, "GET", "/or/formList", fresh)
    assert client.get("/or/formList", headers=used).status_code == 200
    again = client.get("/or/formList", headers=used)
    assert again.status_code == 401
    assert "stale=true" in again.headers["WWW-Authenticate"]
    later = digest(volunteer, "GET", "/or/formList", fresh, nc="00000002")
    assert client.get("/or/formList", headers=later).status_code == 200
    old = client.get("/or/formList", headers=digest(volunteer, "GET", "/or/formList", nonce(age_s=700)))
    assert "stale=true" in old.headers["WWW-Authenticate"]
    forged = fresh[:-1] + ("0" if fresh[-1] != "0" else "1")
    refused = client.get("/or/formList", headers=digest(volunteer, "GET", "/or/formList", forged))
    assert refused.status_code == 401
    assert "stale" not in refused.headers["WWW-Authenticate"]


def test_without_qop_a_nonce_is_good_once_whatever_count_stands_beside_it(client, member, nonce):
    volunteer, fresh = member("t.volunteer"), nonce()
    heard = digest(volunteer, "GET", "/or/formList", fresh, qop="")
    assert client.get("/or/formList", headers=heard).status_code == 200
    counted = {"Authorization": heard["Authorization"] + ", nc=00000007"}
    for again in (heard, counted):
        repeated = client.get("/or/formList", headers=again)
        assert repeated.status_code == 401
        assert "stale=true" in repeated.headers["WWW-Authenticate"]
    new = digest(volunteer, "GET", "/or/formList", nonce(), qop="")
    assert client.get("/or/formList", headers=new).status_code == 200


def test_a_removed_device_digests_no_more(client, as_user, member, nonce):
    boss = as_user("t.planner")
    device = str(uuid4())
    made = boss.post("/api/v1/devices", json={"id": device, "label": "phone", "scope": "submit"})
    headers = digest(member("t.planner"), "GET", "/or/formList", nonce(), secret=made.json["token"])
    assert client.get("/or/formList", headers=headers).status_code == 200
    boss.delete(f"/api/v1/devices/{device}")
    headers = digest(member("t.planner"), "GET", "/or/formList", nonce(), secret=made.json["token"])
    assert client.get("/or/formList", headers=headers).status_code == 401


def test_basic_takes_a_token_or_the_password(client, member, station):
    volunteer = member("t.volunteer")
    for secret in (volunteer.token, volunteer.password):
        headers = basic(volunteer.username, secret)
        assert client.get("/or/formList", headers=headers).status_code == 200
        body = multipart(form(station, uuid4()), ("1.jpg", photo()))
        assert client.post("/or/submission", data=body, headers=headers | VERSION).status_code == 201
    other = basic("t.officer.a", volunteer.token)
    assert client.get("/or/formList", headers=other).status_code == 401
    assert client.get("/or/formList", headers={"Authorization": "Basic !!!"}).status_code == 401


def test_basic_and_digest_open_nothing_else(client, member):
    volunteer = member("t.volunteer")
    headers = basic(volunteer.username, volunteer.token) | {"Accept": "application/json"}
    assert client.get("/api/v1/me", headers=headers).status_code == 401


def test_guesses_of_a_password_are_counted_as_at_the_login(client, member):
    victim = member("u.mediator").username
    for _n in range(10):
        assert client.get("/or/formList", headers=basic(victim, "wrong")).status_code == 401
    locked = client.get("/or/formList", headers=basic(victim, "wrong"))
    assert locked.status_code == 429
    assert int(locked.headers["Retry-After"]) > 0
    assert message(locked.data)


def test_a_changed_password_ends_basic_at_once(client, member, superuser, app):
    volunteer = member("u.volunteer")
    logins._proven.clear()
    assert (
        client.get("/or/formList", headers=basic(volunteer.username, volunteer.password)).status_code == 200
    )
    with superuser.cursor() as cursor:
        cursor.execute(
            "UPDATE auth.account SET password_hash = 'x' WHERE username = %s", (volunteer.username,)
        )
    answer = client.get("/or/formList", headers=basic(volunteer.username, volunteer.password))
    assert answer.status_code == 401


def test_a_foreign_page_can_not_make_a_browser_send_with_its_basic(client, member, station):
    volunteer = member("t.volunteer")
    body = lambda: multipart(form(station, uuid4()), ("1.jpg", photo()))  # noqa: E731
    headers = basic(volunteer.username, volunteer.token) | VERSION
    foreign = headers | {"Origin": "http://evil.example"}
    assert client.post("/or/submission", data=body(), headers=foreign).status_code == 403
    site = headers | {"Sec-Fetch-Site": "cross-site"}
    assert client.post("/or/submission", data=body(), headers=site).status_code == 403
    # A session alone needs the mark of our own form.
    own = client.post("/login", data={"username": volunteer.username, "password": volunteer.password})
    assert own.status_code == 302
    assert client.post("/or/submission", data=body(), headers=VERSION).status_code == 403


def test_what_digest_needs_is_read_by_the_login_role_alone(db_as, member, superuser):
    from sqlalchemy.exc import DBAPIError

    with db_as("t.station_chief") as session, pytest.raises(DBAPIError, match="permission denied"):
        session.execute(text("SELECT ha1 FROM auth.token"))
    with db_as("t.station_chief") as session:
        other = session.scalar(text("SELECT app.username_of(:p)"), {"p": member("t.volunteer").person_id})
        assert other is None
    with superuser.cursor() as cursor:
        cursor.execute("SELECT id FROM auth.token WHERE ha1 IS NOT NULL LIMIT 1")
        token = cursor.fetchone()[0]
    with db_as("t.station_chief") as session:
        session.execute(text("SELECT app.keep_digest(:t, 'mine')"), {"t": token})
    with superuser.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM auth.token WHERE ha1 = 'mine'")
        assert cursor.fetchone()[0] == 0


@pytest.mark.slow
def test_foreign_digest_clients_send_over_real_http(service, member, station, tmp_path):
    volunteer = member("t.volunteer")
    session = requests.Session()
    session.auth = HTTPDigestAuth(volunteer.username, volunteer.token)
    session.headers.update(VERSION)
    listed = session.get(f"{service.url}/or/formList?deviceID=x%3A1", timeout=30)
    assert listed.status_code == 200
    assert session.head(f"{service.url}/or/submission", timeout=30).status_code == 204
    xml = form(station, uuid4())
    files = {"xml_submission_file": ("f.xml", xml, "text/xml"), "1.jpg": ("1.jpg", photo(), "image/jpeg")}
    for status in (201, 202):
        assert session.post(f"{service.url}/or/submission", files=files, timeout=30).status_code == status
    for extra in (
        ("--digest", "-u", f"{volunteer.username}:{volunteer.token}", f"{service.url}/or/submission"),
        ("-H", "Transfer-Encoding: chunked", f"{service.url}/or/{volunteer.token}/submission"),
    ):
        (tmp_path / "f.xml").write_bytes(form(station, uuid4()))
        (tmp_path / "1.jpg").write_bytes(photo())
        parts = (f"xml_submission_file=@{tmp_path}/f.xml;type=text/xml", f"1.jpg=@{tmp_path}/1.jpg")
        command = ["curl", "-sS", "-H", "X-OpenRosa-Version: 1.0", "-o", str(tmp_path / "out")]
        command += ["-w", "%{http_code}", "-F", parts[0], "-F", parts[1], *extra]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.stdout == "201", (done.stderr, (tmp_path / "out").read_text())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_eight_at_once_in_thirty_rounds_are_thirty_cases(service, member, station, owner_db):
    url = f"{service.url}/or/{member('t.volunteer').token}/submission"
    instances = [uuid4() for _n in range(30)]

    def send(job):
        xml, picture = job
        files = {"xml_submission_file": ("f.xml", xml, "text/xml"), "1.jpg": ("1.jpg", picture, "image/jpeg")}
        return requests.post(url, files=files, headers=VERSION, timeout=60).status_code

    statuses = []
    with ThreadPoolExecutor(8) as pool:
        for number, instance in enumerate(instances):
            job = (form(station, instance), photo(8 * number))
            statuses += pool.map(send, [job] * 8)
    assert len(statuses) == 240
    assert set(statuses) <= {201, 202}
    assert statuses.count(201) == 30
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        wanted = {"ids": instances}
        cases = session.scalar(text("SELECT count(*) FROM app.case_file WHERE id = ANY(:ids)"), wanted)
        photos = session.scalar(text("SELECT count(*) FROM app.attachment WHERE case_id = ANY(:ids)"), wanted)
        kept = session.scalar(text("SELECT count(*) FROM app.quarantine"))
    assert (cases, photos, kept) == (30, 30, 0)
