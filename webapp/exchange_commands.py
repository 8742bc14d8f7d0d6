"""Commands about what leaves and enters in bulk: registers, signed packages, the origin of a file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import click
from sqlalchemy.orm import Session

from collectors import packages, register_files
from collectors.records import Refused as Unreadable
from collectors.register_columns import READABLE
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.config import Settings, load
from webapp.core.errors import Problem, Refused
from webapp.core.files import FolderStore
from webapp.core.queue import MACHINE
from webapp.exchange import actions, queries
from webapp.exchange.rules import STORE
from webapp.field.imports import owner, station_id
from webapp.parcels import actions as parcels
from webapp.parcels.rules import CONTENTS, grouped

FORMS = {"gpkg": "geopackage"}


@contextmanager
def _at(station: str) -> Iterator[tuple[Settings, Session, FolderStore, Actor]]:
    """Open a transaction as the machine of a station, for the administrator."""
    settings = load(os.environ)
    home = station_id(settings, station)
    with owner(settings, home) as session:
        yield settings, session, FolderStore(settings.blobs_dir), Actor(home, MACHINE)


def take_out(file: Path, *, kind: str, form: str, station: str, crs: str, reason: str) -> int:
    """Write a register of a station to a file; return how many rows."""
    with _at(station) as (settings, session, blobs, by):
        item = actions.ask_export(
            session, uuid4(), kind=kind, form=FORMS.get(form, form), wanted={}, reason=reason, crs=crs, by=by
        )
        actions.make_export(session, blobs, item, hours=settings.export_hours, by=by)
        with blobs.apart(STORE).opened(item.sha256 or "") as source, file.open("wb") as target:
            shutil.copyfileobj(source, target)
        return item.rows


def bring_in(file: Path, *, kind: str, station: str, source: str, crs: str | None, choice: str) -> str:
    """Enter the rows of a file into a register of a station; return a line about it. Raises Refused."""
    with _at(station) as (_settings, session, blobs, by):
        item = actions.look_at_import(
            session, blobs, uuid4(), kind=kind, data=file.read_bytes(), name=file.name, source=source,
            crs=crs or "wgs84", by=by,
        )  # fmt: skip
        done = actions.take_import(session, blobs, item, choice=choice, by=by).result or {}
    return f"{kind}: {done.get('new')} new, {done.get('known')} known, {done.get('left_out')} left out"


@click.group()
def exchange() -> None:
    """Signed packages between networks that are kept apart; where a leaked export came from."""


@exchange.command()
def key() -> None:
    """Print our public key and its fingerprint."""
    own = packages.public_key(load(os.environ).secret("exchange.key"))
    click.echo(f"key          {own.hex()}\nfingerprint  {grouped(packages.fingerprint(own))}")


@exchange.command()
@click.argument("public_key")
@click.option("--station", required=True, help="Code of the station.")
@click.option("--name", required=True, help="Name of the partner.")
def trust(public_key: str, station: str, name: str) -> None:
    """Believe packages that were signed with a key; compare its fingerprint by telephone first."""
    with _at(station) as (_settings, session, _blobs, by):
        added = parcels.add_partner(session, uuid4(), name=name, public_key=public_key, by=by)
    click.echo(f"{added.name}: {grouped(added.fingerprint)}")


@exchange.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--station", required=True, help="Code of the station.")
@click.option(
    "--content", "contents", multiple=True, type=click.Choice(CONTENTS), help="Several may be named."
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First day (China time).")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="First day that is no longer meant.")
def pack(
    file: Path, station: str, contents: tuple[str, ...], since: datetime | None, until: datetime | None
) -> None:
    """Pack what was reported, signed with our key."""
    first, last = (day and day.replace(tzinfo=clock.SHOWN) for day in (since, until))
    with _at(station) as (settings, session, blobs, by):
        item = parcels.pack(
            session, blobs, uuid4(), contents=contents or ("reports", "attachments"), since=first,
            until=last, seed=settings.secret("exchange.key"), by=by,
        )  # fmt: skip
        _copied(blobs, item.sha256, file)
    click.echo(f"{file}: {item.counts}")


@exchange.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--station", required=True, help="Code of the station.")
@click.option("--receipt", type=click.Path(dir_okay=False, path_type=Path), help="Where the receipt goes.")
def take(file: Path, station: str, receipt: Path | None) -> None:
    """Take a package, or the receipt for one of ours."""
    with _at(station) as (settings, session, blobs, by):
        item = parcels.bring(session, blobs, file, by=by)
        item = parcels.take(session, blobs, item, seed=settings.secret("exchange.key"), by=by)
        if item.answer_sha256 and receipt:
            _copied(blobs, item.answer_sha256, receipt)
    counts = {name: count for name, count in item.counts.items() if name != "manifest"}
    click.echo(f"{item.state}: {counts}")


def _copied(blobs: FolderStore, sha: str, target: Path) -> None:
    with blobs.opened(sha) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file)


@exchange.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--station", required=True, help="Code of the station.")
@click.option("--kind", type=click.Choice(READABLE), default="cases", show_default=True)
def trace(file: Path, station: str, kind: str) -> None:
    """Say from which export a file was made: by its mark, and by the order of its rows."""
    try:
        found = register_files.decode(file.read_bytes(), kind)
    except Unreadable as error:
        raise Refused(problems=[Problem(p.pointer, p.code, p.params) for p in error.problems]) from error
    click.echo(f"mark: {found.mark or 'none'}")
    with _at(station) as (_settings, session, _blobs, _by):
        for item, right, pairs in queries.origin(session, kind, [row.fields for row in found.rows])[:5]:
            asked = f"{item.asked_at:%Y-%m-%d %H:%M}"
            click.echo(f"{right} of {pairs} pairs in the order of {item.number}, asked {asked}")
