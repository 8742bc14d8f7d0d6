-- What left and entered in bulk: seen by who did it, the chief and the administrators; never the data itself.

ALTER TABLE app.export_file ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.export_file FORCE ROW LEVEL SECURITY;
ALTER TABLE app.import_file ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.import_file FORCE ROW LEVEL SECURITY;
ALTER TABLE app.partner ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.partner FORCE ROW LEVEL SECURITY;
ALTER TABLE app.parcel ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.parcel FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON app.export_file TO shuangge_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON app.import_file TO shuangge_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON app.partner TO shuangge_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON app.parcel TO shuangge_owner USING (true) WITH CHECK (true);

CREATE POLICY export_read ON app.export_file FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (person_id = (SELECT app.me())
        OR (SELECT app.my_role()) IN ('station_chief', 'system_admin', 'audit_admin', 'machine')));
CREATE POLICY export_ask ON app.export_file FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND person_id IS NOT DISTINCT FROM (SELECT app.me())
    AND role = (SELECT app.my_role()));
CREATE POLICY export_finish ON app.export_file FOR UPDATE USING (
    station_id = (SELECT app.my_station())
    AND (person_id = (SELECT app.me()) OR (SELECT app.my_role()) = 'machine'));

CREATE POLICY import_own ON app.import_file USING (
    station_id = (SELECT app.my_station())
    AND (person_id IS NOT DISTINCT FROM (SELECT app.me()) OR (SELECT app.my_role()) IN ('station_chief', 'machine')))
    WITH CHECK (station_id = (SELECT app.my_station())
    AND (person_id IS NOT DISTINCT FROM (SELECT app.me()) OR (SELECT app.my_role()) IN ('station_chief', 'machine')));

CREATE POLICY partner_read ON app.partner FOR SELECT USING (
    station_id = (SELECT app.my_station())
    AND (SELECT app.my_role()) IN ('station_chief', 'system_admin', 'machine'));
CREATE POLICY partner_write ON app.partner USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('system_admin', 'machine'));

CREATE POLICY parcel_all ON app.parcel USING (
    station_id = (SELECT app.my_station())
    AND (SELECT app.my_role()) IN ('station_chief', 'system_admin', 'machine'));

-- Members are brought in bulk by the system admin too, with the teams that they are in.
CREATE POLICY admin_teams ON app.team FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) = 'system_admin');

GRANT SELECT ON app.export_file, app.import_file, app.partner, app.parcel TO shuangge_web, shuangge_worker;
GRANT INSERT ON app.export_file, app.import_file, app.partner, app.parcel TO shuangge_web;
GRANT INSERT ON app.parcel TO shuangge_worker;
GRANT UPDATE (state, done_rows, rows, sha256, size, error, finished_at, expires_at) ON app.export_file
    TO shuangge_web, shuangge_worker;
GRANT UPDATE (state, result, taken_at) ON app.import_file TO shuangge_web;
GRANT UPDATE (revoked_at) ON app.partner TO shuangge_web;
GRANT UPDATE (state, counts, problem, answer_sha256, settled_at, partner_id) ON app.parcel
    TO shuangge_web, shuangge_worker;
GRANT INSERT ON app.person, app.contact, app.team, app.membership TO shuangge_web;
-- What became of a case in the other network comes back in a package.
GRANT UPDATE (accepted_at, closed_at, closing_note) ON app.case_file TO shuangge_worker;

-- The next number of a station's exports: numbers have no gaps, so that a missing file is noticed.
CREATE FUNCTION app.next_export_number(OUT serial integer, OUT number text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mine uuid := app.my_station();
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('export' || mine::text, 0));
    SELECT coalesce(max(e.serial), 0) + 1 INTO serial FROM app.export_file e WHERE e.station_id = mine;
    SELECT s.code || '-X' || lpad(serial::text, 6, '0') INTO number FROM app.station s WHERE s.id = mine;
END $$;

-- A run of case numbers for cases of earlier times; `lowest` lifts the counter over numbers that were kept.
CREATE FUNCTION app.reserve_case_numbers(of_year integer, wanted integer, lowest integer) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mine uuid := app.my_station();
    top integer;
BEGIN
    IF app.my_role() IS NULL OR app.my_role() NOT IN ('station_chief', 'machine') THEN
        RAISE EXCEPTION 'only the chief brings cases of earlier times' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO app.case_number AS n (station_id, year, last) VALUES (mine, of_year, greatest(lowest, 0) + wanted)
    ON CONFLICT ON CONSTRAINT pk_case_number DO UPDATE SET last = greatest(n.last, lowest) + wanted
    RETURNING n.last INTO top;
    RETURN top - wanted + 1;
END $$;

-- Whose packages lie in a folder of the drop: the worker knows no station before it acts for one.
CREATE FUNCTION app.station_of(wanted text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.id FROM app.station s WHERE s.code = wanted
$$;

REVOKE EXECUTE ON FUNCTION app.station_of(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.station_of(text) TO shuangge_worker;
REVOKE EXECUTE ON FUNCTION app.next_export_number(), app.reserve_case_numbers(integer, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.next_export_number(), app.reserve_case_numbers(integer, integer, integer)
    TO shuangge_web, shuangge_worker;
