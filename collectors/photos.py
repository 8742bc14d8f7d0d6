"""Photos from phones: recognised by content, limited before decoding, freed of metadata, made small."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageOps

from collectors import photo_bytes
from collectors.photo_bytes import not_a_photo
from collectors.records import Refused

LIMIT_BYTES = 8_000_000
LIMIT_PIXELS = 40_000_000
QUALITY = 88
ACCEPTED = ("image/jpeg", "image/png", "image/webp")

_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_SIZES: dict[str, Callable[[bytes], tuple[int, int]]] = {
    "image/jpeg": photo_bytes.jpeg_size,
    "image/png": photo_bytes.png_size,
    "image/webp": photo_bytes.webp_size,
}
_STRIPPED: dict[str, Callable[[bytes], bytes]] = {
    "image/jpeg": photo_bytes.jpeg_stripped,
    "image/png": photo_bytes.png_stripped,
    "image/webp": photo_bytes.webp_stripped,
}
_ORIENTATION = 0x0112
# What the decoder is known to raise on damaged bytes, its metadata readers included.
_DAMAGE = (OSError, ValueError, SyntaxError, KeyError, TypeError, IndexError, struct.error)
_HEIF = re.compile(rb"....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL)
_AVIF = re.compile(rb"....ftypavi[fs]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Photo:
    """What the header of a picture says: media type by content, size in pixels before rotation."""

    media_type: str
    width: int
    height: int


def inspect(data: bytes) -> Photo:
    """Type and size of a complete JPEG, PNG or WebP, found without decoding a pixel.

    Raises Refused: photo_too_large (over 8 MB or 40 megapixels), photo_type (HEIC, AVIF, GIF, TIFF,
    BMP, animated WebP; params `found`, `accepted`), not_a_photo (anything else, or cut off).
    """
    if len(data) > LIMIT_BYTES:
        raise Refused.because("photo_too_large", "too many bytes", limit=LIMIT_BYTES, size=len(data))
    media_type = _media_type(data)
    if media_type not in ACCEPTED:
        raise Refused.because(
            "photo_type", f"{media_type} is not accepted", found=media_type, accepted=list(ACCEPTED)
        )
    width, height = _SIZES[media_type](data)
    if width < 1 or height < 1:
        raise not_a_photo("a picture without pixels")
    if width * height > LIMIT_PIXELS:
        raise Refused.because(
            "photo_too_large", "too many pixels", limit=LIMIT_PIXELS, width=width, height=height
        )
    return Photo(media_type, width, height)


def is_photo(data: bytes) -> bool:
    """Say whether `inspect` would take the bytes."""
    try:
        inspect(data)
    except Refused:
        return False
    return True


def stripped(data: bytes) -> bytes:
    """The same picture, upright, without EXIF, XMP, IPTC, comments and trailing bytes.

    Without re-encoding when the picture lies upright already; otherwise it is decoded, turned and
    encoded again (quality 88). Raises Refused as `inspect` does.
    """
    return cleaned(data)[1]


def cleaned(data: bytes) -> tuple[Photo, bytes]:
    """What `inspect` and `stripped` say, with the bytes walked through once less."""
    photo = inspect(data)
    return photo, _upright(data, photo)


def _upright(data: bytes, photo: Photo) -> bytes:
    if _orientation(data, photo) == 1:
        return _STRIPPED[photo.media_type](data)
    picture = _decoded(data, photo)
    try:
        turned = ImageOps.exif_transpose(picture)
    except _DAMAGE:
        return _STRIPPED[photo.media_type](data)
    return _encoded(turned, _FORMATS[photo.media_type])


def thumbnail(data: bytes, side: int = 360) -> bytes:
    """A JPEG that fits in side x side pixels, upright, without metadata; transparent parts turn white."""
    photo = inspect(data)
    picture = _opened(data, photo)
    picture.draft("RGB", (side, side))
    try:
        picture.load()
        small = picture if _orientation(data, photo) == 1 else ImageOps.exif_transpose(picture)
        small.thumbnail((side, side))
    except _DAMAGE as error:
        raise not_a_photo(f"the picture is damaged: {error}") from None
    if small.has_transparency_data:
        small = small.convert("RGBA")
        ground = Image.new("RGBA", small.size, "white")
        small = Image.alpha_composite(ground, small)
    return _encoded(small.convert("RGB"), "JPEG", quality=80)


def verified(data: bytes) -> Photo:
    """Decode the whole picture once; raises Refused (not_a_photo) if any part of it is damaged.

    Costs about 20 ms a megapixel and three bytes a pixel: work for a job, not for a request.
    """
    photo = inspect(data)
    _decoded(data, photo)
    return photo


def _media_type(data: bytes) -> str:
    if data[:3] == b"\xff\xd8\xff":
        return "image/jpeg"
    if data[:8] == photo_bytes.PNG_SIGNATURE:
        return "image/png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if _HEIF.match(data):
        return "image/heic"
    if _AVIF.match(data):
        return "image/avif"
    for start, media_type in ((b"GIF8", "image/gif"), (b"II*\0", "image/tiff"), (b"MM\0*", "image/tiff")):
        if data.startswith(start):
            return media_type
    if data[:2] == b"BM" and len(data) > 26:
        return "image/bmp"
    raise not_a_photo("no picture format recognised")


def _opened(data: bytes, photo: Photo) -> Image.Image:
    """The picture with its header read, by the one decoder that the content calls for."""
    try:
        picture = Image.open(io.BytesIO(data), formats=[_FORMATS[photo.media_type]])
    except (*_DAMAGE, Image.DecompressionBombError) as error:
        raise not_a_photo(f"unreadable header: {error}") from None
    # The limit was checked on our reading of the header; the decoder must have read the same.
    if picture.size != (photo.width, photo.height):
        raise not_a_photo("the header is ambiguous")
    return picture


def _decoded(data: bytes, photo: Photo) -> Image.Image:
    picture = _opened(data, photo)
    try:
        picture.load()
    except _DAMAGE as error:
        raise not_a_photo(f"the picture is damaged: {error}") from None
    return picture


def _orientation(data: bytes, photo: Photo) -> int:
    """EXIF (or XMP) orientation 1..8; unreadable metadata counts as upright, for it goes away anyway."""
    # The decoder reads a JPEG's metadata before the picture; those few bytes are enough to look at.
    said = photo_bytes.jpeg_head(data) if photo.media_type == "image/jpeg" else data
    if b"Exif" not in said and b"eXIf" not in said and b"EXIF" not in said and b"rientation" not in said:
        return 1
    try:
        value = _opened(data, photo).getexif().get(_ORIENTATION, 1)
    except _DAMAGE:
        return 1
    return value if value in range(1, 9) else 1


def _encoded(picture: Image.Image, form: str, quality: int = QUALITY) -> bytes:
    """Encoded with its colour profile and nothing else: the encoder copies comments from `info`."""
    profile = picture.info.get("icc_profile")
    picture.info = {}
    target = io.BytesIO()
    options = {"icc_profile": profile} if profile else {}
    picture.save(target, form, quality=quality, **options)
    return target.getvalue()
