"""An address is found by the station's own register, however written, never more exactly than is true."""

from __future__ import annotations

import io
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from webapp.addresses import rules
from webapp.addresses.rules import Candidate, Found, Precision, address, judged, normalised, number_of

GEOCODE = "/api/v1/geocode"


@pytest.mark.parametrize(
    "written",
    [
        "康乐小区3号楼",
        "康乐小区三号楼",
        "康乐小区 ３ 栋",
        "康乐小区3幢",
        "康乐小区3#楼",
        "康乐小区3#",
        "康乐小区03号楼",
        "康乐小区3座2单元301室",
        "康乐小区3号楼二单元1502",
        "山西省太原市迎泽区康乐小区3号楼附近",
        "迎泽区文庙街道康乐小区（北门）3号楼",
    ],
)
def test_one_building_has_one_key(written):
    assert address(written).keys[0] == (Precision.BUILDING, "b:康乐小区/3")


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("解放路十二号之三", ("解放路", "12之3", "", "")),
        ("解放路12-3号", ("解放路", "12之3", "", "")),
        ("五一路八十八号", ("五一路", "88", "", "")),
        ("八一街3号", ("八一街", "3", "", "")),
        ("水西关街26号院7号楼", ("水西关街", "26", "", "7")),
        ("桃园南路12弄5号楼", ("桃园南路", "12", "", "5")),
        ("迎泽大街108号安居花园甲栋", ("迎泽大街", "108", "安居花园", "甲")),
        ("迎泽大街与新建路交叉口", ("迎泽大街", "", "", "")),
        ("A座1203", ("", "", "", "a")),
    ],
)
def test_parts_of_an_address(written, parts):
    found = address(written)
    assert (found.road, found.house, found.compound, found.building)[: len(parts)] == parts


def test_names_with_numerals_stay_names():
    assert address("五一路").road == "五一路"
    found = address("双塔西街一社区居委会解放路2号")
    assert (found.community, found.road, found.house) == ("双塔西街一社区", "解放路", "2")


@pytest.mark.parametrize(
    ("numeral", "value"),
    [
        ("三", 3),
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("二十三", 23),
        ("一百零五", 105),
        ("二〇三", 203),
        ("两", 2),
    ],
)
def test_chinese_numerals(numeral, value):
    assert number_of(numeral) == value


SIGNS = st.sampled_from("康乐小区解放路街社单元号楼栋幢座室附近之省市县镇一二十百零0123#-()（） ａＡ・巷里院")


@given(st.text(SIGNS, max_size=40) | st.text(max_size=40))
def test_normalising_again_changes_nothing(said):
    once = normalised(said)
    assert normalised(once) == once
    assert len(once) <= 3 * rules.MAX_ADDRESS


@given(st.text(SIGNS, max_size=40))
def test_an_address_is_taken_apart_whatever_it_says(said):
    found = address(said)
    order = [list(Precision).index(precision) for precision, _key in found.keys]
    assert order == sorted(order), "keys go from fine to coarse"
    assert len({key for _precision, key in found.keys}) == len(found.keys)


def row(key, community="甲社区", lon=112.57, lat=37.868, spread=0.0, count=1):
    return Found(key, community, f"{community}{key}", lon, lat, spread, count)


def test_the_finest_entry_wins_and_says_how_exact_it_is():
    known = {"c:康乐小区": [row("c:康乐小区", spread=180, count=7)], "b:康乐小区/3": [row("b:康乐小区/3")]}
    exact = judged(address("康乐小区3号楼"), known)
    assert (exact.sure, exact.candidates[0].precision, exact.candidates[0].accuracy_m) == (
        True,
        "building",
        25,
    )
    # The register lacks building 9: the compound, as wide as it is.
    wider = judged(address("康乐小区9号楼"), known)
    assert (wider.sure, wider.candidates[0].precision, wider.candidates[0].accuracy_m) == (
        True,
        "compound",
        180,
    )


def test_a_road_alone_is_never_sure():
    found = judged(address("解放路"), {"r:解放路": [row("r:解放路", spread=900, count=40)]})
    assert (found.sure, found.reason, found.candidates[0].accuracy_m) == (False, "place_vague", 900)


