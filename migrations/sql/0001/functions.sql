-- Doors through the walls: each does one small thing that its caller may not do by hand.

-- The grids of the plan in force at a moment that touch the box of `radius` metres round a point (WGS 84;
-- kx, ky: metres of a degree there). Best first: the one that covers the point; on a shared border the lower
-- grid code wins (the tie-break is named here and nowhere else); then by distance.
CREATE FUNCTION app.areas_near(station uuid, at timestamptz, lon float8, lat float8, kx float8, ky float8, radius float8)
RETURNS TABLE (plan_id uuid, grid_id uuid, code text, name text, police_grid_id uuid, police_code text,
               police_name text, covers boolean, metres float8)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF station IS DISTINCT FROM app.my_station() THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT s.plan_id, s.grid_id, g.code::text, g.name::text, s.police_grid_id, k.code::text, k.name::text,
           ST_Covers(s.geom, ST_Point(lon, lat, 4326)) AS covers,
           ST_Distance(ST_Scale(s.geom, kx, ky), ST_Point(lon * kx, lat * ky, 4326)) AS metres
    FROM app.grid_shape s
    JOIN app.grid g ON g.id = s.grid_id
    JOIN app.police_grid k ON k.id = s.police_grid_id
    WHERE s.geom && ST_MakeEnvelope(lon - radius / kx, lat - radius / ky, lon + radius / kx, lat + radius / ky, 4326)
      AND s.plan_id = (SELECT p.id FROM app.plan p WHERE p.station_id = station AND p.state = 'published'
                       AND p.valid_from <= at AND (p.valid_to IS NULL OR p.valid_to > at))
    ORDER BY 8 DESC, 9, g.code LIMIT 8;
END $$;

