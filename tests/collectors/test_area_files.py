"""GIS files: read with their coordinate system in a child that may die, written to be read elsewhere."""

import io
import sqlite3
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import orjson
import pyogrio
import pytest
from shapely.geometry import Polygon, box

from collectors import area_child, area_files, area_zip
from collectors.records import AreaRecord, Refused
from gis import coords

SAMPLES = Path(__file__).parent / "samples" / "area_files"
GEOJSON = Path(__file__).parent / "samples" / "geojson" / "chinese_headings.geojson"


def areas() -> list[AreaRecord]:
    shapes = [box(112.57 + i / 1000, 37.86, 112.571 + i / 1000, 37.861) for i in range(3)]
    hole = Polygon(
        box(112.6, 37.86, 112.61, 37.87).exterior, [box(112.602, 37.862, 112.604, 37.864).exterior]
    )
    return [
        AreaRecord(
            i + 1, f"14010600100100{i + 1}", f"桥东第{i + 1}网格", shape, shape,
            community="140106001001", kind="basic", households=None if i == 1 else 300 + i, population=900,
        )
        for i, shape in enumerate([*shapes, hole])
    ]  # fmt: skip


def code_of(data: bytes, **options: str) -> str:
    with pytest.raises(Refused) as refused:
        area_files.decode(data, **options)
    return refused.value.code


