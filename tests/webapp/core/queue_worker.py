"""A worker process for the tests of the queue: the real loop of webapp.worker with jobs of the tests' own."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from sqlalchemy import text

from webapp.core import queue
from webapp.core.config import Settings
from webapp.reactions import JOBS
from webapp.worker import Worker


def slow_effect(run: queue.Run) -> None:
    """Leave one row, in the middle of 30 ms of work; fail after it when told to."""
    run.session.execute(text("INSERT INTO public.effect (job_id) VALUES (:j)"), {"j": run.job_id})
    time.sleep(0.03)
    if run.args.get("fail"):
        raise ValueError("poison")


def fail(run: queue.Run) -> None:
    """Fail, after an effect that must not stay."""
    run.session.execute(text("INSERT INTO public.effect (job_id) VALUES (:j)"), {"j": run.job_id})
    raise ValueError("poison")


def die(run: queue.Run) -> None:
    """End the whole process as a crash of a C library would."""
    run.session.execute(text("INSERT INTO public.effect (job_id) VALUES (:j)"), {"j": run.job_id})
    os.kill(os.getpid(), 9)


OWN_JOBS = {"test.slow": slow_effect, "test.quick": slow_effect, "test.fail": fail, "test.die": die}
OWN_QUICK = frozenset({"test.quick"})

if __name__ == "__main__":
    JOBS.update(OWN_JOBS)
    home, database, name = sys.argv[1:4]
    Worker(Settings(home=Path(home), database=database), name, periodic=(), quick=OWN_QUICK).forever()
