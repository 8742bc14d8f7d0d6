-- The versions of orders that are known already, by their numbers at the source: asked before a file is shown, also
-- by an officer who may not read the orders of other grounds. Tells numbers and hashes, never what was said.
CREATE FUNCTION app.intake_known(asked_source uuid, asked text[])
RETURNS TABLE (ref text, content_hash bytea, case_id uuid, case_number text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF app.my_role() NOT IN ('machine', 'station_chief', 'system_admin', 'officer') OR app.my_role() IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT r.ref::text, r.content_hash, r.case_id, r.case_number::text
    FROM app.intake_row r
    WHERE r.station_id = app.my_station() AND r.source_id = asked_source AND r.ref = ANY (asked)
      AND r.state IN ('taken', 'revised');
END $$;

-- The register's entries under keys, together for each key and community: their middle and how far they lie apart.
-- With the owner's rights because the array operators are not leakproof: under a policy each call would read all.
CREATE FUNCTION app.addresses_at(asked text[])
RETURNS TABLE (key text, community text, label text, lon float8, lat float8, spread_m float8, count bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF coalesce(app.my_role(), 'public') = 'public' THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT q.key, a.community::text, min(a.text)::text, avg(ST_X(a.geom)), avg(ST_Y(a.geom)),
           sqrt(((max(ST_X(a.geom)) - min(ST_X(a.geom))) * 111320 * cos(radians(avg(ST_Y(a.geom))))) ^ 2
                + ((max(ST_Y(a.geom)) - min(ST_Y(a.geom))) * 111320) ^ 2) / 2,
           count(*)
    FROM unnest(asked) AS q (key)
    JOIN app.address a ON a.keys @> ARRAY[q.key]::varchar[] AND a.station_id = app.my_station()
    GROUP BY q.key, a.community;
END $$;

-- Sites of the register whose names resemble one, best first: for addresses that were misheard or misspelt.
CREATE FUNCTION app.addresses_like(asked text)
RETURNS TABLE (site text, community text, lon float8, lat float8, spread_m float8, score float8)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF coalesce(app.my_role(), 'public') = 'public' THEN
        RETURN;
    END IF;
    -- Chinese names of four signs share few trigrams: the usual 0.3 would miss one wrong sign.
    PERFORM set_limit(0.2);
    RETURN QUERY
    SELECT a.site::text, a.community::text, avg(ST_X(a.geom)), avg(ST_Y(a.geom)),
           sqrt(((max(ST_X(a.geom)) - min(ST_X(a.geom))) * 111320 * cos(radians(avg(ST_Y(a.geom))))) ^ 2
                + ((max(ST_Y(a.geom)) - min(ST_Y(a.geom))) * 111320) ^ 2) / 2,
           similarity(a.site, asked)::float8
    FROM app.address a
    WHERE a.site % asked AND a.station_id = app.my_station()
    GROUP BY a.site, a.community ORDER BY 6 DESC, 1 LIMIT 6;
END $$;

REVOKE EXECUTE ON FUNCTION app.intake_known(uuid, text[]), app.addresses_at(text[]), app.addresses_like(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.intake_known(uuid, text[]), app.addresses_at(text[]), app.addresses_like(text)
    TO shuangge_web, shuangge_worker;
