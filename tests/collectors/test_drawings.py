"""CAD drawings: lines that close become areas, with the texts in them; what does not close is told."""

from pathlib import Path

import pytest
import shapely
from shapely import LineString, box

from collectors import area_files
from collectors.records import Refused
from gis import coords
from gis.planar import closed_faces

SAMPLES = Path(__file__).parent / "samples" / "area_files"
DRAWING = (SAMPLES / "borders_gbk.dxf").read_bytes()
TWO_LAYERS = (SAMPLES / "two_layers.dxf").read_bytes()
ZONE = "EPSG:4546"


def code_of(data: bytes, **options: str) -> str:
    with pytest.raises(Refused) as refused:
        area_files.decode(data, **options)
    return refused.value.code


def test_lines_and_texts_become_areas() -> None:
    """A rectangle, a line that ends 20 cm short of it, and texts in GB 18030."""
    found = area_files.decode(DRAWING, crs=ZONE)
    assert (found.form, found.crs, found.crs_in_file) == ("dxf", ZONE, "")
    assert [area.code for area in found.areas] == ["140106001001001", "140106001001002"]
    assert [area.name for area in found.areas] == ["桥东第一网格", "桥东第二网格"]
    assert [round(area.raw_geometry.area) for area in found.areas] == [10_000, 10_000]
    lon, lat = coords.to_wgs84(638_000.0, 4_194_000.0, ZONE)
    assert found.areas[0].geometry.exterior.distance(shapely.Point(lon, lat)) < 1e-9


def test_a_drawing_names_no_system() -> None:
    assert code_of(DRAWING) == "crs_missing"


def test_of_several_layers_one_is_named() -> None:
    assert code_of(TWO_LAYERS, crs=ZONE) == "several_layers"
    assert code_of(TWO_LAYERS, crs=ZONE, layer="水系") == "no_such_layer"
    found = area_files.decode(TWO_LAYERS, crs=ZONE, layer="网格线")
    assert [area.code for area in found.areas] == ["140106001001001", "140106001001002"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"  0\r\nSECTION\r\n  2\r\nENTITIES\r\n  0\r\nENDSEC\r\n  0\r\nEOF\r\n", "no_areas"),
        (b"0\nSECTION\n2\nENTITIES\n0\nLINE\n10\nabc\n", "no_areas"),
        (b"0\nSECTION\n" + b"\xff\x00" * 5_000, "no_areas"),
        (b"AutoCAD Binary DXF\r\n\x1a\x00", "unknown_format"),
        (DRAWING[: len(DRAWING) // 3], "no_areas"),
    ],
)
def test_drawings_that_say_nothing_are_refused(data: bytes, code: str) -> None:
    assert code_of(data, crs=ZONE) in (code, "bad_area_file")


def test_no_other_driver_is_awake_while_a_drawing_is_read() -> None:
    """A GPX dressed as a drawing is not read as GPX."""
    data = b"999\n<gpx><wpt lat='1' lon='2'/></gpx>\n0\nSECTION\n"
    assert code_of(data, crs=ZONE) in ("no_areas", "bad_area_file")


def test_ends_that_nearly_meet_are_led_on() -> None:
    frame = LineString(box(0, 0, 100, 100).exterior.coords)
    nearly = LineString([(50, 0.3), (50, 99.8)])
    assert len(closed_faces([frame, nearly], 0.5)) == 2
    assert len(closed_faces([frame, nearly], 0.1)) == 1
    assert sum(face.area for face in closed_faces([frame, nearly], 0.5)) == pytest.approx(10_000)


def test_faces_of_nothing() -> None:
    assert closed_faces([], 1.0) == []
    assert closed_faces([LineString([(0, 0), (1, 1)])], 0.1) == []
    assert closed_faces([box(0, 0, 1, 1)], 0.1)[0].equals(shapely.box(0, 0, 1, 1))
