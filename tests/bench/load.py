"""A load of reports over real HTTP, and the CPU that the service spent on it."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import os
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from uuid import uuid4

from PIL import Image

TICKS = os.sysconf("SC_CLK_TCK")


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


def multipart(picture: bytes, lon: float, lat: float) -> tuple[bytes, str]:
    """One batch with one report and one photo, a new id and a photo of its own each time."""
    # Behind the end mark, so that each photo has a hash of its own and is stored, as in life.
    own = picture[:-2] + b"\xff\xfe\x00\x12" + os.urandom(16) + b"\xff\xd9"
    sha = hashlib.sha256(own).hexdigest()
    now = datetime.now(UTC).isoformat()
    batch = {
        "batch_id": str(uuid4()),
        "sent_at": now,
        "client": {"name": "bench", "version": "1"},
        "reports": [
            {
                "id": str(uuid4()),
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
    head = f'--{mark}\r\nContent-Disposition: form-data; name="batch"\r\n\r\n{json.dumps(batch)}\r\n'
    part = (
        f'--{mark}\r\nContent-Disposition: form-data; name="{sha}"; filename="p.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    return (
        head + part
    ).encode() + own + f"\r\n--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"


@dataclass(frozen=True)
class Figures:
    """What one run showed; times in milliseconds."""

    clients: int
    reports: int
    seconds: float
    p50: float
    p95: float
    web_cpu: float
    database_cpu: float
    worker_cpu: float

    def line(self) -> str:
        """A row of the table."""
        return (
            f"| {self.clients} | {self.reports / self.seconds:.0f} | {self.p50:.1f} | {self.p95:.1f} "
            f"| {self.web_cpu:.2f} | {self.database_cpu:.2f} | {self.worker_cpu:.2f} |"
        )


def cpu_s(match: str) -> float:
    """CPU seconds of all live processes whose command line contains `match`."""
    total = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if match in command:
                fields = (folder / "stat").read_text().rsplit(") ", 1)[1].split()
                total += int(fields[11]) + int(fields[12]) + int(fields[13]) + int(fields[14])
        except OSError:
            continue
    return total / TICKS


def run(
    host: str, port: int, tokens: list[str], clients: int, seconds: float, box: tuple[float, ...]
) -> Figures:
    """Send reports from `clients` connections for some seconds, as fast as answers come."""
    picture = photo()
    times: list[float] = []
    lock = threading.Lock()
    end = time.monotonic() + seconds
    failures: list[str] = []

    def client(number: int) -> None:
        dice = Random(number)
        connection = http.client.HTTPConnection(host, port, timeout=30)
        own: list[float] = []
        while time.monotonic() < end:
            body, kind = multipart(picture, dice.uniform(box[0], box[2]), dice.uniform(box[1], box[3]))
            headers = {"Content-Type": kind, "Authorization": f"Bearer {tokens[number % len(tokens)]}"}
            start = time.perf_counter()
            connection.request("POST", "/api/v1/batches", body, headers)
            response = connection.getresponse()
            answer = response.read()
            own.append((time.perf_counter() - start) * 1000)
            if response.status != 200 or b'"received"' not in answer:
                failures.append(answer[:300].decode(errors="replace"))
                return
        with lock:
            times.extend(own)

    names = (
        f"gunicorn webapp.app:serve() --worker-class gthread --workers 2 --threads 256 --bind {host}:{port}",
        "postgres: ",
        "webapp.cli work",
    )
    before = [cpu_s(name) for name in names]
    started = time.monotonic()
    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - started
    spent = [(cpu_s(name) - then) * 1000 for name, then in zip(names, before, strict=True)]
    assert not failures, failures[:3]
    times.sort()
    count = len(times)
    return Figures(
        clients, count, took, times[count // 2], times[int(count * 0.95)], *(each / count for each in spent)
    )
