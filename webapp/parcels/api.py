"""Doors for programs: partners and their keys, packages out and in."""

from __future__ import annotations

import tempfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Response, send_file
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import NotFound
from webapp.core.web import ApiBlueprint, door, site
from webapp.parcels import actions, queries
from webapp.parcels.models import Parcel, Partner
from webapp.parcels.rules import CARRIERS, KEEPERS_OF_KEYS, PACKERS
from webapp.parcels.schemas import PackageFileIn, PackIn, ParcelOut, PartnerIn, PartnerOut
from webapp.people.logins import throttle

blp = ApiBlueprint("parcels", __name__, url_prefix="/api/v1", description="Packages between networks")


@blp.route("/partners")
@door(*CARRIERS)
@blp.response(200, PartnerOut(many=True))
def partners(session: Session, by: Actor) -> list[Partner]:
    """The installations whose packages are believed."""
    return queries.partners(session)


@blp.route("/partners", methods=["POST"])
@door(*KEEPERS_OF_KEYS)
@blp.arguments(PartnerIn)
@blp.response(201, PartnerOut)
def add_partner(body: dict[str, Any], session: Session, by: Actor) -> Partner:
    """Believe packages signed with a key; compare its fingerprint with the partner first."""
    return actions.add_partner(session, body["id"], name=body["name"], public_key=body["public_key"], by=by)


@blp.route("/partners/<uuid:partner_id>", methods=["DELETE"])
@door(*KEEPERS_OF_KEYS)
@blp.response(200, PartnerOut)
def revoke_partner(partner_id: UUID, session: Session, by: Actor) -> Partner:
    """Believe a key no longer."""
    return actions.revoke_partner(session, queries.partner(session, partner_id), by=by)


@blp.route("/packages")
@door(*CARRIERS)
@blp.response(200, ParcelOut(many=True))
def parcels(session: Session, by: Actor) -> list[Parcel]:
    """The packages that left and came, newest first."""
    return queries.parcels(session)


@blp.route("/packages", methods=["POST"])
@door(*PACKERS)
@blp.arguments(PackIn)
@blp.response(201, ParcelOut)
def pack(body: dict[str, Any], session: Session, by: Actor) -> Parcel:
    """Pack what was reported in a span of days, signed with our key."""
    throttle(site().login, f"pack:{by.person_id}", 30, 3600)
    seed, key = site().settings.secret("exchange.key"), body.pop("id")
    span = {name: _midnight(body[name]) for name in ("since", "until")}
    return actions.pack(session, site().blobs, key, contents=body["contents"], seed=seed, **span, by=by)


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time.min, clock.SHOWN)


@blp.route("/packages/take", methods=["POST"])
@door(*CARRIERS)
@blp.arguments(PackageFileIn, location="files")
@blp.response(202, ParcelOut)
def bring(files: dict[str, Any], session: Session, by: Actor) -> Parcel:
    """Bring a package: it is checked now and entered by the worker; the same again changes nothing."""
    throttle(site().login, f"bring:{by.person_id}", 60, 3600)
    return _brought(session, files["package"], by)


def _brought(session: Session, sent: FileStorage, by: Actor) -> Parcel:
    with tempfile.TemporaryDirectory(prefix="package-") as folder:
        path = Path(folder) / "package.zip"
        sent.save(path)
        return actions.bring(session, site().blobs, path, by=by)


@blp.route("/packages/<uuid:parcel_id>/file")
@door(*PACKERS)
@blp.response(200, content_type="application/zip")
def file(parcel_id: UUID, session: Session, by: Actor) -> Response:
    """A package as it was packed or brought."""
    item = queries.parcel(session, parcel_id)
    return _sent(item.sha256, item.name)


@blp.route("/packages/<uuid:parcel_id>/answer")
@door(*CARRIERS)
@blp.response(200, content_type="application/zip")
def answer(parcel_id: UUID, session: Session, by: Actor) -> Response:
    """The receipt for a package, itself a package, to be carried back."""
    item = queries.parcel(session, parcel_id)
    return _sent(item.answer_sha256 or "", f"receipt-{item.package_id}.zip")


def _sent(sha: str, name: str) -> Response:
    try:
        content = site().blobs.opened(sha)
    except KeyError as error:
        raise NotFound() from error
    return send_file(content, "application/zip", as_attachment=True, download_name=name, etag=False)
