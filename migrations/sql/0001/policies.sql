-- Row-level security: the law; what rules.py says about roles is courtesy.
-- Form: cheap station test first, then `grid_id IN (SELECT ...)`, which keeps the spatial index usable.

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['station', 'person', 'contact', 'team', 'membership', 'device', 'community', 'plan',
        'grid', 'police_grid', 'grid_shape', 'police_grid_shape', 'posting', 'case_number', 'case_file',
        'attachment', 'place', 'patrol', 'fix', 'grid_presence', 'event', 'quarantine']
    LOOP
        EXECUTE format('ALTER TABLE app.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE app.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON app.%I TO shuangge_owner USING (true) WITH CHECK (true)', t);
    END LOOP;
    -- Nothing personal: everybody of the station reads, the machine and the roles named below write.
    FOREACH t IN ARRAY ARRAY['team', 'community', 'plan', 'grid', 'police_grid', 'grid_shape',
        'police_grid_shape', 'posting', 'place', 'grid_presence']
    LOOP
        EXECUTE format('CREATE POLICY station_read ON app.%I FOR SELECT
            USING (station_id = (SELECT app.my_station()))', t);
        CONTINUE WHEN t = 'posting';
        EXECUTE format('CREATE POLICY machine_write ON app.%I USING (station_id = (SELECT app.my_station())
            AND (SELECT app.my_role()) IN (''machine'', ''station_chief'', ''planner''))', t);
    END LOOP;
END $$;

-- A posting opens the cases of its ground: planners draw grids but may not post anybody, not even themselves.
CREATE POLICY chief_posts ON app.posting USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('machine', 'station_chief'));

CREATE POLICY own_station ON app.station FOR SELECT USING (id = (SELECT app.my_station()));

CREATE POLICY case_read ON app.case_file FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (
        (SELECT app.sees_station())
        OR reporter_id = (SELECT app.me())
        OR ((grid_id IN (SELECT app.my_grids()) OR neighbour_grid_id IN (SELECT app.my_grids()))
            AND (NOT restricted OR (SELECT app.my_role()) = 'officer'))));
CREATE POLICY case_report ON app.case_file FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station())
    AND (reporter_id IS NOT DISTINCT FROM (SELECT app.me()) OR (SELECT app.my_role()) IN ('machine', 'station_chief')));
CREATE POLICY case_work ON app.case_file FOR UPDATE USING (
    station_id = (SELECT app.my_station()) AND (
        (SELECT app.sees_station())
        OR ((grid_id IN (SELECT app.my_grids()) OR neighbour_grid_id IN (SELECT app.my_grids()))
            AND (NOT restricted OR (SELECT app.my_role()) = 'officer'))));

-- A file is seen by whom its case is seen by: the subquery runs under the reader's own rights.
CREATE POLICY attachment_read ON app.attachment FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));
CREATE POLICY attachment_add ON app.attachment FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));
CREATE POLICY attachment_machine ON app.attachment FOR UPDATE USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) = 'machine');

CREATE POLICY person_read ON app.person FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (
        id = (SELECT app.me())
        OR (SELECT app.my_role()) IN ('station_chief', 'machine', 'system_admin')
        -- who is on duty here is public inside the station
        OR category IN ('officer', 'auxiliary', 'grid_worker', 'chief')
        OR ((SELECT app.my_role()) IN ('officer', 'grid_worker')
            AND id IN (SELECT c.reporter_id FROM app.case_file c WHERE c.reporter_id = person.id))));
CREATE POLICY person_write ON app.person USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('machine', 'system_admin', 'station_chief'));
CREATE POLICY contact_read ON app.contact FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (
        person_id = (SELECT app.me())
        OR (SELECT app.my_role()) IN ('station_chief', 'machine', 'system_admin')
        OR ((SELECT app.my_role()) = 'officer'
            AND person_id IN (SELECT c.reporter_id FROM app.case_file c
                              WHERE c.reporter_id = contact.person_id AND c.grid_id IN (SELECT app.my_grids())))));
CREATE POLICY contact_write ON app.contact USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('machine', 'system_admin', 'station_chief'));
CREATE POLICY membership_read ON app.membership FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (
        person_id = (SELECT app.me()) OR (SELECT app.my_role()) IN ('station_chief', 'machine', 'system_admin', 'officer')));
CREATE POLICY membership_write ON app.membership USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('machine', 'system_admin', 'station_chief'));
CREATE POLICY device_own ON app.device USING (
    station_id = (SELECT app.my_station()) AND (
        person_id = (SELECT app.me()) OR (SELECT app.my_role()) IN ('machine', 'system_admin')));

-- Whereabouts are sensitive: the walker, the chief, the machine; everybody else sees presence per grid.
CREATE POLICY patrol_read ON app.patrol FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (person_id = (SELECT app.me()) OR (SELECT app.sees_station())));
CREATE POLICY patrol_write ON app.patrol USING (
    station_id = (SELECT app.my_station()) AND (person_id = (SELECT app.me()) OR (SELECT app.my_role()) = 'machine'));
CREATE POLICY fix_read ON app.fix FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND patrol_id IN (SELECT p.id FROM app.patrol p WHERE p.id = patrol_id));
CREATE POLICY fix_write ON app.fix FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND patrol_id IN (SELECT p.id FROM app.patrol p WHERE p.id = patrol_id));

CREATE POLICY event_read ON app.event FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (
        (SELECT app.my_role()) IN ('station_chief', 'machine', 'audit_admin')
        OR by_id = (SELECT app.me())
        OR (subject_kind = 'case' AND subject_id IN (SELECT c.id FROM app.case_file c WHERE c.id = subject_id))));
CREATE POLICY event_record ON app.event FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND by_id IS NOT DISTINCT FROM (SELECT app.me()));
-- The dispatcher turns events of all stations into jobs; it reads ids and codes, never a case.
CREATE POLICY event_dispatch ON app.event FOR SELECT TO shuangge_worker USING (true);

CREATE POLICY quarantine_read ON app.quarantine FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (
        person_id = (SELECT app.me()) OR (SELECT app.my_role()) IN ('station_chief', 'machine')));
CREATE POLICY quarantine_keep ON app.quarantine FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND person_id IS NOT DISTINCT FROM (SELECT app.me()));
CREATE POLICY quarantine_settle ON app.quarantine FOR UPDATE USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('station_chief', 'machine'));
