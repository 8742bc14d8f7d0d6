-- Takes back what desk.sql made; the tables' own policies go with the tables.
CREATE OR REPLACE FUNCTION app.my_grids() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
    WITH duty AS (
        SELECT p.grid_id, p.police_grid_id FROM app.posting p
        WHERE p.person_id = app.me() AND p.station_id = app.my_station()
          AND app.my_role() IN ('officer', 'grid_worker')
          AND p.since_at <= now() AND (p.until_at IS NULL OR p.until_at > now())
    )
    SELECT grid_id FROM duty WHERE grid_id IS NOT NULL
    UNION
    SELECT s.grid_id FROM app.grid_shape s
    JOIN app.plan n ON n.id = s.plan_id AND n.station_id = app.my_station() AND n.state = 'published'
                   AND n.valid_from <= now() AND (n.valid_to IS NULL OR n.valid_to > now())
    WHERE s.police_grid_id IN (SELECT police_grid_id FROM duty)
$$;
CREATE OR REPLACE FUNCTION app.call_posted(grids uuid[], roles text[], whole boolean)
RETURNS TABLE (person_id uuid, duty text, role text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF coalesce(app.my_role(), 'public') = 'public' THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH bound AS (
        SELECT s.grid_id, s.police_grid_id FROM app.grid_shape s
        JOIN app.plan n ON n.id = s.plan_id AND n.station_id = app.my_station() AND n.state = 'published'
                       AND n.valid_from <= now() AND (n.valid_to IS NULL OR n.valid_to > now())
    ), beats AS (
        SELECT DISTINCT b.police_grid_id FROM bound b WHERE b.grid_id = ANY (grids)
    ), wide AS (
        SELECT unnest(grids) AS grid_id
        UNION
        SELECT b.grid_id FROM bound b WHERE whole AND b.police_grid_id IN (SELECT police_grid_id FROM beats)
    )
    SELECT p.person_id, min(p.duty)::text, min(a.role)::text
    FROM app.posting p
    JOIN auth.account a ON a.person_id = p.person_id AND a.disabled_at IS NULL AND a.role = ANY (roles)
    JOIN app.person m ON m.id = p.person_id AND m.left_on IS NULL
    WHERE p.station_id = app.my_station() AND p.since_at <= now() AND (p.until_at IS NULL OR p.until_at > now())
      AND (p.grid_id IN (SELECT w.grid_id FROM wide w)
           OR p.police_grid_id IN (SELECT b.police_grid_id FROM beats b))
    GROUP BY p.person_id ORDER BY p.person_id;
END $$;
CREATE OR REPLACE FUNCTION app.call_desk() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.person_id FROM auth.account a JOIN app.person m ON m.id = a.person_id AND m.left_on IS NULL
    WHERE a.station_id = app.my_station() AND a.role = 'station_chief' AND a.disabled_at IS NULL
      AND coalesce(app.my_role(), 'public') <> 'public'
    ORDER BY 1
$$;
DROP FUNCTION app.chiefs(), app.desk_at(timestamptz), app.stand_ins(timestamptz);
-- The earlier chain of calls ends at the desk.
UPDATE app.call SET level = 2 WHERE level = 3;
UPDATE app.call_target SET level = 2 WHERE level = 3;
DROP POLICY mark_strike ON app.case_mark;
REVOKE DELETE ON app.case_mark FROM shuangge_web;
REVOKE UPDATE (due_at) ON app.referral FROM shuangge_worker;
