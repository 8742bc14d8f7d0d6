"""Events and reactions fit together: each event has an action, each reaction a job and an event."""

from __future__ import annotations

import re

from tests.house.source import ROOT, furniture, module, modules, named
from tests.house.tables import events_of, recorded
from webapp.reactions import JOBS, REACTIONS

NAME = re.compile(r"[a-z]+[0-9]*\.[a-z]+(_[a-z]+)*")
# Past tenses that do not end in "ed".
IRREGULAR = (
    "_set",
    "kept",
    "sent",
    "rebuilt",
    "met",
    "bound",
    "split",
    "drawn",
    "withdrawn",
    "hung_up",
    "fed_back",
    "sent_back",
    "taken_back",
    "looked_back",
    "taken",
    "begun",
)


def name_fault(event: str, room: str) -> str | None:
    """Return what is wrong with an event's name, None for `capability.past_tense` of its own room."""
    said = event.partition(".")[2]
    if not NAME.fullmatch(event):
        return f"{event}: not capability.past_tense"
    if event.partition(".")[0] != room:
        return f"{event}: recorded by the room {room}"
    if not said.endswith(("ed", *IRREGULAR)):
        return f"{event}: not in the past tense"
    return None


def test_names_are_capability_and_past_tense() -> None:
    found = [f for r in recorded() if (f := name_fault(r.event, r.action.partition(".")[0]))]
    assert not found, named(found, "name the event capability.past_tense, the capability being its own room")


def test_each_event_of_a_reaction_is_recorded() -> None:
    known = {r.event for r in recorded()}
    found = sorted(set(REACTIONS) - known)
    assert not found, named(
        found, "webapp/reactions.py waits for an event that no action records: mend the name"
    )


# What only the log is for: that somebody looked at a contact changes nothing on a page.
UNHEARD = {"open311.contact_disclosed", "open311.contact_kept", "residents.contact_disclosed"}


def heard() -> set[str]:
    """Return the names of events that pages of a browser listen for."""
    rooms = re.search(r"const ROOMS = \{(.*?)\n\};", (ROOT / "static/shared/news.js").read_text(), re.DOTALL)
    assert rooms, "static/shared/news.js names the events in ROOMS"
    return {
        f"{room}.{name}"
        for room, said in re.findall(r"^  (\w+):\s((?:\s*\"[^\"]*\"\s*\+?)+),$", rooms[1], re.MULTILINE)
        for name in "".join(re.findall(r'"([^"]*)"', said)).split()
    }


def test_pages_hear_what_changes_a_case() -> None:
    wanted = {r.event for r in recorded() if r.kind in ("case", "call", "task", "referral", "ticket")}
    found = sorted(wanted - heard() - UNHEARD)
    assert not found, named(
        found, "name the event in ROOMS of static/shared/news.js, or no page is told of it"
    )


def test_each_job_of_a_reaction_exists() -> None:
    found = sorted({job for jobs in REACTIONS.values() for job in jobs} - set(JOBS))
    assert not found, named(found, "enter the job in JOBS of webapp/reactions.py")


def test_each_job_is_named_after_its_function() -> None:
    for name, job in JOBS.items():
        assert f"webapp.{name}" == f"{job.__module__}.{job.__name__}".replace(".jobs.", "."), (
            f"{name} stands for {job.__module__}.{job.__name__}: name it room.function"
        )


def test_each_public_job_is_started_by_something() -> None:
    known = {f"{job.__module__}.{job.__name__}" for job in JOBS.values()}
    found = [
        f"{item.name}.{node.name}"
        for item in furniture("jobs")
        for node in item.tree.body
        if node.__class__.__name__ == "FunctionDef"
        and not node.name.startswith("_")  # type: ignore[attr-defined]
        and f"{item.name}.{node.name}" not in known  # type: ignore[attr-defined]
    ]
    assert not found, named(found, "enter the job in webapp/reactions.py, or delete it")


def test_each_event_is_documented() -> None:
    said = (ROOT / "docs/events.md").read_text(encoding="utf-8")
    found = [r.event for r in recorded() if f"`{r.event}`" not in said]
    assert not found, named(found, "run `make docs`")


def test_events_are_recorded_by_actions_only() -> None:
    bulk = ("webapp.demo.history",)  # writes years of past events in one statement
    found = [
        f"{item.path}: {event}"
        for item in modules("webapp")
        if item.furniture not in ("actions", "events") and item.name not in bulk
        for event in re.findall(r'\brecord\(\s*session,\s*"([^"]+)"', item.text)
    ]
    assert not found, named(found, "record the event in the action that changes the thing")


def test_a_badly_named_event_is_seen_also_through_a_helper() -> None:
    text = (
        "def close(session, case, *, by):\n    return _recorded(session, case, 'cases.close', by)\n"
        "def _recorded(session, case, name, by):\n"
        "    record(session, name, kind='case', subject=case.id, by=by, state=case.state)\n"
    )
    [found] = events_of(module("webapp/cases/actions.py", text))
    assert (found.event, found.kind, found.keys) == ("cases.close", "case", ("state",))
    assert found.action == "cases.actions.close"
    assert name_fault(found.event, "cases")
    assert name_fault("areas.moved", "cases")
    assert not name_fault("cases.closed", "cases")