def test_two_compounds_of_one_name_are_a_choice_unless_the_community_is_said():
    known = {"c:安居花园": [row("c:安居花园", "甲社区"), row("c:安居花园", "乙社区", lon=112.60)]}
    found = judged(address("安居花园2号楼"), known)
    assert (found.sure, found.reason, len(found.candidates)) == (False, "place_ambiguous", 2)
    said = judged(address("乙社区安居花园2号楼"), known)
    assert (said.sure, said.candidates[0].lon) == (True, 112.60)


def test_likeness_is_offered_and_taken_only_when_it_stands_out():
    def like(score, label="x"):
        return Candidate(label, 112.5, 37.8, "compound", 120.0, score)

    assert rules.resembling([like(0.9), like(0.3, "y")]).sure
    assert not rules.resembling([like(0.9), like(0.85, "y")]).sure
    assert not rules.resembling([like(0.6)]).sure
    assert rules.resembling([]).reason == "place_unknown"


@pytest.fixture(scope="module")
def register(as_role, station):
    """Three buildings of a compound in B1, one of the same name in C2, handed in as a list."""
    lon, lat = station.inside("B1")
    far_lon, far_lat = station.inside("C2")
    lines = ["地址,经度,纬度"]
    lines += [f"甲社区解放路2号康乐小区{n}号楼2单元10{n}室,{lon + n * 1e-4:.6f},{lat:.6f}" for n in (1, 2, 3)]
    lines += [f"甲社区翠湖家园{n}号楼,{lon:.6f},{lat + n * 1e-4:.6f}" for n in (1, 2)]
    lines += [f"乙社区翠湖家园{n}号楼,{far_lon:.6f},{far_lat:.6f}" for n in (1, 2)]
    data = "\n".join(lines).encode("gb18030")

    def post():
        return as_role("system_admin").post(
            "/api/v1/addresses", data={"crs": "wgs84", "file": (io.BytesIO(data), "list.csv")}
        )

    first, again = post(), post()
    assert (first.status_code, first.json) == (201, {"kept": 7})
    assert again.json == first.json
    return lon, lat


def test_members_find_addresses_and_strangers_do_not(register, as_role, client):
    asked = {"q": "康乐小区二号楼3单元"}
    found = as_role("volunteer").get(GEOCODE, query_string=asked).json
    assert found["sure"]
    assert found["candidates"][0]["precision"] == "building"
    assert found["candidates"][0]["lon"] == pytest.approx(register[0] + 2e-4, abs=1e-6)
    assert as_role("volunteer", station="U").get(GEOCODE, query_string=asked).json["candidates"] == []
    assert client.get(GEOCODE, query_string=asked).status_code == 401
    assert as_role("volunteer").get(GEOCODE).status_code == 422


def test_homes_are_not_kept(register, owner_db):
    with owner_db.transaction() as session:
        kept = set(session.scalars(text("SELECT text FROM app.address")))
    assert not any("单元" in item or "室" in item for item in kept), kept


def test_a_misspelt_compound_is_offered_and_an_ambiguous_one_is_a_choice(register, as_role):
    near = as_role("officer").get(GEOCODE, query_string={"q": "康勒小区2号楼"}).json
    assert not near["sure"]
    assert "康乐小区" in near["candidates"][0]["label"]
    both = as_role("officer").get(GEOCODE, query_string={"q": "翠湖家园1号楼"}).json
    assert (both["sure"], both["reason"], len(both["candidates"])) == (False, "place_ambiguous", 2)


def test_a_registered_place_is_found_by_its_name(as_role, owner_db, station):
    lon, lat = station.inside("A2")
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        session.execute(
            text("INSERT INTO app.place (id, station_id, kind, name, geom) VALUES "
                 "(:i, :s, 'school', '第三小学(演示)', ST_SetSRID(ST_MakePoint(:x, :y), 4326))"),
            {"i": uuid4(), "s": station.id, "x": lon, "y": lat},
        )  # fmt: skip
    found = as_role("officer").get(GEOCODE, query_string={"q": "迎泽区第三小学门口"}).json
    assert (found["sure"], found["candidates"][0]["precision"]) == (True, "place")


def test_only_chief_and_administrator_add_addresses(as_role):
    for role in ("officer", "volunteer", "grid_worker", "planner", "audit_admin"):
        form = {
            "crs": "wgs84",
            "file": (io.BytesIO("地址,经度,纬度\n甲路1号,112.5,37.8\n".encode()), "a.csv"),
        }
        assert as_role(role).post("/api/v1/addresses", data=form).status_code == 403
