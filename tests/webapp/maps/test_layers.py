"""The one list of layers: each works, and each is offered to those who may open it."""

from __future__ import annotations

import json
import re

import pytest

from webapp.core import i18n
from webapp.maps import layers
from webapp.people.rules import MAP_ROLES, Role


@pytest.mark.parametrize("layer", [layer.id for layer in layers.LAYERS])
@pytest.mark.parametrize("role", [str(role) for role in Role])
def test_a_layer_opens_for_exactly_the_roles_it_names(as_role, layer, role):
    answer = as_role(role).get(f"/ogc/collections/{layer}/items", query_string={"bbox": "112,37,113,38"})
    allowed = layers.BY_ID[layer] in layers.visible_to(role)
    assert answer.status_code == (200 if allowed else 403)


def test_the_contracts_collections_are_all_there():
    assert set(layers.BY_ID) >= {"grids", "police_grids", "cases", "places", "patrols", "coverage"}


def test_every_title_is_in_both_languages():
    with i18n.speaking("zh"):
        assert all(re.search("[\u4e00-\u9fff]", i18n._(layer.title)) for layer in layers.LAYERS)


def config_of(page):
    """Return the configuration that the map's page hands to its module."""
    found = re.search(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert found, page[:2000]
    return json.loads(found.group(1))


@pytest.mark.parametrize("role", [str(role) for role in MAP_ROLES])
def test_the_map_offers_what_its_reader_may_open(as_role, role):
    page = as_role(role).get("/map", headers={"Accept": "text/html"})
    assert page.status_code == 200
    config = config_of(page.text)
    assert [layer["id"] for layer in config["layers"]] == [layer.id for layer in layers.visible_to(role)]
    assert config["box"] == pytest.approx([112.564, 37.862, 112.576, 37.868])


def test_an_officers_map_knows_the_own_field(as_role, station):
    config = config_of(as_role("officer", "B").get("/map", headers={"Accept": "text/html"}).text)
    assert config["my_police_grids"] == [str(station.police_grids["B"])]
    assert set(config["my_grids"]) == {str(station.grids["B1"]), str(station.grids["B2"])}
    west, south, east, north = config["own_box"]
    b1, b2 = station.box("B1"), station.box("B2")
    assert (west, south, east, north) == pytest.approx((b1[0], b1[1], b2[2], b2[3]))


def test_the_page_itself_holds_no_feature(as_role, send_report):
    sample = send_report("t.volunteer", "A1")
    page = as_role("officer", "A").get("/map", headers={"Accept": "text/html"}).text
    assert sample.id not in page
    assert "三单元二楼" not in page
