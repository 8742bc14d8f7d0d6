"""Demo hazards fit their declared questions, lie on the ground, and follow the seasons."""

from collections import Counter
from datetime import timedelta
from io import BytesIO
from random import Random

import numpy as np
import pytest
from PIL import Image
from shapely.geometry import Point

from gis.coords import LocalPlane
from webapp.demo.hazards import CLASSES, current_hazards, past_hazards
from webapp.demo.photos import photo

# Question: (required, kind or choices), as the hazard classes declare them.
QUESTIONS = {
    "flying_wire": {
        "building_kind": (True, {"high_rise", "multi_storey", "shop_dwelling", "other"}),
        "floor": (False, int),
        "wires": (True, int),
        "seen_charging": (True, bool),
    },
    "dilapidated_house": {
        "signs": (True, {"cracks", "leaning", "roof", "collapse", "other"}),
        "lived_in": (True, bool),
        "storeys": (False, int),
    },
    "fire_lane": {
        "blocked_by": (True, {"vehicles", "goods", "gate", "building", "other"}),
        "passable": (True, bool),
    },
    "slope": {
        "signs": (True, {"cracks", "rockfall", "seepage", "slide", "other"}),
        "households_below": (True, int),
    },
    "lead": {"subject": (True, {"mining", "gambling", "fraud", "other"}), "ongoing": (True, bool)},
    "other": {"what": (True, str)},
}


@pytest.fixture(scope="module", params=["YZ", "QF", "WH"])
def made(request, station):
    return station(request.param)


def test_every_answer_fits_its_question(made, until):
    for hazard in current_hazards(made, until, Random(1)) + past_hazards(made, until, Random(2), 300):
        asked = QUESTIONS[hazard.class_code]
        assert set(hazard.answers) <= set(asked)
        assert {name for name, (required, _) in asked.items() if required} <= set(hazard.answers)
        for name, answer in hazard.answers.items():
            expected = asked[name][1]
            assert answer in expected if isinstance(expected, set) else type(answer) is expected


def test_there_are_76_current_hazards_in_every_state(made, until):
    found = current_hazards(made, until, Random(1))
    assert len(found) == 76
    assert {hazard.class_code for hazard in found} == set(CLASSES)
    states = Counter(hazard.state for hazard in found)
    assert states["accepted"] > states["reported"] > states["closed"] > 5
    assert found == current_hazards(made, until, Random(1))
    assert found != current_hazards(made, until, Random(2))


def test_times_follow_the_life_of_a_case(made, until):
    for hazard in current_hazards(made, until, Random(1)) + past_hazards(made, until, Random(2), 500):
        moments = [hazard.found_at, hazard.accepted_at, hazard.closed_at]
        known = [moment for moment in moments if moment]
        assert known == sorted(known)
        assert known[-1] < until
        assert len(known) == {"reported": 1, "accepted": 2, "closed": 3}[hazard.state]
        assert bool(hazard.closing_note) == (hazard.state == "closed")
        assert "演示" in hazard.note


def test_hazards_lie_on_the_ground_near_streets_or_buildings(made, until):
    plane = LocalPlane.around(made.outline)
    near = [plane.shape_to_m(line).buffer(180.0) for line in (*made.roads, *made.buildings)]
    for hazard in past_hazards(made, until, Random(2), 150):
        at = Point(hazard.lon, hazard.lat)
        assert made.outline.contains(at)
        in_m = plane.shape_to_m(at)
        assert any(area.contains(in_m) for area in near)
        assert hazard.accuracy_m > 0
        assert hazard.method in ("gps", "pin")


def test_history_has_seasons_hot_spots_and_a_year_and_a_half(station, until):
    made = station("YZ")
    found = past_hazards(made, until, Random(2))
    assert len(found) == 2400
    assert timedelta(days=520) < found[-1].found_at - found[0].found_at < timedelta(days=549)
    months = Counter((h.found_at + timedelta(hours=8)).month for h in found if h.class_code == "flying_wire")
    days = found[-1].found_at - found[0].found_at
    assert days.days > 500
    # July and August against December and February: each lies in the history exactly once or twice alike.
    assert months[8] > 1.4 * months[12]
    x, y = LocalPlane.around(made.outline).to_m([h.lon for h in found], [h.lat for h in found])
    cells = Counter(zip(np.floor(x / 100).tolist(), np.floor(y / 100).tolist(), strict=True))
    assert max(cells.values()) > 8 * np.mean(list(cells.values()))


@pytest.mark.parametrize("class_code", CLASSES)
def test_a_photo_is_a_small_jpeg_and_always_the_same(class_code):
    data = photo(class_code, Random(4))
    with Image.open(BytesIO(data)) as image:
        assert (image.format, image.size) == ("JPEG", (1200, 900))
        assert not image.getexif()
        assert image.getpixel((600, 890))[0] < 90  # the dark strip that carries the word DEMO
    assert 50_000 < len(data) < 160_000
    assert data == photo(class_code, Random(4))
    assert data != photo(class_code, Random(5))
