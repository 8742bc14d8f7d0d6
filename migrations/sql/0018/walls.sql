-- Links, marks, directives and weekly lists: a link is seen by who may see both of its cases.

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['repeat_terms', 'case_mark', 'case_link', 'directive_list', 'directive', 'weekly_list']
    LOOP
        EXECUTE format('ALTER TABLE app.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE app.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON app.%I TO shuangge_owner USING (true) WITH CHECK (true)', t);
    END LOOP;
END $$;

CREATE POLICY terms_read ON app.repeat_terms FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('machine', 'station_chief', 'officer'));
CREATE POLICY terms_set ON app.repeat_terms FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND by_id IS NOT DISTINCT FROM (SELECT app.me())
    AND (SELECT app.my_role()) IN ('machine', 'station_chief'));

-- A party is kept as a hash with a key of the service; who handles the case sees that there is one.
CREATE POLICY mark_read ON app.case_mark FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND ((SELECT app.my_role()) = 'machine'
        OR ((SELECT app.my_role()) IN ('station_chief', 'officer')
            AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id))));
CREATE POLICY mark_add ON app.case_mark FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND by_id IS NOT DISTINCT FROM (SELECT app.me())
    AND ((SELECT app.my_role()) = 'machine' OR (kind = 'party' AND (SELECT app.my_role()) IN ('station_chief', 'officer')))
    AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));

CREATE POLICY link_read ON app.case_link FOR SELECT USING (
    station_id = (SELECT app.my_station())
    -- The machine sees all cases of its station: to ask for each is most of the work of linking a mass case.
    AND ((SELECT app.my_role()) = 'machine'
        OR ((SELECT app.my_role()) IN ('station_chief', 'officer', 'grid_worker')
            AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id)
            AND other_id IN (SELECT c.id FROM app.case_file c WHERE c.id = other_id))));
-- Only the machine links; people answer what it offers.
CREATE POLICY link_make ON app.case_link FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) = 'machine');
CREATE POLICY link_change ON app.case_link FOR UPDATE USING (
    station_id = (SELECT app.my_station()) AND (
        (SELECT app.my_role()) = 'machine'
        OR (kind = 'near' AND (SELECT app.my_role()) IN ('station_chief', 'officer')
            AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id)
            AND other_id IN (SELECT c.id FROM app.case_file c WHERE c.id = other_id))));

-- A directive is for the chief and for the officers of its ground; a row that fits no ground is the chief's to mend.
CREATE POLICY list_read ON app.directive_list FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('machine', 'station_chief', 'officer'));
CREATE POLICY list_keep ON app.directive_list FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) = 'station_chief' AND by_id = (SELECT app.me()));
CREATE POLICY list_end ON app.directive_list FOR UPDATE USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) = 'station_chief');
CREATE POLICY directive_read ON app.directive FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (
        (SELECT app.sees_station())
        OR ((SELECT app.my_role()) = 'officer' AND grid_id IN (SELECT app.my_grids()))));
CREATE POLICY directive_keep ON app.directive FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) = 'station_chief');

CREATE POLICY weekly_read ON app.weekly_list FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (
        (SELECT app.sees_station())
        OR ((SELECT app.my_role()) = 'officer' AND police_grid_id IN (
            SELECT p.police_grid_id FROM app.posting p
            WHERE p.person_id = (SELECT app.me()) AND p.since_at <= now() AND (p.until_at IS NULL OR p.until_at > now())))));
CREATE POLICY weekly_make ON app.weekly_list FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) = 'machine');

GRANT SELECT ON app.repeat_terms, app.case_mark, app.case_link, app.directive_list, app.directive, app.weekly_list
    TO shuangge_web, shuangge_worker;
GRANT INSERT ON app.repeat_terms, app.directive_list, app.directive TO shuangge_web;
GRANT INSERT ON app.case_mark TO shuangge_web, shuangge_worker;
GRANT INSERT ON app.case_link, app.weekly_list TO shuangge_worker;
GRANT UPDATE (ended_at) ON app.directive_list TO shuangge_web;
GRANT UPDATE (answer, answered_by, answered_at) ON app.case_link TO shuangge_web, shuangge_worker;
GRANT UPDATE (ended_at, made_at, by_id) ON app.case_link TO shuangge_worker;
