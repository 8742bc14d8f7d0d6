-- Form apps: Digest, and forms of a station's own.

-- A class without a station is everybody's; a station's own one is seen by that station alone.
ALTER TABLE app.hazard_class ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.hazard_class FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON app.hazard_class TO shuangge_owner USING (true) WITH CHECK (true);
CREATE POLICY class_read ON app.hazard_class FOR SELECT USING (
    coalesce(station_id, (SELECT app.my_station())) = (SELECT app.my_station()));
CREATE POLICY class_draft ON app.hazard_class FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station())
    AND (SELECT app.my_role()) IN ('system_admin', 'station_chief', 'planner', 'machine'));
CREATE POLICY class_publish ON app.hazard_class FOR UPDATE USING (
    station_id = (SELECT app.my_station())
    AND (SELECT app.my_role()) IN ('system_admin', 'station_chief', 'planner', 'machine'));
-- A station says nothing about what residents see, and a version's questions never change.
GRANT INSERT (code, version, title, hint, law, questions, icon, position, limit_h, in_use, station_id, draft,
    source_sha256) ON app.hazard_class TO shuangge_web;
GRANT UPDATE (in_use, draft) ON app.hazard_class TO shuangge_web;

ALTER TABLE app.form_file ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.form_file FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON app.form_file TO shuangge_owner USING (true) WITH CHECK (true);
CREATE POLICY form_file_read ON app.form_file FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));
CREATE POLICY form_file_add ON app.form_file FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));
GRANT SELECT, INSERT ON app.form_file TO shuangge_web;

GRANT SELECT, INSERT, DELETE ON auth.digest_use TO shuangge_login;

-- The user name that Digest mixes into what it stores: one's own, or any of the station for the machine.
CREATE FUNCTION app.username_of(person uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.username FROM auth.account a
    WHERE a.person_id = person AND a.station_id = app.my_station()
      AND (person = app.me() OR app.my_role() = 'machine')
$$;

-- Adds Digest's HA1 to a token that was issued in this same transaction; a known token is never changed.
CREATE FUNCTION app.keep_digest(token uuid, given text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE auth.token t SET ha1 = given FROM auth.account a
    WHERE t.id = token AND t.ha1 IS NULL AND t.created_at = now() AND t.scope <> 'enrol'
      AND a.id = t.account_id AND a.station_id = app.my_station()
      AND (a.person_id = app.me() OR app.my_role() = 'machine')
$$;

-- Whom a user's tokens stand for, for the apps that name the user; asked at each of their requests.
CREATE FUNCTION auth.digests_of(login text)
RETURNS TABLE (token_id uuid, scope text, seen_at timestamptz, id uuid, station_id uuid, person_id uuid,
               username text, role text, language text, ha1 text)
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT t.id, t.scope::text, t.seen_at, a.id, a.station_id, a.person_id, a.username::text, a.role::text,
           a.language::text, t.ha1::text
    FROM auth.token t JOIN auth.account a ON a.id = t.account_id
    WHERE a.username = login AND t.ha1 IS NOT NULL AND t.revoked_at IS NULL AND t.expires_at > now()
      AND a.disabled_at IS NULL
    ORDER BY t.created_at DESC LIMIT 50;
END $$;

REVOKE EXECUTE ON FUNCTION app.username_of(uuid), app.keep_digest(uuid, text), auth.digests_of(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.username_of(uuid), app.keep_digest(uuid, text) TO shuangge_web;
GRANT EXECUTE ON FUNCTION auth.digests_of(text) TO shuangge_login;
