"""Doors for programs: who am I, and my devices."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from uuid import UUID

import segno
from flask import request
from sqlalchemy.orm import Session

from collectors import openrosa
from webapp.core.actor import Actor
from webapp.core.i18n import choose, language
from webapp.core.qr import drawn
from webapp.core.web import ApiBlueprint, door, identity, site
from webapp.people import actions, queries
from webapp.people.models import Device
from webapp.people.rules import CARD_MAKERS, SETTERS, station_settings
from webapp.people.schemas import (
    CardOut,
    CardsIn,
    DeviceIn,
    DeviceOut,
    FormAppIn,
    FormAppOut,
    InvitationOut,
    MeOut,
    PointsOut,
    PointsQuery,
    StationSettings,
)

blp = ApiBlueprint("people", __name__, url_prefix="/api/v1", description="Who am I, and my devices")


@blp.route("/me")
@door(scope="submit")
@blp.response(200, MeOut)
def me(session: Session, by: Actor) -> dict[str, Any]:
    """Who this token or session stands for."""
    who = identity()
    station = queries.station(session, by)
    return {
        "person_id": by.person_id,
        "username": who.name if who else "",
        "role": by.role,
        "station": {"code": station.code, "name": station.name, "synthetic": station.synthetic},
        "police_grids": queries.posted_police_grids(session, by),
        "grids": queries.answered_grids(session),
    }


@blp.route("/points")
@door(scope="submit")
@blp.arguments(PointsQuery, location="query")
@blp.response(200, PointsOut)
def points(query: dict[str, Any], session: Session, by: Actor) -> dict[str, Any]:
    """My points and what they were given for; the station chief may ask for everybody's."""
    return queries.points(session, by, everybody=query["everybody"])


@blp.route("/devices")
@door()
@blp.response(200, DeviceOut(many=True))
def devices(session: Session, by: Actor) -> list[Device]:
    """My devices that may act for me."""
    return queries.devices(session, by)


@blp.route("/devices", methods=["POST"])
@door()
@blp.arguments(DeviceIn)
@blp.response(201, DeviceOut)
def add_device(body: dict[str, Any], session: Session, by: Actor) -> dict[str, Any]:
    """Add a device; its token is in this answer and nowhere else."""
    device, token = actions.add_device(session, body["id"], label=body["label"], scope=body["scope"], by=by)
    return {"id": device.id, "label": device.label, "created_at": device.created_at, "token": token}


@blp.route("/devices/<uuid:device_id>", methods=["DELETE"])
@door()
@blp.response(204)
def revoke_device(device_id: UUID, session: Session, by: Actor) -> None:
    """End a device's token at once."""
    actions.revoke_device(session, queries.device(session, device_id), by=by)


@blp.route("/form-apps", methods=["POST"])
@door()
@blp.arguments(FormAppIn)
@blp.response(201, FormAppOut)
def set_up_form_app(body: dict[str, Any], session: Session, by: Actor) -> dict[str, Any]:
    """A QR that sets up ODK Collect or KoboCollect with a token of its own; shown once."""
    _device, token = actions.add_device(session, body["id"], label=body["label"], scope="submit", by=by)
    url = f"{_base()}/or/{token}"
    name = choose(queries.station(session, by).name)
    text = openrosa.collect_settings(url, name=name, icon="格", color="#1f4f82", language=language())
    return {"url": url, "settings": text, "qr_svg": _drawn(text)}


def _base() -> str:
    return site().settings.public_url.rstrip("/") or request.host_url.rstrip("/")


def _drawn(text: str) -> str:
    """Return a QR as SVG that fits any width: long texts make many modules."""
    out = BytesIO()
    made = segno.make(text, error="l")
    made.save(out, kind="svg", scale=6, border=4, xmldecl=False, nl=False, omitsize=True)
    return out.getvalue().decode()


@blp.route("/phone-invitations", methods=["POST"])
@door()
@blp.response(201, InvitationOut)
def invite_phone(session: Session, by: Actor) -> dict[str, Any]:
    """A QR that signs me in on another phone: valid once, for ten minutes."""
    return _link(actions.invite_phone(session, by=by))


@blp.route("/enrolment-cards", methods=["POST"])
@door(*CARD_MAKERS)
@blp.arguments(CardsIn)
@blp.response(201, CardOut(many=True))
def make_cards(body: dict[str, Any], session: Session, by: Actor) -> list[dict[str, Any]]:
    """Cards to print, one for each person: each signs the person's phone in, once, within thirty days."""
    return [_card(session, person_id, by) for person_id in dict.fromkeys(body["person_ids"])]


def _card(session: Session, person_id: UUID, by: Actor) -> dict[str, Any]:
    secret, until = actions.make_card(session, person_id, by=by)
    name = queries.names(session, {person_id}).get(person_id, "")
    return {"person_id": person_id, "name": name, "expires_at": until, **_link(secret)}


def _link(secret: str) -> dict[str, str]:
    """Return the address that a one-time code opens, and its QR."""
    url = f"{_base()}/enrol/{secret}"
    return {"url": url, "qr_svg": str(drawn(url))}


@blp.route("/station-settings")
@door(*SETTERS)
@blp.response(200, StationSettings)
def station_set(session: Session, by: Actor) -> dict[str, Any]:
    """What my station allows strangers and asks of phones."""
    return station_settings(queries.station(session, by).settings)


@blp.route("/station-settings", methods=["PATCH"])
@door(*SETTERS)
@blp.arguments(StationSettings)
@blp.response(200, StationSettings)
def set_station(body: dict[str, Any], session: Session, by: Actor) -> dict[str, Any]:
    """Change it; what is not named stays as it is."""
    return station_settings(actions.set_station(session, body, by=by).settings)
