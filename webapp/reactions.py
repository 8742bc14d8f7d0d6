"""What follows what: one table of events and the jobs that they start."""

from __future__ import annotations

from webapp.areas import jobs as areas
from webapp.calendars import jobs as calendars
from webapp.calls import jobs as calls
from webapp.cases import jobs as cases
from webapp.core.events import Event
from webapp.core.queue import Every, Handler
from webapp.duty import jobs as duty
from webapp.exchange import jobs as exchange
from webapp.intake import jobs as intake
from webapp.parcels import jobs as parcels
from webapp.referrals import jobs as referrals
from webapp.repeats import jobs as repeats
from webapp.repeats.rules import TOLD
from webapp.residents import jobs as residents
from webapp.tasks import jobs as tasks
from webapp.webhooks import jobs as webhooks
from webapp.webhooks.rules import EVENTS, PING, REPLAY

# (event, job): each pair becomes a job of its own, so one failure does not repeat its brothers.
REACTIONS: dict[str, list[str]] = {
    "cases.reported": ["cases.make_thumbnails"],
    "cases.file_added": ["cases.make_thumbnails"],
    "cases.file_completed": ["cases.make_thumbnails"],
    "cases.accepted": ["cases.award_points"],
    "cases.escalated": ["cases.recount_limit"],
    "calendars.year_imported": ["cases.recount_limits"],
    "calendars.day_set": ["cases.recount_limits"],
    "calendars.hours_set": ["cases.recount_limits"],
    "calendars.limit_set": ["cases.recount_limits"],
    "calendars.limit_ended": ["cases.recount_limits"],
    "cases.closed": ["cases.make_thumbnails", "cases.award_points", "tasks.plan_look_backs"],
    "residents.photo_added": ["cases.make_thumbnails"],
    "intake.uploaded": ["intake.read_upload"],
    "intake.reading_changed": ["intake.read_upload"],
    "intake.confirmed": ["intake.take_rows"],
    "intake.taken": ["intake.name_callers"],
    REPLAY: ["webhooks.redeliver"],
    "exchange.export_asked": ["exchange.make_export"],
    "exchange.exported": ["exchange.plan_end"],
    "parcels.received": ["parcels.take_package"],
    "cases.reopened": ["tasks.cancel_look_backs"],
    "tasks.completed": ["tasks.follow_look_back"],
    "tasks.failed": ["tasks.follow_look_back"],
    "residents.judged": ["tasks.answer_unsatisfied"],
    "calls.placed": ["calls.plan_clock", "calls.tell"],
    "calls.acknowledged": ["calls.plan_clock"],
    "calls.answered": ["calls.plan_clock"],
    "calls.declined": ["calls.plan_clock"],
    "calls.escalated": ["calls.plan_clock", "calls.tell"],
}
REACTIONS["areas.published"] = ["areas.begin_plan"]
REACTIONS["areas.started"] = ["cases.reroute_moved"]
REACTIONS["cases.reported"].append("repeats.link_case")
for _name in ("cases.reported", "cases.escalated", "cases.reopened", "cases.unmerged", "cases.rerouted"):
    REACTIONS.setdefault(_name, []).append("duty.route_case")
for _name in ("calendars.year_imported", "calendars.day_set", "calendars.hours_set"):
    REACTIONS[_name].append("referrals.recount_due")
REACTIONS["repeats.party_named"] = ["repeats.link_case"]
REACTIONS["repeats.priority_raised"] = ["cases.recount_limit"]
for _name in ("cases.merged", "cases.unmerged"):
    REACTIONS.setdefault(_name, []).append("repeats.note_merging")
for _name in TOLD:
    REACTIONS.setdefault(_name, []).append("repeats.tell_merged")
for _name in (*EVENTS, PING):
    REACTIONS.setdefault(_name, []).append("webhooks.enqueue_deliveries")


