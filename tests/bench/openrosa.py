"""A load of OpenRosa submissions with a photo over real HTTP, and the CPU that the service spent on it."""

from __future__ import annotations

import http.client
import os
import threading
import time
from datetime import UTC, datetime
from random import Random
from uuid import uuid4

from tests.bench.load import Figures, cpu_s, photo

HEADINGS = [
    "| clients | submissions/s | p50 ms | p95 ms | CPU ms each: web | database | worker (thumbnails) |",
    "|---|---|---|---|---|---|---|",
]


def submission(picture: bytes, lon: float, lat: float) -> tuple[bytes, str]:
    """Return the multipart body and its content type of one filled form, a new id and a photo of its own."""
    # Behind the end mark, so that each photo has a hash of its own and is stored, as in life.
    own = picture[:-2] + b"\xff\xfe\x00\x12" + os.urandom(16) + b"\xff\xd9"
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    xml = (
        f'<data id="flying_wire" version="1"><place>{lat:.7f} {lon:.7f} 0 12</place>'
        "<answers><building_kind>multi_storey</building_kind><wires>2</wires>"
        "<seen_charging>yes</seen_charging></answers><photos><photo_1>p.jpg</photo_1></photos>"
        f"<found_at>{now}</found_at><note>压力测试</note>"
        f"<meta><instanceID>uuid:{uuid4()}</instanceID></meta></data>"
    )
    mark = "b" + uuid4().hex
    head = (
        f'--{mark}\r\nContent-Disposition: form-data; name="xml_submission_file"; filename="f.xml"\r\n'
        f"Content-Type: text/xml\r\n\r\n{xml}\r\n"
        f'--{mark}\r\nContent-Disposition: form-data; name="p.jpg"; filename="p.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    return head.encode() + own + f"\r\n--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"


def run(
    host: str, port: int, tokens: list[str], clients: int, seconds: float, box: tuple[float, ...]
) -> Figures:
    """Send filled forms from `clients` connections for some seconds, as fast as answers come."""
    picture = photo()
    times: list[float] = []
    failures: list[str] = []
    lock = threading.Lock()
    end = time.monotonic() + seconds

    def client(number: int) -> None:
        dice = Random(number)
        connection = http.client.HTTPConnection(host, port, timeout=30)
        path = f"/or/{tokens[number % len(tokens)]}/submission"
        own: list[float] = []
        while time.monotonic() < end:
            body, kind = submission(picture, dice.uniform(box[0], box[2]), dice.uniform(box[1], box[3]))
            start = time.perf_counter()
            connection.request("POST", path, body, {"Content-Type": kind, "X-OpenRosa-Version": "1.0"})
            response = connection.getresponse()
            answer = response.read()
            own.append((time.perf_counter() - start) * 1000)
            if response.status != 201:
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
    web, database, worker = (each / count for each in spent)
    return Figures(clients, count, took, times[count // 2], times[int(count * 0.95)], web, database, worker)


def table(host: str, port: int, tokens: list[str], box: tuple[float, ...]) -> list[str]:
    """Return the rows for 1 and 16 clients."""
    run(host, port, tokens, 2, 3, box)  # warm
    return [*HEADINGS, *(run(host, port, tokens, clients, 15, box).line() for clients in (1, 16))]
