"""Changes to tasks and look-backs: give, take on, end, cancel, pass on, plan; each records one event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from random import Random
from typing import Any
from uuid import UUID

from geoalchemy2.shape import from_shape, to_shape
from shapely import Point
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from collectors.records import Place
from webapp.areas import queries as areas
from webapp.cases import filing
from webapp.cases import queries as cases
from webapp.cases.models import Case
from webapp.cases.rules import State as CaseState
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import table_of
from webapp.core.errors import Conflict, Forbidden, Problem, Refused
from webapp.core.events import record
from webapp.core.files import BlobStore
from webapp.tasks import queries, rules
from webapp.tasks.models import LookBack, LookBackRule, Task, TaskPhoto
from webapp.tasks.rules import Receiver as Receiver
from webapp.tasks.rules import Result as Result
from webapp.tasks.rules import Wanted as Wanted


def give(session: Session, wanted: Wanted, *, by: Actor) -> Task:
    """Give a task; the same again changes nothing.

    Raises Refused with what is wrong, Forbidden for ground that is not the giver's, Conflict for another
    task under the id.
    """
    known = queries.known_task(session, wanted.id)
    if known is not None:
        return _same(known, wanted)
    now = clock.now()
    case = None if wanted.case_id is None else cases.case(session, wanted.case_id)
    problems = rules.due_problems(wanted.due_from, wanted.due_until, now)
    problems += [] if wanted.words.strip() else [Problem("/words", "task_words")]
    problems += _receiver_problems(session, wanted.receiver, case)
    lon, lat, place = _place(session, wanted, case, now, problems, by)
    if problems:
        raise Refused(problems=problems)
    area = areas.area_at(session, by.station_id, lon, lat, now)
    if by.role != rules.CHIEF:
        mine = queries.my_grids(session)
        if area.grid_id not in mine or wanted.receiver.to_grid not in (None, *mine):
            raise Forbidden("not_your_ground")
    values = {
        "id": wanted.id,
        "station_id": by.station_id,
        "kind": wanted.kind,
        "words": {"said": wanted.words.strip()},
        "geom": from_shape(Point(lon, lat), 4326),
        **place,
        "grid_id": area.grid_id,
        "case_id": wanted.case_id,
        "given_by": by.person_id,
        **wanted.receiver.columns(),
        "due_from": wanted.due_from,
        "due_until": wanted.due_until,
        "state": rules.State.OPEN,
    }
    if session.scalar(insert(Task).values(values).on_conflict_do_nothing().returning(Task.id)) is None:
        # Somebody was faster, or the id stands for a task that this giver may not see.
        raise Conflict("already_known", held="?", sent=str(wanted.id))
    return _told(session, wanted.id, "tasks.assigned", by)


def _same(known: Task, wanted: Wanted) -> Task:
    """Return a known task; raise Conflict when it is another one."""
    said = (known.kind, known.words.get("said"), known.due_from, known.due_until, known.case_id)
    if said != (wanted.kind, wanted.words.strip(), wanted.due_from, wanted.due_until, wanted.case_id):
        raise Conflict("already_known", held="?", sent=str(wanted.id))
    return known


def _receiver_problems(session: Session, to: Receiver, case: Case | None) -> list[Problem]:
    """Return what is wrong with whom a task is given to."""
    if sum(item is not None for item in to.columns().values()) != 1:
        return [Problem("/receiver", "one_receiver")]
    if to.to_person is not None and not queries.may_do(session, to.to_person):
        return [Problem("/to_person", "doer_unknown")]
    if to.to_team is not None and not queries.team_known(session, to.to_team):
        return [Problem("/to_team", "team_unknown")]
    if case is not None and case.restricted and not queries.is_officer(session, to.to_person):
        # The words and the place of a restricted matter leave its own wall with the task.
        return [Problem("/receiver", "restricted_task")]
    return []


def _place(
    session: Session,
    wanted: Wanted,
    case: Case | None,
    now: datetime,
    problems: list[Problem],
    by: Actor,
) -> tuple[float, float, dict[str, Any]]:
    """Return the WGS 84 place of a task and the columns of how it was told; adds to `problems`."""
    if wanted.place is not None:
        spot = filing.Spot.of(wanted.place)
        problems += spot.problems
        lon, lat = spot.place or (0.0, 0.0)
        return lon, lat, _raw(wanted.place)
    if case is not None:
        lon, lat = to_shape(case.geom).coords[0]
        raw = Place(case.raw_x, case.raw_y, case.raw_crs, case.accuracy_m, case.method, case.address)
        return lon, lat, _raw(raw)
    grid_id = wanted.grid_id or wanted.receiver.to_grid
    if grid_id is not None:
        lon, lat = queries.grid_point(session, by, grid_id, now)
        return lon, lat, _raw(Place(lon, lat, "wgs84", None, "grid", ""))
    problems.append(Problem("/place", "task_place"))
    return 0.0, 0.0, {}


def _raw(place: Place) -> dict[str, Any]:
    return {
        "raw_x": place.lon,
        "raw_y": place.lat,
        "raw_crs": place.crs,
        "accuracy_m": place.accuracy_m,
        "method": place.method,
        "address": place.address,
    }


def take(session: Session, task: Task, *, by: Actor) -> Task:
    """Take a task on, so that others of the team or grid know; a second time changes nothing."""
    rules.check_active(task.state, task.taken_by, by.person_id, by.role)
    _check_mine(session, task)
    if task.state == rules.State.TAKEN and task.taken_by == by.person_id:
        return task
    task.state, task.taken_by, task.taken_at = rules.State.TAKEN, by.person_id, clock.now()
    return _told(session, task.id, "tasks.taken", by)


def finish(
    session: Session, blobs: BlobStore, task: Task, result: Result, photos: Mapping[str, bytes], *, by: Actor
) -> Task:
    """Keep what became of a task with its photos (SHA-256 to bytes); the same result again changes nothing.

    Photos of a known result that came only now are added. Raises Refused 'note_needed' for a failure without
    words, Conflict for a task that is over or another's.
    """
    if task.result_id == result.id and task.ended_by == by.person_id:
        return _further_photos(session, blobs, task, photos, by)
    rules.check_active(task.state, task.taken_by, by.person_id, by.role)
    if by.role != rules.CHIEF:
        _check_mine(session, task)
    if result.outcome == rules.State.FAILED and not result.note.strip():
        raise Refused(problems=[Problem("/note", "note_needed")])
    files = [filing.prepared_file(blobs, data, sha) for sha, data in photos.items()]
    lon, lat = to_shape(task.geom).coords[0]
    stop = rules.Stop(str(task.id), lon, lat, task.due_from, task.due_until)
    here = None if result.lon is None or result.lat is None else (result.lon, result.lat)
    distance = None if here is None else float(rules.metres(here, stop))
    now = clock.now()
    task.state, task.result_id, task.ended_by = result.outcome, result.id, by.person_id
    task.ended_at, task.told_at, task.note = rules.ended_at(result.at, now), now, result.note.strip()
    task.result_lon, task.result_lat, task.result_accuracy_m = result.lon, result.lat, result.accuracy_m
    task.flags = rules.result_flags(task.kind, distance, len(files))
    session.flush()
    _keep_photos(session, task, files)
    if result.outcome == rules.State.FAILED:
        return _told(session, task.id, "tasks.failed", by, flags=task.flags)
    return _told(session, task.id, "tasks.completed", by, flags=task.flags)


def _further_photos(
    session: Session, blobs: BlobStore, task: Task, photos: Mapping[str, bytes], by: Actor
) -> Task:
    """Add the photos of a known result that are not here yet; records the addition."""
    held = {photo.sent_sha256 for photo in task.photos}
    missing = [filing.prepared_file(blobs, data, sha) for sha, data in photos.items() if sha not in held]
    if not missing:
        return task
    _keep_photos(session, task, missing)
    task.flags = [flag for flag in task.flags if flag != "no_photo"]
    return _told(session, task.id, "tasks.photo_added", by)


_PHOTO = table_of(TaskPhoto)


def _keep_photos(session: Session, task: Task, files: list[dict[str, Any]]) -> None:
    rows = [{"task_id": task.id, "station_id": task.station_id, **file} for file in files]
    if rows:
        session.execute(insert(_PHOTO).on_conflict_do_nothing(), rows)


def cancel(session: Session, task: Task, *, note: str, by: Actor) -> Task:
    """Take a task back with words: who gave it, or the chief. Raises Forbidden, Conflict, Refused."""
    _check_given(task, by)
    rules.check_active(task.state, None, None, rules.CHIEF)
    if not note.strip():
        raise Refused(problems=[Problem("/note", "note_needed")])
    task.state, task.note, task.ended_by = rules.State.CANCELLED, note.strip(), by.person_id
    task.ended_at = task.told_at = clock.now()
    return _told(session, task.id, "tasks.cancelled", by)


def pass_on(session: Session, task: Task, to: Receiver, *, by: Actor) -> Task:
    """Give a task to somebody else; whoever had taken it on has it no more. Raises as `cancel` and `give`."""
    _check_given(task, by)
    rules.check_active(task.state, None, None, rules.CHIEF)
    case = None if task.case_id is None else cases.case(session, task.case_id)
    problems = _receiver_problems(session, to, case)
    if problems:
        raise Refused(problems=problems)
    if by.role != rules.CHIEF and to.to_grid not in (None, *queries.my_grids(session)):
        raise Forbidden("not_your_ground")
    task.to_person, task.to_team, task.to_grid = to.to_person, to.to_team, to.to_grid
    task.state, task.taken_by, task.taken_at = rules.State.OPEN, None, None
    return _told(session, task.id, "tasks.reassigned", by)


def tell_lapsed(session: Session, task: Task, *, by: Actor) -> Task:
    """Tell giver and chief, once, that a task's time is over."""
    task.lapsed_at = clock.now()
    return _told(session, task.id, "tasks.lapsed", by)


