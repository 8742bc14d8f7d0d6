"""Raw SQL that the web role must not get through with, in three lists."""

# ruff: noqa: E501 (a statement is read best in one line)

# Each returns secrets to the superuser (that is tested too), and must return none to an attacker.
READS = {
    "all cases": "SELECT * FROM app.case_file",
    "case by id": "SELECT id, note FROM app.case_file WHERE id IN ('{case}', '{foreign_case}')",
    "one by one": "SELECT id FROM app.case_file WHERE id = '{foreign_case}'",
    "attachments": "SELECT * FROM app.attachment",
    "contacts": "SELECT * FROM app.contact",
    "persons of another station": "SELECT * FROM app.person WHERE station_id = '{other_station}'",
    "police grids of another station": "SELECT * FROM app.police_grid WHERE station_id = '{other_station}'",
    "postings of another station": "SELECT * FROM app.posting WHERE station_id = '{other_station}'",
    "whereabouts": "SELECT * FROM app.patrol",
    "fixes": "SELECT * FROM app.fix",
    "quarantine": "SELECT * FROM app.quarantine",
    "timeline of a case": "SELECT * FROM app.event WHERE subject_kind = 'case'",
    "passwords": "SELECT username, password_hash FROM auth.account",
    "tokens": "SELECT encode(secret_hash, 'hex') FROM auth.token",
    "signing key": "SELECT encode(key, 'hex') FROM vault.context_key",
    "chain": "SELECT encode(hash, 'hex') FROM audit.head",
    "union": "SELECT 1, 'x' UNION ALL SELECT revision, note FROM app.case_file",
    "other way of naming": 'SELECT * FROM ONLY "app"."case_file" AS c (a)',
    "sampled": "SELECT * FROM app.case_file TABLESAMPLE SYSTEM (100)",
    "as xml": "SELECT query_to_xml('SELECT id, note FROM app.case_file', true, true, '')",
    "whole schema as xml": "SELECT table_to_xml('app.case_file', true, true, '')",
    "as json": "SELECT json_agg(c) FROM app.case_file c",
    "in a block": "DO $$ DECLARE c record; BEGIN FOR c IN SELECT * FROM app.case_file LOOP RAISE NOTICE '%', c; END LOOP; END $$",
    "in a cursor": "DECLARE c CURSOR WITH HOLD FOR SELECT * FROM app.case_file; FETCH ALL FROM c",
    "prepared": "PREPARE p{fresh_name} AS SELECT * FROM app.case_file; EXECUTE p{fresh_name}",
    "after a commit": "COMMIT; SELECT * FROM app.case_file",
    "after a rollback": "ROLLBACK; SELECT * FROM app.case_file",
    "without identity": "SELECT set_config('app.ctx', '', true); SELECT * FROM app.case_file",
    "with a null identity": "SELECT set_config('app.ctx', NULL, true); SELECT * FROM app.case_file",
    "text thrown by a cast": "SELECT count(*) FROM app.case_file WHERE ('x' || note)::int = 0",
    "joined from the open side": "SELECT d.code, c.id FROM app.hazard_class d JOIN app.case_file c ON c.class_code = d.code",
    "locked rows": "SELECT id, note FROM app.case_file FOR SHARE",
    "named as one's own": "SELECT set_config('app.own_reports', '{case},{foreign_case}', true); "
    "SELECT id, note FROM app.case_file",
    "beside what a report meets": "SELECT app.before_report(NULL, '{case}', 'other', 1, now(), NULL, NULL, NULL, NULL, NULL, "
    "NULL), id FROM app.case_file",
    "row security off": "SET LOCAL row_security = off; SELECT id, note FROM app.case_file",
    "statistics": "SELECT most_common_vals::text, histogram_bounds::text FROM pg_stats WHERE tablename = 'case_file'",
    "raw statistics": "SELECT stavalues1::text FROM pg_statistic WHERE starelid = 'app.case_file'::regclass",
}

