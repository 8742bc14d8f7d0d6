"""The one request that leaves the house reaches what it should and nothing else."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.webapp.webhooks.receiver import Receiver, make_certificate
from webapp.webhooks import outgoing, rules
from webapp.webhooks.outgoing import Undelivered

HERE = rules.networks("127.0.0.0/8")

FORBIDDEN = (
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1",
    "::1", "fec0::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:a00:1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1",
    "2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2130706433", "0177.0.0.1", "0x7f.1", "127.1", "", "localhost", "1.2.3.4.5",
)  # fmt: skip
OPEN = ("1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "2002:808:808::1")


@pytest.mark.parametrize("address", FORBIDDEN)
def test_private_and_odd_addresses_are_not_called(address: str) -> None:
    assert not rules.may_call(address, ())


@pytest.mark.parametrize("address", OPEN)
def test_public_addresses_are(address: str) -> None:
    assert rules.may_call(address, ())


def test_an_allowed_network_opens_itself_only() -> None:
    allowed = rules.networks("10.20.0.0/16, fd00:1::/32")
    assert rules.may_call("10.20.3.4", allowed)
    assert rules.may_call("::ffff:10.20.3.4", allowed)
    assert rules.may_call("fd00:1::5", allowed)
    assert not rules.may_call("10.21.0.1", allowed)
    assert not rules.may_call("127.0.0.1", allowed)


URLS = {
    "ftp://example.org/": "webhook_url",
    "file:///etc/passwd": "webhook_url",
    "https://": "webhook_url",
    "https://user:word@example.org/": "webhook_url",
    "https://example.org\\@127.0.0.1/": "webhook_url",
    "https://example.org/a b": "webhook_url",
    "https://example.org/\r\nX: 1": "webhook_url",
    "https://example.org:99999/": "webhook_url",
    "https://example.org:0/": "webhook_url",
    "https://例子.cn/": "webhook_url",
    "https://[::1/": "webhook_url",
    "https://example.org/#x": "webhook_url",
    "https://" + "a" * 600 + ".org/": "webhook_url",
    "http://example.org/": "webhook_https",
    "https://127.0.0.1/": "webhook_private",
    "https://[::ffff:10.0.0.1]/": "webhook_private",
    "https://169.254.169.254/latest/": "webhook_private",
}


@pytest.mark.parametrize("url", URLS)
def test_addresses_that_are_not_taken(url: str) -> None:
    assert [p.code for p in rules.url_problems(url, ())] == [URLS[url]]


def test_addresses_that_are_taken() -> None:
    for url in ("https://example.org/hook?a=1", "https://example.org:8443", "https://[2606:4700::1]/"):
        assert rules.url_problems(url, ()) == []
    assert rules.url_problems("http://127.0.0.1:8080/x", HERE) == []


def answering(*addresses: str) -> Any:
    """Return a resolver that gives these addresses, one list a call."""
    calls: list[str] = []

    def resolve(host: str, port: int, *_more: object) -> list[Any]:
        calls.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    resolve.calls = calls  # type: ignore[attr-defined]
    return resolve


@pytest.mark.parametrize(
    "addresses",
    [("127.0.0.1",), ("::ffff:127.0.0.1",), ("8.8.8.8", "10.0.0.1"), ("2130706433",), ("0x7f000001",), ()],
)
def test_a_name_that_leads_inside_is_refused_before_anything_is_sent(addresses: tuple[str, ...]) -> None:
    with pytest.raises(Undelivered) as refused:
        outgoing.post("https://example.org/", b"{}", {}, allowed=(), resolve=answering(*addresses))
    assert refused.value.code == ("address_refused" if addresses else "no_address")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    if made.server:
        made.stop()


def test_the_checked_address_is_the_one_that_is_called(receiver: Receiver) -> None:
    """DNS rebinding: the name is asked once; what it would answer later is of no use."""
    receiver.start()
    resolve = answering("127.0.0.1")
    url = f"http://hook.test:{receiver.port}/in?a=1"
    assert outgoing.post(url, b"{}", {"X-A": "b"}, allowed=HERE, resolve=resolve) == 200
    [message] = receiver.got
    assert resolve.calls == ["hook.test"]
    assert (message.path, message.headers["host"]) == ("/in?a=1", f"hook.test:{receiver.port}")
    assert (message.body, message.headers["x-a"]) == (b"{}", "b")


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost"])
def test_other_spellings_of_the_own_machine_are_refused(receiver: Receiver, host: str) -> None:
    """The system's own resolver understands them; its answer is what is checked."""
    receiver.start()
    with pytest.raises(Undelivered) as refused:
        outgoing.post(f"https://{host}:{receiver.port}/", b"{}", {}, allowed=())
    assert refused.value.code in ("address_refused", "no_address")
    assert receiver.got == []


