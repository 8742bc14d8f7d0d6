-- Open311 for people without an account: they find a station, send a report, follow that one, and see the coarse rest.

-- The station that a caller names by its code, or the only one there is; and what it lets strangers do.
CREATE FUNCTION auth.open311_station(wanted text)
RETURNS TABLE (id uuid, stations bigint, may_report boolean, may_read boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.id, s.stations,
           coalesce((s.settings #>> '{open311,report}')::boolean, false),
           coalesce((s.settings #>> '{open311,read}')::boolean, false)
    FROM (SELECT t.*, count(*) OVER () AS stations FROM app.station t) s
    WHERE s.code = wanted OR wanted IS NULL
    LIMIT 1
$$;
REVOKE EXECUTE ON FUNCTION auth.open311_station(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.open311_station(text) TO shuangge_login;

-- A stranger's own reports, by their ids (unguessable: made with a secret of the service). Without this the
-- insert itself would be refused, for ON CONFLICT asks whether the new row may be read.
CREATE POLICY stranger_own ON app.case_file FOR SELECT USING (
    (SELECT app.my_role()) = 'public' AND station_id = (SELECT app.my_station())
    AND reporter_id IS NULL AND source = 'open311'
    AND id = ANY ((SELECT string_to_array(nullif(current_setting('app.own_reports', true), ''), ',')::uuid[])::uuid[]));

-- How to reach whoever sent a report by Open311, and what the standard does not know.
ALTER TABLE app.open311_contact ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.open311_contact FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON app.open311_contact TO shuangge_owner USING (true) WITH CHECK (true);
CREATE POLICY contact_read ON app.open311_contact FOR SELECT USING (
    station_id = (SELECT app.my_station())
    AND (SELECT app.my_role()) IN ('officer', 'grid_worker', 'station_chief', 'machine')
    AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));
CREATE POLICY contact_keep ON app.open311_contact FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station())
    AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));
GRANT SELECT, INSERT ON app.open311_contact TO shuangge_web, shuangge_worker;

-- What everybody may see of the station's hazards where the station allows it: no words, no photo, no person, the
-- place rounded to a thousandth of a degree (about 100 m).
CREATE FUNCTION app.open311_public(numbers text[], codes text[], since timestamptz, until timestamptz,
                                   open_too boolean, closed_too boolean, changed boolean, most integer)
RETURNS TABLE (number text, class_code text, title jsonb, limit_h integer, state text, reported_at timestamptz,
               accepted_at timestamptz, closed_at timestamptz, due_at timestamptz, lon float8, lat float8)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF app.my_role() IS DISTINCT FROM 'public' OR NOT EXISTS (
            SELECT FROM app.station s WHERE s.id = app.my_station()
            AND coalesce((s.settings #>> '{open311,read}')::boolean, false)) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT c.number::text, c.class_code::text, h.title, h.limit_h, c.state::text, c.reported_at, c.accepted_at,
           c.closed_at, c.due_at, round(ST_X(c.geom)::numeric, 3)::float8, round(ST_Y(c.geom)::numeric, 3)::float8
    FROM app.case_file c
    JOIN app.hazard_class h ON h.code = c.class_code AND h.version = c.class_version
    WHERE c.station_id = app.my_station() AND h.public AND h.kind = 'hazard' AND NOT h.restricted AND NOT c.restricted
      AND (numbers IS NULL OR c.number = ANY (numbers))
      AND (codes IS NULL OR c.class_code = ANY (codes))
      AND (numbers IS NOT NULL OR c.reported_at BETWEEN since AND until
           OR (changed AND (c.accepted_at BETWEEN since AND until OR c.closed_at BETWEEN since AND until)))
      AND (numbers IS NOT NULL OR (CASE WHEN c.state = 'closed' THEN closed_too ELSE open_too END))
    ORDER BY c.reported_at DESC, c.number DESC LIMIT most;
END $$;
REVOKE EXECUTE ON FUNCTION
    app.open311_public(text[], text[], timestamptz, timestamptz, boolean, boolean, boolean, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    app.open311_public(text[], text[], timestamptz, timestamptz, boolean, boolean, boolean, integer) TO shuangge_web;
