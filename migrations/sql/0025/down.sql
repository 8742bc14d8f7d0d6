DROP POLICY case_mediate_work ON app.case_file;
REVOKE UPDATE (answers) ON app.case_file FROM shuangge_web;
DROP TRIGGER keep_answers ON app.case_file;
DROP FUNCTION app.keep_answers();
CREATE OR REPLACE FUNCTION app.open311_public(numbers text[], codes text[], since timestamptz, until timestamptz,
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
    SELECT c.number::text, c.class_code::text, h.title, h.limit_h, l.state::text, c.reported_at, l.accepted_at,
           l.closed_at, c.due_at, round(ST_X(c.geom)::numeric, 3)::float8, round(ST_Y(c.geom)::numeric, 3)::float8
    FROM app.case_file c
    JOIN app.case_file l ON l.id = coalesce(c.duplicate_of, c.id)
    JOIN app.hazard_class h ON h.code = c.class_code AND h.version = c.class_version
    WHERE c.station_id = app.my_station() AND h.public AND h.kind = 'hazard' AND NOT h.restricted AND NOT c.restricted
      AND (numbers IS NULL OR c.number = ANY (numbers))
      AND (codes IS NULL OR c.class_code = ANY (codes))
      AND (numbers IS NOT NULL OR c.reported_at BETWEEN since AND until
           OR (changed AND (l.accepted_at BETWEEN since AND until OR l.closed_at BETWEEN since AND until)))
      AND (numbers IS NOT NULL OR (CASE WHEN l.state = 'closed' THEN closed_too ELSE open_too END))
    ORDER BY c.reported_at DESC, c.number DESC LIMIT most;
END $$;
