"""Photos are what they say, within limits, and tell nothing that the sender did not mean to tell."""

from __future__ import annotations

import io
import struct
import zlib
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from PIL import Image

from tests.samples import photo
from webapp.cases.models import Attachment
from webapp.worker import Worker

CASES = "/api/v1/cases"
GPS = 0x8825
ORIENTATION = 0x0112


def picture(width=400, height=200, form="JPEG", **exif_tags):
    """Return a picture, left half red and right half blue, with EXIF if wished."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste("red", (0, 0, width // 2, height))
    exif = Image.Exif()
    if exif_tags:
        exif[0x010F] = "SECRETMAKER"
        exif[0x9286] = b"ASCII\0\0\0SECRETCOMMENT"
        exif[ORIENTATION] = exif_tags.get("orientation", 1)
        exif[GPS] = {1: "N", 2: (37.0, 51.0, 51.84), 3: "E", 4: (112.0, 34.0, 12.0), 29: "2026:05:04"}
    out = io.BytesIO()
    image.save(out, form, exif=exif, quality=90, comment=b"SECRETCOMMENT")
    return out.getvalue()


def flat_png(width, height):
    """Return a valid PNG of one bit a pixel: tiny on disk, huge when decoded as RGB."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"\0" * ((width // 8 + 1) * height), 9)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture
def send(as_role, sample_report):
    """Send a report with one photo by a batch; return its receipt."""

    def go(data):
        sample = sample_report("A1", photos=(data,))
        return sample, as_role("volunteer").post("/api/v1/batches", data=sample.form()).json["reports"][0]

    return go


@pytest.fixture
def row_of(owner_db):
    def load(sample):
        with owner_db.transaction() as session:
            return session.query(Attachment).filter_by(case_id=UUID(sample.id)).one()

    return load


@pytest.fixture
def blob(settings):
    return lambda sha: (Path(settings.blobs_dir) / sha[:2] / sha[2:]).read_bytes()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_where_and_with_what_a_photo_was_taken_is_neither_stored_nor_served(
    as_role, send, row_of, blob, form
):
    data = picture(form=form, gps=True)
    assert b"SECRETMAKER" in data
    sample, receipt = send(data)
    assert receipt["files"] == {"held": [sha256(data).hexdigest()], "missing": [], "previews": []}
    row = row_of(sample)
    served = as_role("officer", "A").get(f"/api/v1/attachments/{row.id}")
    assert served.mimetype == f"image/{form.lower()}"
    for kept in (blob(row.sha256), served.data):
        assert b"SECRET" not in kept
        exif = Image.open(io.BytesIO(kept)).getexif()
        assert not exif.get_ifd(GPS)
        assert len(exif) == 0
    assert sha256(served.data).hexdigest() == row.sha256
    assert row.sent_sha256 == sha256(data).hexdigest()


@pytest.mark.parametrize(("orientation", "corner"), [(6, "top"), (8, "bottom"), (3, "right")])
def test_a_photo_is_kept_upright(send, row_of, blob, orientation, corner):
    sample, _receipt = send(picture(gps=True, orientation=orientation))
    row = row_of(sample)
    kept = Image.open(io.BytesIO(blob(row.sha256))).convert("RGB")
    turned = orientation in (6, 8)
    assert kept.size == ((200, 400) if turned else (400, 200))
    spot = {"top": (100, 20), "bottom": (100, 380), "right": (380, 100)}[corner]
    red, _green, blue = kept.getpixel(spot)
    assert red > 200
    assert blue < 60


def test_the_worker_makes_the_small_picture(as_role, settings, send, row_of, blob):
    sample, _receipt = send(picture(3000, 1500))
    assert row_of(sample).thumbnail_sha256 is None
    full = as_role("officer", "A").get(f"/api/v1/attachments/{row_of(sample).id}?size=thumbnail")
    assert full.status_code == 200
    worker = Worker(settings)
    while worker.step():
        pass
    row = row_of(sample)
    small = Image.open(io.BytesIO(blob(row.thumbnail_sha256)))
    assert (small.format, max(small.size)) == ("JPEG", 360)
    served = as_role("officer", "A").get(f"/api/v1/attachments/{row.id}?size=thumbnail")
    assert sha256(served.data).hexdigest() == row.thumbnail_sha256
    assert len(served.data) < len(blob(row.sha256))


def test_a_photo_damaged_in_its_middle_is_kept_and_marked(settings, send, row_of):
    png = bytearray(picture(600, 600, "PNG"))
    at = png.index(b"IDAT") + 4
    png[at : at + 30] = bytes(30)
    _fixed_crc(png)
    sample, receipt = send(bytes(png))
    assert receipt["state"] == "received"
    worker = Worker(settings)
    while worker.step():
        pass
    assert row_of(sample).damaged


def _fixed_crc(png):
    start = png.index(b"IDAT")
    length = struct.unpack(">I", png[start - 4 : start])[0]
    crc = zlib.crc32(bytes(png[start : start + 4 + length]))
    png[start + 4 + length : start + 8 + length] = struct.pack(">I", crc)


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(400)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(flat_png(13000, 13000), "photo_too_large", id="bomb"),
        pytest.param(photo(1) + bytes(8_000_001), "photo_too_large", id="nine-megabytes"),
        pytest.param(HEIC, "photo_type", id="heic"),
        pytest.param(b"GIF89a" + bytes(300), "photo_type", id="gif"),
        pytest.param(b"MZ" + bytes(300), "not_a_photo", id="program"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_photo", id="svg"),
        pytest.param(b"", "not_a_photo", id="empty"),
        pytest.param(photo(2)[: len(photo(2)) // 2], "not_a_photo", id="cut-off"),
    ],
)
def test_what_is_no_photo_of_ours_is_refused_with_words(as_role, send_report, data, code):
    sample = send_report("t.volunteer", "A1")
    client = as_role("volunteer")
    answers = {}
    for language in ("zh", "en"):
        answers[language] = client.post(
            f"{CASES}/{sample.id}/attachments",
            data={"photo": (io.BytesIO(data), "a.jpg", "image/jpeg")},
            headers={"Accept-Language": language},
        )
        assert answers[language].status_code == 422, answers[language].text
        assert answers[language].json["errors"][0]["code"] == code
    said = [a.json["errors"][0]["detail"] for a in answers.values()]
    assert all(said)
    assert said[0] != said[1]


def test_a_refused_bomb_costs_no_memory(send):
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _sample, receipt = send(flat_png(13000, 13000))
    assert (receipt["state"], receipt["errors"][0]["code"]) == ("kept", "photo_too_large")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # kB


def test_a_photo_of_just_eight_megabytes_is_taken(send):
    data = photo(3)
    _sample, receipt = send(data + bytes(8_000_000 - len(data)))
    assert receipt["state"] == "received"


def test_the_same_photo_in_two_cases_is_two_rows_and_one_file(as_role, send, row_of):
    first, _receipt = send(picture(410))
    second, _receipt = send(picture(410))
    assert row_of(first).id != row_of(second).id
    assert row_of(first).sha256 == row_of(second).sha256


def test_served_photos_are_private_and_never_run(as_role, send, row_of):
    sample, _receipt = send(photo(9))
    served = as_role("volunteer").get(f"/api/v1/attachments/{row_of(sample).id}")
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert "private" in served.headers["Cache-Control"]
    assert "default-src 'none'" in served.headers["Content-Security-Policy"]