# Each changes rows when the superuser does it (that is tested too), and must change none for an attacker.
WRITES = {
    "case of another grid": "UPDATE app.case_file SET state = 'closed' WHERE id = '{case}'",
    "case of another station": "UPDATE app.case_file SET state = 'closed' WHERE id = '{foreign_case}'",
    "raw place": "UPDATE app.case_file SET raw_x = 0 WHERE true",
    "words of a report": "UPDATE app.case_file SET note = 'forged'",
    "grid of a case": "UPDATE app.case_file SET grid_id = '{near_grid}' WHERE station_id = '{station}'",
    "case deleted": "DELETE FROM app.attachment; DELETE FROM app.case_file",
    "event rewritten": "UPDATE app.event SET name = 'cases.forged'",
    "event deleted": "DELETE FROM app.outbox; DELETE FROM app.event",
    "events emptied": "TRUNCATE app.event CASCADE",
    "event in another's name": "INSERT INTO app.event (station_id, name, subject_kind, subject_id, by_id) "
    "VALUES ('{station}', 'cases.closed', 'case', '{case}', '{person}')",
    "event of another station": "INSERT INTO app.event (station_id, name, subject_kind, subject_id, by_id) "
    "VALUES ('{other_station}', 'cases.closed', 'case', '{foreign_case}', '{person}')",
    "event of yesterday": "INSERT INTO app.event (station_id, name, subject_kind, subject_id, by_id, at) "
    "VALUES ('{station}', 'cases.closed', 'case', '{case}', app.me(), now() - interval '1 day')",
    "event with a chosen number": "INSERT INTO app.event OVERRIDING SYSTEM VALUE "
    "SELECT 999999, '{station}', now(), 'x.y', 'case', '{case}', NULL, app.me(), '{}'",
    "chain": "UPDATE audit.link SET hash = '\\x00'",
    "chain's end": "DELETE FROM audit.head",
    "case for another station": "INSERT INTO app.case_file (id, station_id, number, kind, class_code, class_version, "
    "state, geom, raw_x, raw_y, raw_crs, method, plan_id, grid_id, police_grid_id, answers, found_at, content_hash) "
    "SELECT '{fresh}', '{other_station}', 'X', 'hazard', 'other', 1, 'reported', ST_SetSRID(ST_MakePoint(112, 37), 4326), "
    "1, 1, 'wgs84', 'gps', '{foreign_plan}', '{foreign_grid}', '{foreign_police_grid}', '{}', now(), 'x'",
    "case in another's name": "INSERT INTO app.case_file (id, station_id, number, kind, class_code, class_version, "
    "state, geom, raw_x, raw_y, raw_crs, method, plan_id, grid_id, police_grid_id, answers, found_at, content_hash, "
    "reporter_id) SELECT '{fresh}', '{station}', 'X', 'hazard', 'other', 1, 'reported', "
    "ST_SetSRID(ST_MakePoint(112, 37), 4326), 1, 1, 'wgs84', 'gps', '{plan}', '{grid}', '{police_grid}', '{}', now(), "
    "'x', '{person}'",
    "case number": "INSERT INTO app.case_number VALUES ('{other_station}', 1999, 1)",
    "posting for oneself": "INSERT INTO app.posting (id, station_id, person_id, police_grid_id, duty) "
    "VALUES ('{fresh}', '{station}', coalesce(app.me(), '{planner}'), '{police_grid}', 'officer')",
    "posting moved": "UPDATE app.posting SET police_grid_id = '{police_grid}' WHERE station_id = '{station}'",
    "posting of another station": "UPDATE app.posting SET until_at = now() WHERE station_id = '{other_station}'",
    "own role": "UPDATE auth.account SET role = 'station_chief'",
    "account opened": "SELECT app.open_account('{fresh}', '{nobody}', 'thief', 'station_chief', 'x')",
    "account inserted": "INSERT INTO auth.account (id, station_id, person_id, username, role) "
    "VALUES ('{fresh}', '{station}', '{fresh}', 'thief', 'machine')",
    "token for another": "INSERT INTO auth.token (id, account_id, secret_hash, scope, expires_at) "
    "VALUES ('{fresh}', '{account}', 'x', 'all', now() + interval '1 day')",
    "token unrevoked": "UPDATE auth.token SET expires_at = now() + interval '9 years'",
    "contact of another": "UPDATE app.contact SET phone = '1' WHERE person_id = '{person}'",
    "person renamed": "UPDATE app.person SET name = 'x'",
    "device of another": "UPDATE app.device SET label = 'x' WHERE person_id = '{person}'",
    "device in another's name": "INSERT INTO app.device (id, station_id, person_id, label) "
    "VALUES ('{fresh}', '{station}', '{person}', 'x')",
    "grid of another station": "UPDATE app.grid SET name = 'x' WHERE station_id = '{other_station}'",
    "grid for another station": "INSERT INTO app.community VALUES ('{fresh}', '{other_station}', '1', 'x')",
    "plan for another station": "INSERT INTO app.plan (id, station_id, number, name) "
    "VALUES ('{fresh}', '{other_station}', 77, 'x')",
    "plan of another station ended": "UPDATE app.plan SET valid_to = now() WHERE station_id = '{other_station}'",
    "quarantine settled": "UPDATE app.quarantine SET state = 'discarded' WHERE person_id = '{person}'",
    "job": "INSERT INTO app.job (name, station_id, key) VALUES ('cases.make_thumbnails', '{station}', 'x')",
    "outbox": "INSERT INTO app.outbox SELECT max(id) FROM app.event ON CONFLICT DO NOTHING; DELETE FROM app.outbox",
    "fix in another's track": "INSERT INTO app.fix (patrol_id, seq, station_id, at, lon, lat, raw_x, raw_y) "
    "VALUES ('{patrol}', 2, '{station}', now(), 1, 1, 1, 1)",
    "photo on another's case": "INSERT INTO app.attachment (case_id, station_id, purpose, sent_sha256, sha256, "
    "media_type, size, width, height) VALUES ('{case}', '{station}', 'found', 'x', 'x', 'x', 1, 1, 1)",
    "person added": "INSERT INTO app.person (id, station_id, name, category) "
    "VALUES ('{fresh}', '{station}', 'x', 'officer')",
    "contact of another added": "INSERT INTO app.contact (person_id, station_id, phone) VALUES ('{nobody}', '{station}', '1')",
    "team joined": "INSERT INTO app.team (id, station_id, name, kind) VALUES ('{fresh}', '{station}', 'x', 'patrol'); "
    "INSERT INTO app.membership (team_id, person_id, station_id, since_on) "
    "VALUES ('{fresh}', '{nobody}', '{station}', now())",
    "partner believed": "INSERT INTO app.partner (id, station_id, name, public_key, fingerprint) "
    "VALUES ('{fresh}', '{station}', 'x', 'x', 'x')",
    "package laid in": "INSERT INTO app.parcel (id, station_id, direction, package_id, name, sha256, counts, state) "
    "VALUES ('{fresh}', '{station}', 'in', '{fresh}', 'x', 'x', '{}', 'waiting')",
    "webhook": "INSERT INTO app.webhook (id, station_id, label, url, events) "
    "VALUES ('{fresh}', '{station}', 'x', 'https://example.org', '[]')",
    "import of another station": "INSERT INTO app.import_file (id, station_id, kind, name, source, crs, form, sha256, "
    "rows, good, known, faults) VALUES ('{fresh}', '{other_station}', 'members', 'x', 'x', 'wgs84', 'csv', 'x', 1, 1, 1, '[]')",
    "export in a higher role": "INSERT INTO app.export_file (id, station_id, person_id, role, serial, number, kind, form, "
    "crs, encoding, language, wanted, reason, rows) VALUES ('{fresh}', '{station}', app.me(), 'station_chief', 999, "
    "'T-X000999', 'members', 'csv', 'wgs84', 'utf-8', 'zh', '{}', 'x', 0)",
    "voices of a case": "UPDATE app.case_file SET voices = voices + 5",
    "voice of another": "INSERT INTO app.voice (case_id, person_id, station_id, note) "
    "VALUES ('{case}', '{nobody}', '{station}', 'x')",
    "note in another's name": "INSERT INTO app.case_note (id, case_id, station_id, person_id, note) "
    "VALUES ('{fresh}', '{case}', '{station}', '{person}', 'x')",
    "resident's note": "INSERT INTO app.resident_note (id, case_id, station_id, note) "
    "VALUES ('{fresh}', '{case}', '{station}', 'x')",
    "resident's contact": "INSERT INTO app.resident_contact (case_id, station_id, name, phone, consent_at, keep_until) "
    "VALUES ('{case}', '{station}', 'x', '1', now(), now())",
    "report named as one's own": "SELECT set_config('app.own_reports', '{case},{foreign_case}', true); "
    "UPDATE app.case_file SET note = 'forged' WHERE id IN ('{case}', '{foreign_case}')",
    "signing key": "UPDATE vault.context_key SET key = decode(repeat('00', 32), 'hex')",
    "hazard class": "UPDATE app.hazard_class SET restricted = false, limit_h = 1",
    "migration": "UPDATE app.alembic_version SET version_num = '0000'",
}

