"""Work for later: jobs that are claimed, done and marked done exactly once, whoever dies meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event as Flag
from threading import Thread
from typing import Any, TypeVar, cast
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    delete,
    func,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import Base, Database
from webapp.core.events import Event, Outbox

LEASE_S = 30
TRIES = 5
MACHINE = "machine"

Handler = Callable[["Run"], None]
T = TypeVar("T")


class Job(Base):
    """One piece of work. `key` makes a second request for the same work a no-op."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("state IN ('ready', 'leased', 'done', 'dead')", name="state"),
        Index("ix_job_claim", "run_at", postgresql_where="state IN ('ready', 'leased')"),
        Index("ix_job_dead", "station_id", postgresql_where="state = 'dead'"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str]
    args: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    station_id: Mapped[UUID]
    key: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default="ready")
    attempts: Mapped[int] = mapped_column(server_default="0")
    run_at: Mapped[datetime] = mapped_column(server_default=func.now())
    lease_until: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    done_at: Mapped[datetime | None]


class Together:
    """Jobs of one transaction: what they are about, and what one of them has read for all."""

    def __init__(self, jobs: Iterable[Job] = ()) -> None:
        self.subjects: dict[str, list[UUID]] = {}
        self.known: dict[Hashable, Any] = {}
        for job in jobs:
            if "subject" in job.args:
                self.subjects.setdefault(job.name, []).append(UUID(str(job.args["subject"])))


@dataclass(frozen=True)
class Run:
    """What a job's function receives: the transaction that its effect belongs to, and its arguments.

    `together` are the subjects of all jobs of this kind in the transaction.
    """

    session: Session
    by: Actor
    job_id: int
    args: Mapping[str, Any]
    resources: Mapping[str, Any]
    together: Sequence[UUID] = ()
    known: dict[Hashable, Any] = field(default_factory=dict)

    @property
    def subject(self) -> UUID:
        """What the event behind this job was about."""
        return UUID(str(self.args["subject"]))

    @property
    def subjects(self) -> Sequence[UUID]:
        """The subjects of all jobs of this kind in the transaction, this one's among them."""
        return self.together or (self.subject,)

    def once(self, name: Hashable, read: Callable[[], T]) -> T:
        """Return what `read` returned when the first job of this transaction asked: twenty jobs, one look.

        Only for what no job of the transaction changes; plain values, for entities end with their job.
        """
        if name not in self.known:
            self.known[name] = read()
        return cast(T, self.known[name])


def enqueue(
    session: Session, name: str, *, station_id: UUID, key: str, run_at: datetime | None = None, **args: Any
) -> None:
    """Ask for a job inside the caller's transaction; the same `key` is asked for only once."""
    values: dict[str, Any] = {"name": name, "args": args, "station_id": station_id, "key": key}
    if run_at is not None:
        values["run_at"] = run_at
    session.execute(insert(Job).values(**values).on_conflict_do_nothing(index_elements=[Job.key]))
    session.execute(text("SELECT pg_notify('shuangge_job', '')"))