def _check_mine(session: Session, task: Task) -> None:
    """Raise Forbidden unless a task is addressed to the asker: seeing it is not enough."""
    if not queries.is_mine(session, task.id):
        raise Forbidden("not_your_task")


def _check_given(task: Task, by: Actor) -> None:
    if by.role != rules.CHIEF and (task.given_by != by.person_id or task.kind == rules.LOOK_BACK):
        raise Forbidden("not_your_task")


def _told(session: Session, task_id: UUID, name: str, by: Actor, **data: Any) -> Task:
    session.flush()
    session.expire_all()
    task = queries.task(session, task_id)
    facts = {"task_kind": task.kind, "case_id": str(task.case_id) if task.case_id else None, **data}
    record(session, name, kind="task", subject=task_id, grid=task.grid_id, by=by, **facts)
    return task


def plan_look_backs(session: Session, case: Case, chance: Random, *, by: Actor) -> list[LookBack]:
    """Plan the look-backs of a case that was closed just now; again for the same closing changes nothing.

    Days and ids come from `chance`: whoever knows the case and the rule foresees neither.
    """
    if not rules.is_looked_back_at(case.kind, case.restricted, case.state) or case.closed_at is None:
        return []
    closed_on = case.closed_at.astimezone(rules.SHANGHAI).date()
    in_force = queries.as_rules(queries.look_back_rules(session, closed_on))
    rule = rules.rule_for(in_force, case.class_code, case.priority, closed_on)
    if rule is None or queries.is_planned(session, case.id, case.closed_at):
        return []
    days = rules.look_back_days(rule, closed_on, chance)
    ids = [UUID(int=chance.getrandbits(128), version=4) for _day in days]
    return [_plan(session, case, own, day, case.closed_at, by) for own, day in zip(ids, days, strict=True)]


