-- The earlier life knows reported, accepted and closed only.
UPDATE app.case_file SET duplicate_of = NULL, pending = NULL, pending_by = NULL, paused_at = NULL, paused_left_s = NULL,
    state = CASE WHEN state IN ('rejected', 'duplicate', 'withdrawn', 'closed') THEN 'closed'
                 WHEN state = 'reported' THEN 'reported' ELSE 'accepted' END
WHERE state NOT IN ('reported', 'accepted', 'closed') OR pending IS NOT NULL;
DELETE FROM app.attachment a WHERE a.purpose = 'fed_back' AND EXISTS (
    SELECT FROM app.attachment b WHERE b.case_id = a.case_id AND b.sent_sha256 = a.sent_sha256 AND b.purpose = 'closed');
UPDATE app.attachment SET purpose = 'closed' WHERE purpose = 'fed_back';
DROP POLICY case_own_step ON app.case_file;
DROP POLICY case_assigned_work ON app.case_file;
DROP POLICY case_assigned_read ON app.case_file;
REVOKE UPDATE (handler_id) ON app.case_file FROM shuangge_worker;
DROP FUNCTION app.take_over_ground(uuid);
DROP FUNCTION app.my_teams();
DROP POLICY stations_dispatch ON app.station;
REVOKE EXECUTE ON FUNCTION app.forget_contacts() FROM shuangge_worker;
CREATE OR REPLACE FUNCTION app.forget_contacts() RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (DELETE FROM app.resident_contact WHERE station_id = app.my_station() AND keep_until <= now() RETURNING 1)
    SELECT count(*)::integer FROM gone
$$;
