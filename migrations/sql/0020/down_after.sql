DROP FUNCTION app.keep_visited(uuid, jsonb), app.read_visited(uuid, text, text), app.my_visited(uuid),
    app.lead_counts(), app.note_lead_read(uuid, text), app.open_lead(uuid, text, text), app.leads_mine(),
    app.lead_handed_in(), app.lead_kept(uuid), app.leads_open(), app.next_referral_number(integer);
-- Only where no case has it: what was reported stays.
DELETE FROM app.hazard_class h WHERE h.code = 'fraud_warning'
    AND NOT EXISTS (SELECT FROM app.case_file c WHERE c.class_code = h.code);
