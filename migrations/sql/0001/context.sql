-- Who acts: the signed, transaction-local, short-lived identity, and what follows from it.
-- The key lies where the web role can't read; a forged or expired context is an error, not an empty one.

CREATE TABLE vault.context_key (
    id  integer PRIMARY KEY CHECK (id = 1),
    key bytea NOT NULL CHECK (length(key) = 32)
);

CREATE FUNCTION app.context() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    raw   text := nullif(current_setting('app.ctx', true), '');
    part  text[];
BEGIN
    IF raw IS NULL THEN
        RETURN NULL;
    END IF;
    part := string_to_array(raw, '|');
    IF array_length(part, 1) <> 5 OR encode(public.hmac(
            convert_to(array_to_string(part[1:4], '|'), 'UTF8'),
            (SELECT key FROM vault.context_key), 'sha256'), 'hex') <> part[5] THEN
        RAISE EXCEPTION 'forged context' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- Against the start of the transaction: a long transaction keeps its identity, a stolen text is stale.
    IF extract(epoch FROM now()) > part[4]::bigint THEN
        RAISE EXCEPTION 'expired context' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN part;
END $$;

CREATE FUNCTION app.me() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT nullif((app.context())[1], '')::uuid $$;
CREATE FUNCTION app.my_station() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT (app.context())[2]::uuid $$;
CREATE FUNCTION app.my_role() RETURNS text LANGUAGE sql STABLE AS $$ SELECT (app.context())[3] $$;

-- The whole station's cases: the chief, and the machine that works for everybody.
CREATE FUNCTION app.sees_station() RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT coalesce((app.context())[3] IN ('station_chief', 'machine'), false) $$;

-- The grids that I answer for now: posted to the grid, or to the police grid that it is bound to.
CREATE FUNCTION app.my_grids() RETURNS SETOF uuid
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
