-- Whom a call reaches, and what those in it are told of each other: each function does one small thing that its
-- caller may not do by hand.

-- Who answers for grids now, with an account of one of some roles: posted to one of them, to the police grid that it
-- is bound to, or (whole) to any other grid of that police grid.
CREATE FUNCTION app.call_posted(grids uuid[], roles text[], whole boolean)
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

-- Who is on duty within `radius` metres of a point (WGS 84; kx, ky: metres of a degree there): grid workers and
-- volunteers posted to a grid that reaches into the circle, and those on a running patrol whose last fix lies in it
-- and is younger than `fresh`. Tells who, never where; only to the police, who call them at once.
CREATE FUNCTION app.call_near(lon float8, lat float8, kx float8, ky float8, radius float8, fresh interval)
RETURNS TABLE (person_id uuid, why text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    around uuid[];
BEGIN
    IF coalesce(app.my_role(), 'public') NOT IN ('officer', 'station_chief', 'machine') THEN
        RETURN;
    END IF;
    SELECT array_agg(s.grid_id) INTO around
    FROM app.grid_shape s
    JOIN app.plan n ON n.id = s.plan_id AND n.station_id = app.my_station() AND n.state = 'published'
                   AND n.valid_from <= now() AND (n.valid_to IS NULL OR n.valid_to > now())
    WHERE s.geom && ST_MakeEnvelope(lon - radius / kx, lat - radius / ky, lon + radius / kx, lat + radius / ky, 4326)
      AND ST_Distance(ST_Scale(s.geom, kx, ky), ST_Point(lon * kx, lat * ky, 4326)) <= radius;
    RETURN QUERY
    SELECT q.person_id, 'posted' FROM app.call_posted(around, ARRAY['grid_worker', 'volunteer'], false) q
    UNION ALL
    SELECT DISTINCT p.person_id, 'walking'
    FROM app.patrol p
    JOIN auth.account a ON a.person_id = p.person_id AND a.disabled_at IS NULL
                       AND a.role IN ('grid_worker', 'volunteer')
    CROSS JOIN LATERAL (
        SELECT f.at, f.lon, f.lat FROM app.fix f WHERE f.patrol_id = p.id ORDER BY f.seq DESC LIMIT 1) last
    WHERE p.station_id = app.my_station() AND p.ended_at IS NULL AND p.started_at > now() - interval '1 day'
      AND last.at > now() - fresh
      AND sqrt(((last.lon - lon) * kx) ^ 2 + ((last.lat - lat) * ky) ^ 2) <= radius;
END $$;

-- The station's duty desk: its chiefs.
CREATE FUNCTION app.call_desk() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.person_id FROM auth.account a JOIN app.person m ON m.id = a.person_id AND m.left_on IS NULL
    WHERE a.station_id = app.my_station() AND a.role = 'station_chief' AND a.disabled_at IS NULL
      AND coalesce(app.my_role(), 'public') <> 'public'
    ORDER BY 1
$$;

-- Names of those whom everybody in a call must know: who calls and who comes. For those in the call, and the chief.
CREATE FUNCTION app.call_people(calls uuid[])
RETURNS TABLE (call_id uuid, person_id uuid, name text, category text, part text, at timestamptz, arrived_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH mine AS (
        SELECT c.id, c.caller_id, c.called_at FROM app.call c
        WHERE c.id = ANY (calls) AND c.station_id = app.my_station()
          AND (app.sees_station() OR c.caller_id = app.me()
               OR EXISTS (SELECT FROM app.call_target t WHERE t.call_id = c.id AND t.person_id = app.me()))
    )
    SELECT m.id, p.id, p.name::text, p.category::text, 'caller', m.called_at, NULL::timestamptz
    FROM mine m JOIN app.person p ON p.id = m.caller_id
    UNION ALL
    SELECT m.id, p.id, p.name::text, p.category::text, 'taker', t.taken_at, t.arrived_at
    FROM mine m JOIN app.call_target t ON t.call_id = m.id AND t.state = 'taken'
    JOIN app.person p ON p.id = t.person_id
    ORDER BY 6;
END $$;

-- How many of those who were called may still take it; for those in the call.
CREATE FUNCTION app.call_open(call uuid) RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*)::integer FROM app.call_target t
    WHERE t.call_id = call AND t.station_id = app.my_station() AND t.state IN ('called', 'acknowledged')
      AND (app.sees_station() OR t.caller_id = app.me() OR EXISTS (
          SELECT FROM app.call_target o WHERE o.call_id = call AND o.person_id = app.me()))
$$;

-- Stands down whoever is still called once a call has all whom it wanted, or is over.
CREATE FUNCTION app.call_stand_down(call uuid) RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH over AS (
        SELECT c.id FROM app.call c
        WHERE c.id = call AND c.station_id = app.my_station() AND (c.taken >= c.wanted OR c.ended_at IS NOT NULL)
          AND (app.sees_station() OR c.caller_id = app.me() OR EXISTS (
              SELECT FROM app.call_target o WHERE o.call_id = call AND o.person_id = app.me()))
    ), down AS (
        UPDATE app.call_target t SET state = 'stood_down', stood_down_at = now() FROM over
        WHERE t.call_id = over.id AND t.state IN ('called', 'acknowledged')
        RETURNING 1)
    SELECT count(*)::integer FROM down
$$;

-- Whether a call is the asker's own: who is called to it is the caller's to say.
CREATE FUNCTION app.call_is_mine(call uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM app.call c
                   WHERE c.id = call AND c.station_id = app.my_station() AND c.caller_id = app.me())
$$;

REVOKE EXECUTE ON FUNCTION app.call_posted(uuid[], text[], boolean),
    app.call_near(float8, float8, float8, float8, float8, interval), app.call_desk(), app.call_people(uuid[]),
    app.call_open(uuid), app.call_stand_down(uuid), app.call_is_mine(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.call_posted(uuid[], text[], boolean),
    app.call_near(float8, float8, float8, float8, float8, interval), app.call_desk(), app.call_people(uuid[]),
    app.call_open(uuid), app.call_stand_down(uuid), app.call_is_mine(uuid) TO shuangge_web, shuangge_worker;
