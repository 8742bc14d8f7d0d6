-- Who sees what residents bring, and what a stranger (role 'public') may never see or do.

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['resident_ticket', 'resident_contact', 'resident_note']
    LOOP
        EXECUTE format('ALTER TABLE app.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE app.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON app.%I TO shuangge_owner USING (true) WITH CHECK (true)', t);
    END LOOP;
    -- Who serves where, and where nobody walks, is the station's own affair.
    FOREACH t IN ARRAY ARRAY['person', 'team', 'posting', 'grid_presence']
    LOOP
        EXECUTE format('CREATE POLICY no_stranger ON app.%I AS RESTRICTIVE
            USING ((SELECT app.my_role()) IS DISTINCT FROM ''public'')', t);
    END LOOP;
END $$;

-- A stranger reports only what is open to everybody.
CREATE POLICY stranger_reports ON app.case_file AS RESTRICTIVE FOR INSERT WITH CHECK (
    (SELECT app.my_role()) IS DISTINCT FROM 'public'
    OR class_code IN (SELECT h.code FROM app.hazard_class h WHERE h.public));

-- The report being sent, by its id, which only the service can make from the form: without this the insert itself
-- would be refused (ON CONFLICT asks whether the new row may be read), and so would its photos, ticket and contact.
CREATE POLICY resident_own ON app.case_file FOR SELECT USING (
    (SELECT app.my_role()) = 'public' AND station_id = (SELECT app.my_station())
    AND reporter_id IS NULL AND source = 'public'
    AND id = ANY ((SELECT string_to_array(nullif(current_setting('app.own_reports', true), ''), ',')::uuid[])::uuid[]));

-- A dispute is restricted: officer of the ground, chief, and the mediator who is posted there.
CREATE POLICY case_mediate ON app.case_file FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) = 'mediator' AND kind = 'dispute'
    AND grid_id IN (SELECT app.mediated_grids()));

-- Written once by the stranger who reports; a code leads to its case through functions only.
CREATE POLICY ticket_make ON app.resident_ticket FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) = 'public'
    AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));
CREATE POLICY contact_leave ON app.resident_contact FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) = 'public'
    AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));
-- Read by the officer of the ground and the chief, while it may be kept; not by grid workers or mediators.
CREATE POLICY contact_handler ON app.resident_contact FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND keep_until > now() AND (
        (SELECT app.my_role()) = 'station_chief'
        OR ((SELECT app.my_role()) = 'officer' AND case_id IN (
            SELECT c.id FROM app.case_file c WHERE c.id = case_id AND c.grid_id IN (SELECT app.my_grids())))));
-- What a resident adds is read by whom the case is read by.
CREATE POLICY note_read ON app.resident_note FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));

-- Officers register places too, beside chief and planner.
CREATE POLICY officer_adds ON app.place FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) = 'officer');
CREATE POLICY officer_mends ON app.place FOR UPDATE USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) = 'officer');

GRANT SELECT, INSERT ON app.resident_contact TO shuangge_web;
GRANT INSERT ON app.resident_ticket TO shuangge_web;
GRANT SELECT ON app.resident_note TO shuangge_web;
GRANT SELECT, INSERT, DELETE ON auth.spent TO shuangge_login;