def test_without_tls_only_allowed_networks_are_called() -> None:
    for allowed, code in (((), "bad_url"), (HERE, "address_refused")):
        with pytest.raises(Undelivered) as refused:
            outgoing.post("http://hook.test/", b"{}", {}, allowed=allowed, resolve=answering("8.8.8.8"))
        assert refused.value.code == code


def test_tls_checks_the_name_not_the_number(receiver: Receiver, tmp_path: Path) -> None:
    made = make_certificate(tmp_path, "hook.test")
    receiver.start(made)
    authority, resolve = str(made[0]), answering("127.0.0.1")
    good = f"https://hook.test:{receiver.port}/"
    assert outgoing.post(good, b"{}", {}, allowed=HERE, authority=authority, resolve=resolve) == 200
    for url, trusted in ((good, ""), (good.replace("hook.test", "other.test"), authority)):
        with pytest.raises(Undelivered) as refused:
            outgoing.post(url, b"{}", {}, allowed=HERE, authority=trusted, resolve=resolve)
        assert refused.value.code == "certificate"
    assert len(receiver.got) == 1


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.start()
    receiver.answers, receiver.location = [302], f"http://127.0.0.1:{receiver.port}/secret"
    with pytest.raises(Undelivered) as refused:
        outgoing.post(f"http://127.0.0.1:{receiver.port}/", b"{}", {}, allowed=HERE)
    assert (refused.value.code, refused.value.status) == ("status", 302)
    assert [m.path for m in receiver.got] == ["/"]


def test_an_answer_that_drips_for_ever_is_cut_at_the_deadline(receiver: Receiver) -> None:
    receiver.drip_s = 0.1
    receiver.start()
    began = time.monotonic()
    with pytest.raises(Undelivered) as refused:
        outgoing.post(f"http://127.0.0.1:{receiver.port}/", b"{}", {}, allowed=HERE, deadline_s=1.0)
    assert refused.value.code == "timeout"
    assert time.monotonic() - began < 30  # for ever, without the deadline


def test_a_closed_port_and_a_deaf_one() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        with pytest.raises(Undelivered) as refused:
            outgoing.post(f"http://127.0.0.1:{port}/", b"{}", {}, allowed=HERE)
        assert refused.value.code == "connection"
        probe.listen()
        with pytest.raises(Undelivered) as deaf:
            outgoing.post(f"http://127.0.0.1:{port}/", b"{}", {}, allowed=HERE, deadline_s=0.5)
        assert deaf.value.code == "timeout"


def test_the_signature_is_the_standards() -> None:
    """Figures of the specification's own example library (Standard Webhooks 1.0)."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    made = rules.signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_eight_tries_over_about_a_day() -> None:
    rests = [rules.rest_after(n) for n in range(1, rules.TRIES + 1)]
    assert rests[-1] is None
    whole = sum(rest.total_seconds() for rest in rests if rest)
    assert 0.8 * 86400 < whole < 1.2 * 86400
    assert all(a < b for a, b in itertools.pairwise(rests) if a and b)
