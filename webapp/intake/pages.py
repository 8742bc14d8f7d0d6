"""Doors for people: sources and uploads, the preview of one upload, the order behind a case."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from collectors.incidents import FIELDS
from webapp.addresses.queries import address_count
from webapp.cases.queries import case_by_number, hazard_classes
from webapp.cases.rules import KINDS
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.i18n import _, choose
from webapp.core.messages import message
from webapp.core.web import door
from webapp.intake import queries, rules
from webapp.people.queries import names, station

pages = Blueprint("intake_pages", __name__)
SYSTEMS = {"wgs84": "WGS 84", "gcj02": "GCJ-02", "bd09": "BD-09", "cgcs2000": "CGCS2000"}


@pages.get("/intake")
@door(*rules.READERS)
def intake(session: Session, by: Actor) -> str:
    """Show the sources, where a file is handed in, and what was handed in before."""
    uploads = queries.uploads(session)
    return render_template(
        "intake/intake.html",
        station=station(session, by),
        sources=queries.sources(session),
        uploads=uploads,
        names=names(session, {upload.by_id for upload in uploads if upload.by_id}),
        classes=hazard_classes(session, KINDS),
        keeps=by.role in rules.KEEPERS,
        addresses=address_count(session),
        rules=rules,
        systems=SYSTEMS,
        default_words=lines(rules.DEFAULT_KEYWORDS),
        lines=lines,
        shown=clock.shown,
    )


def lines(keywords: object) -> str:
    """Return a keyword table as people write it: one class a line, its words behind a colon."""
    entries = keywords if isinstance(keywords, list | tuple) else ()
    return "\n".join(f"{entry['class']}: {' '.join(entry['words'])}" for entry in entries)


@pages.get("/intake/uploads/<uuid:upload_id>")
@door(*rules.READERS)
def upload(upload_id: UUID, session: Session, by: Actor) -> str:
    """Show one upload: how it is read, its rows, what was taken over."""
    found = queries.upload(session, upload_id)
    classes = hazard_classes(session, KINDS)
    return render_template(
        "intake/upload.html",
        station=station(session, by),
        upload=found,
        source=queries.source(session, found.source_id),
        sender=names(session, {found.by_id} if found.by_id else set()).get(found.by_id)
        if found.by_id
        else None,
        classes={item.code: choose(item.title) for item in classes},
        states={state: _(title) for state, title in rules.STATE_TITLES.items()},
        keeps=by.role in rules.KEEPERS,
        rules=rules,
        fields=FIELDS,
        systems=SYSTEMS,
        message=message,
        shown=clock.shown,
    )


@pages.get("/intake/orders/<number>")
@door("station_chief", "officer")
def order(number: str, session: Session, by: Actor) -> str:
    """Show what the source said about a case, all versions, and who called."""
    case = case_by_number(session, number)
    return render_template(
        "intake/order.html",
        station=station(session, by),
        case=case,
        versions=queries.versions(session, case.id),
        callers=queries.callers(session, case.id),
        rules=rules,
        shown=clock.shown,
    )
