-- Attempts, bodies and referrals; the wall round restricted leads; visits to people.

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['attempt', 'attempt_result', 'body', 'referral', 'referral_number', 'non_police', 'lead_read',
        'visit_interval', 'visit_person', 'visit_detail', 'visit']
    LOOP
        EXECUTE format('ALTER TABLE app.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE app.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON app.%I TO shuangge_owner USING (true) WITH CHECK (true)', t);
    END LOOP;
    -- What belongs to a case is seen by whom the case is seen by: the subquery runs under the reader's own rights.
    FOREACH t IN ARRAY ARRAY['referral', 'non_police']
    LOOP
        EXECUTE format('CREATE POLICY of_case ON app.%I FOR SELECT USING (
            station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN
                (''officer'', ''grid_worker'', ''station_chief'', ''machine'')
            AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id))', t);
    END LOOP;
END $$;

-- Titles are nobody's secret, and no business of a stranger's.
CREATE POLICY result_read ON app.attempt_result FOR SELECT USING ((SELECT app.my_role()) <> 'public');
CREATE POLICY attempt_read ON app.attempt FOR SELECT USING (
    station_id = (SELECT app.my_station())
    AND (SELECT app.my_role()) IN ('officer', 'grid_worker', 'station_chief', 'machine')
    AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));
CREATE POLICY attempt_log ON app.attempt FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND person_id = (SELECT app.me())
    AND (SELECT app.my_role()) IN ('officer', 'grid_worker', 'station_chief')
    AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));

CREATE POLICY body_read ON app.body FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) <> 'public');
CREATE POLICY body_keep ON app.body USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('station_chief', 'machine'));

CREATE POLICY referral_make ON app.referral FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND made_by = (SELECT app.me())
    AND (SELECT app.my_role()) IN ('officer', 'station_chief')
    AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));
CREATE POLICY referral_work ON app.referral FOR UPDATE USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('officer', 'station_chief', 'machine')
    AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));
CREATE POLICY non_police_mark ON app.non_police FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND marked_by = (SELECT app.me())
    AND (SELECT app.my_role()) IN ('officer', 'station_chief')
    AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));
CREATE POLICY non_police_clear ON app.non_police FOR DELETE USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('officer', 'station_chief')
    AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));

-- Restricted leads: whatever else lets a row through, these stay behind a purpose that was written down within the
-- last fifteen minutes. Who reported it sees the own report; the machine files and routes. The chief may hand in
-- what others reported: the row is not there yet at that moment, and is behind the wall afterwards.
CREATE POLICY lead_wall ON app.case_file AS RESTRICTIVE FOR SELECT TO shuangge_web, shuangge_worker USING (
    NOT restricted OR kind <> 'lead' OR (SELECT app.my_role()) = 'machine'
    OR reporter_id = (SELECT app.me()) OR id IN (SELECT app.leads_open())
    OR ((SELECT app.my_role()) = 'station_chief' AND NOT app.lead_kept(id)));
CREATE POLICY lead_wall_work ON app.case_file AS RESTRICTIVE FOR UPDATE TO shuangge_web, shuangge_worker USING (
    NOT restricted OR kind <> 'lead' OR (SELECT app.my_role()) = 'machine'
    OR reporter_id = (SELECT app.me()) OR id IN (SELECT app.leads_open()));
CREATE TRIGGER lead_handed_in AFTER INSERT ON app.case_file FOR EACH ROW
    WHEN (NEW.restricted AND NEW.kind = 'lead') EXECUTE FUNCTION app.lead_handed_in();
-- The row of the file that a lead was taken from says the same as the lead.
CREATE POLICY lead_wall ON app.intake_row AS RESTRICTIVE FOR SELECT TO shuangge_web, shuangge_worker USING (
    case_id IS NULL OR state <> 'taken' OR (SELECT app.my_role()) IN ('machine', 'station_chief')
    OR NOT app.lead_kept(case_id) OR case_id IN (SELECT app.leads_open()));
CREATE POLICY lead_wall ON app.intake_caller AS RESTRICTIVE FOR SELECT TO shuangge_web, shuangge_worker USING (
    case_id IS NULL OR (SELECT app.my_role()) = 'machine'
    OR NOT app.lead_kept(case_id) OR case_id IN (SELECT app.leads_open()));

-- The log is read by who supervises, and by nobody that it is about; nobody writes it by hand.
CREATE POLICY log_read ON app.lead_read FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) = 'audit_admin');

CREATE POLICY interval_read ON app.visit_interval FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) <> 'public');
CREATE POLICY interval_set ON app.visit_interval USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('station_chief', 'machine'));

-- The visitors, the officer in charge, the chief. The other roles do not learn that there is anybody.
CREATE POLICY visited_read ON app.visit_person FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (
        (SELECT app.my_role()) IN ('station_chief', 'machine') OR officer_id = (SELECT app.me())
        OR (ended_at IS NULL AND (SELECT app.me()) IN (visitor_id, second_id))));
CREATE POLICY visited_keep ON app.visit_person FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND (
        (SELECT app.my_role()) IN ('station_chief', 'machine')
        OR ((SELECT app.my_role()) = 'officer' AND officer_id = (SELECT app.me())
            AND grid_id IN (SELECT app.my_grids()))));
CREATE POLICY visited_change ON app.visit_person FOR UPDATE USING (
    station_id = (SELECT app.my_station()) AND (
        (SELECT app.my_role()) IN ('station_chief', 'machine')
        OR ((SELECT app.my_role()) = 'officer' AND officer_id = (SELECT app.me()))));
CREATE POLICY visit_read ON app.visit FOR SELECT USING (
    station_id = (SELECT app.my_station())
    AND person_id IN (SELECT p.id FROM app.visit_person p WHERE p.id = person_id));
CREATE POLICY visit_log ON app.visit FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND by_id = (SELECT app.me())
    AND person_id IN (SELECT p.id FROM app.visit_person p WHERE p.id = person_id));

GRANT SELECT ON app.attempt_result, app.attempt, app.body, app.referral, app.non_police, app.visit_interval,
    app.visit_person TO shuangge_web, shuangge_worker;
GRANT SELECT ON app.lead_read TO shuangge_web;
GRANT INSERT ON app.attempt, app.body, app.referral, app.non_police, app.visit_interval, app.visit_person, app.visit
    TO shuangge_web;
GRANT UPDATE (name, kind, duties, classes, contact, phone, answer_days, retired_at) ON app.body TO shuangge_web;
-- What a form said stays as it was said.
GRANT UPDATE (state, delivered_at, delivered_how, delivered_to, due_at, receipt_number, receipt_on, receipt_sha256,
    receipt_media, answer, answer_words, answer_sha256, answer_media, answered_at, recall_words, ended_at, revision)
    ON app.referral TO shuangge_web;
GRANT UPDATE (reminded_at) ON app.referral TO shuangge_worker;
GRANT DELETE ON app.non_police TO shuangge_web;
GRANT UPDATE (days) ON app.visit_interval TO shuangge_web;
GRANT UPDATE (initials, risk, minor, grid_id, officer_id, visitor_id, second_id, ended_at) ON app.visit_person
    TO shuangge_web;
-- The words of a visit, and who the person is, come by app.read_visited alone.
GRANT SELECT (id, station_id, person_id, by_id, at, result, recorded_at) ON app.visit TO shuangge_web, shuangge_worker;
