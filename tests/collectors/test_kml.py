"""KML: what Google Earth and others save is read with its Chinese; what is written is read by GDAL."""

from pathlib import Path

import pyogrio
import pytest
import shapely
from shapely.geometry import Polygon, box

from collectors import area_files, area_zip, kml
from collectors.records import AreaRecord, Refused

SAMPLE = (Path(__file__).parent / "samples" / "area_files" / "earth.kml").read_bytes()


def areas() -> list[AreaRecord]:
    hole = box(112.5705, 37.8603, 112.571, 37.8606)
    shapes = [box(112.57, 37.86, 112.572, 37.861) - hole, box(112.572, 37.86, 112.574, 37.861)]
    return [
        AreaRecord(
            i + 1, f"14010600100100{i + 1}", f"桥东 <{i + 1}> & 网格", shape, shape,
            community="140106001001", kind="basic", households=300 + i,
            properties={"police_grid": "桥东警格"},
        )
        for i, shape in enumerate(shapes)
    ]  # fmt: skip


def code_of(data: bytes, **options: str) -> str:
    with pytest.raises(Refused) as refused:
        area_files.decode(data, **options)
    return refused.value.code


def mark(inside: str) -> bytes:
    return f'<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark>{inside}</Placemark></kml>'.encode()


def ring(text: str) -> bytes:
    return mark(
        "<Polygon><outerBoundaryIs><LinearRing><coordinates>"
        f"{text}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
    )


def test_a_file_of_google_earth_is_read() -> None:
    found = area_files.decode(SAMPLE)
    assert (found.form, found.crs, found.crs_in_file) == ("kml", "wgs84", "wgs84")
    assert [area.code for area in found.areas] == ["140106001001001", "140106001001002"]
    assert [area.name for area in found.areas] == ["桥东第一网格", "桥东第二网格"]
    assert [area.households for area in found.areas] == [420, 365]
    first, second = (area.geometry for area in found.areas)
    assert isinstance(first, Polygon)
    assert len(first.interiors) == 1
    assert second.equals(box(112.572, 37.86, 112.574, 37.861))


def test_a_zipped_document_is_read() -> None:
    data = area_zip.packed({"doc.kml": SAMPLE, "files/icon.png": b"\x89PNG"})
    assert [area.code for area in area_files.decode(data).areas] == ["140106001001001", "140106001001002"]


def test_coordinates_of_a_street_map_are_named_by_the_sender() -> None:
    """Files saved from Chinese street maps say nothing, or WGS 84, and mean GCJ-02."""
    shifted = area_files.decode(SAMPLE, crs="gcj02").areas[1]
    assert 300 < shifted.geometry.centroid.distance(shifted.raw_geometry.centroid) * 100_000 < 900
    assert shifted.raw_geometry.equals(box(112.572, 37.86, 112.574, 37.861))
    assert code_of(SAMPLE, crs="EPSG:4546") == "crs_conflict"


def test_what_is_written_is_read_again() -> None:
    data = area_files.encode(areas(), "kml")
    assert data == area_files.encode(areas(), "kml")
    found = area_files.decode(data).areas
    for read, wrote in zip(found, areas(), strict=True):
        assert (read.code, read.name, read.community, read.kind) == (
            wrote.code,
            wrote.name,
            wrote.community,
            wrote.kind,
        )
        assert (read.households, read.population) == (wrote.households, None)
        assert read.properties["police_grid"] == "桥东警格"
        assert read.geometry.equals(wrote.geometry)


def test_gdal_reads_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "grids.kml"
    path.write_bytes(area_files.encode(areas(), "kml"))
    meta, _, shapes, columns = pyogrio.raw.read(path)
    assert meta["crs"] == "EPSG:4326"
    named = columns[list(meta["fields"]).index("Name")]
    assert list(named) == [area.name for area in areas()]
    for shape, area in zip(shapely.from_wkb(shapes), areas(), strict=True):
        assert shapely.force_2d(shape).equals(area.geometry)


def test_kml_is_wgs84_only() -> None:
    with pytest.raises(Refused) as refused:
        area_files.encode(areas(), "kml", crs="EPSG:4546")
    assert refused.value.code == "crs_not_writable"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'<kml xmlns="http://www.opengis.net/kml/2.2"></kml>', "no_areas"),
        (b"<kml><Placemark>", "bad_xml"),
        (b'<!DOCTYPE kml [<!ENTITY x "y">]><kml><Placemark/></kml>', "xml_entities"),
        (b"<gpx><wpt/></gpx>", "unknown_format"),
        (mark("<name>nowhere</name>"), "geometry_type"),
        (mark("<Point><coordinates>112,37</coordinates></Point>"), "geometry_type"),
        (mark("<LineString><coordinates>112,37 113,37</coordinates></LineString>"), "geometry_type"),
        (ring("112,37 east,37 113,38"), "bad_position"),
        (ring("112 37 113 38"), "bad_position"),
        (ring("112,37 113,nan 113,38"), "bad_position"),
        (ring("112,37 113,37"), "short_ring"),
        (ring("112,37 113,38 113,37 112,38"), "bad_geometry"),
        (ring("37,112 37,113 38,113"), "swapped_axes"),
        (ring(" ".join(f"112.{i:06d},37.5" for i in range(10_001)) + " 112,38"), "too_many_vertices"),
        (ring(""), "short_ring"),
    ],
)
def test_what_is_wrong_is_refused(data: bytes, code: str) -> None:
    assert code_of(data) == code


def test_more_elements_than_areas_can_need_are_refused() -> None:
    many = b"<kml>" + b"<a/>" * (kml.MAX_ELEMENTS + 1) + b"</kml>"
    assert code_of(many) == "xml_too_large"
