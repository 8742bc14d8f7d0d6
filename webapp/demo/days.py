"""What the days of a demo station are full of: steps, hand-overs, attempts, tasks, look-backs, calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any
from uuid import UUID, uuid5

from shapely import Point
from shapely.geometry.base import BaseGeometry
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from webapp.calls.models import Call, CallTarget
from webapp.calls.rules import ACKNOWLEDGE_S, CLOSE_H, RESPONSE_S
from webapp.cases.actions import take_step
from webapp.cases.models import Case
from webapp.cases.rules import STEPS, offered
from webapp.cases.steps import Given, standing
from webapp.core.actor import Actor
from webapp.core.clock import SHOWN
from webapp.core.events import Event
from webapp.core.files import BlobStore
from webapp.demo.hazards import DemoHazard
from webapp.demo.photos import photo
from webapp.referrals import actions as referrals
from webapp.referrals.models import Body
from webapp.repeats.actions import link
from webapp.repeats.queries import look
from webapp.tasks.models import LookBack, Task
from webapp.tasks.rules import question

METRE = 1 / 90_000  # degrees of longitude, near enough for a few steps aside
PAIRS = 3
CALLS = 60
LOOK_BACKS = 36
WORDS = (
    "三单元楼道充电，请到现场（演示）",
    "邻里争吵，需要民警（演示）",
    "老人走失，请协助寻找（演示）",
    "商户占道劝阻无效（演示）",
)
TASKS = ("查看消防通道是否畅通（演示）", "回访楼道飞线住户（演示）", "核对出租房登记（演示）")


@dataclass(frozen=True)
class Ready:
    """What a station has when its days begin: who is there, and now."""

    session: Session
    blobs: BlobStore
    station_id: UUID
    code: str
    chief: UUID
    # The grid worker who answers for a grid, by grid; the ground of the officer whom a visitor sees first.
    workers: dict[UUID, UUID]
    first: frozenset[UUID]
    now: datetime
    dice: Random

    def id(self, *parts: object) -> UUID:
        """Return the id of a row by its name: the same on every machine."""
        return uuid5(self.station_id, "/".join(map(str, parts)))

    def officer(self, person: UUID) -> Actor:
        """Return who acts when an officer does."""
        return Actor(self.station_id, "officer", person)


def with_pairs(found: Sequence[DemoHazard], until: datetime, ground: BaseGeometry) -> list[DemoHazard]:
    """Return hazards with a second report beside the first few: to be merged or told apart.

    `ground` (WGS 84) is that of the officer whom a visitor sees first; he gets the first of them.
    """
    able = [item for item in found if item.state != "closed" and item.class_code != "lead"]
    firsts = sorted(able, key=lambda item: not ground.contains(Point(item.lon, item.lat)))[:PAIRS]
    again = [
        replace(
            item,
            state="reported",
            accepted_at=None,
            lon=item.lon + 5 * METRE,
            found_at=min(item.found_at + timedelta(hours=3), until - timedelta(minutes=3)),
            note=f"又有人反映：{item.note}",
        )
        for item in firsts
    ]
    return sorted([*found, *again], key=lambda item: item.found_at)


def fill(ready: Ready) -> int:
    """Let the officers of a station work for a while; return how many rows and steps that made."""
    cases = list(ready.session.scalars(_cases(ready, "accepted").where(Case.handler_id.is_not(None))))
    _link(ready)
    steps = _steps(ready, [*cases[:8], *cases[14:22]])
    handed = _hand_overs(ready, cases[8:14])
    attempts = _attempts(ready, cases[:8])
    closed = ready.session.scalars(_cases(ready, "closed").where(Case.handler_id.is_not(None)).limit(8))
    spots = [*closed, *cases]
    return steps + handed + attempts + _tasks(ready, spots) + _look_backs(ready) + _calls(ready, spots)


def _cases(ready: Ready, state: str) -> Any:
    own = (Case.station_id == ready.station_id) & (Case.state == state) & ~Case.restricted
    of_first = Case.grid_id.in_(ready.first)
    return select(Case).where(own).order_by(of_first.desc(), Case.found_at.desc(), Case.id)


def _link(ready: Ready) -> None:
    """Link what was reported twice, as the worker does with each report."""
    by = Actor(ready.station_id, "machine")
    for case in ready.session.scalars(_cases(ready, "reported")):
        link(ready.session, case.id, look(ready.session, [case.id]), by=by)


def _steps(ready: Ready, cases: Sequence[Case]) -> int:
    """Take the steps that fill an officer's lists: handled, dispatched, fed back, asked for, hung up."""
    until = ready.now + timedelta(days=9)
    proof = photo("other", Random(f"{ready.code}-proof"))  # noqa: S311 - demo
    back = Given(note="已处置，现场照片见附件（演示）", photos={sha256(proof).hexdigest(): proof})
    wait = Given(note="等待供电部门停电检修（演示）", until=until)
    plans: tuple[tuple[tuple[str, Given], ...], ...] = (
        (("handle", Given()),),
        (("handle", Given()), ("feed_back", back)),
        (("ask_extension", wait),),
        (("ask_hang_up", wait),),
        (("ask_hang_up", wait), ("hang_up", Given())),
        (("escalate", Given(note="多次劝阻无效，请所领导协调（演示）")),),
        (("dispatch", Given(note="请到现场查看（演示）")),),
        (),
    )
    count = 0
    for case, plan in zip(cases, plans * 2, strict=False):
        for verb, given in plan:
            if verb == "dispatch":
                others = [each.handler_id for each in cases if each.handler_id != case.handler_id]
                given = replace(given, person_id=[*others, case.handler_id][0])
            count += _step(ready, case, verb, given)
    return count


