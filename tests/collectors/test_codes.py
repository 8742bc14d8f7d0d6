"""Division and grid codes: every real community passes, and each wrong code says what is wrong."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from collectors import codes
from collectors.records import Refused

REAL = Path(__file__).parent / "samples" / "codes" / "communities.csv"


def real_codes() -> list[tuple[str, str]]:
    with REAL.open(encoding="utf-8", newline="") as source:
        return [(row["code12"], row["name"]) for row in csv.DictReader(source)]


def test_all_real_communities_are_valid_and_their_kind_fits_their_name() -> None:
    found = [(codes.division(code), name) for code, name in real_codes()]
    assert len(found) == 1124
    assert {division.level for division, _ in found} == {"community"}
    kinds = Counter(division.community_kind for division, _ in found)
    assert kinds == {"residents": 353, "village": 699, "like_residents": 27, "like_village": 45}
    villages = [d for d, name in found if name.endswith(("村委会", "村村委会", "村民委员会"))]
    assert len(villages) > 600
    assert {d.community_kind for d in villages} <= {"village", "like_village"}
    residents = [d for d, name in found if name.endswith("社区居委会")]
    assert len(residents) > 200
    assert sum(d.community_kind == "residents" for d in residents) / len(residents) > 0.95


def test_every_real_community_makes_grid_codes_that_are_read_again() -> None:
    for code, _ in real_codes():
        grid = codes.grid(codes.grid_code(code, 83))
        assert (grid.community.code, grid.serial) == (code, 83)


def test_a_code_says_where_it_belongs() -> None:
    community = codes.division("140106001001")
    assert (community.county, community.street, community.parent) == ("140106", "140106001", "140106001")
    assert (community.street_kind, community.community_kind) == ("street", "residents")
    assert codes.division("140106").level == "county"
    assert codes.division("140106").parent == "1401"
    assert codes.division("140106001").parent == "140106"


def test_the_zero_filled_official_form_is_shortened() -> None:
    assert codes.division("140106001000") == codes.division("140106001")
    assert codes.division("140106000000") == codes.division("140106")
    assert codes.division("441900003000").level == "street"


@pytest.mark.parametrize(
    ("segment", "kind"),
    [
        ("001", "street"),
        ("099", "street"),
        ("100", "town"),
        ("199", "town"),
        ("200", "township"),
        ("399", "township"),
        ("400", "enterprise"),
        ("599", "enterprise"),
    ],
)
def test_the_street_segment_tells_the_kind(segment: str, kind: str) -> None:
    assert codes.division(f"130126{segment}").street_kind == kind


@pytest.mark.parametrize(
    ("segment", "kind"),
    [
        ("001", "residents"),
        ("200", "village"),
        ("498", "like_residents"),
        ("598", "like_village"),
        ("601", "merged"),
    ],
)
def test_the_community_segment_tells_the_kind(segment: str, kind: str) -> None:
    assert codes.division(f"130126100{segment}").community_kind == kind


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_code_digits"),
        ("14010600100a", "bad_code_digits"),
        ("１４０１０６", "bad_code_digits"),
        ("1401060010", "bad_code_length"),
        ("990106001001", "bad_province"),
        ("140006001001", "bad_county"),
        ("140106600001", "bad_street_segment"),
        ("140106000001", "bad_street_segment"),
        ("140106001600", "bad_community_segment"),
    ],
)
def test_a_wrong_division_code_says_what_is_wrong(text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        codes.division(text)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("140106001001000", "bad_grid_serial"),
        ("140106001000001", "not_a_community"),
        ("140106001001", "bad_code_length"),
        ("990106001001001", "bad_province"),
    ],
)
def test_a_wrong_grid_code_says_what_is_wrong(text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        codes.grid(text)
    assert refused.value.code == code


@pytest.mark.parametrize("serial", [0, 1000, -1])
def test_no_code_is_made_for_a_serial_outside_the_three_digits(serial: int) -> None:
    with pytest.raises(Refused) as refused:
        codes.grid_code("140106001001", serial)
    assert refused.value.code == "bad_grid_serial"


def test_the_twenty_digit_scheme_is_read_and_told_apart() -> None:
    found = codes.any_grid("01050214010600160100")
    assert isinstance(found, codes.ClassedGridCode)
    assert (found.object_class, found.community.code, found.serial) == ("010502", "140106001601", 0)
    assert found.community.community_kind == "merged"
    assert isinstance(codes.any_grid("140106001001083"), codes.GridCode)
    with pytest.raises(Refused) as refused:
        codes.any_grid("140106001001")
    assert refused.value.code == "bad_code_length"