-- The next number of a station's year, without gaps: the row stays locked until the caller commits.
CREATE FUNCTION app.next_case_number(year integer, OUT station_code text, OUT serial integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mine uuid := app.my_station();
BEGIN
    INSERT INTO app.case_number AS n (station_id, year, last) VALUES (mine, $1, 1)
    ON CONFLICT ON CONSTRAINT pk_case_number DO UPDATE SET last = n.last + 1
    RETURNING n.last INTO serial;
    SELECT s.code INTO station_code FROM app.station s WHERE s.id = mine;
END $$;

-- Gives a number back that was taken in this same transaction: the row is still locked, so nobody went past it.
CREATE FUNCTION app.return_case_number(taken_year integer, taken integer) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE app.case_number SET last = last - 1
    WHERE station_id = app.my_station() AND year = taken_year AND last = taken
$$;

-- Writes a new report with its files under the caller's own rights (the policies hold as for any INSERT), as
-- one statement of the hot path: the row of the last number stays locked from here to the commit, so little
-- may come in between. Returns its number (rules.case_number), NULL when the id is taken already.
CREATE FUNCTION app.write_report(report jsonb, files jsonb, year integer) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    next record;
    given text;
BEGIN
    SELECT * INTO next FROM app.next_case_number(year);
    given := next.station_code || '-' || year || '-' || lpad(next.serial::text, 6, '0');
    INSERT INTO app.case_file
        SELECT * FROM jsonb_populate_record(NULL::app.case_file, report || jsonb_build_object('number', given))
        ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN
        PERFORM app.return_case_number(year, next.serial);
        RETURN NULL;
    END IF;
    INSERT INTO app.attachment
        (case_id, station_id, purpose, sent_sha256, sha256, media_type, size, width, height)
        SELECT (report->>'id')::uuid, (report->>'station_id')::uuid, 'found',
               f.sent_sha256, f.sha256, f.media_type, f.size, f.width, f.height
        FROM jsonb_to_recordset(files) AS f (sent_sha256 text, sha256 text, media_type text, size integer,
                                             width integer, height integer);
    RETURN given;
END $$;

-- What a report of mine said, as its hash: asked before each report, so by a plan that is kept.
CREATE FUNCTION app.known_report(report uuid) RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who text[] := app.context();
BEGIN
    RETURN (SELECT c.content_hash FROM app.case_file c
            WHERE c.id = report AND c.station_id = who[2]::uuid
              AND (c.reporter_id = nullif(who[1], '')::uuid OR who[3] IN ('station_chief', 'machine')));
END $$;

-- Accounts and devices are managed by the web role through these, never by reading auth.
-- For oneself; the machine may do it for a person of its station (demo, enrolment by the administrator).
CREATE FUNCTION app.issue_token(person uuid, token uuid, device uuid, hash bytea, token_scope text, days integer)
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO auth.token (id, account_id, device_id, secret_hash, scope, expires_at)
    SELECT token, a.id, device, hash, token_scope, now() + make_interval(days => least(days, 365))
    FROM auth.account a
    WHERE a.person_id = person AND a.station_id = app.my_station() AND a.disabled_at IS NULL
      AND (person = app.me() OR app.my_role() = 'machine')
      AND (device IS NULL OR EXISTS (SELECT 1 FROM app.device d WHERE d.id = device AND d.person_id = person))
$$;

CREATE FUNCTION app.revoke_device(device uuid) RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (
        UPDATE auth.token t SET revoked_at = now() FROM app.device d
        WHERE t.device_id = device AND d.id = device AND t.revoked_at IS NULL AND d.station_id = app.my_station()
          AND (d.person_id = app.me() OR app.my_role() = 'system_admin')
        RETURNING 1)
    SELECT count(*)::integer FROM gone
$$;

CREATE FUNCTION app.open_account(account uuid, person uuid, login text, account_role text, hash text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF app.my_role() NOT IN ('system_admin', 'machine') OR app.my_role() IS NULL THEN
        RAISE EXCEPTION 'only the system admin opens accounts' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- 'machine' is the service itself and sees the whole station: no login may have it.
    IF account_role NOT IN ('volunteer', 'grid_worker', 'officer', 'planner', 'mediator', 'station_chief',
                            'system_admin', 'audit_admin') OR account_role IS NULL THEN
        RAISE EXCEPTION 'no such role' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM app.person p WHERE p.id = person AND p.station_id = app.my_station()) THEN
        RAISE EXCEPTION 'no such person' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO auth.account (id, station_id, person_id, username, role, password_hash)
    VALUES (account, app.my_station(), person, lower(login), account_role, hash);
END $$;

CREATE FUNCTION app.role_of(person uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.role FROM auth.account a WHERE a.person_id = person AND a.station_id = app.my_station()
$$;

-- Whom a token stands for, by a plan that is kept: asked at each request of a device.
CREATE FUNCTION auth.by_token(hash bytea)
RETURNS TABLE (token_id uuid, scope text, seen_at timestamptz, id uuid, station_id uuid, person_id uuid,
               username text, role text, language text)
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT t.id, t.scope::text, t.seen_at, a.id, a.station_id, a.person_id, a.username::text, a.role::text,
           a.language::text
    FROM auth.token t JOIN auth.account a ON a.id = t.account_id
    WHERE t.secret_hash = hash AND t.revoked_at IS NULL AND t.expires_at > now() AND t.scope <> 'enrol'
      AND a.disabled_at IS NULL;
END $$;

-- Writes an event under the caller's own rights; the audit trigger does the rest at the commit.
CREATE FUNCTION app.record_event(station uuid, event text, kind text, subject uuid, grid uuid, actor uuid, facts jsonb)
RETURNS void LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO app.event (station_id, name, subject_kind, subject_id, grid_id, by_id, data)
    VALUES (station, event, kind, subject, grid, actor, facts);
END $$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA app FROM PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA auth FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.by_token(bytea) TO shuangge_login;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA audit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.next_case_number(integer), app.return_case_number(integer, integer),
    app.write_report(jsonb, jsonb, integer),
    app.record_event(uuid, text, text, uuid, uuid, uuid, jsonb), app.known_report(uuid), app.role_of(uuid),
    app.areas_near(uuid, timestamptz, float8, float8, float8, float8, float8) TO shuangge_web, shuangge_worker;
GRANT EXECUTE ON FUNCTION app.issue_token(uuid, uuid, uuid, bytea, text, integer), app.revoke_device(uuid),
    app.open_account(uuid, uuid, text, text, text) TO shuangge_web;
