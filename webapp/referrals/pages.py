"""Doors for people: the directory of bodies, the list of referrals, a form to print."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from webapp.cases.queries import case, hazard_classes
from webapp.cases.rules import KINDS
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.web import door
from webapp.people.queries import names, station
from webapp.referrals import queries, rules

pages = Blueprint("referral_pages", __name__)


@pages.get("/bodies")
@door(*rules.READERS)
def bodies(session: Session, by: Actor) -> str:
    """Show the directory of bodies; the chief changes it here."""
    return render_template(
        "referrals/bodies.html",
        station=station(session, by),
        bodies=queries.bodies(session, retired=by.role in rules.EDITORS),
        classes=hazard_classes(session, KINDS),
        edits=by.role in rules.EDITORS,
        rules=rules,
        shown=clock.shown,
    )


@pages.get("/referrals")
@door(*rules.TRYERS)
def referrals(session: Session, by: Actor) -> str:
    """Show what other bodies have in hand, what is late, my attempts of the week, the figures."""
    now = clock.now()
    wanted = request.args.get("group")
    group = wanted if wanted in rules.GROUPS else None
    start, end = queries.span(None, None)
    return render_template(
        "referrals/list.html",
        station=station(session, by),
        group=group,
        counts=queries.counts(session, now),
        referrals=queries.referrals(session, group, now),
        attempts=queries.week(session, by.person_id, now.astimezone(clock.SHOWN).date())
        if by.person_id
        else [],
        figures=queries.statistics(session, start, end, now),
        months=queries.non_police_months(session, start, end),
        rules=rules,
        shown=clock.shown,
        now=now,
    )


@pages.get("/referrals/<number>/form")
@door(*rules.TRYERS)
def form(number: str, session: Session, by: Actor) -> str:
    """Show a form of hand-over as a sheet to print, with the slip that comes back as receipt."""
    found = queries.referral_by_number(session, number)
    matter = case(session, found.case_id)
    chosen = [item for item in matter.attachments if item.id in found.photos and not item.damaged]
    return render_template(
        "referrals/form.html",
        station=station(session, by),
        referral=found,
        case=matter,
        photos=chosen,
        made_by=names(session, {found.made_by}).get(found.made_by, ""),
        shown=clock.shown,
    )
