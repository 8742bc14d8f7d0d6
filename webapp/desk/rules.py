"""Pure decisions of the desk: which lists there are, for whom, in which order, and how they are sorted."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.core.i18n import N_

# Whose start page it is.
ROLES = ("officer", "grid_worker", "station_chief")
POLICE = ("officer", "station_chief")
SORTS = {"clock": N_("by the clock"), "newest": N_("newest first"), "priority": N_("most urgent first")}
# A count beyond this says "and more": exact figures of long lists help nobody in the morning.
MOST_COUNTED = 999
PAGE = 30
MOST_EXPORTED = 20_000


@dataclass(frozen=True)
class DeskList:
    """One list of the desk: its name in addresses, what people call it, and what is in it, in a sentence.

    `calls`: each entry waits for me, so it counts in the tab of the browser. `alarm`: shown only when it is
    not empty, in red. `clock`: which time of a case it is sorted by, respond_by or due_at.
    """

    name: str
    title: str
    hint: str
    roles: tuple[str, ...] = ROLES
    group: str = "cases"
    calls: bool = False
    alarm: bool = False
    clock: str = "due_at"


GROUPS = {
    "calls": N_("Calls"),
    "cases": N_("Cases"),
    "tasks": N_("Tasks"),
    "others": N_("Others"),
}

# One list, one line; `desk.lists` has the query of each list of cases by name, `desk.rooms` those of others.
_LISTS = (
    DeskList("unposted", N_("Nobody is posted here"), N_("Open cases on ground that nobody has a posting for "
             "now: you answer for them until somebody is posted."), ("station_chief",), alarm=True),
    DeskList("ringing", N_("Rings for me"), N_("Calls that wait for my answer: acknowledge, come, or "
             "decline."), group="calls", calls=True),
    DeskList("called", N_("Called by the grid"), N_("My grids have called the police, and it is not settled "
             "yet."), POLICE, "calls"),
    DeskList("calls", N_("Open calls"), N_("Calls that I made, take part in or oversee."), group="calls"),
    DeskList("at_desk", N_("At the duty desk"), N_("Sent to the duty desk by night, because nobody is posted "
             "or present, or because nobody answered in time; nobody has accepted them yet."), POLICE,
             alarm=True, clock="respond_by"),
    DeskList("waiting", N_("Waiting for my answer"), N_("Reported on my ground and accepted by nobody yet; "
             "the clock of the answer is running."), calls=True, clock="respond_by"),
    DeskList("dispatched", N_("Dispatched to me"), N_("Given to me or my team; acknowledge or hand back."),
             calls=True),
    DeskList("overdue", N_("Overdue"), N_("Open beyond their limit, the oldest first.")),
    DeskList("today", N_("Due today"), N_("Their limit ends before midnight.")),
    DeskList("approvals", N_("Approvals waiting"), N_("Somebody asks for an extension or to hang a case up."),
             POLICE, calls=True),
    DeskList("verify", N_("To be verified"), N_("Fed back by somebody else; a second person must look."),
             calls=True),
    DeskList("mine", N_("In my hands"), N_("Accepted or handled by me, not fed back yet.")),
    DeskList("raised", N_("Repeats and raised"), N_("Repeats at one place, and what was given priority.")),
    DeskList("offers", N_("Perhaps the same"), N_("Two open cases that may be one: merge them, or tell them "
             "apart."), POLICE),
    DeskList("escalated", N_("Escalated"), N_("Handed up: nobody answered, or it could not be settled.")),
    DeskList("hung_up", N_("Hung up"), N_("Resting with a reason; the clock stands still.")),
    DeskList("tasks", N_("My tasks"), N_("Given to me, my team or my grid."), group="tasks"),
    DeskList("look_backs", N_("Look-backs due"), N_("Closed cases to be looked at again."), group="tasks"),
    DeskList("tasks_late", N_("Tasks overdue"), N_("Mine, and those that I gave, beyond their time."),
             group="tasks"),
    DeskList("given", N_("Given by me"), N_("Tasks that I gave and that are not done yet."), group="tasks"),
    DeskList("planned", N_("Look-backs planned"), N_("Only you see these days."), ("station_chief",),
             "tasks"),
    DeskList("transferred", N_("Handed over"), N_("With another body; receipt and answer are awaited."),
             group="others"),
    DeskList("answers", N_("Answers awaited"), N_("Forms at other bodies, or on the way there."),
             group="others"),
    DeskList("answers_late", N_("Answers overdue"), N_("The other body has let its day pass."),
             group="others"),
    DeskList("leads", N_("Restricted leads"), N_("Not taken over yet, or late; opened on their own page, for "
             "a purpose."), POLICE, "others", calls=True),
    DeskList("visits", N_("Visits overdue"), N_("People whom somebody should have visited by now."),
             group="others"),
)  # fmt: skip
LISTS = {item.name: item for item in _LISTS}


def lists_of(role: str) -> list[DeskList]:
    """Return the lists that a role has, in the order of the page."""
    return [item for item in _LISTS if role in item.roles]
