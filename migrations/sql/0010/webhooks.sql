-- Events that leave to other systems: who may subscribe and read, and what only the worker may.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['webhook', 'webhook_secret', 'webhook_delivery']
    LOOP
        EXECUTE format('ALTER TABLE app.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE app.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON app.%I TO shuangge_owner USING (true) WITH CHECK (true)', t);
    END LOOP;
END $$;

CREATE POLICY webhook_admin ON app.webhook USING (
    station_id = (SELECT app.my_station())
    AND (SELECT app.my_role()) IN ('system_admin', 'station_chief', 'machine'));
-- The web role writes a secret and never reads it; the worker signs with it.
CREATE POLICY secret_keep ON app.webhook_secret FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station())
    AND (SELECT app.my_role()) IN ('system_admin', 'station_chief', 'machine'));
CREATE POLICY secret_read ON app.webhook_secret FOR SELECT TO shuangge_worker USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) = 'machine');
CREATE POLICY delivery_read ON app.webhook_delivery FOR SELECT USING (
    station_id = (SELECT app.my_station())
    AND (SELECT app.my_role()) IN ('system_admin', 'station_chief', 'machine'));
CREATE POLICY delivery_work ON app.webhook_delivery TO shuangge_worker USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) = 'machine');

GRANT SELECT, INSERT ON app.webhook TO shuangge_web;
GRANT UPDATE (label, url, events, active, removed_at) ON app.webhook TO shuangge_web;
GRANT INSERT ON app.webhook_secret TO shuangge_web;
GRANT SELECT ON app.webhook_delivery TO shuangge_web;
GRANT SELECT ON app.webhook, app.webhook_secret, app.webhook_delivery TO shuangge_worker;
GRANT UPDATE (rest_until) ON app.webhook TO shuangge_worker;
GRANT INSERT, UPDATE ON app.webhook_delivery TO shuangge_worker;