def zipped(**members: bytes) -> bytes:
    return area_zip.packed({name.replace("_", "."): data for name, data in members.items()})


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GeoPackage of ours, to be spoilt by a test (each test copies it)."""
    path = tmp_path_factory.mktemp("areas") / "good.gpkg"
    path.write_bytes(area_files.encode(areas(), "geopackage"))
    return path


@pytest.mark.parametrize("form", [form for form in area_files.FORMATS if form != "kml"])
@pytest.mark.parametrize("crs", ["cgcs2000", "EPSG:4546"])
def test_what_is_written_is_read_again(form: str, crs: str) -> None:
    data = area_files.encode(areas(), form, crs=crs)
    found = area_files.decode(data)
    assert (found.form, found.crs, found.crs_in_file) == (form, crs, crs)
    for read, wrote in zip(found.areas, areas(), strict=True):
        assert (read.code, read.name, read.community, read.kind) == (
            wrote.code,
            wrote.name,
            wrote.community,
            wrote.kind,
        )
        assert (read.households, read.population) == (wrote.households, wrote.population)
        assert read.geometry.geom_type == "Polygon"
        # 2e-9 degrees are 0.2 mm: nine decimals of a degree, or of a metre through the zone.
        assert read.geometry.normalize().equals_exact(wrote.geometry.normalize(), 2e-9)
    easting = found.areas[0].raw_geometry.bounds[0]
    assert (easting > 600_000) == (crs == "EPSG:4546")


@pytest.mark.parametrize("form", area_files.FORMATS)
def test_the_same_areas_give_the_same_bytes(form: str) -> None:
    assert area_files.encode(areas(), form) == area_files.encode(areas(), form)


@pytest.mark.parametrize(
    ("form", "name"), [("shapefile", "a.zip"), ("geopackage", "a.gpkg"), ("geojson", "a.geojson")]
)
def test_gdal_itself_sees_the_coordinate_system_and_the_chinese(tmp_path: Path, form: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(area_files.encode(areas(), form, crs="EPSG:4546"))
    meta, _, _, columns = pyogrio.raw.read(path)
    assert meta["crs"] == "EPSG:4546"
    assert columns[list(meta["fields"]).index("name")][0] == "桥东第1网格"


@pytest.mark.parametrize("sample", ["gbk_cpg", "gbk_no_cpg", "gbk_lying_cpg"])
def test_gbk_is_read_with_a_right_a_missing_and_a_wrong_code_page(sample: str) -> None:
    found = area_files.decode((SAMPLES / f"{sample}.zip").read_bytes())
    assert [a.name for a in found.areas] == ["桥东第一网格", "桥东第二网格"]
    assert [a.code for a in found.areas] == ["140106001001001", "140106001001002"]
    assert [a.households for a in found.areas] == [420, 365]
    assert (found.encoding, found.crs) == ("gb18030", "cgcs2000")


def test_a_zone_written_by_another_program_is_recognised_and_headings_cut_at_ten_bytes() -> None:
    found = area_files.decode((SAMPLES / "zone_esri.zip").read_bytes())
    assert found.crs == "EPSG:4546"
    area = found.areas[0]
    assert (area.code, area.name, area.households) == ("140106001001001", "桥东第一网格", 420)
    assert area.raw_geometry.bounds == (638000, 4194000, 638100, 4194100)
    lon, lat = coords.to_wgs84(638000.0, 4194000.0, "EPSG:4546")
    assert area.geometry.exterior.distance(Polygon([(lon, lat)] * 4).centroid) < 1e-9


def test_a_file_without_system_needs_the_callers_word() -> None:
    data = (SAMPLES / "no_prj.zip").read_bytes()
    assert code_of(data) == "crs_missing"
    assert area_files.decode(data, crs="CGCS2000").crs == "cgcs2000"


def test_a_system_without_public_parameters_is_refused() -> None:
    assert code_of((SAMPLES / "xian80.zip").read_bytes()) == "unknown_crs"
    assert code_of(GEOJSON.read_bytes(), crs="EPSG:2379") == "unknown_crs"


def test_a_shifted_file_that_claims_wgs_84_is_corrected_on_the_callers_word() -> None:
    plain = area_files.decode(GEOJSON.read_bytes()).areas[0]
    found = area_files.decode(GEOJSON.read_bytes(), crs="GCJ-02")
    assert (found.crs, found.crs_in_file) == ("gcj02", "wgs84")
    corner, moved = plain.geometry.bounds[:2], found.areas[0].geometry.bounds[:2]
    assert 300 < coords.distance_m(*corner, *moved) < 900
    assert found.areas[0].raw_geometry.equals(plain.geometry)


def test_a_callers_word_against_metres_is_a_conflict() -> None:
    assert code_of((SAMPLES / "zone_esri.zip").read_bytes(), crs="wgs84") == "crs_conflict"
    assert code_of(GEOJSON.read_bytes(), crs="EPSG:4546") == "crs_conflict"


@pytest.mark.parametrize("crs", ["gcj02", "BD-09"])
def test_no_file_is_written_in_a_system_that_it_cannot_name(crs: str) -> None:
    with pytest.raises(Refused) as refused:
        area_files.encode(areas(), "geojson", crs=crs)
    assert refused.value.code == "crs_not_writable"


def test_a_text_that_a_shapefile_would_cut_is_refused() -> None:
    area = areas()[0]
    long = AreaRecord(1, area.code, "网" * 85, area.geometry, area.raw_geometry)
    with pytest.raises(Refused) as refused:
        area_files.encode([long], "shapefile")
    assert (refused.value.code, refused.value.params["field"]) == ("too_long", "name")
    assert area_files.decode(area_files.encode([long], "geopackage")).areas[0].name == "网" * 85


@pytest.mark.parametrize("data", [b"", b"hello", b"<OGRVRTDataSource/>", b"%PDF-1.7", b"\x00\x00\x27\x0a"])
def test_other_formats_never_reach_gdal(data: bytes) -> None:
    assert code_of(data) == "unknown_format"


def test_another_format_in_disguise_is_not_opened_by_the_child() -> None:
    layer = (
        b"<OGRVRTLayer name='a'><SrcDataSource>/vsicurl/http://127.0.0.1:9/a</SrcDataSource></OGRVRTLayer>"
    )
    vrt = b"<OGRVRTDataSource>" + layer + b"</OGRVRTDataSource>"
    assert code_of(zipped(area_shp=vrt, area_shx=vrt, area_dbf=vrt)) == "bad_area_file"
    assert code_of(b"SQLite format 3\0" + b"\0" * 5000) == "bad_area_file"


def test_the_child_refuses_to_work_with_more_drivers_than_three(tmp_path: Path) -> None:
    """Control: without the parent's environment every driver is on, and the child says so."""
    subprocess.run(
        [sys.executable, "-I", area_child.__file__, "read", str(tmp_path), "GPKG", "", ""], check=True, env={}
    )
    answer = orjson.loads((tmp_path / "result.json").read_bytes())
    assert answer["refused"]["code"] == "sandbox"
    assert "OGR_VRT" in answer["refused"]["detail"]


