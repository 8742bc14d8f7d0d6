-- Who has the duty desk and who is away: read by who works with cases, written by the chief.

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['duty_shift', 'absence']
    LOOP
        EXECUTE format('ALTER TABLE app.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE app.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON app.%I TO shuangge_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY roster_read ON app.%I FOR SELECT USING (
            station_id = (SELECT app.my_station())
            AND (SELECT app.my_role()) IN (''officer'', ''grid_worker'', ''station_chief'', ''machine''))', t);
        EXECUTE format('CREATE POLICY roster_add ON app.%I FOR INSERT WITH CHECK (
            station_id = (SELECT app.my_station()) AND by_id IS NOT DISTINCT FROM (SELECT app.me())
            AND (SELECT app.my_role()) IN (''station_chief'', ''machine''))', t);
        EXECUTE format('CREATE POLICY roster_change ON app.%I FOR UPDATE USING (
            station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN (''station_chief'', ''machine''))', t);
    END LOOP;
END $$;

GRANT SELECT ON app.duty_shift, app.absence TO shuangge_web, shuangge_worker;
GRANT INSERT ON app.duty_shift, app.absence TO shuangge_web, shuangge_worker;
GRANT UPDATE (person_id, kind, since_at, until_at, struck_at) ON app.duty_shift TO shuangge_web;
GRANT UPDATE (until_at, struck_at) ON app.absence TO shuangge_web;
