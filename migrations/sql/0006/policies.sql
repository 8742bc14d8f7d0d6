-- Voices, notes and points: rows are cut as in 0001/policies.sql.

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['voice', 'case_note', 'point_entry']
    LOOP
        EXECUTE format('ALTER TABLE app.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE app.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON app.%I TO shuangge_owner USING (true) WITH CHECK (true)', t);
    END LOOP;
END $$;

-- A voice is seen by who gave it and by those who handle its case; the reporter learns how many, not who.
CREATE POLICY voice_read ON app.voice FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (
        person_id = (SELECT app.me())
        OR ((SELECT app.my_role()) IN ('officer', 'grid_worker', 'station_chief', 'machine')
            AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id))));
-- A note is seen by whom its case is seen by, and written by one who sees the case, in the own name.
CREATE POLICY note_read ON app.case_note FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));
CREATE POLICY note_add ON app.case_note FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND person_id = (SELECT app.me())
    AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));
-- Points are given by the machine alone: nobody gives himself any.
CREATE POLICY points_read ON app.point_entry FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (
        person_id = (SELECT app.me()) OR (SELECT app.my_role()) IN ('station_chief', 'machine')));
CREATE POLICY points_award ON app.point_entry FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) = 'machine');
-- Who handles a case knows by name who else has seen it.
CREATE POLICY person_voice ON app.person FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('officer', 'grid_worker')
    AND id IN (SELECT v.person_id FROM app.voice v WHERE v.person_id = person.id));

GRANT SELECT ON app.voice, app.case_note, app.point_entry TO shuangge_web, shuangge_worker;
GRANT INSERT ON app.case_note TO shuangge_web;
GRANT INSERT ON app.point_entry TO shuangge_worker;
