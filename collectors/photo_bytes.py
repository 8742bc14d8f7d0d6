"""Photo containers walked as bytes: type, size and a copy without metadata, nothing decoded.

JPEG: ITU-T T.81 annex B. PNG: W3C PNG third edition, section 5. WebP: RFC 9649.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

from collectors.records import Refused

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

# What a picture needs to look right; every other chunk can carry text, places, or private data.
_PNG_KEPT = frozenset(b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT bKGD pHYs".split())
_WEBP_KEPT = frozenset((b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ICCP"))
_VP8X_EXIF_XMP = 0x08 | 0x04

_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SCAN, _JPEG_END, _JPEG_COMMENT = 0xDA, 0xD9, 0xFE
# In coded data a marker is 0xFF and a byte that is neither stuffing (00), fill (FF) nor a restart (D0-D7).
_JPEG_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")


def not_a_photo(detail: str) -> Refused:
    """The refusal of bytes that are no complete picture."""
    return Refused.because("not_a_photo", detail)


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels from the frame header; Refused (not_a_photo) when cut or malformed."""
    sizes = set()
    for marker, start, end in _jpeg_segments(data):
        if marker in _JPEG_FRAMES:
            if end - start < 9:
                raise not_a_photo("short frame header")
            height, width = struct.unpack_from(">HH", data, start + 5)
            sizes.add((width, height))
    if len(sizes) != 1:
        raise not_a_photo("a JPEG needs exactly one frame")
    return sizes.pop()


def jpeg_head(data: bytes) -> bytes:
    """What stands before the coded picture of a JPEG that `jpeg_size` has accepted."""
    at = 2
    while data[at + 1] not in (_JPEG_SCAN, _JPEG_END):
        at += 1 if data[at + 1] == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return data[:at]


def jpeg_stripped(data: bytes) -> bytes:
    """The JPEG without APP segments (but JFIF, ICC profile, Adobe), comments and whatever follows its end."""
    kept = [b"\xff\xd8"]
    kept.extend(_jpeg_kept(marker, data[start:end]) for marker, start, end in _jpeg_segments(data))
    return b"".join(kept)


def _jpeg_kept(marker: int, segment: bytes) -> bytes:
    """The segment as it goes out; `segment` begins with its marker, content follows two length bytes."""
    content = segment[4:]
    if marker == 0xE0 and content[:5] == b"JFIF\0" and len(content) >= 14:
        # The thumbnail inside JFIF shows the picture as it was before cropping: its size becomes 0 x 0.
        return b"\xff\xe0\x00\x10" + content[:12] + b"\0\0"
    if marker == 0xE2:
        return segment if content[:12] == b"ICC_PROFILE\0" else b""
    if marker == 0xEE:
        return b"\xff\xee\x00\x0e" + content[:12] if content[:5] == b"Adobe" and len(content) >= 12 else b""
    if 0xE0 <= marker <= 0xEF or marker == _JPEG_COMMENT:
        return b""
    return segment


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of each segment after SOI up to EOI; a scan carries its coded data with it."""
    at = 2
    while True:
        while data[at : at + 2] == b"\xff\xff":
            at += 1
        if at + 2 > len(data) or data[at] != 0xFF:
            raise not_a_photo("the JPEG is cut off or damaged")
        marker = data[at + 1]
        if marker == _JPEG_END:
            yield marker, at, at + 2
            return
        if at + 4 > len(data):
            raise not_a_photo("the JPEG is cut off")
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if end < at + 4 or end > len(data):
            raise not_a_photo("a JPEG segment is cut off")
        if marker == _JPEG_SCAN:
            found = _JPEG_MARKER.search(data, end)
            if found is None:
                raise not_a_photo("the JPEG has no end")
            end = found.start()
        yield marker, at, end
        at = end


def png_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels; Refused (not_a_photo) when cut off, checksums wrong, or no picture."""
    names = []
    size = (0, 0)
    for name, start, end in _png_chunks(data):
        names.append(name)
        if name == b"IHDR" and end - start == 25:
            width, height = struct.unpack_from(">II", data, start + 8)
            size = (width, height)
    if not names or names[0] != b"IHDR" or b"IDAT" not in names or names.count(b"IHDR") != 1:
        raise not_a_photo("the PNG has no header or no picture")
    return size


def png_stripped(data: bytes) -> bytes:
    """The PNG with only the chunks that the picture needs; nothing after IEND."""
    kept = [data[start:end] for name, start, end in _png_chunks(data) if name in _PNG_KEPT]
    return PNG_SIGNATURE + b"".join(kept)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = len(PNG_SIGNATURE)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        name, end = data[at + 4 : at + 8], at + 12 + length
        if end > len(data):
            break
        if zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise not_a_photo("a PNG checksum is wrong")
        yield name, at, end
        if name == b"IEND":
            return
        at = end
    raise not_a_photo("the PNG is cut off")


def webp_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels of the canvas; Refused when cut off, animated (photo_type) or malformed."""
    chunks = {name: data[start + 8 : end] for name, start, end in _webp_chunks(data)}
    if b"ANIM" in chunks or b"ANMF" in chunks:
        raise Refused.because("photo_type", "animated pictures are not accepted", found="image/webp")
    sizes = []
    if (head := chunks.get(b"VP8X")) is not None and len(head) >= 10:
        sizes.append((1 + int.from_bytes(head[4:7], "little"), 1 + int.from_bytes(head[7:10], "little")))
    if (head := chunks.get(b"VP8 ")) is not None and head[3:6] == b"\x9d\x01\x2a" and len(head) >= 10:
        width, height = struct.unpack_from("<HH", head, 6)
        sizes.append((width & 0x3FFF, height & 0x3FFF))
    elif (head := chunks.get(b"VP8L")) is not None and head[:1] == b"\x2f" and len(head) >= 5:
        bits = int.from_bytes(head[1:5], "little")
        sizes.append((1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)))
    else:
        raise not_a_photo("the WebP has no picture")
    if len(set(sizes)) != 1:
        raise not_a_photo("the WebP contradicts itself about its size")
    return sizes[0]


def webp_stripped(data: bytes) -> bytes:
    """The WebP without EXIF, XMP and unknown chunks, with the flags of its VP8X header set right."""
    kept = []
    for name, start, end in _webp_chunks(data):
        chunk = data[start:end]
        if name == b"VP8X":
            chunk = chunk[:8] + bytes([chunk[8] & ~_VP8X_EXIF_XMP]) + chunk[9:]
        if name in _WEBP_KEPT:
            kept.append(chunk + b"\0" * (len(chunk) % 2))
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(name, start, end) of each chunk, padding byte left out."""
    stop = 8 + int.from_bytes(data[4:8], "little")
    if stop > len(data):
        raise not_a_photo("the WebP is cut off")
    at = 12
    while at + 8 <= stop:
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        if end > stop:
            raise not_a_photo("a WebP chunk is cut off")
        yield data[at : at + 4], at, end
        at = end + (end - at) % 2
