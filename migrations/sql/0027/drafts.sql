-- Drafts: whoever works at the station may look and comment, planners draw; what was done is never undone unseen.

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['draft_start', 'draft', 'draft_part', 'plan_operation', 'draft_comment']
    LOOP
        EXECUTE format('ALTER TABLE app.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE app.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON app.%I TO shuangge_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY member_read ON app.%I FOR SELECT USING (station_id = (SELECT app.my_station())
            AND (SELECT app.my_role()) <> ''public'')', t);
        CONTINUE WHEN t = 'draft_comment';
        EXECUTE format('CREATE POLICY planner_draw ON app.%I FOR INSERT WITH CHECK (
            station_id = (SELECT app.my_station())
            AND (SELECT app.my_role()) IN (''machine'', ''station_chief'', ''planner''))', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['draft', 'draft_part']
    LOOP
        EXECUTE format('CREATE POLICY planner_redraw ON app.%I FOR UPDATE USING (
            station_id = (SELECT app.my_station())
            AND (SELECT app.my_role()) IN (''machine'', ''station_chief'', ''planner''))', t);
    END LOOP;
END $$;
CREATE POLICY member_comment ON app.draft_comment FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) <> 'public'
    AND by_id IS NOT DISTINCT FROM (SELECT app.me()));

GRANT SELECT ON app.draft_start, app.draft, app.draft_part, app.plan_operation, app.draft_comment
    TO shuangge_web, shuangge_worker;
GRANT INSERT ON app.draft_start, app.draft, app.draft_part, app.plan_operation TO shuangge_web;
GRANT INSERT (id, draft_id, station_id, by_id, text, lon, lat) ON app.draft_comment TO shuangge_web;
GRANT UPDATE (name, head, mark, plan_id, share, changed_at, dropped_at) ON app.draft TO shuangge_web;
GRANT UPDATE (body, rev, meant) ON app.draft_part TO shuangge_web;

-- What lies in some shapes (WKB of WGS 84 polygons): open cases, cases since a moment, places, walks since it.
-- Figures only: a planner sees no case and nobody's walk. Restricted leads count nowhere.
CREATE FUNCTION app.ground_counts(shapes bytea[], since timestamptz, walks boolean)
RETURNS TABLE (n integer, open_cases integer, cases_year integer, places integer, patrols integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    mine uuid := app.my_station();
BEGIN
    IF app.my_role() IS NULL OR app.my_role() = 'public' THEN
        RAISE EXCEPTION 'figures of the ground are for members' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY
    SELECT s.n::integer, c.open_ones::integer, c.year_ones::integer, p.ones::integer, w.ones::integer
    FROM (SELECT u.n, ST_SetSRID(ST_GeomFromWKB(u.shape), 4326) AS geom
          FROM unnest(shapes) WITH ORDINALITY AS u (shape, n)) s
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE f.state NOT IN ('closed', 'rejected', 'duplicate', 'withdrawn')) AS open_ones,
               count(*) FILTER (WHERE f.found_at >= since) AS year_ones
        FROM app.case_file f
        WHERE f.geom && s.geom AND f.station_id = mine AND ST_Intersects(s.geom, f.geom)
          AND NOT (f.restricted AND f.kind = 'lead')) c
    CROSS JOIN LATERAL (
        SELECT count(*) AS ones FROM app.place t
        WHERE t.geom && s.geom AND t.station_id = mine AND t.closed_at IS NULL AND ST_Intersects(s.geom, t.geom)) p
    CROSS JOIN LATERAL (
        SELECT count(*) AS ones FROM app.patrol t
        WHERE walks AND t.track && s.geom AND t.station_id = mine AND t.started_at >= since
          AND ST_Intersects(s.geom, t.track)) w
    ORDER BY 1;
END $$;
REVOKE EXECUTE ON FUNCTION app.ground_counts(bytea[], timestamptz, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.ground_counts(bytea[], timestamptz, boolean) TO shuangge_web;
