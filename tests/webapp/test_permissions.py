"""Who may open what: every address, every role, and the same silence about what is foreign or absent."""

from __future__ import annotations

import io
import json
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.samples import photo
from webapp.people.rules import Role

ROLES = tuple(str(role) for role in Role)
REPORTERS = {"volunteer", "grid_worker", "officer", "mediator", "planner", "station_chief"}
HANDLERS = {"officer", "grid_worker", "station_chief"}
CALLERS = {"volunteer", "grid_worker", "mediator", "officer", "station_chief"}
POLICE = {"officer", "station_chief"}
PLANNERS = {"planner", "station_chief"}
MAP = {"officer", "grid_worker", "station_chief", "planner", "mediator", "system_admin"}
REGISTRARS = {"station_chief", "planner", "officer"}
CALENDAR_READERS = MAP | {"audit_admin"}
PRINTERS = REGISTRARS | {"system_admin"}
INTAKE = {"station_chief", "system_admin", "officer"}
KEEPERS = {"station_chief", "system_admin"}
ALL = set(ROLES)
OPEN = ALL | {"nobody"}
OFFICE = {"station_chief", "system_admin"}
EXPORTERS = OFFICE | {"officer"}
POLICE = {"officer", "station_chief"}
COUNTERS = POLICE | {"planner", "system_admin", "audit_admin"}
VISITORS = {"volunteer", "grid_worker", "officer", "mediator", "station_chief"}
REFERRAL_STEPS = ("deliver", "receipt", "answer", "recall")

DRAFT_READS = ("operations", "figures", "check", "comments")
DRAFT_STEPS = ("operations", "undo", "redo", "comments", "submit", "approve", "publish", "withdraw")

# Form apps: by Digest or Basic, by a token in the address, and for trying out drafts.
FORM_WAYS = ("", "/<token>", "/test/<token>")
FORM_FILES = ("formList", "forms/<form_id>.xml", "forms/<form_id>/manifest", "media/<file>")
MAKERS = {"station_chief", "system_admin", "planner"}

