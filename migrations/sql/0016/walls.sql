-- The calendar and the limits: read by who works with limits, changed by the chief and the machine.

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['station_calendar', 'calendar_year', 'calendar_day', 'day_change', 'working_hours',
        'limit_rule']
    LOOP
        EXECUTE format('ALTER TABLE app.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE app.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON app.%I TO shuangge_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY keeper_add ON app.%I FOR INSERT WITH CHECK (
            station_id = (SELECT app.my_station())
            AND (SELECT app.my_role()) IN (''station_chief'', ''machine''))', t);
        EXECUTE format('CREATE POLICY keeper_change ON app.%I FOR UPDATE USING (
            station_id = (SELECT app.my_station())
            AND (SELECT app.my_role()) IN (''station_chief'', ''machine''))', t);
        EXECUTE format('CREATE POLICY reader ON app.%I FOR SELECT USING (
            %s AND (SELECT app.my_role()) IN (''station_chief'', ''officer'', ''grid_worker'',
                ''mediator'', ''planner'', ''system_admin'', ''audit_admin'', ''machine''))', t,
            CASE t WHEN 'limit_rule' THEN '(station_id = (SELECT app.my_station()) OR station_id IS NULL)'
                   ELSE 'station_id = (SELECT app.my_station())' END);
    END LOOP;
END $$;

GRANT SELECT, INSERT ON app.station_calendar, app.calendar_year, app.calendar_day, app.day_change, app.working_hours,
    app.limit_rule TO shuangge_web, shuangge_worker;
GRANT UPDATE (version) ON app.station_calendar TO shuangge_web;
GRANT UPDATE (version, alarmed_on) ON app.station_calendar TO shuangge_worker;
GRANT UPDATE (source, source_version, imported_at, imported_by) ON app.calendar_year TO shuangge_web, shuangge_worker;
GRANT UPDATE (kind, title) ON app.calendar_day TO shuangge_web, shuangge_worker;
-- A rule is never changed, only ended; a changed day and the hours are followed by newer rows.
GRANT UPDATE (valid_to) ON app.limit_rule TO shuangge_web;

-- The calendar as limits are counted by it, for everybody of a station: a volunteer's report, and a stranger's, has
-- a limit too. Days and hours alone: no reasons and nobody's name.
-- `ctx` is the signed identity where this is a transaction of its own, NULL inside one that has one already.
CREATE FUNCTION app.calendar(ctx text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mine uuid;
BEGIN
    IF ctx IS NOT NULL THEN
        PERFORM set_config('app.ctx', ctx, true);
    END IF;
    mine := app.my_station();
    RETURN (
        WITH day AS (
            SELECT d.day, coalesce(own.works, d.kind IN ('working', 'make_up')) AS works,
                   extract(isodow FROM d.day) < 6 AS weekday
            FROM app.calendar_day d
            LEFT JOIN LATERAL (SELECT c.works FROM app.day_change c WHERE c.station_id = mine AND c.day = d.day
                               ORDER BY c.at DESC, c.id DESC LIMIT 1) own ON true
            WHERE d.station_id = mine)
        SELECT jsonb_build_object(
            'version', coalesce((SELECT s.version FROM app.station_calendar s WHERE s.station_id = mine), 0),
            'years', (SELECT coalesce(jsonb_agg(y.year), '[]') FROM app.calendar_year y WHERE y.station_id = mine),
            'free', (SELECT coalesce(jsonb_agg(day.day), '[]') FROM day WHERE day.weekday AND NOT day.works),
            'extra', (SELECT coalesce(jsonb_agg(day.day), '[]') FROM day WHERE day.works AND NOT day.weekday),
            'hours', (SELECT coalesce(jsonb_agg(jsonb_build_array(h.since, h.spans) ORDER BY h.since), '[]')
                      FROM (SELECT DISTINCT ON (w.since) w.since, w.spans FROM app.working_hours w
                            WHERE w.station_id = mine ORDER BY w.since, w.at DESC, w.id DESC) h)));
END $$;

-- The rule that counts for a class and priority on a day, as webapp.calendars.rules.best chooses: the station's own
-- before the general ones, the priority itself before the next lower one. Null when there is none.
CREATE FUNCTION app.limit_of(class text, wanted integer, at_day date) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mine uuid := app.my_station();
BEGIN
    RETURN (SELECT jsonb_build_object('id', r.id, 'respond_amount', r.respond_amount, 'respond_unit', r.respond_unit,
                                      'close_amount', r.close_amount, 'close_unit', r.close_unit, 'pauses', r.pauses,
                                      'extension_amount', r.extension_amount, 'extension_unit', r.extension_unit)
            FROM app.limit_rule r
            WHERE r.class_code = class AND r.priority <= wanted AND (r.station_id = mine OR r.station_id IS NULL)
              AND r.valid_from <= at_day AND (r.valid_to IS NULL OR r.valid_to > at_day)
            ORDER BY r.station_id IS NULL, r.priority DESC LIMIT 1);
END $$;

-- A rule by its id, for whoever moves a case that runs by it (a volunteer who verifies or withdraws, too).
CREATE FUNCTION app.limit_kept(wanted uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT to_jsonb(r) - 'by_id' - 'station_id' FROM app.limit_rule r
            WHERE r.id = wanted AND (r.station_id = app.my_station() OR r.station_id IS NULL));
END $$;

REVOKE EXECUTE ON FUNCTION app.calendar(text), app.limit_of(text, integer, date), app.limit_kept(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.calendar(text), app.limit_of(text, integer, date), app.limit_kept(uuid)
    TO shuangge_web, shuangge_worker;

GRANT UPDATE (limit_rule_id, clock_unit, clock_at, clock_since, clock_left) ON app.case_file
    TO shuangge_web, shuangge_worker;
-- Clocks that run already are counted on as they were begun: by the plain limit of their class, in clock hours.
UPDATE app.case_file SET clock_unit = 'clock_hour', clock_at = reported_at,
    clock_since = CASE WHEN paused_at IS NULL THEN reported_at END,
    clock_left = CASE WHEN paused_at IS NULL THEN due_at - reported_at ELSE make_interval(secs => paused_left_s) END
WHERE due_at IS NOT NULL AND state NOT IN ('closed', 'rejected', 'duplicate', 'withdrawn');