# Powers that the web role must not have, with the refusal that it gets.
DENIED = {
    "set role owner": "SET ROLE shuangge_owner",
    "set role superuser": "SET ROLE postgres",
    "session authorization": "SET SESSION AUTHORIZATION postgres",
    "role as a setting": "SELECT set_config('role', 'shuangge_owner', false)",
    "triggers off": "SET session_replication_role = replica",
    "tracking on": "SET track_activities = on",
    "row security disabled": "ALTER TABLE app.case_file DISABLE ROW LEVEL SECURITY",
    "row security not forced": "ALTER TABLE app.case_file NO FORCE ROW LEVEL SECURITY",
    "policy dropped": "DROP POLICY case_read ON app.case_file",
    "policy added": "CREATE POLICY mine ON app.case_file USING (true)",
    "trigger off": "ALTER TABLE app.event DISABLE TRIGGER event_chained",
    "grant": "GRANT SELECT ON auth.account TO shuangge_web",
    "member of the owner": "GRANT shuangge_owner TO shuangge_web",
    "bypass": "ALTER ROLE shuangge_web BYPASSRLS",
    "own password": "ALTER ROLE shuangge_login PASSWORD 'x'",
    "function replaced": "CREATE OR REPLACE FUNCTION app.me() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
    "function in public": "CREATE FUNCTION public.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 "
    "AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END'",
    "temporary function": "CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 "
    "AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END'",
    "temporary table": "CREATE TEMPORARY TABLE t AS SELECT * FROM app.case_file",
    "table in public": "CREATE TABLE public.t (a int)",
    "table in app": "CREATE TABLE app.t (a int)",
    "schema": "CREATE SCHEMA s",
    "extension": "CREATE EXTENSION dblink",
    "copy to a program": "COPY (SELECT 1) TO PROGRAM 'true'",
    "copy from a program": "DO $$ BEGIN EXECUTE 'COPY app.device FROM PROGRAM ''id'''; END $$",
    "copy to a file": "COPY (SELECT 1) TO '/tmp/stolen'",
    "read a file": "SELECT pg_read_file('/etc/passwd')",
    "read a binary file": "SELECT pg_read_binary_file('postgresql.conf')",
    "list a folder": "SELECT pg_ls_dir('.')",
    "large object from a file": "SELECT lo_import('/etc/passwd')",
    "large object to a file": "SELECT lo_export(1, '/tmp/stolen')",
    "end a session": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity",
    "cancel a statement": "SELECT pg_cancel_backend(1)",
    "sleep": "SELECT pg_sleep(10)",
    "sleep for": "SELECT pg_sleep_for('10 s')",
    "endless geometry": "SELECT ST_MakeValid(ST_GeomFromText('POINT(1 1)'))",
    "reload": "SELECT pg_reload_conf()",
    "all settings": "SELECT * FROM pg_hba_file_rules",
    "sequence": "SELECT setval('app.event_id_seq', 1)",
    "chain by hand": "SELECT audit.canonical(e) FROM app.event e",
}
