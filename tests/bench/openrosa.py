"""Filled forms with a photo, as a form app sends them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from uuid import uuid4

from tests.bench.phones import Sending, photo


def sendings(tokens: list[str], box: tuple[float, ...], seed: int = 1) -> Iterator[Sending]:
    """Submissions with one photo each; id and photo are new each time, `tokens` in the path take turns."""
    dice = Random(seed)
    picture = photo()[:-2]
    number = 0
    while True:
        # A comment before the end mark, so that each photo has a hash of its own and is stored, as in life.
        own = b"\xff\xfe\x00\x12" + os.urandom(16) + b"\xff\xd9"
        place = dice.uniform(box[0], box[2]), dice.uniform(box[1], box[3])
        yield _sending(tokens[number % len(tokens)], place, picture, own)
        number += 1


def _sending(token: str, place: tuple[float, float], picture: bytes, own: bytes) -> Sending:
    (lon, lat), now = place, datetime.now(UTC).isoformat(timespec="milliseconds")
    xml = (
        f'<data id="flying_wire" version="1"><place>{lat:.7f} {lon:.7f} 0 12</place>'
        "<answers><building_kind>multi_storey</building_kind><wires>2</wires>"
        "<seen_charging>yes</seen_charging></answers><photos><photo_1>p.jpg</photo_1></photos>"
        f"<found_at>{now}</found_at><note>压力测试</note>"
        f"<meta><instanceID>uuid:{uuid4()}</instanceID></meta></data>"
    )
    mark = "b" + uuid4().hex
    begin = (
        f'--{mark}\r\nContent-Disposition: form-data; name="xml_submission_file"; filename="f.xml"\r\n'
        f"Content-Type: text/xml\r\n\r\n{xml}\r\n"
        f'--{mark}\r\nContent-Disposition: form-data; name="p.jpg"; filename="p.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    ).encode()
    tail = own + f"\r\n--{mark}--\r\n".encode()
    head = (
        f"POST /or/{token}/submission HTTP/1.1\r\nHost: 127.0.0.1\r\nX-OpenRosa-Version: 1.0\r\n"
        f"Content-Length: {len(begin) + len(picture) + len(tail)}\r\n"
        f"Content-Type: multipart/form-data; boundary={mark}\r\n\r\n"
    ).encode()
    return Sending(b"201", (b"OpenRosaResponse",), head + begin, picture, tail)
