-- Closes the register of addresses to strangers again.
CREATE OR REPLACE FUNCTION app.addresses_at(asked text[])
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