def _step(ready: Ready, case: Case, verb: str, given: Given) -> bool:
    """Take a step, its handler or the chief; say whether the case's class and state leave room for it."""
    by = ready.officer(case.handler_id or ready.chief)
    if verb == "hang_up":
        by = Actor(ready.station_id, "station_chief", ready.chief)
    if STEPS[verb] not in offered(standing(ready.session, case, by)):
        return False
    take_step(ready.session, ready.blobs, case, verb, given, by=by)
    return True


def _hand_overs(ready: Ready, cases: Sequence[Case]) -> int:
    """Hand cases to other bodies: made out, delivered, with receipt, late, taken on, done."""
    power = ready.session.scalars(
        select(Body).where(Body.station_id == ready.station_id, Body.code == "power")
    ).one()
    ways = ((1,), (20,), (2, "receipt"), (), (6, "accepted"), (8, "done"))
    for case, way in zip(cases, ways, strict=False):
        by = ready.officer(case.handler_id or ready.chief)
        form = referrals.Form(ready.id("referral", case.number), power.id, "线路老化，请贵单位处置（演示）。")
        made = referrals.prepare(ready.session, case, form, by=by)
        if not way:
            continue
        at = ready.now - timedelta(days=int(way[0]))
        made = referrals.deliver(
            ready.session, ready.blobs, made, how="hand", to="值班员（演示）", at=at, by=by
        )
        if "receipt" in way:
            day = (at + timedelta(days=1)).astimezone(SHOWN).date()
            made = referrals.note_receipt(
                ready.session, ready.blobs, made, number="回执-演示-01", on=day, scan=b"", by=by
            )
        elif way[1:]:
            referrals.note_answer(
                ready.session,
                ready.blobs,
                made,
                answer=str(way[1]),
                words="已安排人员（演示）",
                photo=b"",
                by=by,
            )
    return len(cases)


def _attempts(ready: Ready, cases: Sequence[Case]) -> int:
    """Log that somebody went there, once in vain and once met."""
    for case in cases:
        by = ready.officer(case.handler_id or ready.chief)
        for step, result in enumerate(("nobody", "met")):
            tried = referrals.Tried(
                ready.id("attempt", case.number, step), result, ready.now - timedelta(hours=20 - 9 * step),
                words="敲门无人应答（演示）" if not step else "已当面告知隐患（演示）",
            )  # fmt: skip
            referrals.attempt(ready.session, case, tried, by=by)
    return 2 * len(cases)


def _spot(case: Case) -> dict[str, Any]:
    names = ("station_id", "geom", "raw_x", "raw_y", "raw_crs", "accuracy_m", "method", "grid_id")
    return {name: getattr(case, name) for name in names}


def _tasks(ready: Ready, cases: Sequence[Case]) -> int:
    """Tasks of officers to their grids: for today, overdue, done; and of the chief to the officers."""
    rows = []
    for number, case in enumerate(cases[:24]):
        due = ready.now + timedelta(hours=(7, -20, 30)[number % 3])
        done = number % 8 == 5
        worker, officer = ready.workers.get(case.grid_id), case.handler_id
        own = (
            {"to_person": officer, "to_grid": None}
            if number % 4 == 3
            else {"to_person": None, "to_grid": case.grid_id}
        )
        rows.append({
            **_spot(case), **own, "id": ready.id("task", case.number), "kind": ("check", "visit",
            "other")[number % 3],
            "words": {"said": TASKS[number % 3]}, "case_id": case.id if case.closed_at is None else None,
            "given_by": ready.chief if own["to_person"] else officer, "due_from": due - timedelta(hours=26),
            "due_until": due, "state": "done" if done else "open", "created_at": due - timedelta(hours=30),
            "ended_by": (own["to_person"] or worker or officer) if done else None,
            "ended_at": ready.now - timedelta(hours=3) if done else None,
            "told_at": ready.now - timedelta(hours=3) if done else None,
            "note": "已查看，正常（演示）" if done else "",
            "flags": ["no_photo"] if done else [],
        })  # fmt: skip
    ready.session.execute(insert(Task), rows)
    return len(rows)


