-- Doors through the walls: each does one small thing that its caller may not do by hand.

-- The next number of a station's year, without gaps: the row stays locked until the caller commits.
CREATE FUNCTION app.next_case_number(year integer) RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO app.case_number AS n (station_id, year, last) VALUES (app.my_station(), year, 1)
    ON CONFLICT (station_id, year) DO UPDATE SET last = n.last + 1
    RETURNING last
$$;

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

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA app FROM PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA audit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.next_case_number(integer), app.role_of(uuid) TO shuangge_web, shuangge_worker;
GRANT EXECUTE ON FUNCTION app.issue_token(uuid, uuid, uuid, bytea, text, integer), app.revoke_device(uuid),
    app.open_account(uuid, uuid, text, text, text) TO shuangge_web;
