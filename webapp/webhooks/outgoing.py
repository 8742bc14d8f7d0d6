"""One POST to an address of somebody's choosing, made so that it can reach nothing that it should not.

The name is resolved once, every address is checked, and the connection goes to the checked address itself:
a name that answers differently the second time gains nothing. No redirects, no proxies, one deadline.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Timer
from typing import Any
from urllib.parse import SplitResult

from webapp.webhooks.rules import Network, may_call, parts_of

CONNECT_S = 4.0
# Below the 15 s after which the database ends a transaction that waits.
DEADLINE_S = 9.0
ANSWER_LIMIT = 64 * 1024

Resolve = Callable[..., list[Any]]


class Undelivered(Exception):
    """The message did not arrive: `code` is one of rules.FAILURES, `status` the answer's if there was one."""

    def __init__(self, code: str, status: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allowed: tuple[Network, ...],
    authority: str = "",
    resolve: Resolve = socket.getaddrinfo,
    deadline_s: float = DEADLINE_S,
) -> int:
    """Send `body` and return the status, 200 to 299; raise Undelivered otherwise.

    `allowed` are private networks that may be called all the same, without TLS too. `authority` is the file
    of a certificate authority that is trusted instead of the system's.
    """
    parts = parts_of(url)
    if parts is None or (parts.scheme == "http" and not allowed):
        raise Undelivered("bad_url")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = _checked(parts.hostname or "", port, allowed, resolve, plain=parts.scheme == "http")
    try:
        with _connected(address, port, deadline_s) as raw:
            status = _asked(_secured(raw, parts, authority), parts, body, headers)
    except ssl.SSLCertVerificationError as error:
        raise Undelivered("certificate") from error
    except TimeoutError as error:
        raise Undelivered("timeout") from error
    except (OSError, http.client.HTTPException) as error:
        raise Undelivered("connection") from error
    if not 200 <= status < 300:
        raise Undelivered("status", status)
    return status


def _checked(host: str, port: int, allowed: tuple[Network, ...], resolve: Resolve, *, plain: bool) -> str:
    """Return the first address of a name; raise Undelivered when any of them may not be called."""
    try:
        found = [str(item[4][0]) for item in resolve(host, port, 0, socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise Undelivered("no_address") from error
    if not found:
        raise Undelivered("no_address")
    for address in found:
        inside = any(may_call(address, (network,)) and not may_call(address, ()) for network in allowed)
        if not (inside if plain else may_call(address, allowed)):
            raise Undelivered("address_refused")
    return found[0]


@contextmanager
def _connected(address: str, port: int, deadline_s: float) -> Iterator[socket.socket]:
    """Open a connection and cut it when the deadline is over, however slowly the other side drips."""
    raw = socket.create_connection((address, port), timeout=min(CONNECT_S, deadline_s))
    raw.settimeout(deadline_s)
    guard, over = raw.dup(), Event()
    cut = Timer(deadline_s, _cut, (guard, over))
    cut.daemon = True
    cut.start()
    try:
        yield raw
    except (OSError, http.client.HTTPException) as error:
        if over.is_set():
            raise TimeoutError from error
        raise
    finally:
        cut.cancel()
        guard.close()
        raw.close()
    # An answer that was cut in its headers looks whole.
    if over.is_set():
        raise TimeoutError


def _cut(guard: socket.socket, over: Event) -> None:
    over.set()
    with contextlib.suppress(OSError):
        guard.shutdown(socket.SHUT_RDWR)


def _secured(raw: socket.socket, parts: SplitResult, authority: str) -> socket.socket:
    """Return the connection under TLS, the certificate checked against the name that was asked for."""
    if parts.scheme == "http":
        return raw
    context = ssl.create_default_context(cafile=authority or None)
    return context.wrap_socket(raw, server_hostname=parts.hostname)


def _asked(connection: socket.socket, parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> int:
    """Send the request over an open connection; return the answer's status, its words are not kept."""
    http_connection = http.client.HTTPConnection(parts.netloc.rpartition("@")[2] or "-")
    http_connection.sock = connection
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    http_connection.putrequest("POST", target, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": parts.netloc, **headers, "Content-Length": str(len(body))}.items():
        http_connection.putheader(name, value)
    http_connection.endheaders(body)
    answer = http_connection.getresponse()
    answer.read(ANSWER_LIMIT)
    status = answer.status
    http_connection.close()
    return status