def _look_backs(ready: Ready) -> int:
    """Look-backs of what was closed: to come, due today, found fine, and one that failed."""
    closed = (
        _cases(ready, "closed").where(Case.closed_at.is_not(None), Case.kind == "hazard").limit(LOOK_BACKS)
    )
    today = ready.now.astimezone(SHOWN).date()
    rows, tasks = [], []
    for number, case in enumerate(ready.session.scalars(closed)):
        state = ("planned", "planned", "open", "fine")[number % 4] if number != 7 else "failed"
        ahead = {"planned": 2 + number, "open": 0}.get(state, -3 - number)
        row = _look_back(ready, case, state, today + timedelta(days=ahead))
        rows.append(row)
        if state != "planned":
            tasks.append(_visit_again(ready, case, row["id"], row["due_on"], state))
    ready.session.execute(insert(LookBack), rows)
    ready.session.execute(insert(Task), tasks)
    return len(rows) + len(tasks)


def _look_back(ready: Ready, case: Case, state: str, on: date) -> dict[str, Any]:
    barred = [person for person in (case.handler_id, case.reporter_id) if person is not None]
    return {
        "id": ready.id("look-back", case.number), "station_id": ready.station_id, "case_id": case.id,
        "number": 1,
        "due_on": on, "state": state, "closed_at": case.closed_at,
        "barred": [] if state == "planned" else barred,
    }  # fmt: skip


def _visit_again(ready: Ready, case: Case, own: UUID, on: date, state: str) -> dict[str, Any]:
    start = datetime.combine(on, datetime.min.time(), SHOWN)
    over = state != "open"
    done = start + timedelta(hours=10)
    worker = ready.workers.get(case.grid_id)
    return {
        **_spot(case), "id": own, "kind": "look_back", "words": question(case.hazard_class.title),
        "to_grid": case.grid_id, "due_from": start, "due_until": start + timedelta(days=1),
        "state": {"open": "open", "fine": "done", "failed": "failed"}[state], "created_at": start,
        "ended_by": worker if over else None, "ended_at": done if over else None,
        "told_at": done if over else None,
        "note": {"fine": "未反弹（演示）", "failed": "又有飞线（演示）"}.get(state, ""),
        "flags": ["no_photo"] if over else [],
    }  # fmt: skip


def _calls(ready: Ready, cases: Sequence[Case]) -> int:
    """Calls of three months in both directions; somebody is on the way to the first two."""
    rows, targets = [], []
    for number in range(CALLS):
        case = cases[number % len(cases)]
        worker = ready.workers.get(case.grid_id)
        if worker is None or case.handler_id is None:
            continue
        state = "answered" if number < 2 else "unanswered" if number % 9 == 4 else "done"
        up = number % 3 != 1
        people = (worker, case.handler_id) if up else (case.handler_id, worker)
        called_at = ready.now - timedelta(minutes=9 + number if number < 2 else 60 * (5 + 34 * number))
        row, target = _call(ready, case, number, called_at, state, people)
        rows.append({**row, "direction": "grid_to_police" if up else "police_to_grid"})
        targets.append(target)
    ready.session.execute(insert(Call), rows)
    ready.session.execute(insert(CallTarget), targets)
    # The clock of what is open is kept by the worker, who hears of it by the event.
    for row in rows:
        if row["ended_at"] is None:
            said = {
                "station_id": ready.station_id, "at": row["called_at"], "name": "calls.placed",
                "subject_kind": "call",
                "subject_id": row["id"], "grid_id": row["grid_id"], "by_id": row["caller_id"],
                "data": {"state": row["state"], "synthetic": True},
            }  # fmt: skip
            ready.session.execute(insert(Event), [said])
    return len(rows) + len(targets)


def _call(
    ready: Ready, case: Case, number: int, at: datetime, state: str, people: tuple[UUID, UUID]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a call and who was called: the limits are the usual ones, most are answered in time."""
    caller, called = people
    heard = at + timedelta(seconds=ready.dice.lognormvariate(4.0, 0.7))
    came = heard + timedelta(seconds=ready.dice.lognormvariate(5.2, 0.6))
    ended = came + timedelta(minutes=ready.dice.randint(10, 50))
    answered = state in ("answered", "done")
    over = state in ("done", "unanswered")
    own = ready.id("call", number)
    words = WORDS[number % len(WORDS)]
    row = {
        **_spot(case), "id": own, "content_hash": sha256(f"{own}".encode()).digest(),
        "kind": ("help", "on_site", "missing_person", "information")[number % 4], "words": words,
        "police_grid_id": case.police_grid_id, "case_id": case.id if number % 5 == 3 else None,
        "caller_id": caller,
        "aim": "ground", "taken": int(answered), "state": state, "acknowledge_s": ACKNOWLEDGE_S,
        "response_s": RESPONSE_S, "called_at": at, "close_at": at + timedelta(hours=CLOSE_H),
        "acknowledged_at": heard if answered else None, "answered_at": came if answered else None,
        "ended_at": ended if over else None, "ended_by_id": called if state == "done" else None,
        "end_words": "现场已处置（演示）" if state == "done" else "无人应答（演示）" if over else "",
    }  # fmt: skip
    target = {
        "call_id": own, "person_id": called, "station_id": ready.station_id, "caller_id": caller,
        "why": "posted",
        "state": "taken" if answered else "called", "called_at": at,
        "acknowledged_at": heard if answered else None, "taken_at": came if answered else None,
    }  # fmt: skip
    return row, target
