"""A slow phone holds nothing that others need while it sends."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import pytest
from werkzeug.test import EnvironBuilder


@pytest.mark.slow
def test_no_transaction_is_open_while_a_body_is_on_its_way(service, superuser, token_for, sample_report):
    builder = EnvironBuilder(path="/api/v1/batches", method="POST", data=sample_report("A1").form())
    environ = builder.get_environ()
    body = environ["wsgi.input"].read()
    at = urlsplit(service.url)
    head = (
        f"POST /api/v1/batches HTTP/1.1\r\nHost: {at.netloc}\r\nConnection: close\r\n"
        f"Authorization: Bearer {token_for('t.volunteer')}\r\n"
        f"Content-Type: {environ['CONTENT_TYPE']}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((at.hostname, at.port), timeout=60) as phone:
        phone.sendall(head.encode() + body[: len(body) // 2])
        time.sleep(1.5)
        with superuser.cursor() as cursor:
            # The web role hides what it does; that a transaction is open shows by its own lock.
            cursor.execute(
                "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
                "WHERE l.locktype = 'virtualxid' AND a.datname = current_database() "
                "AND a.usename = 'shuangge_web'"
            )
            assert cursor.fetchone() == (0,)
        phone.sendall(body[len(body) // 2 :])
        answer = b""
        while chunk := phone.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"received"' in answer