def ask_look_back(session: Session, case: Case, look_back_id: UUID, due_on: date, *, by: Actor) -> LookBack:
    """Plan one more look-back at a closed case, on a day; the same again changes nothing."""
    known = session.get(LookBack, look_back_id)
    if known is not None and (known.case_id, known.due_on) == (case.id, due_on):
        return known
    today = clock.now().astimezone(rules.SHANGHAI).date()
    if known is not None:
        raise Conflict("already_known", held="?", sent=str(look_back_id))
    if not rules.is_looked_back_at(case.kind, case.restricted, case.state):
        raise Conflict("no_look_back")
    if not today <= due_on <= today + rules.LONGEST_AHEAD:
        raise Refused(problems=[Problem("/due_on", "due_far" if due_on > today else "due_over")])
    return _plan(session, case, look_back_id, due_on, None, by)


def _plan(
    session: Session, case: Case, own: UUID, due_on: date, closed_at: datetime | None, by: Actor
) -> LookBack:
    made = LookBack(
        id=own,
        station_id=case.station_id,
        case_id=case.id,
        number=queries.next_number(session, case.id),
        due_on=due_on,
        state="planned",
        closed_at=closed_at,
        asked_by=by.person_id,
    )
    session.add(made)
    session.flush()
    # About the look-back, not the case: whoever follows the case must not hear of it. Never the day.
    record(session, "tasks.look_back_planned", kind="look_back", subject=own, by=by, number=made.number)
    return made