def test_a_plain_sqlite_file_and_an_empty_package_are_refused(tmp_path: Path, package: Path) -> None:
    plain = tmp_path / "plain.gpkg"
    with sqlite3.connect(plain) as db:
        db.execute("create table t (a)")
    assert code_of(plain.read_bytes()) in ("bad_area_file", "no_areas")
    two = tmp_path / "two.gpkg"
    two.write_bytes(package.read_bytes())
    pyogrio.raw.write(
        two, geometry=pyogrio.raw.read(package)[2], field_data=[], fields=[], layer="second",
        geometry_type="MultiPolygon", crs="EPSG:4326", append=True, driver="GPKG",
    )  # fmt: skip
    assert code_of(two.read_bytes()) == "several_layers"
    assert code_of(two.read_bytes(), layer="third") == "no_such_layer"
    assert len(area_files.decode(two.read_bytes(), layer="areas").areas) == 4


def test_a_file_that_eats_memory_is_a_refusal_and_we_live(tmp_path: Path, package: Path) -> None:
    """A view whose every text is 200 MB: the child meets its memory limit, not the machine's."""
    spoilt = tmp_path / "bomb.gpkg"
    spoilt.write_bytes(package.read_bytes())
    with sqlite3.connect(spoilt) as db:
        db.execute("alter table areas rename to hidden")
        db.execute(
            "create view areas as select fid, geom, printf('%.*c', 200000000, 'x') || code as code,"
            " printf('%.*c', 200000000, 'y') as name, community, kind, households, population from hidden"
        )
    assert code_of(spoilt.read_bytes()) in ("file_too_costly", "bad_area_file", "file_crashed")


def test_a_damaged_shapefile_is_refused() -> None:
    with zipfile.ZipFile(SAMPLES / "gbk_cpg.zip") as archive:
        files = {Path(name).suffix: archive.read(name) for name in archive.namelist()}
    shp = bytearray(files[".shp"])
    # The number of points of the first ring becomes two thousand million.
    struct.pack_into("<i", shp, 100 + 8 + 4 + 32 + 4, 2_000_000_000)
    spoilt = zipped(a_shp=bytes(shp), a_shx=files[".shx"], a_dbf=files[".dbf"], a_prj=files[".prj"])
    with pytest.raises(Refused):
        area_files.decode(spoilt)
    assert code_of(zipped(a_shp=files[".shp"], a_shx=files[".shx"])) == "incomplete_shapefile"


def test_archives_that_are_bombs_or_lead_out_are_refused() -> None:
    assert code_of(zipped(**{f"f{i}_shp": b"x" for i in range(51)})) == "zip_bomb"
    assert code_of(zipped(a_shp=b"\0" * 41_000_000)) == "zip_bomb"
    assert code_of(zipped(a_shp=b"\0" * 5_000_000)) == "zip_bomb"
    for name in ("../a.shp", "/etc/a.shp", "..\\a.shp", "C:\\a.shp"):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr(name, b"x")
        assert code_of(target.getvalue()) == "bad_zip_name"
    assert code_of(b"PK\x03\x04" + b"\0" * 100) == "bad_zip"
    assert code_of(zipped(readme_txt=b"x")) == "no_areas"
    assert code_of(zipped(a_shp=b"x", b_shp=b"x")) == "several_layers"


def test_a_lying_size_in_the_archive_does_not_unpack_more_than_it_says() -> None:
    data = bytearray(zipped(a_shp=b"\0" * 3_000_000, a_shx=b"x", a_dbf=b"x"))
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"a.shp"))
    struct.pack_into("<I", data, at + 24, 1000)
    assert code_of(bytes(data)) in ("bad_zip", "bad_area_file")


def test_a_large_file_is_refused_before_anything_reads_it() -> None:
    assert code_of(b"{" + b" " * 8_000_000) == "too_large"
