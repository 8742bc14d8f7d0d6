"""Phones that send reports over real HTTP: one cheap loop, to take little from the service it measures."""

from __future__ import annotations

import hashlib
import io
import json
import os
import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from uuid import uuid4

from PIL import Image

PATIENCE_S = 60.0


def photo(size: int = 200_000, seed: int = 1) -> bytes:
    """A JPEG of about `size` bytes, as a phone sends it."""
    dice = Random(seed)
    noise = Image.frombytes("L", (200, 150), dice.randbytes(30_000)).resize(
        (1600, 1200), Image.Resampling.BICUBIC
    )
    out = io.BytesIO()
    for quality in range(30, 96, 5):
        out = io.BytesIO()
        Image.merge("RGB", (noise, noise.rotate(90).resize(noise.size), noise)).save(
            out, "JPEG", quality=quality
        )
        if out.tell() >= size:
            break
    return out.getvalue()


@dataclass(frozen=True)
class Sending:
    """One whole request; the middle of the photo is shared in memory, on the wire each has its own bytes.

    `status` and `words` are what an answer must have.
    """

    status: bytes
    words: tuple[bytes, ...]
    head: bytes
    middle: bytes
    tail: bytes


def sendings(tokens: list[str], box: tuple[float, ...], seed: int = 1) -> Iterator[Sending]:
    """Requests with one report and one photo each; id and photo are new each time, `tokens` take turns."""
    dice = Random(seed)
    picture = photo()[:-2]
    begun = hashlib.sha256(picture)
    number = 0
    while True:
        # A comment before the end mark, so that each photo has a hash of its own and is stored, as in life.
        own = b"\xff\xfe\x00\x12" + os.urandom(16) + b"\xff\xd9"
        whole = begun.copy()
        whole.update(own)
        place = dice.uniform(box[0], box[2]), dice.uniform(box[1], box[3])
        yield _sending(tokens[number % len(tokens)], place, picture, own, whole.hexdigest())
        number += 1


def _sending(token: str, place: tuple[float, float], picture: bytes, own: bytes, sha: str) -> Sending:
    (lon, lat), now, report = place, datetime.now(UTC).isoformat(), str(uuid4())
    batch = {
        "batch_id": str(uuid4()),
        "sent_at": now,
        "client": {"name": "bench", "version": "1"},
        "reports": [
            {
                "id": report,
                "class_code": "flying_wire",
                "answers": {"building_kind": "multi_storey", "wires": 2, "seen_charging": True},
                "place": {"lon": lon, "lat": lat, "crs": "wgs84", "accuracy_m": 12, "method": "gps"},
                "found_at": now,
                "note": "压力测试",
                "files": [{"sha256": sha, "name": "p.jpg", "media_type": "image/jpeg", "kind": "photo"}],
            }
        ],
    }
    mark = "b" + uuid4().hex
    begin = (
        f'--{mark}\r\nContent-Disposition: form-data; name="batch"\r\n\r\n{json.dumps(batch)}\r\n'
        f'--{mark}\r\nContent-Disposition: form-data; name="{sha}"; filename="p.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    ).encode()
    tail = own + f"\r\n--{mark}--\r\n".encode()
    head = (
        "POST /api/v1/batches HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: identity\r\n"
        f"Content-Length: {len(begin) + len(picture) + len(tail)}\r\n"
        f"Content-Type: multipart/form-data; boundary={mark}\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()
    return Sending(b"200", (b'"received"', report.encode()), head + begin, picture, tail)


@dataclass
class Outcome:
    """What became of the sendings; times in milliseconds, from the first byte sent to the last one read."""

    times: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0
    cpu_s: float = 0.0


class _Phone:
    """One connection, kept alive: sends, waits for the answer, sends the next."""

    def __init__(self, host: str, port: int, waiting: Iterator[Sending], outcome: Outcome) -> None:
        self.socket = socket.create_connection((host, port), timeout=PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.waiting, self.outcome = waiting, outcome
        self.left: list[memoryview] = []
        self.answer = b""
        self.sending: Sending | None = None
        self.start = 0.0

    def begin(self, stop_at: float) -> bool:
        """Take the next sending; False when there is none or the time is over."""
        sending = next(self.waiting, None) if time.monotonic() < stop_at else None
        if sending is None:
            return False
        self.left = [memoryview(part) for part in (sending.head, sending.middle, sending.tail)]
        self.answer, self.sending, self.start = b"", sending, time.perf_counter()
        return True

    def send(self) -> bool:
        """Send what the kernel takes; True when all is sent."""
        try:
            count = self.socket.sendmsg(self.left)
        except BlockingIOError:
            return False
        while self.left and count >= len(self.left[0]):
            count -= len(self.left.pop(0))
        if self.left:
            self.left[0] = self.left[0][count:]
        return not self.left

    def read(self) -> bool:
        """Read what has come; True when the answer is whole, and noted."""
        got = self.socket.recv(65536)
        self.answer += got
        head, found, body = self.answer.partition(b"\r\n\r\n")
        if got and (not found or len(body) < _length(head)):
            return False
        self.outcome.times.append((time.perf_counter() - self.start) * 1000)
        wanted = self.sending
        if not (wanted and head[9:12] == wanted.status and all(words in body for words in wanted.words)):
            said = self.answer[:500].decode(errors="replace")
            self.outcome.failures.append(said or "closed without an answer")
        return True


def _length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    return int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


def send_all(host: str, port: int, waiting: Iterator[Sending], clients: int, seconds: float) -> Outcome:
    """Send from `clients` connections until nothing waits, the time is over, or something failed."""
    outcome = Outcome()
    watch = selectors.DefaultSelector()
    stop_at, cpu, start = time.monotonic() + seconds, time.process_time(), time.perf_counter()
    for _ in range(clients):
        phone = _Phone(host, port, waiting, outcome)
        if phone.begin(stop_at):
            watch.register(phone.socket, selectors.EVENT_WRITE, phone)
    while watch.get_map():
        ready = watch.select(PATIENCE_S)
        if not ready:
            outcome.failures.append(f"no answer for {PATIENCE_S} s")
            break
        for key, events in ready:
            _turn(watch, key.data, events, stop_at)
    outcome.seconds, outcome.cpu_s = time.perf_counter() - start, time.process_time() - cpu
    watch.close()
    return outcome


def _turn(watch: selectors.BaseSelector, phone: _Phone, events: int, stop_at: float) -> None:
    """Go one step with a phone whose connection is ready."""
    if events & selectors.EVENT_WRITE:
        if phone.send():
            watch.modify(phone.socket, selectors.EVENT_READ, phone)
        return
    if not phone.read():
        return
    failed = len(phone.outcome.failures)
    if failed == 0 and phone.begin(stop_at):
        if phone.send():
            return
        watch.modify(phone.socket, selectors.EVENT_WRITE, phone)
        return
    watch.unregister(phone.socket)
    phone.socket.close()
