"""Checks the hash chain over events, with its own copy of the rule that made it."""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

# Chain, serial, the row as it stands now, and the hash that was linked at its commit.
_LINKS = text("""
    SELECT l.chain, l.seq, l.hash, l.event_id, e.id, e.station_id, e.at, e.name, e.subject_kind, e.subject_id,
           e.grid_id, e.by_id, e.data::text AS data
    FROM audit.link l LEFT JOIN app.event e ON e.id = l.event_id ORDER BY l.chain, l.seq""")
_UNLINKED = text("""
    SELECT e.id FROM app.event e LEFT JOIN audit.link l ON l.event_id = e.id
    WHERE l.event_id IS NULL ORDER BY e.id""")


@dataclass(frozen=True)
class Break:
    """Where the chain does not hold: `kind` is altered, deleted, gap, unlinked, truncated or rewritten."""

    kind: str
    chain: str
    seq: int | None
    event_id: int | None


def verify(connection: Connection, heads: dict[str, Any] | None = None) -> tuple[int, list[Break]]:
    """Return how many links were checked, and every break.

    `heads` are those of an earlier time (`read_seal`): a chain that is shorter now, or has another hash
    at that serial, was cut or rewritten. `connection` must act as the owner.
    """
    breaks: list[Break] = []
    then: dict[str, str] = {}
    count, chain, seq, previous = 0, "", 0, b""
    for row in connection.execute(_LINKS):
        count += 1
        if str(row.chain) != chain:
            chain, seq, previous = str(row.chain), 0, b""
        breaks += _link_breaks(row, seq, previous)
        seq, previous = row.seq, bytes(row.hash)
        if heads and heads.get(chain, {}).get("seq") == seq:
            then[chain] = previous.hex()
    breaks += [Break("unlinked", "", None, row.id) for row in connection.execute(_UNLINKED)]
    for name, head in (heads or {}).items():
        if then.get(name) != head["hash"]:
            breaks.append(Break("truncated" if name not in then else "rewritten", name, head["seq"], None))
    return count, breaks


def _link_breaks(row: Any, seq: int, previous: bytes) -> Iterator[Break]:
    """Tell what is wrong with one link, given the one before."""
    if row.seq != seq + 1:
        yield Break("gap", str(row.chain), row.seq, row.event_id)
    elif row.id is None:
        yield Break("deleted", str(row.chain), row.seq, row.event_id)
    elif sha256(previous + canonical(row).encode()).digest() != bytes(row.hash):
        yield Break("altered", str(row.chain), row.seq, row.event_id)


def canonical(row: Any) -> str:
    """Return the text of an event that is hashed (the rule stands in migrations/sql/0001/audit.sql too)."""
    at = row.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    parts = (
        row.id,
        row.station_id,
        at,
        row.name,
        row.subject_kind,
        row.subject_id,
        row.grid_id or "-",
        row.by_id or "-",
    )
    return "|".join([*map(str, parts), row.data])


def heads(connection: Connection) -> dict[str, Any]:
    """Return the present end of each chain: serial and hash."""
    rows = connection.execute(text("SELECT chain, seq, hash FROM audit.head ORDER BY chain"))
    return {str(row.chain): {"seq": row.seq, "hash": bytes(row.hash).hex()} for row in rows}


def write_seal(path: Path, ends: dict[str, Any], key: bytes, at: datetime) -> None:
    """Append the chains' ends, signed, to a file that is kept (and copied) apart from the database."""
    body = json.dumps({"at": at.isoformat(), "heads": ends}, sort_keys=True)
    mark = hmac.new(key, body.encode(), sha256).hexdigest()
    torn = path.exists() and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" * torn + json.dumps({"body": body, "mac": mark}) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_seal(path: Path, key: bytes) -> dict[str, Any] | None:
    """Return the ends of the newest seal, None without one. Raises ValueError for a forged seal.

    A last line without its end was torn by a power cut: it was never told to anybody, the one before counts.
    """
    whole, _end, _torn = (path.read_text(encoding="utf-8") if path.exists() else "").rpartition("\n")
    lines = whole.splitlines()
    if not lines:
        return None
    try:
        line = json.loads(lines[-1])
        body, mark = str(line["body"]), str(line["mac"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError("the last line is no seal") from error
    if not hmac.compare_digest(mark.encode(), hmac.new(key, body.encode(), sha256).hexdigest().encode()):
        raise ValueError("the seal does not fit its key")
    found: dict[str, Any] = json.loads(body)["heads"]
    return found
