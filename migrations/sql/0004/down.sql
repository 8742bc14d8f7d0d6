-- Takes back what up.sql made. A station's own classes stay for the sake of their cases, out of use.
DROP FUNCTION auth.digests_of(text), app.keep_digest(uuid, text), app.username_of(uuid);
DELETE FROM app.hazard_class WHERE draft;
UPDATE app.hazard_class SET in_use = false WHERE station_id IS NOT NULL;
REVOKE INSERT (code, version, title, hint, law, questions, icon, position, limit_h, in_use, station_id, draft,
    source_sha256) ON app.hazard_class FROM shuangge_web;
REVOKE UPDATE (in_use, draft) ON app.hazard_class FROM shuangge_web;
DROP POLICY class_publish ON app.hazard_class;
DROP POLICY class_draft ON app.hazard_class;
DROP POLICY class_read ON app.hazard_class;
DROP POLICY owner_all ON app.hazard_class;
ALTER TABLE app.hazard_class NO FORCE ROW LEVEL SECURITY;
ALTER TABLE app.hazard_class DISABLE ROW LEVEL SECURITY;
