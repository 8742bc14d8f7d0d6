-- A call is seen by who called, who was called, the chief and the machine; by nobody else, whatever the ground.

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['call', 'call_target']
    LOOP
        EXECUTE format('ALTER TABLE app.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE app.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON app.%I TO shuangge_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY no_stranger ON app.%I AS RESTRICTIVE
            USING ((SELECT app.my_role()) IS DISTINCT FROM ''public'')', t);
    END LOOP;
END $$;

CREATE POLICY target_read ON app.call_target FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (
        person_id = (SELECT app.me()) OR caller_id = (SELECT app.me()) OR (SELECT app.sees_station())));
-- Who calls names whom; later only the clock adds others.
CREATE POLICY target_call ON app.call_target FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND state = 'called' AND (
        (caller_id = (SELECT app.me()) AND person_id <> caller_id AND app.call_is_mine(call_id)) OR (SELECT app.my_role()) = 'machine'));
CREATE POLICY target_answer ON app.call_target FOR UPDATE USING (
    station_id = (SELECT app.my_station()) AND (
        person_id = (SELECT app.me()) OR (SELECT app.my_role()) = 'machine'));

CREATE POLICY call_read ON app.call FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (
        caller_id = (SELECT app.me()) OR (SELECT app.sees_station())
        OR id IN (SELECT t.call_id FROM app.call_target t WHERE t.person_id = (SELECT app.me()) AND t.call_id = id)));
CREATE POLICY call_make ON app.call FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND caller_id = (SELECT app.me()) AND state = 'ringing' AND (
        (direction = 'grid_to_police' AND (SELECT app.my_role()) IN ('volunteer', 'grid_worker', 'mediator'))
        OR (direction = 'police_to_grid' AND (SELECT app.my_role()) IN ('officer', 'station_chief'))));
CREATE POLICY call_work ON app.call FOR UPDATE USING (
    station_id = (SELECT app.my_station()) AND (
        caller_id = (SELECT app.me()) OR (SELECT app.sees_station())
        OR id IN (SELECT t.call_id FROM app.call_target t WHERE t.person_id = (SELECT app.me()) AND t.call_id = id)));

-- News of a call for those who see it.
CREATE POLICY call_event_read ON app.event FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND subject_kind = 'call'
    AND subject_id IN (SELECT c.id FROM app.call c WHERE c.id = subject_id));

GRANT SELECT, INSERT ON app.call, app.call_target TO shuangge_web;
GRANT SELECT ON app.call TO shuangge_worker;
GRANT SELECT, INSERT ON app.call_target TO shuangge_worker;
-- What was called for and where stays as it was said; only its later life changes.
GRANT UPDATE (state, taken, level, next_at, acknowledged_at, answered_at, arrived_at, ended_at, ended_by_id, end_words,
    revision) ON app.call TO shuangge_web, shuangge_worker;
GRANT UPDATE (state, acknowledged_at, taken_at, arrived_at, declined_at, stood_down_at, note) ON app.call_target
    TO shuangge_web, shuangge_worker;