def follows(event: Event) -> list[str]:
    """Return the jobs that an event starts, without those that would find nothing to do.

    A file of calls makes thousands of cases without a photo; none of them waits for small pictures.
    """
    bare = event.name == "cases.reported" and event.data.get("files") == 0
    return [name for name in REACTIONS.get(event.name, []) if not (bare and name == PICTURES)]


PICTURES = "cases.make_thumbnails"

# What comes again by the clock: once per station and slot.
PERIODIC: tuple[Every, ...] = (
    Every("residents.forget_contacts", 24 * 60, 3 * 60 + 10),
    Every("calendars.keep_calendar", 24 * 60, 3 * 60 + 20),
    # Mondays at six, before the morning's round.
    Every("repeats.record_week", 7 * 24 * 60, 6 * 60),
    Every("tasks.tend_day", 24 * 60, 5 * 60),
    Every("referrals.remind_late", 60, 5),
    Every("areas.begin_due", 5),
    Every("cases.watch_clocks", 5),
    Every("duty.tend_desk", 5),
)

# Jobs that write a few rows and are done: several share a transaction, and none waits for a picture or file.
QUICK_JOBS = frozenset(
    {
        "areas.begin_plan",
        "cases.award_points",
        "cases.reroute_moved",
        "cases.recount_limit",
        "duty.route_case",
        "webhooks.enqueue_deliveries",
        "webhooks.redeliver",
        "exchange.plan_end",
        "repeats.link_case",
        "repeats.note_merging",
        "repeats.tell_merged",
        "tasks.plan_look_backs",
        "tasks.cancel_look_backs",
        "tasks.follow_look_back",
        "tasks.answer_unsatisfied",
        "calls.plan_clock",
        "calls.run_clock",
        "calls.tell",
    }
)

JOBS: dict[str, Handler] = {
    "cases.make_thumbnails": cases.make_thumbnails,
    "cases.award_points": cases.award_points,
    "areas.begin_plan": areas.begin_plan,
    "areas.begin_due": areas.begin_due,
    "cases.reroute_moved": cases.reroute_moved,
    "cases.recount_limits": cases.recount_limits,
    "cases.recount_limit": cases.recount_limit,
    "calendars.keep_calendar": calendars.keep_calendar,
    "cases.watch_clocks": cases.watch_clocks,
    "intake.read_upload": intake.read_upload,
    "intake.take_rows": intake.take_rows,
    "intake.name_callers": intake.name_callers,
    "residents.forget_contacts": residents.forget_contacts,
    "webhooks.enqueue_deliveries": webhooks.enqueue_deliveries,
    "webhooks.redeliver": webhooks.redeliver,
    # Asked for by the two above, and by itself for the next try.
    "webhooks.deliver": webhooks.deliver,
    "exchange.make_export": exchange.make_export,
    "exchange.plan_end": exchange.plan_end,
    "exchange.end_export": exchange.end_export,
    "parcels.take_package": parcels.take_package,
    "parcels.take_dropped": parcels.take_dropped,
    "repeats.link_case": repeats.link_case,
    "repeats.note_merging": repeats.note_merging,
    "repeats.tell_merged": repeats.tell_merged,
    "repeats.record_week": repeats.record_week,
    "tasks.plan_look_backs": tasks.plan_look_backs,
    "tasks.cancel_look_backs": tasks.cancel_look_backs,
    "tasks.tend_day": tasks.tend_day,
    "tasks.follow_look_back": tasks.follow_look_back,
    "tasks.answer_unsatisfied": tasks.answer_unsatisfied,
    "referrals.remind_late": referrals.remind_late,
    "referrals.recount_due": referrals.recount_due,
    "duty.route_case": duty.route_case,
    "duty.tend_desk": duty.tend_desk,
    "calls.plan_clock": calls.plan_clock,
    "calls.run_clock": calls.run_clock,
    "calls.tell": calls.tell,
    "calls.deliver": calls.deliver,
}
