"""Changes to the register of addresses; each records one event."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid5

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp.addresses import rules
from webapp.addresses.models import Address
from webapp.core.actor import Actor
from webapp.core.db import table_of
from webapp.core.events import record

_ADDRESS = table_of(Address)
_KEPT = insert(_ADDRESS)
_MOVED = _KEPT.on_conflict_do_update(
    index_elements=["station_id", "normal"],
    set_={name: _KEPT.excluded[name] for name in ("text", "geom", "source", "keys")},
)


def keep_addresses(
    session: Session, found: Sequence[tuple[str, float, float]], *, source: str, by: Actor
) -> int:
    """Keep addresses (text, lon, lat in WGS 84) of a register; the same address again moves to its new place.

    Unit and room are left off, so that buildings and not homes are kept. Returns how many different addresses
    the list had.
    """
    rows: dict[UUID, dict[str, object]] = {}
    for text, lon, lat in found:
        part = rules.address(text)
        if not part.keys:
            continue
        normal = "/".join((part.community, part.road, part.house, part.compound, part.building, part.grid))
        # An address has the same id on each machine: importing a list twice changes nothing.
        key = uuid5(by.station_id, normal)
        rows[key] = {
            "id": key,
            "station_id": by.station_id,
            "text": rules.outer(text),
            "normal": normal,
            "community": part.community,
            "road": part.road,
            "site": part.site,
            "building": part.building,
            "keys": [key for _precision, key in part.keys],
            "geom": f"SRID=4326;POINT({lon!r} {lat!r})",
            "source": source[:60],
        }
    kept = list(rows.values())
    if kept:
        session.execute(_MOVED, kept)
    record(session, "addresses.kept", kind="station", subject=by.station_id, by=by, count=len(kept))
    return len(kept)