def open_look_back(session: Session, look_back: LookBack, *, by: Actor) -> Task | None:
    """Make the task of a look-back whose day has come; none when its case is no longer closed."""
    case = cases.case(session, look_back.case_id)
    if case.state != CaseState.CLOSED:
        _cancel(session, [look_back], by)
        return None
    posted = queries.posted_to(session, case.grid_id)
    handlers, reporters = queries.doers(session, case), queries.reporters(session, case)
    barred, same_person = rules.barred(handlers, reporters, posted)
    # First who may not see it, then what there is to see.
    look_back.barred, look_back.same_person, look_back.state = sorted(barred), same_person, "open"
    session.flush()
    due_from, due_until = rules.look_back_window(look_back.due_on)
    raw = Place(case.raw_x, case.raw_y, case.raw_crs, case.accuracy_m, case.method, case.address)
    made = Task(
        id=look_back.id,
        station_id=case.station_id,
        kind=rules.LOOK_BACK,
        words=rules.question(case.hazard_class.title),
        geom=case.geom,
        **_raw(raw),
        grid_id=case.grid_id,
        to_grid=case.grid_id,
        due_from=due_from,
        due_until=due_until,
        state=rules.State.OPEN,
    )
    session.add(made)
    return _told(session, made.id, "tasks.assigned", by, posted=len(posted - barred))


def settle_look_back(session: Session, task: Task, look_back: LookBack, *, by: Actor) -> LookBack:
    """Write the result of a look-back beside its case: now everybody reads it who sees the case."""
    look_back.state = "fine" if task.state == rules.State.DONE else "failed"
    if look_back.same_person:
        task.flags = [*task.flags, "same_person"]
    news: dict[str, Any] = {"number": look_back.number, "result": look_back.state, "flags": task.flags}
    record(session, "tasks.look_back_settled", kind="look_back", subject=look_back.id, by=by, **news)
    return look_back


def cancel_look_backs(session: Session, case_id: UUID, *, by: Actor) -> int:
    """Take back what is planned or open for a case that is open again; return how many."""
    wanted = select(LookBack).where(LookBack.case_id == case_id, LookBack.state.in_(("planned", "open")))
    found = session.scalars(wanted.order_by(LookBack.id).with_for_update()).all()
    _cancel(session, found, by)
    return len(found)


def _cancel(session: Session, found: Sequence[LookBack], by: Actor) -> None:
    for look_back in found:
        look_back.state = "cancelled"
        active = (Task.id == look_back.id) & Task.state.in_(rules.ACTIVE)
        over = {"state": rules.State.CANCELLED, "ended_at": clock.now(), "told_at": clock.now()}
        session.execute(update(Task).where(active).values(over))
        record(session, "tasks.look_back_cancelled", kind="look_back", subject=look_back.id, by=by)


def set_rule(session: Session, wanted: rules.LookBackRule, *, by: Actor) -> LookBackRule:
    """Set the station's rule for a class and priority from a day on; the one before it ends that day."""
    own = (LookBackRule.station_id == by.station_id) & (LookBackRule.priority == wanted.priority)
    own &= LookBackRule.class_code.is_not_distinct_from(wanted.class_code) & LookBackRule.valid_to.is_(None)
    for old in session.scalars(select(LookBackRule).where(own).with_for_update()):
        # What has not begun yet never holds.
        old.valid_to = max(wanted.valid_from, old.valid_from)
    made = LookBackRule(
        station_id=by.station_id,
        class_code=wanted.class_code,
        priority=wanted.priority,
        days=list(wanted.days),
        jitter_days=wanted.jitter_days,
        valid_from=wanted.valid_from,
        valid_to=wanted.valid_to,
    )
    session.add(made)
    record(session, "tasks.rule_set", kind="station", subject=by.station_id, by=by, priority=wanted.priority)
    return made
