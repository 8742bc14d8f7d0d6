-- Takes back what the other files of this version made, in the opposite order.
DROP TRIGGER event_chained ON app.event;
DO $$
DECLARE p record;
BEGIN
    FOR p IN SELECT schemaname, tablename, policyname FROM pg_policies WHERE schemaname = 'app' LOOP
        EXECUTE format('DROP POLICY %I ON %I.%I', p.policyname, p.schemaname, p.tablename);
    END LOOP;
END $$;
DROP FUNCTION app.areas_near(uuid, timestamptz, float8, float8, float8, float8, float8), app.role_of(uuid), app.open_account(uuid, uuid, text, text, text), app.revoke_device(uuid),
    app.issue_token(uuid, uuid, uuid, bytea, text, integer), app.next_case_number(integer), app.return_case_number(integer, integer), app.write_report(jsonb, jsonb, integer),
    app.record_event(uuid, text, text, uuid, uuid, uuid, jsonb), auth.by_token(bytea), app.known_report(uuid), audit.after_event(),
    audit.canonical(app.event);
DROP FUNCTION app.my_grids(), app.sees_station(), app.my_role(), app.my_station(), app.me(), app.context();
DROP TABLE audit.link, audit.head, vault.context_key;