# (method, rule): who passes the door. Whoever is not named gets 401 (nobody) or 403.
# A new address without a line here fails test_every_address_has_its_line.
MATRIX: dict[tuple[str, str], set[str]] = {
    ("GET", "/"): OPEN,
    ("GET", "/login"): OPEN,
    ("POST", "/login"): OPEN,
    ("POST", "/logout"): OPEN,
    ("GET", "/enrol/<code>"): OPEN,
    ("POST", "/enrol/<code>"): OPEN,
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/metrics"): OPEN,  # from this machine only
    ("GET", "/static/<path:filename>"): OPEN,
    ("GET", "/basemap.json"): OPEN,
    ("GET", "/basemap.pmtiles"): OPEN,
    ("GET", "/basemap/<int:z>/<int:x>/<int:y>"): OPEN,
    ("GET", "/api/openapi.json"): OPEN,
    ("GET", "/api/docs"): OPEN,
    ("GET", "/account"): ALL,
    ("GET", "/phone/"): ALL,
    ("GET", "/phone/shell/<any(zh, en):language>"): OPEN,
    ("GET", "/phone/sw.js"): OPEN,
    ("GET", "/phone/manifest.webmanifest"): OPEN,
    ("GET", "/field/handin"): HANDLERS,
    ("GET", "/cases"): ALL,
    ("GET", "/cases/<number>"): ALL,
    ("GET", "/cases/table"): ALL,
    ("POST", "/cases/<number>/steps/<verb>"): REPORTERS,
    ("POST", "/cases/<number>/answers"): HANDLERS | {"mediator"},
    ("POST", "/api/v1/cases/<uuid:case_id>/answers"): HANDLERS | {"mediator"},
    ("GET", "/desk"): HANDLERS,
    ("GET", "/api/v1/desk"): HANDLERS,
    ("GET", "/api/v1/desk/<name>"): HANDLERS,
    ("GET", "/api/v1/desk/<name>/export"): HANDLERS,
    ("GET", "/calls/kinds"): {"station_chief"},
    ("GET", "/api/v1/calls/kinds"): CALLERS,
    ("PUT", "/api/v1/calls/kinds/<string(maxlength=30):code>"): {"station_chief"},
    ("GET", "/api/v1/calls/kind-limits"): CALLERS,
    ("POST", "/api/v1/calls/kind-limits"): {"station_chief"},
    ("POST", "/api/v1/calls/kind-limits/<uuid:limit_id>/end"): {"station_chief"},
    ("GET", "/api/v1/cases/<uuid:case_id>/parties"): POLICE,
    ("DELETE", "/api/v1/cases/<uuid:case_id>/parties/<uuid:party_id>"): POLICE,
    ("GET", "/tasks/look-backs"): {"station_chief"},
    # The duty desk
    ("GET", "/duty"): HANDLERS,
    ("GET", "/api/v1/duty"): HANDLERS,
    ("POST", "/api/v1/duty/shifts"): {"station_chief"},
    ("PUT", "/api/v1/duty/shifts/<uuid:shift_id>"): {"station_chief"},
    ("POST", "/api/v1/duty/shifts/<uuid:shift_id>/end"): {"station_chief"},
    ("POST", "/api/v1/duty/absences"): {"station_chief"},
    ("POST", "/api/v1/duty/absences/<uuid:absence_id>/end"): {"station_chief"},
    ("POST", "/api/v1/duty/import"): {"station_chief"},
    ("GET", "/map"): MAP,
    ("GET", "/quarantine"): {"station_chief"},
    ("GET", "/api/v1/me"): ALL,
    ("GET", "/api/v1/devices"): ALL,
    ("POST", "/api/v1/devices"): ALL,
    ("DELETE", "/api/v1/devices/<uuid:device_id>"): ALL,
    ("POST", "/api/v1/phone-invitations"): ALL,
    ("GET", "/api/v1/locate"): ALL,
    ("GET", "/api/v1/grids"): ALL,
    ("GET", "/api/v1/police-grids"): ALL,
    ("GET", "/api/v1/plans"): ALL,
    ("POST", "/api/v1/plans"): PLANNERS,
    ("POST", "/api/v1/plans/<uuid:plan_id>/publish"): PLANNERS,
    ("GET", "/api/v1/plans/<uuid:plan_id>/export"): PLANNERS | {"officer", "system_admin"},
    ("GET", "/api/v1/hazard-classes"): ALL,
    ("GET", "/api/v1/cases"): ALL,
    ("POST", "/api/v1/cases"): REPORTERS,
    ("GET", "/api/v1/cases/<uuid:case_id>"): ALL,
    ("POST", "/api/v1/cases/<uuid:case_id>/accept"): HANDLERS,
    ("POST", "/api/v1/cases/<uuid:case_id>/close"): HANDLERS,
    ("GET", "/api/v1/cases/<uuid:case_id>/steps"): ALL,
    ("POST", "/api/v1/cases/<uuid:case_id>/steps/<verb>"): REPORTERS,
    ("POST", "/api/v1/cases/<uuid:case_id>/attachments"): REPORTERS,
    ("POST", "/api/v1/cases/<uuid:case_id>/notes"): REPORTERS,
    ("POST", "/api/v1/cases/<uuid:case_id>/voices"): REPORTERS,
    ("GET", "/api/v1/cases/nearby"): REPORTERS,
    ("GET", "/api/v1/voices"): ALL,
    ("GET", "/api/v1/points"): ALL,
    ("GET", "/api/v1/attachments/<int(max=9223372036854775807):attachment_id>"): ALL,
    ("POST", "/api/v1/batches"): REPORTERS,
    ("GET", "/api/v1/phone"): ALL,
    ("POST", "/api/v1/handins"): HANDLERS,
    ("GET", "/api/v1/uploads/<string(length=64):sha>"): REPORTERS,
    ("PATCH", "/api/v1/uploads/<string(length=64):sha>"): REPORTERS,
    ("GET", "/api/v1/quarantine"): {"station_chief"},
    ("GET", "/api/v1/quarantine/<uuid:entry_id>/body"): {"station_chief"},
    ("POST", "/api/v1/quarantine/<uuid:entry_id>/repair"): {"station_chief"},
    ("POST", "/api/v1/quarantine/<uuid:entry_id>/discard"): {"station_chief"},
    ("POST", "/api/v1/quarantine/<uuid:entry_id>/attach"): {"station_chief"},
    ("GET", "/api/v1/patrols"): ALL,
    ("GET", "/api/v1/coverage"): ALL,
    ("GET", "/exchange"): EXPORTERS | {"audit_admin"},
    ("GET", "/exchange/packages"): OFFICE,
    ("GET", "/api/v1/exchange/exports"): EXPORTERS | {"audit_admin"},
    ("POST", "/api/v1/exchange/exports"): EXPORTERS,
    ("GET", "/api/v1/exchange/exports/<uuid:export_id>"): EXPORTERS | {"audit_admin"},
    ("GET", "/api/v1/exchange/exports/<uuid:export_id>/file"): EXPORTERS,
    ("GET", "/api/v1/exchange/imports"): OFFICE,
    ("POST", "/api/v1/exchange/imports"): OFFICE,
    ("POST", "/api/v1/exchange/imports/<uuid:import_id>/take"): OFFICE,
    ("GET", "/api/v1/exchange/imports/<uuid:import_id>/faults"): OFFICE,
    ("GET", "/api/v1/partners"): OFFICE,
    ("POST", "/api/v1/partners"): {"system_admin"},
    ("DELETE", "/api/v1/partners/<uuid:partner_id>"): {"system_admin"},
    ("GET", "/api/v1/packages"): OFFICE,
    ("POST", "/api/v1/packages"): {"station_chief"},
    ("POST", "/api/v1/packages/take"): OFFICE,
    ("GET", "/api/v1/packages/<uuid:parcel_id>/file"): {"station_chief"},
    ("GET", "/api/v1/packages/<uuid:parcel_id>/answer"): OFFICE,
    ("GET", "/api/v1/search"): ALL,
    ("GET", "/api/v1/events"): ALL,
    ("GET", "/ogc/collections/<collection>/items"): ALL,
    ("GET", "/api/v1/quarantine/<uuid:entry_id>/files/<int:number>"): {"station_chief"},
    ("POST", "/api/v1/form-apps"): ALL,
    ("GET", "/forms"): MAKERS,
    ("GET", "/api/v1/forms"): MAKERS,
    ("POST", "/api/v1/forms"): MAKERS,
    ("POST", "/api/v1/forms/<code>/<int:version>/publish"): MAKERS,
    ("POST", "/api/v1/forms/<code>/<int:version>/withdraw"): MAKERS,
    **{("GET", f"/or{way}/{what}"): ALL for way in FORM_WAYS for what in FORM_FILES},
    ("GET", "/or/integrity/<listed>"): ALL,
    ("GET", "/or/<token>/integrity/<listed>"): ALL,
    ("POST", "/or/submission"): REPORTERS,
    ("POST", "/or/<token>/submission"): REPORTERS,
    ("POST", "/or/test/<token>/submission"): ALL,
    # Working days and limits
    ("GET", "/calendar"): CALENDAR_READERS,
    ("GET", "/api/v1/calendar"): CALENDAR_READERS,
    ("GET", "/api/v1/calendar/years/<int:year>"): CALENDAR_READERS,
    ("POST", "/api/v1/calendar/years/<int:year>"): {"station_chief"},
    ("POST", "/api/v1/calendar/days"): {"station_chief"},
    ("POST", "/api/v1/calendar/hours"): {"station_chief"},
    ("GET", "/api/v1/calendar/limits"): CALENDAR_READERS,
    ("POST", "/api/v1/calendar/limits"): {"station_chief"},
    ("POST", "/api/v1/calendar/limits/<uuid:rule_id>/end"): {"station_chief"},
    ("GET", "/api/v1/calendar/due"): CALENDAR_READERS,
    # Places, and what is printed of them
    ("GET", "/r/<code>"): OPEN,
    ("GET", "/places"): PRINTERS,
    ("GET", "/sheets"): PRINTERS,
    ("GET", "/sheets/poster"): PRINTERS,
    ("GET", "/sheets/signs"): PRINTERS,
    ("GET", "/api/v1/places"): ALL,
    ("GET", "/api/v1/places/by-code/<code>"): ALL,
    ("POST", "/api/v1/places"): REGISTRARS,
    ("PATCH", "/api/v1/places/<uuid:place_id>"): REGISTRARS,
    ("POST", "/api/v1/places/<uuid:place_id>/close"): REGISTRARS,
    ("POST", "/api/v1/enrolment-cards"): {"station_chief", "system_admin"},
    # Residents: strangers' doors, where who has signed in is a stranger too
    ("GET", "/public/"): OPEN,
    ("GET", "/public/new"): OPEN,
    ("POST", "/public/send"): OPEN,
    ("GET", "/public/challenge"): OPEN,
    ("GET", "/public/track"): OPEN,
    ("GET", "/public/track/<code>"): OPEN,
    ("GET", "/public/track/<code>/photo/<int:number>"): OPEN,
    ("POST", "/public/track/<code>/notes"): OPEN,
    ("POST", "/public/track/<code>/photos"): OPEN,
    ("POST", "/public/track/<code>/judgement"): OPEN,
    ("POST", "/public/track/<code>/withdrawal"): OPEN,
    ("GET", "/api/v1/cases/<uuid:case_id>/resident"): ALL,
    ("POST", "/api/v1/cases/<uuid:case_id>/resident/contact"): {"officer", "station_chief"},
    ("GET", "/intake"): INTAKE,
    ("GET", "/intake/uploads/<uuid:upload_id>"): INTAKE,
    ("GET", "/intake/orders/<number>"): {"station_chief", "officer"},
    ("GET", "/api/v1/intake/sources"): INTAKE,
    ("PUT", "/api/v1/intake/sources/<uuid:source_id>"): {"station_chief", "system_admin"},
    ("GET", "/api/v1/intake/uploads"): INTAKE,
    ("POST", "/api/v1/intake/uploads"): INTAKE,
    ("GET", "/api/v1/intake/uploads/<uuid:upload_id>"): INTAKE,
    ("GET", "/api/v1/intake/uploads/<uuid:upload_id>/rows"): INTAKE,
    ("PUT", "/api/v1/intake/uploads/<uuid:upload_id>/reading"): INTAKE,
    ("PATCH", "/api/v1/intake/uploads/<uuid:upload_id>/rows/<int(max=2000000):number>"): INTAKE,
    ("POST", "/api/v1/intake/uploads/<uuid:upload_id>/take"): INTAKE,
    ("GET", "/api/v1/intake/uploads/<uuid:upload_id>/faults.csv"): INTAKE,
    ("POST", "/api/v1/intake/<source>/rows"): {"station_chief"},
    ("GET", "/api/v1/intake/callers/<uuid:case_id>"): {"station_chief", "officer"},
    ("GET", "/api/v1/geocode"): ALL,
    ("POST", "/api/v1/addresses"): {"station_chief", "system_admin"},
    ("GET", "/api/v1/cases/<uuid:case_id>/open311"): ALL,
    ("POST", "/api/v1/cases/<uuid:case_id>/open311/contact"): {"officer", "station_chief"},
    ("GET", "/station"): OFFICE,
    ("GET", "/api/v1/station-settings"): OFFICE,
    ("PATCH", "/api/v1/station-settings"): OFFICE,
    ("GET", "/repeats"): POLICE,
    ("GET", "/repeats/weekly.csv"): POLICE,
    ("GET", "/api/v1/cases/<uuid:case_id>/repeats"): HANDLERS,
    ("POST", "/api/v1/cases/<uuid:case_id>/parties"): POLICE,
    ("GET", "/api/v1/repeats/offers"): POLICE,
    ("POST", "/api/v1/repeats/merges"): POLICE,
    ("POST", "/api/v1/repeats/apart"): POLICE,
    ("GET", "/api/v1/repeats/terms"): POLICE,
    ("POST", "/api/v1/repeats/terms"): {"station_chief"},
    ("GET", "/api/v1/repeats/weeks/<week>"): POLICE,
    ("GET", "/api/v1/directives"): POLICE,
    ("POST", "/api/v1/directives"): {"station_chief"},
    ("POST", "/api/v1/directives/<uuid:list_id>/end"): {"station_chief"},
    ("GET", "/webhooks"): KEEPERS,
    ("GET", "/api/v1/webhooks"): KEEPERS,
    ("POST", "/api/v1/webhooks"): KEEPERS,
    ("PUT", "/api/v1/webhooks/<uuid:webhook_id>"): KEEPERS,
    ("DELETE", "/api/v1/webhooks/<uuid:webhook_id>"): KEEPERS,
    ("POST", "/api/v1/webhooks/<uuid:webhook_id>/ping"): KEEPERS,
    ("GET", "/api/v1/webhooks/<uuid:webhook_id>/deliveries"): KEEPERS,
    ("POST", "/api/v1/webhook-deliveries/<uuid:delivery_id>/replay"): KEEPERS,
    # Calls
    ("GET", "/calls"): CALLERS,
    ("GET", "/calls/<uuid:call_id>"): CALLERS,
    ("GET", "/calls/statistics"): CALLERS,
    ("GET", "/api/v1/calls"): ALL,
    ("POST", "/api/v1/calls"): CALLERS,
    ("GET", "/api/v1/calls/<uuid:call_id>"): ALL,
    ("POST", "/api/v1/calls/<uuid:call_id>/<any(acknowledge, take, arrive):verb>"): CALLERS,
    ("POST", "/api/v1/calls/<uuid:call_id>/<any(finish, cancel, lapse):verb>"): CALLERS,
    ("POST", "/api/v1/calls/<uuid:call_id>/decline"): CALLERS,
    ("GET", "/api/v1/calls/aims"): {"officer", "station_chief"},
    ("GET", "/api/v1/calls/statistics"): CALLERS,
    ("GET", "/api/v1/calls/statistics.csv"): CALLERS,
    ("GET", "/api/v1/calls/limits"): CALLERS,
    ("PUT", "/api/v1/calls/limits"): {"station_chief"},
    # Tasks and look-backs
    ("GET", "/tasks"): REPORTERS,
    ("GET", "/tasks/waypoints.<any(gpx, geojson):form>"): HANDLERS,
    ("GET", "/api/v1/tasks"): REPORTERS,
    ("POST", "/api/v1/tasks"): HANDLERS,
    ("GET", "/api/v1/tasks/<uuid:task_id>"): REPORTERS,
    ("POST", "/api/v1/tasks/<uuid:task_id>/take"): REPORTERS,
    ("POST", "/api/v1/tasks/<uuid:task_id>/result"): REPORTERS,
    ("POST", "/api/v1/tasks/<uuid:task_id>/cancel"): HANDLERS,
    ("PUT", "/api/v1/tasks/<uuid:task_id>/receiver"): HANDLERS,
    ("GET", "/api/v1/task-receivers"): HANDLERS,
    ("GET", "/api/v1/task-photos/<int(max=9223372036854775807):photo_id>"): REPORTERS,
    ("GET", "/api/v1/cases/<uuid:case_id>/tasks"): HANDLERS,
    ("POST", "/api/v1/cases/<uuid:case_id>/look-backs"): {"station_chief"},
    ("GET", "/api/v1/look-backs"): {"station_chief"},
    ("GET", "/api/v1/look-back-rules"): {"station_chief"},
    ("PUT", "/api/v1/look-back-rules"): {"station_chief"},
    ("GET", "/jobs"): OFFICE,
    ("GET", "/api/v1/jobs"): OFFICE,
    ("GET", "/api/v1/jobs/counts"): OFFICE,
    ("POST", "/api/v1/jobs/restart"): {"system_admin"},
    ("POST", "/api/v1/jobs/<int(max=9223372036854775807):job_id>/restart"): {"system_admin"},
    # Whoever has no key is a stranger of the station that the request names (here: of none, so 400).
    ("GET", "/open311/v2/discovery.<any(json, xml):form>"): OPEN,
    ("GET", "/open311/v2/services.<any(json, xml):form>"): OPEN,
    ("GET", "/open311/v2/services/<code>.<any(json, xml):form>"): OPEN,
    ("POST", "/open311/v2/requests.<any(json, xml):form>"): REPORTERS | {"nobody"},
    ("GET", "/open311/v2/requests.<any(json, xml):form>"): OPEN,
    ("GET", "/open311/v2/requests/<number>.<any(json, xml):form>"): OPEN,
    ("GET", "/open311/v2/tokens/<uuid:token>.<any(json, xml):form>"): OPEN,
    ("GET", "/open311/v2/servicerequestupdates.<any(json, xml):form>"): OPEN,
    ("POST", "/open311/v2/servicerequestupdates.<any(json, xml):form>"): REPORTERS | {"nobody"},
    # Attempts, other bodies, hand-overs
    ("GET", "/bodies"): HANDLERS | {"system_admin"},
    ("GET", "/referrals"): HANDLERS,
    ("GET", "/referrals/<number>/form"): HANDLERS,
    ("GET", "/api/v1/attempt-results"): HANDLERS,
    ("GET", "/api/v1/attempts"): HANDLERS,
    ("GET", "/api/v1/cases/<uuid:case_id>/attempts"): HANDLERS,
    ("POST", "/api/v1/cases/<uuid:case_id>/attempts"): HANDLERS,
    ("PUT", "/api/v1/cases/<uuid:case_id>/non-police"): POLICE,
    ("GET", "/api/v1/bodies"): HANDLERS | {"system_admin"},
    ("PUT", "/api/v1/bodies/<uuid:body_id>"): {"station_chief"},
    ("POST", "/api/v1/bodies/<uuid:body_id>/retire"): {"station_chief"},
    ("POST", "/api/v1/bodies/import"): {"station_chief"},
    ("GET", "/api/v1/cases/<uuid:case_id>/referrals"): HANDLERS,
    ("POST", "/api/v1/cases/<uuid:case_id>/referrals"): POLICE,
    ("GET", "/api/v1/referrals"): HANDLERS,
    **{("POST", f"/api/v1/referrals/<uuid:referral_id>/{verb}"): POLICE for verb in REFERRAL_STEPS},
    ("GET", "/api/v1/referrals/<uuid:referral_id>/scans/<any(receipt, answer):which>"): HANDLERS,
    ("GET", "/api/v1/referrals/figures"): HANDLERS,
    ("GET", "/api/v1/referrals/figures.csv"): HANDLERS,
    # Restricted leads and visits
    ("GET", "/leads"): COUNTERS,
    ("GET", "/leads/log"): {"audit_admin"},
    ("GET", "/visits"): VISITORS,
    ("GET", "/api/v1/leads"): POLICE,
    ("POST", "/api/v1/leads/<uuid:lead_id>/open"): POLICE,
    ("GET", "/api/v1/leads/figures"): COUNTERS,
    ("GET", "/api/v1/leads/reads"): {"audit_admin"},
    ("GET", "/api/v1/visited"): VISITORS,
    ("PUT", "/api/v1/visited/<uuid:person_id>"): POLICE,
    ("POST", "/api/v1/visited/<uuid:person_id>/open"): VISITORS,
    ("POST", "/api/v1/visited/<uuid:person_id>/end"): POLICE,
    ("POST", "/api/v1/visited/<uuid:person_id>/visits"): VISITORS,
    ("PUT", "/api/v1/visit-intervals/<any(high, key, general):risk>"): {"station_chief"},
    # Plans and drafts
    ("GET", "/planner/"): PLANNERS,
    ("GET", "/planner/drafts/<uuid:draft_id>"): PLANNERS,
    **{
        ("POST", f"/api/v1/plans/<uuid:plan_id>/{verb}"): PLANNERS
        for verb in ("submit", "approve", "withdraw")
    },
    ("GET", "/api/v1/plans/<uuid:plan_id>/changes"): PLANNERS | {"officer", "system_admin"},
    **{(method, "/api/v1/drafts"): PLANNERS for method in ("GET", "POST")},
    **{(method, "/api/v1/drafts/<uuid:draft_id>"): PLANNERS for method in ("GET", "PATCH", "DELETE")},
    **{("GET", f"/api/v1/drafts/<uuid:draft_id>/{what}"): PLANNERS for what in DRAFT_READS},
    **{("POST", f"/api/v1/drafts/<uuid:draft_id>/{what}"): PLANNERS for what in DRAFT_STEPS},
}


