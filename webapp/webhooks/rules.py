"""Pure decisions about webhooks: what may be subscribed, which addresses may be called, when to try again."""

from __future__ import annotations

import base64
import hmac
import re
from datetime import timedelta
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from webapp.core.errors import Problem
from webapp.core.i18n import N_

Network = IPv4Network | IPv6Network

KEEPERS = ("system_admin", "station_chief")

# What may be subscribed; each starts `webhooks.enqueue_deliveries` (webapp/reactions.py).
EVENTS = {
    "cases.reported": N_("A case was reported"),
    "cases.accepted": N_("A case was accepted"),
    "cases.file_added": N_("A photo was added to a case"),
    "cases.closed": N_("A case was closed"),
    "cases.merged": N_("A case was merged into another"),
    "cases.unmerged": N_("A merged case was taken apart again"),
    "repeats.lead_moved": N_("The leading case of a merged one moved on"),
    "areas.published": N_("A plan of grids was published"),
    "field.quarantined": N_("Something went into the quarantine"),
    "calls.placed": N_("Somebody called"),
    "calls.answered": N_("Somebody comes to a call"),
    "calls.escalated": N_("A call went up the chain"),
    "calls.finished": N_("A call was settled"),
}
PING = "webhooks.pinged"
REPLAY = "webhooks.replayed"

STATE_TITLES = {"waiting": N_("waiting"), "delivered": N_("delivered"), "dead": N_("given up")}

# Why a delivery did not arrive.
FAILURES = {
    "address_refused": N_("the address is private and not allowed"),
    "bad_url": N_("the address is not taken"),
    "certificate": N_("the certificate is not valid"),
    "connection": N_("no connection"),
    "inactive": N_("the subscription is not active"),
    "no_address": N_("the name has no address"),
    "status": N_("the answer was not a success"),
    "timeout": N_("no answer in time"),
}

# Rests between eight tries: from ten seconds to half a day, together about a day.
RESTS_S = (10, 60, 300, 1800, 7200, 21_600, 43_200)
TRIES = len(RESTS_S) + 1

URL_LIMIT = 500
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?", re.IGNORECASE)


def rest_after(attempts: int) -> timedelta | None:
    """Return how long to wait after so many tries that failed; None when it is given up."""
    return timedelta(seconds=RESTS_S[attempts - 1]) if attempts < TRIES else None


def networks(text: str) -> tuple[Network, ...]:
    """Return the networks of a comma list such as "10.0.0.0/8, fd00::/8"; raise ValueError otherwise."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def may_call(address: str, allowed: tuple[Network, ...]) -> bool:
    """Say whether an address, as a resolver gives it, may be called: public, or of an allowed network.

    An IPv4 address in an IPv6 one counts as what it is (mapped, 6to4, Teredo, NAT64 by RFC 6052).
    """
    try:
        inner = _inner(ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    if any(inner.version == network.version and inner in network for network in allowed):
        return True
    site_local = isinstance(inner, IPv6Address) and inner.is_site_local  # old, but routed in some networks
    return inner.is_global and not (inner.is_multicast or inner.is_reserved or site_local)


def _inner(found: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(found, IPv4Address):
        return found
    if found in ip_network("64:ff9b::/96") or found in ip_network("::/96"):
        return IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else found)


def parts_of(url: str) -> SplitResult | None:
    """Return the parts of an http(s) address without user, fragment or odd characters; None otherwise."""
    try:
        parts = urlsplit(url)
        good = parts.port != 0 and _well_formed(url, parts)
    except ValueError:
        return None
    return parts if good else None


def _well_formed(url: str, parts: SplitResult) -> bool:
    host = parts.hostname or ""
    named = bool(_HOST.fullmatch(host)) or _number(host)
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    return (
        named
        and plain
        and parts.scheme in ("http", "https")
        and "@" not in parts.netloc
        and not parts.fragment
    )


def _number(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def url_problems(url: str, allowed: tuple[Network, ...]) -> list[Problem]:
    """Return what is wrong with an address to call. Without TLS only allowed networks may be called."""
    parts = parts_of(url) if len(url) <= URL_LIMIT else None
    if parts is None:
        return [Problem("/url", "webhook_url")]
    if parts.scheme == "http" and not allowed:
        return [Problem("/url", "webhook_https")]
    host = parts.hostname or ""
    if _number(host) and not may_call(host, allowed):
        return [Problem("/url", "webhook_private", {"host": host})]
    return []


def event_problems(events: list[str]) -> list[Problem]:
    """Return the names that nobody can subscribe to."""
    unknown = [name for name in events if name not in EVENTS]
    if unknown or not events:
        return [Problem("/events", "not_allowed", {"allowed": ", ".join(EVENTS)})]
    return []


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the webhook-signature: HMAC-SHA256 over id.timestamp.body (Standard Webhooks 1.0, symmetric)."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()


def message_id(delivery_id: UUID) -> str:
    """Return the webhook-id: the same for each try and each replay, so that a subscriber can tell."""
    return f"msg_{delivery_id.hex}"
