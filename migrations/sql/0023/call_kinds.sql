-- What a call can be about, and how fast it must be answered: general kinds for all, a station's own before them.

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['call_kind', 'call_limit']
    LOOP
        EXECUTE format('ALTER TABLE app.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE app.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON app.%I TO shuangge_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY no_stranger ON app.%I AS RESTRICTIVE
            USING ((SELECT app.my_role()) IS DISTINCT FROM ''public'')', t);
        EXECUTE format('CREATE POLICY kind_read ON app.%I FOR SELECT USING (
            station_id = (SELECT app.my_station()) %s)', t,
            CASE t WHEN 'call_kind' THEN 'OR (station_id IS NULL AND (SELECT app.my_station()) IS NOT NULL)' ELSE '' END);
        EXECUTE format('CREATE POLICY kind_add ON app.%I FOR INSERT WITH CHECK (
            station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) = ''station_chief'')', t);
        EXECUTE format('CREATE POLICY kind_change ON app.%I FOR UPDATE USING (
            station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) = ''station_chief'')', t);
    END LOOP;
END $$;

GRANT SELECT ON app.call_kind, app.call_limit TO shuangge_web, shuangge_worker;
GRANT INSERT ON app.call_kind, app.call_limit TO shuangge_web;
GRANT UPDATE (title, roles, position, in_use) ON app.call_kind TO shuangge_web;
-- A limit is never changed, only ended and followed by a newer one.
GRANT UPDATE (valid_to) ON app.call_limit TO shuangge_web;

INSERT INTO app.call_kind (id, station_id, code, title, roles, position) VALUES
    ('00000000-0000-4000-8000-00000000c001', NULL, 'help', '{"zh": "求助", "en": "Help wanted"}',
     '{volunteer,grid_worker,mediator,officer,station_chief}', 1),
    ('00000000-0000-4000-8000-00000000c002', NULL, 'on_site', '{"zh": "请到现场", "en": "Come to the site"}',
     '{volunteer,grid_worker,mediator,officer,station_chief}', 2),
    ('00000000-0000-4000-8000-00000000c003', NULL, 'missing_person', '{"zh": "寻找走失人员", "en": "Missing person"}',
     '{volunteer,grid_worker,mediator,officer,station_chief}', 3),
    ('00000000-0000-4000-8000-00000000c004', NULL, 'information', '{"zh": "通报情况", "en": "Information"}',
     '{volunteer,grid_worker,mediator,officer,station_chief}', 4),
    ('00000000-0000-4000-8000-00000000c005', NULL, 'other', '{"zh": "其他", "en": "Something else"}',
     '{volunteer,grid_worker,mediator,officer,station_chief}', 5);