# Members of these roles carry their police grid in the user name.
POSTED = {"officer": ".a", "grid_worker": ".a"}


def routes(app):
    return {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


def address(rule):
    """Return a concrete address of a rule that names nothing that is there."""
    for part, value in (
        ("<int(max=9223372036854775807):attachment_id>", "999999999"),
        ("<int(max=9223372036854775807):job_id>", "999999999"),
        ("<int:z>/<int:x>/<int:y>", "3/1/1"),
        ("<int(max=2000000):number>", "2"),
        ("<source>", "nothing"),
        ("<string(maxlength=30):code>", "nothing"),
        ("<week>", "2026-W47"),
        ("<path:filename>", "style/base.css"),
        ("<any(zh, en):language>", "zh"),
        ("<string(length=64):sha>", "ab" * 32),
        ("<collection>", "grids"),
        ("<int:number>", "0"),
        ("<int:year>", "2026"),
        ("<any(acknowledge, take, arrive):verb>", "take"),
        ("<any(finish, cancel, lapse):verb>", "cancel"),
        ("<number>", "T-2026-999999"),
        ("<code>", "nothing"),
        ("<int:version>", "1"),
        ("<int:number>", "1"),
        ("<form_id>", "flying_wire"),
        ("<file>", "grids.csv"),
        ("<listed>", "my_reports"),
        ("<any(json, xml):form>", "json"),
        ("<any(gpx, geojson):form>", "gpx"),
        ("<int(max=9223372036854775807):photo_id>", "999999999"),
        ("<any(receipt, answer):which>", "receipt"),
        ("<any(high, key, general):risk>", "high"),
    ):
        rule = rule.replace(part, value)
    while "<uuid:" in rule:
        start = rule.index("<uuid:")
        rule = rule[:start] + str(uuid4()) + rule[rule.index(">", start) + 1 :]
    return rule


def test_every_address_has_its_line(app):
    missing, gone = routes(app) - set(MATRIX), set(MATRIX) - routes(app)
    assert not missing, f"say in MATRIX who may open {sorted(missing)}"
    assert not gone, f"take out of MATRIX {sorted(gone)}"


@pytest.mark.parametrize(("method", "rule"), sorted(MATRIX))
def test_the_door_opens_for_those_named_and_for_nobody_else(app, as_role, token_for, method, rule):
    allowed = MATRIX[method, rule]
    for who in (*ROLES, "nobody"):
        client = app.test_client() if who == "nobody" else as_role(who)
        token = "nothing" if who == "nobody" else token_for(f"t.{who}" + POSTED.get(who, ""))
        headers = {"Accept": "application/json", "X-OpenRosa-Version": "1.0"}
        answer = client.open(address(rule).replace("<token>", token), method=method, headers=headers)
        said = f"{who} {method} {rule}: {answer.status_code} {answer.data[:200]!r}"
        assert answer.status_code < 500 or rule == "/readyz", said  # no worker runs here
        if who in allowed:
            assert answer.status_code not in (401, 403), said
        else:
            # A token in the address that nobody knows is 403: 401 would make a phone ask for a password.
            nobody = 403 if "<token>" in rule else 401
            assert answer.status_code == (nobody if who == "nobody" else 403), said
            own = {"/or/": "text/xml", "/open311/": "application/json"}
            forms = [form for start, form in own.items() if rule.startswith(start)]
            form = (*forms, "application/problem+json")[0]
            assert answer.mimetype == form, said


def test_a_submit_token_opens_what_a_phone_needs_and_nothing_more(app, as_role):
    made = as_role("station_chief").post(
        "/api/v1/devices", json={"id": str(uuid4()), "label": "phone", "scope": "submit"}
    )
    phone = app.test_client(use_cookies=False)
    phone.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {made.json['token']}"
    opened = {
        (method, rule)
        for method, rule in sorted(MATRIX)
        if "station_chief" in MATRIX[method, rule]
        and MATRIX[method, rule] != OPEN
        and phone.open(address(rule).replace("<token>", made.json["token"]), method=method).status_code != 403
    }
    assert opened == {
        ("GET", "/api/v1/calls"),
        ("POST", "/api/v1/calls"),
        ("GET", "/api/v1/calls/kinds"),
        ("GET", "/api/v1/calls/<uuid:call_id>"),
        ("POST", "/api/v1/calls/<uuid:call_id>/<any(acknowledge, take, arrive):verb>"),
        ("POST", "/api/v1/calls/<uuid:call_id>/<any(finish, cancel, lapse):verb>"),
        ("POST", "/api/v1/calls/<uuid:call_id>/decline"),
        ("GET", "/api/v1/me"),
        ("GET", "/api/v1/locate"),
        ("GET", "/api/v1/grids"),
        ("GET", "/api/v1/police-grids"),
        ("GET", "/api/v1/hazard-classes"),
        ("GET", "/api/v1/cases"),
        ("POST", "/api/v1/cases"),
        ("GET", "/api/v1/cases/<uuid:case_id>"),
        ("POST", "/api/v1/cases/<uuid:case_id>/attachments"),
        ("POST", "/api/v1/cases/<uuid:case_id>/notes"),
        ("POST", "/api/v1/cases/<uuid:case_id>/voices"),
        ("GET", "/api/v1/cases/<uuid:case_id>/steps"),
        ("POST", "/api/v1/cases/<uuid:case_id>/steps/<verb>"),
        ("GET", "/api/v1/cases/nearby"),
        ("GET", "/api/v1/voices"),
        ("GET", "/api/v1/attempt-results"),
        ("GET", "/api/v1/attempts"),
        ("GET", "/api/v1/cases/<uuid:case_id>/attempts"),
        ("POST", "/api/v1/cases/<uuid:case_id>/attempts"),
        ("GET", "/api/v1/points"),
        ("GET", "/api/v1/attachments/<int(max=9223372036854775807):attachment_id>"),
        ("POST", "/api/v1/batches"),
        *(found for found in MATRIX if found[1].startswith("/or/")),
        ("GET", "/api/v1/phone"),
        ("GET", "/api/v1/uploads/<string(length=64):sha>"),
        ("PATCH", "/api/v1/uploads/<string(length=64):sha>"),
        ("GET", "/api/v1/places"),
        ("GET", "/api/v1/places/by-code/<code>"),
        ("POST", "/api/v1/intake/<source>/rows"),
        ("GET", "/api/v1/tasks"),
        ("GET", "/api/v1/tasks/<uuid:task_id>"),
        ("POST", "/api/v1/tasks/<uuid:task_id>/take"),
        ("POST", "/api/v1/tasks/<uuid:task_id>/result"),
        ("GET", "/api/v1/task-photos/<int(max=9223372036854775807):photo_id>"),
        ("POST", "/open311/v2/servicerequestupdates.<any(json, xml):form>"),
        ("POST", "/open311/v2/requests.<any(json, xml):form>"),
    }


@pytest.fixture
def ours(send_report, as_role):
    """A case in police grid A: its id, its attachment's id and its number."""
    sample = send_report("t.volunteer", "A1")
    seen = as_role("station_chief").get(f"/api/v1/cases/{sample.id}").json
    return sample.id, seen["attachments"][0]["id"], seen["number"]


def requests_for(case_id, attachment_id, number):
    """Return each way to touch a case: method, address, arguments."""
    picture = {"photo": (io.BytesIO(photo(5)), "a.jpg")}
    return [
        ("GET", f"/api/v1/cases/{case_id}", {}),
        ("GET", f"/api/v1/attachments/{attachment_id}", {}),
        ("GET", f"/api/v1/attachments/{attachment_id}?size=thumbnail", {}),
        ("GET", f"/cases/{number}", {}),
        ("POST", f"/api/v1/cases/{case_id}/attachments", {"data": picture}),
        ("POST", f"/api/v1/cases/{case_id}/accept", {"json": {}}),
        ("POST", f"/api/v1/cases/{case_id}/close", {"data": {"note": "x"}}),
    ]


@pytest.mark.parametrize(
    ("username", "verbs"),
    [
        ("t.officer.b", 7), ("t.grid_worker.b", 7), ("t.volunteer.2", 5), ("t.mediator", 5),
        ("t.planner", 5), ("t.system_admin", 4), ("t.audit_admin", 4),
        ("u.officer.a", 7), ("u.station_chief", 7), ("u.volunteer", 5),
    ],
)  # fmt: skip
def test_what_is_foreign_answers_exactly_like_what_is_absent(as_user, ours, username, verbs):
    client = as_user(username)
    absent = requests_for(uuid4(), 999999999, "T-2026-999999")
    for (method, path, more), (_m, nowhere, other) in list(zip(requests_for(*ours), absent, strict=True))[
        :verbs
    ]:
        head = {"Accept": "application/json"}
        foreign = client.open(path, method=method, headers=head, **more)
        missing = client.open(nowhere, method=method, headers=head, **other)
        assert foreign.status_code == missing.status_code == 404, (method, path, foreign.text)
        assert foreign.data == missing.data
        assert foreign.headers["Content-Type"] == missing.headers["Content-Type"]


def test_lists_search_map_and_news_show_nothing_foreign(as_user, ours):
    case_id, _attachment, number = ours
    for username in ("t.officer.b", "t.volunteer.2", "t.planner", "u.officer.a", "u.station_chief"):
        client = as_user(username)
        assert case_id not in client.get("/api/v1/cases?limit=500").text
        assert number not in client.get("/cases", headers={"Accept": "text/html"}).text
        assert client.get("/api/v1/search", query_string={"q": number}).json == []
        assert case_id not in client.get("/ogc/collections/cases/items").text
        assert case_id not in client.get("/api/v1/events?after=1").text
    for username in ("t.officer.a", "t.grid_worker.a", "t.volunteer", "t.station_chief"):
        client = as_user(username)
        assert case_id in client.get("/api/v1/cases?limit=500").text
        assert client.get("/api/v1/search", query_string={"q": number}).json[0]["id"] == case_id
        assert case_id in client.get("/ogc/collections/cases/items").text
        assert case_id in client.get("/api/v1/events?after=1").text


def test_near_a_border_the_neighbours_officer_sees_it_too(as_user, send_report, station):
    east = station.box("A1")[2]
    sample = send_report("t.volunteer", "A1", place={"lon": east - 0.0001, "accuracy_m": 40.0})
    assert as_user("t.officer.b").get(f"/api/v1/cases/{sample.id}").status_code == 200
    assert as_user("t.officer.a").get(f"/api/v1/cases/{sample.id}").status_code == 200


def test_a_lead_is_for_its_officer_the_chief_and_who_reported_it(as_user, send_report):
    answers = {"subject": "gambling", "ongoing": True}
    sample = send_report("t.volunteer", "A1", class_code="lead", answers=answers)
    opened = {"purpose": "handle", "words": "核实线索"}
    for name in (
        "t.officer.a",
        "t.officer.b",
        "t.station_chief",
        "t.grid_worker.a",
        "t.planner",
        "t.audit_admin",
    ):
        as_user(name).post(f"/api/v1/leads/{sample.id}/open", json=opened)
    seen = {
        username
        for username in (
            "t.volunteer",
            "t.volunteer.2",
            "t.officer.a",
            "t.officer.b",
            "t.grid_worker.a",
            "t.station_chief",
            "t.planner",
            "t.mediator",
            "t.system_admin",
            "t.audit_admin",
        )
        if as_user(username).get(f"/api/v1/cases/{sample.id}").status_code == 200
    }
    assert seen == {"t.volunteer", "t.officer.a", "t.station_chief"}
    worker = as_user("t.grid_worker.a")
    for path in ("/api/v1/cases?limit=500", "/ogc/collections/cases/items", "/api/v1/events?after=1"):
        assert sample.id not in worker.get(path).text


def test_the_audit_admin_sees_that_it_happened_but_not_what(as_user, ours):
    found = as_user("t.audit_admin").get("/api/v1/events?after=1").json["events"]
    mine = [e for e in found if e["subject_id"] == ours[0]]
    assert [e["name"] for e in mine] == ["cases.reported"]
    assert mine[0]["feature"] is None


def test_names_and_phones_are_shown_to_those_who_need_them(db_as, send_report, member):
    send_report("t.volunteer.2", "A1")
    author = member("t.volunteer.2")
    seen = {}
    for username in ("t.officer.a", "t.officer.b", "t.grid_worker.a", "t.volunteer", "u.station_chief"):
        with db_as(username) as session:
            seen[username] = (
                session.scalar(text("SELECT name FROM app.person WHERE id = :id"), {"id": author.person_id})
                is not None,
                session.scalar(
                    text("SELECT phone FROM app.contact WHERE person_id = :id"), {"id": author.person_id}
                )
                == author.phone,
            )
    assert seen == {
        "t.officer.a": (True, True),
        "t.officer.b": (False, False),
        "t.grid_worker.a": (True, False),
        "t.volunteer": (False, False),
        "u.station_chief": (False, False),
    }


def test_devices_are_ended_by_their_owner_or_the_system_admin(app, as_user):
    def device(username):
        made = as_user(username).post("/api/v1/devices", json={"id": str(uuid4()), "label": "x"})
        assert made.status_code == 201, made.text
        return made.json

    mine = device("t.volunteer")
    phone = app.test_client(use_cookies=False)
    head = {"Authorization": f"Bearer {mine['token']}"}
    assert phone.get("/api/v1/me", headers=head).status_code == 200
    for username in ("t.volunteer.2", "t.station_chief", "u.system_admin"):
        assert as_user(username).delete(f"/api/v1/devices/{mine['id']}").status_code == 404
    assert as_user("t.volunteer").delete(f"/api/v1/devices/{mine['id']}").status_code == 204
    assert phone.get("/api/v1/me", headers=head).status_code == 401
    other = device("t.volunteer")
    assert as_user("t.system_admin").delete(f"/api/v1/devices/{other['id']}").status_code == 204
    assert phone.get(
        "/api/v1/me", headers={"Authorization": f"Bearer {other['token']}"}
    ).status_code == 401  # fmt: skip


def test_the_worker_and_the_web_share_no_secret_in_the_answers(as_user):
    me = as_user("t.officer.a").get("/api/v1/me").json
    assert set(me) == {"person_id", "username", "role", "station", "police_grids", "grids"}
    assert "token" not in json.dumps(as_user("t.officer.a").get("/api/v1/devices").json)
