-- What a shift at the desk and an absence open: the station's ground for who is at the desk, the ground of who is away
-- for the deputy. Each function tells persons, never why somebody is away.

-- Who is away at a moment, and who stands in: the deputy, or the deputy's deputy where that one is away too; NULL for
-- nobody. The same as webapp.duty.rules.stand_in.
CREATE FUNCTION app.stand_ins(moment timestamptz) RETURNS TABLE (person_id uuid, deputy_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE away AS (
        SELECT a.person_id, a.deputy_id FROM app.absence a
        WHERE a.station_id = app.my_station() AND a.struck_at IS NULL AND a.since_at <= moment AND a.until_at > moment
          AND coalesce(app.my_role(), 'public') <> 'public'
    ), chain AS (
        SELECT w.person_id, w.deputy_id, ARRAY[w.person_id] AS seen FROM away w
        UNION ALL
        SELECT c.person_id, w.deputy_id, c.seen || w.person_id
        FROM chain c JOIN away w ON w.person_id = c.deputy_id AND w.person_id <> ALL (c.seen)
    )
    SELECT w.person_id,
           (SELECT c.deputy_id FROM chain c
            WHERE c.person_id = w.person_id AND c.deputy_id NOT IN (SELECT o.person_id FROM away o) LIMIT 1)
    FROM away w
$$;

-- Who sits at the station's duty desk at a moment, deputies in the place of who is away. Police with an account only.
CREATE FUNCTION app.desk_at(moment timestamptz)
RETURNS TABLE (person_id uuid, kind text, until_at timestamptz, shift_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT ON (p.id) p.id, s.kind::text, s.until_at, s.id
    FROM app.duty_shift s
    LEFT JOIN app.stand_ins(moment) i ON i.person_id = s.person_id
    JOIN app.person p ON p.id = CASE WHEN i.person_id IS NULL THEN s.person_id ELSE i.deputy_id END AND p.left_on IS NULL
    JOIN auth.account a ON a.person_id = p.id AND a.disabled_at IS NULL AND a.role IN ('officer', 'station_chief')
    WHERE s.station_id = app.my_station() AND s.struck_at IS NULL AND s.since_at <= moment AND s.until_at > moment
      AND coalesce(app.my_role(), 'public') <> 'public'
    ORDER BY p.id, s.since_at
$$;

-- The desk as calls reach it: by the roster alone; behind it stands the chief.
CREATE OR REPLACE FUNCTION app.call_desk() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT d.person_id FROM app.desk_at(now()) d ORDER BY 1
$$;
CREATE FUNCTION app.chiefs() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.person_id FROM auth.account a JOIN app.person m ON m.id = a.person_id AND m.left_on IS NULL
    WHERE a.station_id = app.my_station() AND a.role = 'station_chief' AND a.disabled_at IS NULL
      AND coalesce(app.my_role(), 'public') <> 'public'
    ORDER BY 1
$$;

-- The grids that I answer for now: posted to the grid, or to the police grid that it is bound to, or standing in for
-- somebody who is; the whole ground while I have the duty desk.
CREATE OR REPLACE FUNCTION app.my_grids() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
    WITH duty AS (
        SELECT p.grid_id, p.police_grid_id FROM app.posting p
        WHERE (p.person_id = app.me()
               OR p.person_id IN (SELECT i.person_id FROM app.stand_ins(now()) i WHERE i.deputy_id = app.me()))
          AND p.station_id = app.my_station()
          AND app.my_role() IN ('officer', 'grid_worker')
          AND p.since_at <= now() AND (p.until_at IS NULL OR p.until_at > now())
    ), desk AS (
        SELECT app.my_role() = 'officer'
           AND EXISTS (SELECT FROM app.desk_at(now()) d WHERE d.person_id = app.me()) AS mine
    )
    SELECT grid_id FROM duty WHERE grid_id IS NOT NULL
    UNION
    SELECT s.grid_id FROM app.grid_shape s
    JOIN app.plan n ON n.id = s.plan_id AND n.station_id = app.my_station() AND n.state = 'published'
                   AND n.valid_from <= now() AND (n.valid_to IS NULL OR n.valid_to > now())
    WHERE s.police_grid_id IN (SELECT police_grid_id FROM duty) OR (SELECT mine FROM desk)
$$;

-- Who answers for grids now, as before, with deputies in the place of who is away.
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
    SELECT m.id, min(p.duty)::text, min(a.role)::text
    FROM app.posting p
    LEFT JOIN app.stand_ins(now()) i ON i.person_id = p.person_id
    JOIN app.person m ON m.id = CASE WHEN i.person_id IS NULL THEN p.person_id ELSE i.deputy_id END AND m.left_on IS NULL
    JOIN auth.account a ON a.person_id = m.id AND a.disabled_at IS NULL AND a.role = ANY (roles)
    WHERE p.station_id = app.my_station() AND p.since_at <= now() AND (p.until_at IS NULL OR p.until_at > now())
      AND (p.grid_id IN (SELECT w.grid_id FROM wide w)
           OR p.police_grid_id IN (SELECT b.police_grid_id FROM beats b))
    GROUP BY m.id ORDER BY m.id;
END $$;

REVOKE EXECUTE ON FUNCTION app.stand_ins(timestamptz), app.desk_at(timestamptz), app.chiefs() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.stand_ins(timestamptz), app.desk_at(timestamptz), app.chiefs()
    TO shuangge_web, shuangge_worker;
