"""Places and their codes: registered, found by a sign however it is typed, closed, and walled by station."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.webapp.residents.resident import HTML
from webapp.core.shortcodes import PLACE_LENGTH, from_number, shown, sound, tidy, with_check


def new_place(client, station, grid="A1", **changes):
    lon, lat = station.inside(grid)
    body = {"id": str(uuid4()), "name": f"小区{uuid4().hex[:6]}", "kind": "compound", "lon": lon, "lat": lat}
    return client.post("/api/v1/places", json={**body, **changes})


def test_the_codes_of_the_database_obey_the_rule_of_the_code(owner_db):
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        codes = session.scalars(text("SELECT app.new_place_code() FROM generate_series(1, 300)")).all()
    assert all(sound(code, PLACE_LENGTH) for code in codes)
    assert len(set(codes)) == 300


def test_each_single_mistake_and_each_exchange_is_seen():
    code = from_number(123456789012345678901234567890, 15)
    assert sound(code, 15)
    for at in range(15):
        for letter in "34679ACDEFGHJKMNPQRTWXY":
            if letter != code[at]:
                assert not sound(code[:at] + letter + code[at + 1 :], 15)
    for at in range(14):
        swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
        assert swapped == code or not sound(swapped, 15)
    assert tidy(" ａｃ-d 3 ") == "ACD3"
    assert shown("ABCDEFGH") == "ABCD-EFGH"
    assert with_check("3333333")[-1] == "3"


def test_a_place_gets_a_code_and_is_found_by_it(as_role, station):
    officer = as_role("officer", police_grid="A")
    made = new_place(officer, station, "B1", name="东门小区").json
    assert sound(made["code"], PLACE_LENGTH)
    phone = as_role("volunteer")
    for typed in (made["code"], made["code"].lower(), shown(made["code"]), f" {made['code']} "):
        found = phone.get(f"/api/v1/places/by-code/{typed}")
        assert found.status_code == 200, typed
        assert (found.json["name"], found.json["kind"]) == ("东门小区", "compound")
        assert (found.json["lon"], found.json["lat"]) == station.inside("B1")
    assert [p["code"] for p in phone.get("/api/v1/places?q=东门").json] == [made["code"]]
    assert [p["code"] for p in phone.get(f"/api/v1/places?q={made['code'][:5]}").json] == [made["code"]]
    assert phone.get("/api/v1/places?q=%25").json == []
    again = officer.post("/api/v1/places", json={k: made[k] for k in ("id", "name", "kind", "lon", "lat")})
    assert (again.status_code, again.json["code"]) == (201, made["code"])


def test_a_place_of_another_station_is_not_there(as_role, station, other_station):
    made = new_place(as_role("station_chief"), station).json
    for role in ("officer", "station_chief", "volunteer"):
        foreign = as_role(role, station="U")
        assert foreign.get(f"/api/v1/places/by-code/{made['code']}").status_code == 404
        assert made["id"] not in foreign.get("/api/v1/places?limit=200").text
    chief = as_role("station_chief", station="U")
    assert chief.patch(f"/api/v1/places/{made['id']}", json={"name": "x"}).status_code == 404
    assert chief.post(f"/api/v1/places/{made['id']}/close").status_code == 404
    assert as_role("station_chief").post(f"/api/v1/places/{made['id']}/close").status_code == 200


def test_mending_keeps_the_sign_and_closing_ends_it(as_role, station):
    planner = as_role("planner")
    made = new_place(planner, station, "A2").json
    lon, lat = station.inside("C1")
    mended = planner.patch(f"/api/v1/places/{made['id']}", json={"name": "新名", "lon": lon, "lat": lat}).json
    assert (mended["code"], mended["name"], mended["lon"]) == (made["code"], "新名", lon)
    assert planner.patch(f"/api/v1/places/{made['id']}", json={"lon": lon}).status_code == 422
    assert planner.post(f"/api/v1/places/{made['id']}/close").json["closed_at"]
    assert planner.get(f"/api/v1/places/by-code/{made['code']}").status_code == 404
    again = planner.post(f"/api/v1/places/{made['id']}/close")
    assert (again.status_code, again.json["code"]) == (409, "place_closed")


@pytest.mark.parametrize(
    "wrong",
    [
        {"lon": 10.0, "lat": 50.0}, {"lon": 37.86, "lat": 112.56}, {"name": ""}, {"kind": "castle"},
        {"crs": "mars"}, {"lon": "x"}, {"code": "AAAAAAAA"}, {"name": "a\u202eb"},
    ],
)  # fmt: skip
def test_a_wrong_place_is_refused_with_its_field(as_role, station, wrong):
    refused = new_place(as_role("station_chief"), station, **wrong)
    assert refused.status_code == 422, refused.text
    assert refused.json["errors"]


def test_a_sign_leads_members_to_the_phone_page_and_residents_to_theirs(app, as_role, station):
    made = new_place(as_role("station_chief"), station, "C2").json
    sign = f"/r/{made['code'].lower()}"
    phone = f"/phone/#/from/{made['code']}"
    for role in ("volunteer", "grid_worker", "officer"):
        assert as_role(role).get(sign).headers["Location"] == phone
    public = f"/public/?place={made['code']}"
    assert app.test_client().get(sign).headers["Location"] == public
    assert as_role("volunteer", station="U").get(sign).headers["Location"] == public
    assert as_role("system_admin").get(sign).headers["Location"] == public
    page = app.test_client().get(public, headers=HTML).text
    assert made["name"] in page
    strange = app.test_client().get("/r/evil.example%3Fx=%0d%0aA", headers=HTML)
    assert strange.headers["Location"] == "/public/?place=EVILEXAMPLEXA"


def test_poster_and_signs_are_drawn_for_what_was_chosen(as_role, station):
    chief = as_role("station_chief")
    made = [new_place(chief, station).json for _n in range(7)]
    poster = chief.get("/sheets/poster", headers=HTML).text
    assert "/public/?station=T" in poster
    assert "看到隐患" in poster
    assert "Seen a hazard?" in poster
    query = "&".join(f"place={p['id']}" for p in made)
    signs = chief.get(f"/sheets/signs?{query}", headers=HTML).text
    assert signs.count('<section class="sheet') == 2  # six on a sheet
    assert all(shown(p["code"]) in signs for p in made)
    assert (
        chief.get(f"/sheets/signs?size=full&{query}", headers=HTML).text.count('<section class="sheet') == 7
    )
    foreign = as_role("station_chief", station="U").get(f"/sheets/signs?{query}", headers=HTML).text
    assert '<section class="sheet' not in foreign
    assert chief.get("/sheets/signs?place=x", headers=HTML).status_code == 400
