-- Rows of calls and orders: what was said is for those who took it in and for the officers of the ground; who
-- called is for the chief and the officers of the ground only.

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['address', 'intake_source', 'intake_upload', 'intake_row', 'intake_caller']
    LOOP
        EXECUTE format('ALTER TABLE app.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE app.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON app.%I TO shuangge_owner USING (true) WITH CHECK (true)', t);
    END LOOP;
END $$;

-- Strangers at a public door act for a station too: a list of buildings is not for them.
CREATE POLICY address_read ON app.address FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) <> 'public');
CREATE POLICY address_write ON app.address USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('machine', 'station_chief', 'system_admin'));

CREATE POLICY source_read ON app.intake_source FOR SELECT USING (
    station_id = (SELECT app.my_station())
    AND (SELECT app.my_role()) IN ('machine', 'station_chief', 'system_admin', 'officer'));
CREATE POLICY source_write ON app.intake_source USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('machine', 'station_chief', 'system_admin'));

CREATE POLICY upload_read ON app.intake_upload FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (
        (SELECT app.my_role()) IN ('machine', 'station_chief', 'system_admin') OR by_id = (SELECT app.me())));
CREATE POLICY upload_send ON app.intake_upload FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND by_id IS NOT DISTINCT FROM (SELECT app.me())
    AND (SELECT app.my_role()) IN ('machine', 'station_chief', 'system_admin', 'officer'));
CREATE POLICY upload_work ON app.intake_upload FOR UPDATE USING (
    station_id = (SELECT app.my_station()) AND (
        (SELECT app.my_role()) IN ('machine', 'station_chief') OR by_id = (SELECT app.me())));

CREATE POLICY row_read ON app.intake_row FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (
        (SELECT app.my_role()) IN ('machine', 'station_chief')
        OR upload_id IN (SELECT u.id FROM app.intake_upload u WHERE u.by_id = (SELECT app.me()))
        OR ((SELECT app.my_role()) = 'officer' AND case_id IN (
            SELECT c.id FROM app.case_file c WHERE c.id = case_id AND c.grid_id IN (SELECT app.my_grids())))));
-- Only the machine and the chief take over: nobody else writes what counts as a version of an order.
CREATE POLICY row_keep ON app.intake_row FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND state NOT IN ('taken', 'revised') AND (
        (SELECT app.my_role()) IN ('machine', 'station_chief')
        OR upload_id IN (SELECT u.id FROM app.intake_upload u WHERE u.by_id = (SELECT app.me()))));
CREATE POLICY row_work ON app.intake_row FOR UPDATE USING (
    station_id = (SELECT app.my_station()) AND (
        (SELECT app.my_role()) IN ('machine', 'station_chief')
        OR (state NOT IN ('taken', 'revised')
            AND upload_id IN (SELECT u.id FROM app.intake_upload u WHERE u.by_id = (SELECT app.me())))));
-- A file may be read anew until it is taken; what became a case stays.
CREATE POLICY row_reread ON app.intake_row FOR DELETE USING (
    station_id = (SELECT app.my_station()) AND state NOT IN ('taken', 'revised') AND (
        (SELECT app.my_role()) IN ('machine', 'station_chief')
        OR upload_id IN (SELECT u.id FROM app.intake_upload u WHERE u.by_id = (SELECT app.me()))));

CREATE POLICY caller_read ON app.intake_caller FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (
        (SELECT app.my_role()) IN ('machine', 'station_chief')
        OR ((SELECT app.my_role()) = 'officer' AND case_id IN (
            SELECT c.id FROM app.case_file c WHERE c.id = case_id AND c.grid_id IN (SELECT app.my_grids())))));
CREATE POLICY caller_keep ON app.intake_caller FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND case_id IS NULL AND (
        (SELECT app.my_role()) IN ('machine', 'station_chief')
        OR upload_id IN (SELECT u.id FROM app.intake_upload u WHERE u.by_id = (SELECT app.me()))));
CREATE POLICY caller_work ON app.intake_caller FOR UPDATE USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('machine', 'station_chief'));

GRANT SELECT ON app.address, app.intake_source, app.intake_upload, app.intake_row, app.intake_caller
    TO shuangge_web, shuangge_worker;
GRANT INSERT ON app.intake_upload, app.intake_row, app.intake_caller TO shuangge_web, shuangge_worker;
GRANT INSERT, UPDATE ON app.address, app.intake_source TO shuangge_web;
GRANT UPDATE (form, headings, settings, state, counts, problems, taken_at) ON app.intake_upload
    TO shuangge_web, shuangge_worker;
-- What a row said stays as it was said; a person may choose its class and its place.
GRANT UPDATE (class_code, word, raw_x, raw_y, raw_crs, method, accuracy_m, score, precision, grid, police_grid,
    place_flag, problems, state, case_id, case_number) ON app.intake_row TO shuangge_web, shuangge_worker;
GRANT UPDATE (case_id) ON app.intake_caller TO shuangge_web, shuangge_worker;
GRANT DELETE ON app.intake_row TO shuangge_web, shuangge_worker;
