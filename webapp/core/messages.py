"""The sentences that go with error codes, for people, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.core.i18n import N_, _

TITLES = {
    400: N_("The request can't be read"),
    401: N_("Please sign in"),
    403: N_("You may not do this"),
    404: N_("Not found"),
    405: N_("This address does not take that method"),
    406: N_("This form of answer is not available"),
    409: N_("This has changed meanwhile"),
    413: N_("Too large"),
    415: N_("This kind of content is not taken"),
    422: N_("Something in the data is not right"),
    429: N_("Too many requests"),
    500: N_("Something broke on our side"),
    503: N_("Busy just now, please try again"),
}

MESSAGES = {
    # Doors and people
    "bad_credentials": N_("User name or password is wrong."),
    "bad_request": N_("The request can't be read."),
    "conflict": N_("This has changed meanwhile; load it again."),
    "body_code": N_("The code %(number)s belongs to another body, or differs from the one kept."),
    "body_retired": N_("This body is out of the directory; choose another one."),
    "referral_open": N_("Form %(number)s is still open: take the case back from that body first."),
    "case_over": N_("Case %(number)s is closed already. If the hazard is back, please report it anew."),
    "cross_site": N_("This request did not come from our own page. Load the page again."),
    "demo_known": N_("Station %(station)s is loaded already; nothing was changed."),
    "enrol_used": N_("This code was used, replaced or is too old. Ask for a new one."),
    "forbidden": N_("Your role may not do this."),
    "internal": N_("Something broke on our side. Quote this number to the administrator: %(request_id)s."),
    "locked": N_("Too many wrong passwords. Try again in %(minutes)s minutes."),
    "no_card": N_("Cards are made for volunteers and grid workers of the station who have an account."),
    "not_authenticated": N_("Please sign in, or send a valid token."),
    "not_found": N_("There is nothing here, or it is not for you."),
    "own_report": N_("Case %(number)s is your own report; its progress is in “My reports”."),
    "password_short": N_("At least %(limit)s characters."),
    "password_weak": N_("This password is too easy to guess."),
    "refused": N_("The data can't be taken as it is."),
    "too_large": N_("Too large: more than %(limit)s."),
    "too_many_requests": N_("Too many requests. Try again in %(retry_after)s seconds."),
    "unavailable": N_("The service is busy or restarting. Try again in a moment."),
    "not_yours": N_("This step is for somebody else: who holds the case, an approver, or a second person."),
    # Single fields
    "attempt_too_old": N_("This is more than %(days)s days back."),
    "bad_code": N_("A code has small letters, digits, - and _ only, thirty at most."),
    "guardian_needed": N_("A minor is visited with the guardian known: name the guardian."),
    "photo_of_other_case": N_("These photos are not of this case: %(ids)s."),
    "purpose_words": N_("Say in a few words what for (at least %(limit)s characters)."),
    "reason_needed": N_("Say why."),
    "reporter_not_ticked": N_("The reporter's data stand on the form only when that is ticked."),
    "visitor_twice": N_("The second visitor is another person."),
    "lead_unknown": N_("No case with this number is open to you."),
    "lead_wrong": N_("A case can't be put to itself, nor a restricted one to an open one."),
    "no_handler": N_("This person may not handle the case."),
    "no_team": N_("This team may not handle the case."),
    "one_assignee": N_("One person or one team, not both."),
    "stand_needed": N_("Your position is needed: allow it in the browser and try again."),
    "too_far": N_("You are %(metres)s m away; verifying counts up to %(limit)s m from the place."),
    "until_wrong": N_("A time that is still to come, within a year."),
    "bad_answer": N_("A text, a number, or yes or no is needed."),
    "bad_hash": N_("A SHA-256 checksum of 64 hexadecimal digits is needed."),
    "bad_time": N_("A time with its zone is needed, such as 2026-05-03T08:30:00+08:00."),
    "bad_uuid": N_("An identifier (UUID) is needed."),
    "bad_value": N_("This value does not fit the column."),
    "duplicate": N_("This appears twice."),
    "field_required": N_("This field is needed."),
    "field_unknown": N_("This field is not known here."),
    "field_wrong": N_("This value is not right: %(reason)s"),
    "missing": N_("This field is needed."),
    "not_allowed": N_("Choose one of: %(allowed)s."),
    "not_boolean": N_("Yes or no is needed."),
    "not_date": N_("A date such as 2026-05-03 is needed."),
    "not_integer": N_("A whole number is needed."),
    "not_list": N_("A list is needed."),
    "not_number": N_("A number is needed."),
    "not_object": N_("A group of named values is needed."),
    "not_text": N_("A text is needed."),
    "number_range": N_("A number from %(low)s to %(high)s is needed."),
    "text_length": N_("A text of %(low)s to %(high)s characters is needed."),
    "too_long": N_("Too long: at most %(limit)s."),
    "too_many": N_("Too many: at most %(limit)s."),
    "too_short": N_("Too short: at least %(limit)s."),
    "unknown_member": N_("This field is not known here."),
    # Form apps (OpenRosa)
    "bad_xml": N_("The XML can't be read (line %(line)s)."),
    "case_unknown": N_("This case is not known, or it is not yours."),
    "edit_of_case": N_("A correction of case %(number)s. The case stays as it was reported."),
    "file_differs": N_(
        "A second file “%(name)s” with other content came for case %(number)s; both are kept."
    ),
    "file_not_named": N_(
        "The file “%(name)s” came with case %(number)s, but no question of the form names it."
    ),
    "form_missing": N_("The XML does not say which form it is."),
    "no_xml_part": N_("The request has no part xml_submission_file."),
    "openrosa_version": N_("The header X-OpenRosa-Version must be 1.0, not %(version)s."),
    "place_needed": N_("A position or a grid is needed."),
    "token_unknown": N_(
        "This address is not valid any more. Set the app up again by the QR code of your account."
    ),
    "no_loose_photos": N_("No photo here came for a known case."),
    "word_to_case": N_("A word about case %(number)s."),
    "xml_entities": N_("XML with a document type or entities is not taken."),
    "xml_too_large": N_("The XML is nested too deeply or has too many elements."),
    # Forms of a station's own (XLSForm)
    "xlsform_broken": N_("pyxform does not take this form: %(reason)s"),
    "xlsform_condition": N_(
        "This condition can't be taken. Possible: ${question} = 'value', several joined by “or”, "
        "all about one earlier question."
    ),
    "xlsform_constraint": N_("This constraint can't be taken. Possible for numbers: . >= 1 and . <= 20."),
    "xlsform_empty": N_("The form asks nothing."),
    "xlsform_id": N_(
        "The form_id “%(id)s” can't be taken: letters, digits, dot, hyphen, underscore; at most 40."
    ),
    "xlsform_name": N_("The name “%(name)s” is used twice or can't be taken."),
    "xlsform_not_xlsx": N_("An XLSForm as .xlsx file is needed."),
    "xlsform_required": N_("Required is yes or no; a condition can't be taken."),
    "xlsform_second_place": N_("A form has one place; this is the second."),
    "xlsform_type": N_("Questions of this kind can't be taken: %(type)s."),
    # Reports and cases
    "call_arrived": N_("You are there already; say how it ended."),
    "call_limits": N_("Somebody can't be wanted before the call was to be acknowledged."),
    "call_nobody": N_("There is nobody whom this call could reach."),
    "call_not_called": N_("You were not called."),
    "call_not_taken": N_("Nobody has taken this call yet."),
    "call_over": N_("This call is over."),
    "call_person": N_("This person can't be called."),
    "call_still_runs": N_("The time for an answer has not run out yet."),
    "call_taken": N_("Somebody was faster: %(who)s. You need not come."),
    "already_known": N_("This id was used before with other content. Held: %(held)s. Sent: %(sent)s."),
    "answer_choice": N_("Choose one of: %(choices)s."),
    "answer_date": N_("A date such as 2026-05-03 is needed."),
    "answer_not_asked": N_("This question is not asked here."),
    "answer_number": N_("A number from %(low)s to %(high)s is needed."),
    "answer_required": N_("This question needs an answer."),
    "answer_stands": N_("This was answered before; what was said stays."),
    "answer_text": N_("A text of at most %(limit)s characters is needed."),
    "answer_yesno": N_("Yes or no is needed."),
    "class_unknown": N_("There is no hazard class “%(code)s”."),
    "duplicate_id": N_("Two different reports carry the same id."),
    "found_in_future": N_("The time lies in the future: %(at)s. Check the phone's clock."),
    "found_too_old": N_("The time lies more than a year back: %(at)s. Check the phone's clock."),
    "note_needed": N_("Say what was done."),
    "photo_needed": N_("A photo is needed as proof."),
    "revision": N_("Somebody changed this case meanwhile (revision %(held)s: %(since)s); load it again."),
    "state": N_("The state is “%(state)s” now, so this can't be done."),
    # Residents without an account
    "answer_wrong": N_("That is not the answer to the question. Please look at the new question."),
    "challenge_old": N_("The check of this page has run out or was used. Please send again."),
    "code_mistyped": N_("This is no tracking code: one letter or more is wrong. Please compare it again."),
    "code_unknown": N_("No report has this tracking code."),
    "consent_needed": N_("Please agree to the use of your contact data, or leave the fields empty."),
    "enough_added": N_("Enough was added here by this way. Please ask the station."),
    "not_closed": N_("The matter is not closed yet."),
    "phone_needed": N_("Please give a telephone number too, or leave the name empty."),
    "photo_missing": N_("Please choose a photo."),
    "station_choice": N_("Please choose your police station."),
    "trap_filled": N_("Please leave the field empty that says so; a program may have filled it."),
    "words_needed": N_("Please write a few words about it."),
    # Webhooks
    "webhook_https": N_(
        "The address must begin with https:// (the administrator has allowed no private network)."
    ),
    "webhook_inactive": N_("This subscription is not active."),
    "webhook_private": N_("%(host)s is a private address; the administrator has not allowed it."),
    "webhook_url": N_("An address such as https://example.org/hook is needed, without user name."),
    # Open311
    "address_unknown": N_("This address is not in the station's register; send lat and long."),
    "jurisdiction_needed": N_("Several stations work here: name one by jurisdiction_id."),
    "jurisdiction_unknown": N_("There is no such jurisdiction, or the key belongs to another."),
    "open311_key": N_("A valid api_key is needed here."),
    "open311_token": N_("Without an api_key, name the request by the token that came with it."),
    "open311_words_only": N_("Without an api_key only words can be added; photos come with the report."),
    "place_or_address_needed": N_("A place is needed: lat and long, or an address."),
    "span_too_long": N_("At most %(days)s days may be asked for at once."),
    # Files and photos
    "bad_encoding": N_("The text is in no known encoding; save the file as UTF-8."),
    "bad_heading": N_("The heading “%(heading)s” appears twice or can't be read."),
    "bad_json": N_("The body is not valid JSON."),
    "bad_table": N_("The table can't be read."),
    "bad_text": N_("The text contains characters that are not allowed."),
    "bad_utf8": N_("The text is not valid UTF-8."),
    "bad_zip": N_("The ZIP archive is damaged or locked by a password."),
    "bad_zip_name": N_("The ZIP archive holds a file name that leads out of it."),
    "empty_table": N_("The table has no rows."),
    "file_crashed": N_("The file is damaged in a way that stopped the reader."),
    "file_too_costly": N_("Reading the file takes too much time or memory."),
    "hash_mismatch": N_("The file is not the one that was named: its checksum differs."),
    "missing_column": N_("The column “%(field)s” is missing."),
    "not_a_photo": N_("This file is not a photo that we can read."),
    "photo_too_large": N_("The photo is too large: at most 8 MB and 40 megapixels."),
    "photo_type": N_("This kind of picture is not taken; send JPEG, PNG or WebP."),
    "sandbox": N_("Files of areas can't be read on this machine; tell the administrator."),
    "too_many_cells": N_("This row has more cells than the table has columns."),
    "handin_author": N_("The author of this file is not a person of this station who may report."),
    "handin_format": N_("This is not a file of waiting reports from the phone page."),
    "handin_seal": N_(
        "This file carries no valid seal of its author's phone; only the chief may hand it in."
    ),
    "unclaimed_file": N_("No report names this file; it was kept for a look at it."),
    "upload_length": N_("The length does not fit: the file has %(length)s bytes."),
    "upload_offset": N_("The upload goes on at byte %(upload_offset)s."),
    "upload_quota": N_("Too many unfinished uploads: at most %(files)s files or %(megabytes)s MB."),
    "zip_bomb": N_("The ZIP archive unpacks to too much."),
    # Places and coordinates
    "bad_box": N_("A box is west,south,east,north in degrees."),
    "crs_conflict": N_("The file says its coordinate system is %(file)s, but %(named)s was chosen."),
    "crs_missing": N_("The file does not say its coordinate system; choose it."),
    "crs_not_wgs84": N_("GeoJSON must be in WGS 84, but this file names %(crs)s."),
    "crs_not_writable": N_("Files can't be written in the coordinate system “%(crs)s”."),
    "not_finite": N_("A coordinate is not a number."),
    "out_of_range": N_("This number is out of range."),
    "place_closed": N_("This place is closed already."),
    "outside_china": N_("This coordinate system is only defined inside China."),
    "outside_station": N_("The place is %(km)s km outside the station's ground."),
    "swapped_axes": N_("Longitude and latitude seem swapped. Did you mean %(lon)s, %(lat)s?"),
    "unknown_crs": N_("The coordinate system “%(crs)s” is not known."),
    # Areas, plans and their files
    "bad_area_file": N_("The file of areas can't be read."),
    "bad_geometry": N_("The outline crosses or touches itself, at %(x)s, %(y)s."),
    "bad_position": N_("A position is two numbers: longitude and latitude."),
    "bad_tile": N_("There is no such map tile."),
    "bad_weights": N_("There must be one weight for each area."),
    "bad_units": N_("Every area needs all figures: load, households, area, borders."),
    "too_many_pieces": N_("The ground lies in separate pieces; divide each of them for itself."),
    "bad_aim": N_("At least one police grid, at most as many as grids; a tolerance from 0 to 1."),
    "coverage_faults": N_("The areas do not fit together: %(count)s faults."),
    "duplicate_code": N_("The code %(code)s appears twice."),
    "empty": N_("The area %(name)s is empty."),
    "geometry_type": N_("A polygon is needed; found: %(found)s."),
    "ground_invalid": N_("The outline of the station's ground is not valid."),
    "incomplete_shapefile": N_("The Shapefile is incomplete; missing: %(missing)s."),
    "invalid": N_("The outline of %(name)s crosses or touches itself."),
    "naive_time": N_("A time needs its zone."),
    "no_areas": N_("The file has no areas."),
    "no_plan": N_("No plan of grids is in force at that time."),
    "no_such_layer": N_("The file has no such layer. It has: %(layers)s."),
    "not_a_coverage": N_("The areas overlap or their borders do not match."),
    "not_features": N_("A GeoJSON FeatureCollection is needed."),
    "not_linear": N_("A line is needed; found: %(type)s."),
    "not_polygonal": N_("A polygon is needed; found: %(type)s."),
    "code_retired": N_("Code %(code)s belonged to a grid that is no more; codes are never used twice."),
    "draft_collision": N_("Another planner has changed the same border or grid meanwhile."),
    "draft_faults": N_(
        "The draft has %(count)s faults that are in the way; the check names each with its place."
    ),
    "fault_empty_draft": N_("The draft has no grids."),
    "fault_outside_station": N_("Grids reach beyond the station's ground, or leave some of it uncovered."),
    "fault_hole": N_("There is a hole between grids."),
    "fault_not_connected": N_("The police grid %(names)s is not in one piece."),
    "fault_no_community": N_("The new grid %(names)s has no community, so it can have no code."),
    "fault_codes_used_up": N_("All codes of the community of grid %(names)s are used up."),
    "fault_outdated": N_("Another plan was published since the draft was begun."),
    "draft_locked": N_("Somebody has locked this (%(target)s); unlock it first."),
    "draft_submitted": N_("A plan was made of this draft; withdraw it to go on drawing."),
    "nothing_to_undo": N_("There is nothing of yours to undo."),
    "nothing_to_redo": N_("There is nothing to do again."),
    "not_submitted": N_("No plan was made of this draft yet; submit it first."),
    "plan_not_exact": N_(
        "The grids of this plan leave gaps or overlap (%(reason)s); import it anew with repair."
    ),
    "comments_full": N_("A draft takes at most %(limit)s comments."),
    "repair_differs": N_("The file would be repaired otherwise than shown; look at the preview again."),
    "police_grid_taken": N_("There is a police grid with this id already: %(id)s."),
    "unknown_grid": N_("There is no such grid in the draft: %(id)s."),
    "unknown_police_grid": N_("There is no such police grid in the draft: %(id)s."),
    "own_plan": N_("A plan is approved by somebody else than who submitted it."),
    "plan_followed": N_("Another plan was published to come after this one; withdraw that one first."),
    "plan_outdated": N_("Another plan has come in between; this one was drawn upon the plan before it."),
    "plan_past": N_("A plan begins now or later, not in the past."),
    "plan_unapproved": N_(
        "This plan needs a second person's approval first: submit it, and let somebody else approve it."
    ),
    "plan_order": N_("Another plan comes into force at %(at)s; choose a later time."),
    "open_ring": N_("The outline is not closed: its first and last position differ."),
    "several_layers": N_("The file has several layers; name one of: %(layers)s."),
    "short_ring": N_("An outline needs at least four positions."),
    "third_dimension": N_("Positions with height are not taken; leave out the third number."),
    "too_few_units": N_("There are too few areas for %(targets)s districts."),
    "too_many_lines": N_("Too many lines: at most %(limit)s."),
    "too_many_tiles": N_("Too many map tiles: at most %(limit)s."),
    "too_many_vertices": N_("An outline has too many points: at most %(limit)s."),
    "unknown_format": N_(
        "This kind of file is not taken; send GeoJSON, KML, DXF, a zipped Shapefile or a GeoPackage."
    ),
    # Calls and orders of other systems
    "bad_call_time": N_("“%(given)s” is no time that can be read."),
    "bad_coordinate": N_("“%(given)s” are no coordinates."),
    "bad_sheet": N_("The workbook can't be read; save it anew as XLSX."),
    "bad_zone": N_("The time zone “%(zone)s” is not known."),
    "duplicate_ref": N_("Row %(row)s of this file has the same number."),
    "missing_ref": N_("This row has no number of its source."),
    "no_place": N_("Neither coordinates nor an address are given."),
    "not_rows": N_("An array of objects is needed, or an object with the array “rows”."),
    "place_ambiguous": N_("The address may mean %(count)s places; choose one."),
    "place_unknown": N_("The address is in no register; choose the place."),
    "days_wrong": N_("It ends before it begins."),
    "directive_grid": N_("There is no grid “%(grid)s”."),
    "directive_nowhere": N_("Neither a place nor a grid is named."),
    "directive_place": N_("“%(place)s” is in no register; name its grid, or register the place."),
    "merge_into_merged": N_("Case %(lead)s is merged into another itself."),
    "merge_into_over": N_("Case %(lead)s is over; choose an open case as the leading one."),
    "merge_itself": N_("Case %(number)s can't be merged into itself."),
    "merge_other_kind": N_(
        "Cases %(number)s and %(lead)s are of different kinds, or one of them is restricted."
    ),
    "merge_over": N_("Case %(number)s is over, merged already, or waits for others."),
    "place_vague": N_("The address is known by its %(precision)s only; confirm or choose the place."),
    "row_outside": N_("The place lies more than 5 km outside the station's ground."),
    "source_code_fixed": N_("The code of a source stays what it is: “%(source)s”."),
    "source_code_taken": N_("There is a source with the code “%(source)s” already."),
    "too_deep": N_("Nested too deep: at most %(limit)s levels."),
    # Exports, imports and packages
    "area_unknown": N_("There is no grid or police grid “%(code)s” here."),
    "bad_key": N_("A public key has 64 hexadecimal digits."),
    "bad_package": N_("This is no package of ours, or of another version."),
    "bad_phone": N_("A telephone number has digits, +, - and brackets only."),
    "bad_workbook": N_("The workbook can't be read; save it as XLSX again."),
    "duplicate_member": N_("The package holds the name “%(name)s” twice."),
    "duplicate_row": N_("This row says the same as row %(first)s."),
    "form_not_spatial": N_("This register has no places: choose CSV or XLSX."),
    "import_faults": N_("%(count)s rows have faults; nothing was entered."),
    "member_missing": N_("The package does not hold what its manifest names."),
    "nested_archive": N_("The package holds an archive inside."),
    "one_area": N_("Name either a grid or a police grid."),
    "package_known": N_("Another package with this id came before."),
    "person_unclear": N_("Several persons are called “%(name)s”; give the person's id."),
    "person_unknown": N_("Nobody called “%(name)s” is in the register."),
    "point_wanted": N_("A point is needed; found: %(found)s."),
    "unknown_key": N_("Nobody has registered the key that signed this: %(fingerprint)s."),
    "wrong_signature": N_("The signature is wrong: the package was changed on its way."),
    # Statistical and grid codes
    "bad_code_digits": N_("A code has only digits: “%(given)s”."),
    "bad_code_length": N_("The code “%(given)s” has %(found)s digits; %(wanted)s are needed."),
    "bad_community_segment": N_("The community part of the code “%(given)s” is not valid."),
    "bad_county": N_("The county part of the code “%(given)s” is not valid."),
    "bad_grid_serial": N_("The last three digits of a grid code count from 001 to 999."),
    "bad_province": N_("The province part of the code “%(given)s” is not valid."),
    "bad_street_segment": N_("The street part of the code “%(given)s” is not valid."),
    "not_a_community": N_("The code “%(given)s” does not name a community."),
    # Working days and limits
    "calendar_missing": N_("The calendar of %(year)s is not here yet: no day is guessed."),
    "limit_ended": N_("This limit has ended already, on %(day)s."),
    "day_both": N_("%(day)s can't be both a holiday and a make-up working day."),
    "day_no_weekend": N_("%(day)s is no Saturday or Sunday, so nothing is made up on it."),
    "day_other_year": N_("%(day)s lies in another year."),
    "extension_too_far": N_("The limit of this case may not be extended that far."),
    "hours_order": N_("The times of a day must follow each other; each ends after it begins."),
    "limit_order": N_("This limit can't change before %(day)s, when it came into force."),
    # Faults of a coverage, each with its place
    "fault_empty": N_("Grid %(codes)s has no area."),
    "fault_gap": N_("Gap of %(area_m2)s m² beside %(codes)s, at %(lon)s, %(lat)s."),
    "fault_invalid": N_("The outline of grid %(codes)s crosses or touches itself, at %(lon)s, %(lat)s."),
    "fault_outside_ground": N_(
        "Grid %(codes)s reaches %(area_m2)s m² beyond the station's ground, at %(lon)s, %(lat)s."
    ),
    "fault_overlap": N_("Grids %(codes)s overlap by %(area_m2)s m², at %(lon)s, %(lat)s."),
    "fault_torn": N_(
        "Grid %(codes)s lies in several pieces; the loose ones have %(area_m2)s m², at %(lon)s, %(lat)s."
    ),
    "fault_unmatched_edge": N_(
        "The border between %(codes)s does not match over %(length_m)s m, at %(lon)s, %(lat)s."
    ),
    # Borders that are drawn anew
    "along_edge": N_("The line runs along a border instead of crossing it."),
    "area_taken": N_("The id of the new grid is in use already."),
    "bad_operation": N_("This step of the drawing can't be read: %(field)s."),
    "crossing": N_("The line crosses or touches another border."),
    "ends_inside": N_("The line ends inside the grid; draw it from border to border."),
    "gap": N_("The grids leave a gap between them."),
    "hole": N_("The line closes inside the grid and would leave a hole in it."),
    "id_taken": N_("The id of a new line or corner is in use already."),
    "misses": N_("The line does not cross the grid."),
    "not_neighbours": N_("These grids have no border in common; a corner is not enough."),
    "outside_fixed": N_("The outer border of the station can't be moved here."),
    "repair_changed": N_(
        "The repair would change %(codes)s by up to %(percent)s %%; draw it again more closely."
    ),
    "repair_lost": N_("The repair would lose %(codes)s: empty, or covered by others."),
    "repair_torn": N_("%(codes)s lies in several pieces, or the repair would tear it."),
    "self_crossing": N_("The line crosses itself."),
    "spike": N_("The line runs back on itself or stands still."),
    "too_many_parts": N_("The line would cut the grid into %(count)s parts; two are meant."),
    "too_many_points": N_("The line has too many points: at most %(limit)s."),
    "too_small": N_("A grid would become smaller than %(least_m2)s m²."),
    "too_wide": N_("The areas reach over more than %(limit)s degrees."),
    "unknown_area": N_("This grid is not there any more."),
    "unknown_line": N_("This border line is not there any more."),
    "unknown_node": N_("This corner is not there any more."),
    "unknown_vertex": N_("This point of the border is not there any more."),
    "would_not_split": N_("The line leads to an island and does not divide the grid."),
    "would_tear": N_("A grid would fall apart or be turned inside out."),
    "would_vanish": N_("Nothing of the grid would be left; merge it instead."),
    "party_needed": N_("Enter a name or a number."),
    # The duty desk
    "call_kind": N_("There is no such kind of calls."),
    "bad_hour": N_("“%(given)s” is no time of the day such as 20:00."),
    "bad_shift": N_("“%(given)s” is neither day nor night duty."),
    "duty_away": N_("Only officers, grid workers and the chief are noted as away."),
    "duty_backwards": N_("The end must lie after the beginning."),
    "duty_deputy": N_("Somebody with the same role stands in, or the chief; nobody for himself."),
    "duty_far": N_("At most a month back and a year ahead."),
    "duty_name": N_("Nobody called %(name)s may have the desk."),
    "duty_name_twice": N_("More than one is called %(name)s: enter this shift by hand."),
    "duty_over": N_("This shift is over and stays as it was."),
    "duty_person": N_("Only officers and the chief have the desk."),
    "duty_too_long": N_("At most %(hours)s hours at a time."),
    "duty_twice": N_("There is an entry for this person already, from %(since)s to %(until)s."),
    # Tasks and look-backs
    "bad_week": N_("A week such as 2026-W47 is needed."),
    "due_backwards": N_("The end must lie after the beginning."),
    "due_far": N_("At most a year ahead."),
    "due_over": N_("This time is over already."),
    "grid_unknown": N_("There is no such grid."),
    "no_look_back": N_("Only closed hazards and orders are looked at again, and none that is restricted."),
    "not_ascending": N_("Whole days, each larger than the one before."),
    "not_your_ground": N_("This place is not in the grids that you answer for."),
    "not_your_task": N_("This task is not yours."),
    "one_receiver": N_("Choose one: a person, a team or a grid."),
    "doer_unknown": N_("This person is not known here, or has no account for tasks."),
    "restricted_task": N_("A restricted matter can only be given to an officer by name."),
    "task_over": N_("This task is over already: %(state)s."),
    "task_place": N_("A place, a case or a grid is needed."),
    "task_taken": N_("Somebody else has taken this task on."),
    "task_unknown": N_("There is no such task for you."),
    "team_unknown": N_("There is no such team."),
    "task_words": N_("Please say what is to be done."),
}

# Words of states that stand inside sentences; those of cases are translated where they are declared.
STATES = (
    N_("draft"),
    N_("published"),
    N_("withdrawn"),
    N_("kept"),
    N_("repaired"),
    N_("attached"),
    N_("discarded"),
)
# How finely a place is known, inside a sentence.
PRECISIONS = (N_("road"), N_("grid"), N_("community"))


class _Gentle(dict[str, Any]):
    """Parameters of which one may be missing without breaking the sentence."""

    def __missing__(self, key: str) -> str:
        return "?"


def message(code: str, params: Mapping[str, Any] | None = None, fallback: str = "") -> str:
    """Return the sentence of an error code in the present language."""
    if code.startswith("http_") and code[5:].isdigit():
        return title(int(code[5:]))
    if code not in MESSAGES:
        return fallback or _(MESSAGES["refused"])
    shown = {name: _worded(code, name, value) for name, value in (params or {}).items()}
    return _(MESSAGES[code]) % _Gentle(shown)


def _worded(code: str, name: str, value: Any) -> Any:
    """Return a parameter as people read it: lists with commas, states translated, bytes as kB."""
    if name in ("state", "precision"):
        return _(str(value))
    if name == "since":
        return ", ".join(_(str(item)) for item in value) or "?"
    if code == "too_large" and name == "limit" and isinstance(value, int):
        return f"{value // 1000} kB"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return "?" if value is None else value


def title(status: int) -> str:
    """Return the short name of an HTTP status in the present language."""
    return _(TITLES.get(status, TITLES[500 if status >= 500 else 400]))