@dataclass(frozen=True)
class Every:
    """Work that comes again: a job, its interval in minutes, and minutes after 00:00 in China (UTC+8)."""

    job: str
    minutes: int
    at_minute: int = 0

    def slot(self, now: datetime) -> datetime:
        """Return the beginning of the present slot: the newest due moment that is not to come."""
        first = datetime(2024, 1, 1, tzinfo=clock.SHOWN) + timedelta(minutes=self.at_minute)
        return first + timedelta(minutes=self.minutes) * ((now - first) // timedelta(minutes=self.minutes))


def ask_periodic(session: Session, works: Iterable[Every], stations: Iterable[UUID], now: datetime) -> None:
    """Ask for the job of each work's present slot, once per station, however often this is called.

    After a rest of the machine the newest slot is made up for, not those before it.
    """
    for work in works:
        at = work.slot(now).isoformat()
        for station in stations:
            enqueue(session, work.job, station_id=station, key=f"every:{work.job}:{station}:{at}", slot=at)


def dispatch(session: Session, follows: Callable[[Event], Iterable[str]], limit: int = 500) -> int:
    """Turn waiting events into the jobs that `follows` names, all at once; return how many events."""
    _unsynced(session)
    waiting = select(Outbox.event_id).order_by(Outbox.event_id).limit(limit).with_for_update(skip_locked=True)
    ids = list(session.scalars(waiting))
    if not ids:
        return 0
    jobs = [
        {
            "name": name,
            "args": {"subject": str(event.subject_id), "event": event.name, "data": event.data},
            "station_id": event.station_id,
            "key": f"{event.id}:{name}",
        }
        for event in session.scalars(select(Event).where(Event.id.in_(ids)).order_by(Event.id))
        for name in follows(event)
    ]
    if jobs:
        session.execute(insert(Job).values(jobs).on_conflict_do_nothing(index_elements=[Job.key]))
        session.execute(text("SELECT pg_notify('shuangge_job', '')"))
    session.execute(delete(Outbox).where(Outbox.event_id.in_(ids)))
    return len(ids)


def _unsynced(session: Session) -> None:
    """Let this transaction end without waiting for the disk.

    Should the machine lose its power, the step was not made, as a whole, and is made again; the effect of a
    job waits for the disk, and with it all that was written before it.
    """
    session.execute(text("SET LOCAL synchronous_commit = off"))


@dataclass(frozen=True)
class Lane:
    """Which jobs one loop of a worker takes, and how many of them in one transaction.

    Pictures, files and calls to other machines take long; what only writes a few rows must not wait for them.
    """

    name: str
    jobs: frozenset[str]
    others: bool = False  # all jobs but these
    together: int = 1


EVERYTHING = Lane("all", frozenset(), others=True)

# A job that was tried before is claimed alone: if it killed the worker, the others are not tried in vain.
_CLAIM = text("""
    WITH free AS (
        SELECT id, attempts, station_id, run_at FROM app.job
        WHERE state IN ('ready', 'leased') AND run_at <= :now AND (name = ANY(:names)) <> :others
            AND (state = 'ready' OR lease_until < :now OR leased_by = :worker)
        ORDER BY run_at, id LIMIT :together FOR UPDATE SKIP LOCKED),
    first AS (SELECT * FROM free ORDER BY run_at, id LIMIT 1),
    taken AS (
        SELECT free.id FROM free, first
        WHERE free.id = first.id
            OR (first.attempts = 0 AND free.attempts = 0 AND free.station_id = first.station_id))
    UPDATE app.job j SET leased_by = :worker, lease_until = :lease,
        attempts = least(j.attempts + 1, :tries),
        state = CASE WHEN j.attempts < :tries THEN 'leased' ELSE 'dead' END,
        last_error = CASE WHEN j.attempts < :tries THEN j.last_error
            ELSE coalesce(j.last_error, 'the worker died each time') END
    FROM taken WHERE j.id = taken.id
    RETURNING j.*""")


def claim(session: Session, worker: str, lane: Lane = EVERYTHING) -> list[Job]:
    """Lease the next jobs of a lane to `worker`: ready, or leased by somebody whose lease ran out.

    The try is counted here, before the effect, so that a job that kills its worker ends among the dead.
    A worker that comes back under its own name takes its own leases at once. Several jobs are of one station.
    """
    _unsynced(session)
    now = clock.now()
    values = {
        "now": now,
        "lease": now + timedelta(seconds=LEASE_S),
        "worker": worker,
        "names": list(lane.jobs),
        "others": lane.others,
        "together": lane.together,
        "tries": TRIES,
    }
    while True:
        found = session.scalars(
            select(Job).from_statement(_CLAIM), values, execution_options={"populate_existing": True}
        ).all()
        taken = [job for job in found if job.state == "leased"]
        if taken or not found:
            return sorted(taken, key=lambda job: (job.run_at, job.id))


def run(
    database: Database,
    jobs: Sequence[Job],
    worker: str,
    handlers: Mapping[str, Handler],
    resources: Mapping[str, Any],
) -> dict[int, str]:
    """Do leased jobs of one station: their effects and 'done' in one transaction; return errors by job.

    A job that fails leaves no trace of its own and does not touch the others. When the whole transaction
    fails, several jobs come again one by one.
    """
    by = Actor(station_id=jobs[0].station_id, role=MACHINE)
    stop = Flag()
    beat = Thread(target=_heartbeat, args=(database, [job.id for job in jobs], worker, stop), daemon=True)
    beat.start()
    together = Together(jobs)
    try:
        with database.transaction(by) as session:
            tried = ((job.id, _try(session, by, job, handlers, resources, together)) for job in jobs)
            errors = {job_id: error for job_id, error in tried if error}
            _done(session, [job for job in jobs if job.id not in errors], worker)
            for job in jobs:
                if job.id in errors:
                    _failed(session, job, errors[job.id])
    except Exception as error:
        errors = dict.fromkeys((job.id for job in jobs), error)
        with database.transaction() as session:
            for job in jobs:
                _failed(session, job, error, rest=len(jobs) == 1)
    finally:
        stop.set()
    return {job: f"{type(error).__name__}: {error}" for job, error in errors.items()}


def _try(
    session: Session,
    by: Actor,
    job: Job,
    handlers: Mapping[str, Handler],
    resources: Mapping[str, Any],
    together: Together,
) -> Exception | None:
    """Let one job take effect, or leave nothing of it; return what went wrong."""
    subjects = together.subjects.get(job.name, ())
    try:
        with session.begin_nested():
            run = Run(session, by, job.id, job.args, resources, subjects, together.known)
            handlers.get(job.name, _unknown)(run)
            session.flush()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return error
    except Exception as error:
        return error
    finally:
        # What others have changed meanwhile is read anew by the next job.
        session.expunge_all()
    return None


def _unknown(run: Run) -> None:
    """Fail for a job of another version of the code: it rests and comes again, its brothers go on."""
    raise LookupError(f"job {run.job_id} has a name that this version does not know")


def _done(session: Session, jobs: Sequence[Job], worker: str) -> None:
    tried = [(job.id, job.attempts) for job in jobs]
    mine = tuple_(Job.id, Job.attempts).in_(tried) & (Job.leased_by == worker) & (Job.state == "leased")
    done = update(Job).where(mine).values(state="done", done_at=clock.now())
    if session.execute(done).rowcount != len(jobs):  # type: ignore[attr-defined]
        raise LeaseLost(f"of jobs {[job.id for job in jobs]} some belong to another worker now")


class LeaseLost(RuntimeError):
    """The lease ran out and another worker took the job: our effect must not stay."""


def _failed(session: Session, job: Job, error: Exception, *, rest: bool = True) -> None:
    seconds = min(10 * 4 ** (job.attempts - 1), 3600)
    if isinstance(error, OperationalError):  # the database was away or busy: not the job's own fault
        seconds = job.attempts
    wait = timedelta(seconds=seconds if rest else 0)
    state = "dead" if job.attempts >= TRIES else "ready"
    session.execute(
        update(Job)
        .where(Job.id == job.id, Job.attempts == job.attempts, Job.state == "leased")
        .values(state=state, run_at=clock.now() + wait, last_error=f"{type(error).__name__}: {error}"[:500])
    )


def _heartbeat(database: Database, jobs: list[int], worker: str, stop: Flag) -> None:
    while not stop.wait(LEASE_S / 3):
        with database.transaction() as session:
            session.execute(
                update(Job)
                .where(Job.id.in_(jobs), Job.leased_by == worker, Job.state == "leased")
                .values(lease_until=clock.now() + timedelta(seconds=LEASE_S))
            )


def dead(session: Session) -> list[Job]:
    """Return the jobs that were given up, newest first."""
    return list(session.scalars(select(Job).where(Job.state == "dead").order_by(Job.id.desc()).limit(200)))


def revive(session: Session, job_id: int) -> bool:
    """Give a dead job a new life of five tries; say whether there was one."""
    done = session.execute(
        update(Job)
        .where(Job.id == job_id, Job.state == "dead")
        .values(state="ready", attempts=0, run_at=clock.now())
        .returning(Job.id)
    )
    return done.one_or_none() is not None
