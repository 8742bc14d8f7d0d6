"""Reads about attempts, bodies and referrals, under the asker's own rights."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, literal, select, text
from sqlalchemy.orm import Session, joinedload

from webapp.cases.models import Case
from webapp.cases.queries import shareable
from webapp.core import clock
from webapp.core.errors import NotFound
from webapp.people.models import Person
from webapp.referrals import rules
from webapp.referrals.models import Attempt, AttemptResult, Body, NonPolice, Referral

PAGE = 200
_NUMBER = text("SELECT * FROM app.next_referral_number(:year)")


def results(session: Session) -> list[AttemptResult]:
    """Return what attempts may come to, in the order of the buttons."""
    return list(session.scalars(select(AttemptResult).order_by(AttemptResult.position)))


def attempts(session: Session, case_id: UUID) -> list[Any]:
    """Return (Attempt, name of who tried) of a case, the last one first."""
    query = select(Attempt, Person.name).outerjoin(Person, Person.id == Attempt.person_id)
    query = query.options(joinedload(Attempt.kind_of)).where(Attempt.case_id == case_id)
    return list(session.execute(query.order_by(Attempt.at.desc(), Attempt.id).limit(PAGE)))


def attempts_of(session: Session, person_id: UUID, since: datetime, until: datetime) -> list[Attempt]:
    """Return the attempts that a person made in a span, oldest first: work that a week's list shows."""
    query = select(Attempt).options(joinedload(Attempt.kind_of), joinedload(Attempt.case))
    span = (Attempt.person_id == person_id) & (Attempt.at >= since) & (Attempt.at < until)
    return list(session.scalars(query.where(span).order_by(Attempt.at).limit(PAGE)))


def week(session: Session, person_id: UUID, day: date) -> list[Attempt]:
    """Return a person's attempts of the week that a day lies in (Monday to Sunday in China)."""
    monday, after = rules.week_of(day)
    start, end = (datetime.combine(d, datetime.min.time(), clock.SHOWN) for d in (monday, after))
    return attempts_of(session, person_id, start, end)


def attempt_count(session: Session, case_id: UUID) -> tuple[int, datetime | None]:
    """Return how many attempts a case has seen, and when the last one was."""
    found = session.execute(
        select(func.count(), func.max(Attempt.at)).where(Attempt.case_id == case_id)
    ).one()
    return found[0], found[1]


def known_attempt(session: Session, attempt_id: UUID) -> Attempt | None:
    """Return an attempt that was sent before, None for a new one."""
    return session.get(Attempt, attempt_id)


def bodies(session: Session, *, retired: bool = False) -> list[Body]:
    """Return the directory, by name; the retired ones too when they are asked for."""
    query = select(Body).order_by(Body.retired_at.is_not(None), Body.name, Body.id)
    return list(session.scalars(query if retired else query.where(Body.retired_at.is_(None))))


def body(session: Session, body_id: UUID) -> Body:
    """Return one body; raise NotFound when absent or of another station."""
    found = session.get(Body, body_id)
    if found is None:
        raise NotFound()
    return found


def bodies_by_code(session: Session, station_id: UUID) -> dict[str, Body]:
    """Return all bodies of a station by their codes."""
    return {item.code: item for item in session.scalars(select(Body).where(Body.station_id == station_id))}


def suited(session: Session, class_code: str) -> list[Body]:
    """Return the bodies in use: those that name a class, those that take all, the others; by name."""
    return sorted(bodies(session), key=lambda item: rules.distance(item.classes, class_code))


def next_number(session: Session, year: int) -> str:
    """Return the next number of a form, its counter held until the transaction ends."""
    row = session.execute(_NUMBER, {"year": year}).one()
    return rules.number_of(row.station_code, year, row.serial)


def referral(session: Session, referral_id: UUID, *, held: bool = False) -> Referral:
    """Return one referral, `held` against others; raise NotFound when it is not for the asker."""
    query = select(Referral).options(joinedload(Referral.body), joinedload(Referral.case))
    if held:
        query = query.with_for_update(of=Referral).execution_options(populate_existing=True)
    found = session.scalars(query.where(Referral.id == referral_id)).one_or_none()
    if found is None:
        raise NotFound()
    return found


def referral_by_number(session: Session, number: str) -> Referral:
    """Return the referral with a number; raise NotFound when it is not for the asker."""
    query = select(Referral).options(joinedload(Referral.body), joinedload(Referral.case))
    found = session.scalars(query.where(Referral.number == number)).one_or_none()
    if found is None:
        raise NotFound()
    return found


def known_referral(session: Session, referral_id: UUID) -> Referral | None:
    """Return a referral that was sent before, None for a new one."""
    return session.get(Referral, referral_id)


def open_referral(session: Session, case_id: UUID) -> Referral | None:
    """Return the referral of a case that has not ended, None when there is none."""
    query = select(Referral).where(Referral.case_id == case_id, Referral.ended_at.is_(None))
    return session.scalars(query).one_or_none()


def of_case(session: Session, case_id: UUID) -> list[Referral]:
    """Return the referrals of a case, newest first."""
    query = select(Referral).options(joinedload(Referral.body)).where(Referral.case_id == case_id)
    return list(session.scalars(query.order_by(Referral.made_at.desc(), Referral.id)))


