"""What the timeline of a case calls its events, those of other rooms too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.core.i18n import N_

EVENT_TITLES = {
    "cases.reported": N_("Reported"),
    "cases.accepted": N_("Accepted"),
    "cases.closed": N_("Closed"),
    "cases.rejected": N_("Rejected"),
    "cases.merged": N_("Put to another case as the same matter"),
    "cases.unmerged": N_("Taken apart again"),
    "cases.dispatched": N_("Dispatched"),
    "cases.acknowledged": N_("Acknowledged"),
    "cases.returned": N_("Handed back"),
    "cases.started": N_("Handling began"),
    "cases.correction_ordered": N_("Correction ordered"),
    "cases.graded": N_("Graded"),
    "cases.extension_asked": N_("Extension asked for"),
    "cases.extension_granted": N_("Extension granted"),
    "cases.extension_refused": N_("Extension refused"),
    "cases.fed_back": N_("Fed back"),
    "cases.sent_back": N_("Sent back: not settled"),
    "cases.hang_up_asked": N_("Hanging up asked for"),
    "cases.hung_up": N_("Hung up"),
    "cases.hang_up_refused": N_("Hanging up refused"),
    "cases.resumed": N_("Taken up again"),
    "cases.transferred": N_("Handed over to another body"),
    "cases.receipt_noted": N_("Receipt of the other body"),
    "cases.answer_noted": N_("Answer of the other body"),
    "cases.taken_back": N_("Taken back from the other body"),
    "cases.escalated": N_("Escalated"),
    "cases.withdrawn": N_("Withdrawn by the reporter"),
    "cases.looked_back": N_("Look-back: still settled"),
    "cases.reopened": N_("Reopened"),
    "cases.file_added": N_("Photo added"),
    "cases.file_completed": N_("Original photo arrived"),
    "cases.note_added": N_("Note added"),
    "cases.answers_filled": N_("Missing answers filled in"),
    "cases.rerouted": N_("Follows new boundaries"),
    "cases.limit_recounted": N_("Limit counted anew"),
    "cases.voice_added": N_("Seen by somebody else too"),
    "residents.ticket_opened": N_("Tracking code given to the resident"),
    "residents.note_added": N_("Resident added words"),
    "residents.photo_added": N_("Resident added a photo"),
    "residents.judged": N_("Resident said whether it is settled"),
    "residents.contact_withdrawn": N_("Resident withdrew the contact data"),
    "residents.contact_disclosed": N_("Contact data read"),
    "open311.contact_kept": N_("Contact data came with the report"),
    "open311.contact_disclosed": N_("Contact data read"),
    "open311.note_added": N_("Sender added words"),
    "intake.revised": N_("Changed at its source"),
    "repeats.linked": N_("Repeats another case"),
    "repeats.offered": N_("May be the same as another case"),
    "repeats.priority_raised": N_("Priority raised: a repeat"),
    "repeats.party_named": N_("Party named"),
    "repeats.party_removed": N_("Party taken away"),
    "repeats.distinguished": N_("Not the same as another case"),
    "repeats.merged": N_("Other reports were merged into it"),
    "repeats.lead_changed": N_("The leading case is another now"),
    "repeats.lead_moved": N_("The leading case moved on"),
    "duty.case_sent": N_("Sent to the duty desk"),
    "referrals.attempted": N_("Somebody went or called"),
    "referrals.prepared": N_("Form of hand-over made out"),
    "referrals.reporter_disclosed": N_("Reporter's data put on the form of hand-over"),
    "referrals.delivered": N_("Delivered to the body"),
    "referrals.receipt_noted": N_("Receipt of the body noted"),
    "referrals.answered": N_("The body answered"),
    "referrals.recalled": N_("Taken back from the body"),
    "referrals.reminded": N_("The body's answer is late"),
    "referrals.due_recounted": N_("The body's answer is due at another time"),
    "referrals.non_police_marked": N_("Marked as not a police matter"),
    "referrals.non_police_cleared": N_("A police matter after all"),
}


# Why a case went to the duty desk, or on from it.
DESK_TITLES = {
    "night": N_("Sent to the duty desk: it is night"),
    "nobody": N_("Sent to the duty desk: nobody is posted here"),
    "away": N_("Sent to the duty desk: who is posted here is away"),
    "ran_out": N_("Sent to the duty desk: nobody answered in time"),
    "shift_over": N_("The shift at the desk is over: handed on"),
}


def event_title(name: str, data: Mapping[str, Any]) -> str:
    """Return what people call an event of a case: its step ends a matter in more than one way."""
    if name == "duty.case_sent":
        return DESK_TITLES.get(data.get("why", ""), EVENT_TITLES[name])
    ended = data.get("verb") if name == "cases.closed" else None
    return N_("Verified on the spot, closed") if ended == "verify" else EVENT_TITLES.get(name, name)