def _in_group(group: str, now: datetime) -> Any:
    """The condition of a group of the list; the same as rules.group."""
    late = and_(Referral.due_at < now, Referral.state.in_(("delivered", "receipted")))
    conditions = {
        "ended": Referral.state.in_(rules.ENDED),
        "underway": Referral.state == "accepted",
        "late": late,
        "answer": and_(Referral.state == "receipted", ~func.coalesce(late, literal(False))),
        "receipt": and_(Referral.state.in_(("prepared", "delivered")), ~func.coalesce(late, literal(False))),
    }
    return conditions[group]


def referrals(session: Session, group: str | None, now: datetime, limit: int = PAGE) -> list[Referral]:
    """Return the referrals of a group (all but the ended without one), those due first on top."""
    query = select(Referral).options(joinedload(Referral.body), joinedload(Referral.case))
    wanted = _in_group(group, now) if group else Referral.ended_at.is_(None)
    order = (Referral.ended_at.desc().nulls_first(), Referral.due_at.nulls_last(), Referral.made_at)
    return list(
        session.scalars(
            query.join(Case, Case.id == Referral.case_id)
            .where(wanted, shareable())
            .order_by(*order)
            .limit(limit)
        )
    )


def counts(session: Session, now: datetime) -> dict[str, int]:
    """Return how many referrals stand in each group."""
    columns = [func.count().filter(_in_group(group, now)).label(group) for group in rules.GROUPS]
    query = select(*columns).select_from(Referral).join(Case, Case.id == Referral.case_id)
    return dict(session.execute(query.where(shareable())).one()._mapping)


def awaiting(session: Session, station_id: UUID, after: UUID, limit: int) -> list[Referral]:
    """Return the next referrals that were delivered and not answered yet, by their ids, locked."""
    own = (Referral.station_id == station_id) & (Referral.id > after)
    open_yet = Referral.answered_at.is_(None) & Referral.ended_at.is_(None)
    query = (
        select(Referral)
        .where(own, Referral.delivered_at.is_not(None), open_yet)
        .order_by(Referral.id)
        .limit(limit)
    )
    return list(session.scalars(query.with_for_update(of=Referral)))


def late_unreminded(session: Session, station_id: UUID, now: datetime) -> list[Referral]:
    """Return the referrals whose answer is late and of which nobody was told yet."""
    waiting = Referral.state.in_(("delivered", "receipted")) & (Referral.due_at < now)
    own = (Referral.station_id == station_id) & Referral.reminded_at.is_(None)
    return list(session.scalars(select(Referral).where(own, waiting).order_by(Referral.due_at).limit(PAGE)))


def marked(session: Session, case_id: UUID) -> NonPolice | None:
    """Return the mark that a case is not the police's, None without one."""
    return session.get(NonPolice, case_id)


def _month(column: Any) -> Any:
    return func.to_char(func.timezone(str(clock.SHOWN), column), "YYYY-MM")


def _spent_days() -> Any:
    """Days from delivery to the answer, with a decimal."""
    return func.extract("epoch", Referral.answered_at - Referral.delivered_at) / 86400


def statistics(session: Session, since: datetime, until: datetime, now: datetime) -> list[dict[str, Any]]:
    """Return per body and month of handing over: count, answered, median days to the answer, late ones.

    Months are China's. Restricted leads are not counted.
    """
    month = _month(Referral.made_at).label("month")
    late = and_(Referral.state != "recalled", func.coalesce(Referral.answered_at, now) > Referral.due_at)
    median = func.percentile_cont(0.5).within_group(_spent_days().asc())
    query: Select[Any] = (
        select(
            Body.code, Body.name, month, func.count().label("count"),
            func.count(Referral.answered_at).label("answered"), median.label("median_days"),
            func.count().filter(late).label("late"),
            func.count(NonPolice.case_id).label("non_police"),
        )
        .join(Body, Body.id == Referral.body_id)
        .join(Case, Case.id == Referral.case_id)
        .outerjoin(NonPolice, NonPolice.case_id == Referral.case_id)
        .where(Referral.made_at >= since, Referral.made_at < until, shareable())
        .group_by(Body.code, Body.name, month)
        .order_by(month.desc(), Body.name)
    )  # fmt: skip
    return [
        {**row._mapping, "median_days": None if row.median_days is None else round(float(row.median_days), 1)}
        for row in session.execute(query)
    ]


def non_police_months(session: Session, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Return per month how many cases were marked as not the police's, and how many went to a body."""
    month = _month(NonPolice.marked_at).label("month")
    gone = select(Referral.id).where(Referral.case_id == NonPolice.case_id).exists()
    query = (
        select(month, func.count().label("count"), func.count().filter(gone).label("handed_over"))
        .join(Case, Case.id == NonPolice.case_id)
        .where(NonPolice.marked_at >= since, NonPolice.marked_at < until, shareable())
        .group_by(month)
        .order_by(month.desc())
    )
    return [dict(row._mapping) for row in session.execute(query)]


def span(since: date | None, until: date | None) -> tuple[datetime, datetime]:
    """Return the moments that two days in China mean, the last one included; a year back without any."""
    today = clock.now().astimezone(clock.SHOWN).date()
    last = rules.within_calendar(until or today) + timedelta(days=1)
    first = rules.within_calendar(since or last - timedelta(days=366))
    start, end = (datetime.combine(day, datetime.min.time(), clock.SHOWN) for day in (first, last))
    return start, end
