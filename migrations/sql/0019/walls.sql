-- Tasks and look-backs: who may see and do what.

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['task', 'task_photo', 'look_back', 'look_back_rule']
    LOOP
        EXECUTE format('ALTER TABLE app.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE app.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON app.%I TO shuangge_owner USING (true) WITH CHECK (true)', t);
    END LOOP;
END $$;

-- Whether I may not look back at what I handled or reported; told by yes or no, for the row itself is not for me.
CREATE FUNCTION app.barred_from(task uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM app.look_back l
                   WHERE l.id = task AND l.station_id = app.my_station() AND app.me() = ANY (l.barred))
$$;

-- Whether a task is mine to do: given to me, to my team, or to the grid that I answer for.
CREATE FUNCTION app.addressed_to_me(person uuid, team uuid, grid uuid, taken uuid) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT app.me() IN (person, taken) OR team IN (SELECT app.my_teams()) OR grid IN (SELECT app.my_grids())
$$;

-- Who is posted to a grid, or to its police grid, today.
CREATE FUNCTION app.posted_to(grid uuid) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT p.person_id), '{}') FROM app.posting p
    WHERE p.station_id = app.my_station() AND p.since_at <= now() AND (p.until_at IS NULL OR p.until_at > now())
      AND app.my_role() IN ('machine', 'station_chief', 'officer', 'grid_worker')
      AND (p.grid_id = grid OR p.police_grid_id IN (
          SELECT s.police_grid_id FROM app.grid_shape s
          JOIN app.plan n ON n.id = s.plan_id AND n.station_id = app.my_station() AND n.state = 'published'
               AND n.valid_from <= now() AND (n.valid_to IS NULL OR n.valid_to > now())
          WHERE s.grid_id = grid))
      -- only they see the tasks of a grid (app.my_grids)
      AND EXISTS (SELECT FROM auth.account a WHERE a.person_id = p.person_id AND a.disabled_at IS NULL
                  AND a.role IN ('officer', 'grid_worker'))
$$;

REVOKE EXECUTE ON FUNCTION app.barred_from(uuid), app.posted_to(uuid),
    app.addressed_to_me(uuid, uuid, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.barred_from(uuid), app.posted_to(uuid),
    app.addressed_to_me(uuid, uuid, uuid, uuid) TO shuangge_web, shuangge_worker;

CREATE POLICY task_read ON app.task FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (
        (SELECT app.sees_station())
        OR given_by = (SELECT app.me())
        OR ((to_person = (SELECT app.me()) OR taken_by = (SELECT app.me())
             OR to_team IN (SELECT app.my_teams()) OR to_grid IN (SELECT app.my_grids()))
            AND (kind <> 'look_back' OR NOT app.barred_from(id)))
        -- what a look-back has found is told to those who see its case, also to who was barred from it
        OR (kind = 'look_back' AND state IN ('done', 'failed')
            AND id IN (SELECT l.id FROM app.look_back l WHERE l.id = task.id AND l.state IN ('fine', 'failed')))
        -- who handles a case sees what is to be done about it; a visit is for its own people only
        OR (case_id IS NOT NULL AND kind <> 'visit' AND (SELECT app.my_role()) IN ('officer', 'grid_worker')
            AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id))));
-- Look-backs are made by the machine on their day, never given by hand.
CREATE POLICY task_give ON app.task FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND (
        (SELECT app.my_role()) = 'machine'
        OR ((SELECT app.my_role()) IN ('officer', 'grid_worker', 'station_chief')
            AND given_by = (SELECT app.me()) AND kind <> 'look_back' AND state = 'open')));
CREATE POLICY task_work ON app.task FOR UPDATE USING (
    station_id = (SELECT app.my_station()) AND (
        (SELECT app.sees_station())
        OR given_by = (SELECT app.me())
        OR ((to_person = (SELECT app.me()) OR taken_by = (SELECT app.me())
             OR to_team IN (SELECT app.my_teams()) OR to_grid IN (SELECT app.my_grids()))
            AND (kind <> 'look_back' OR NOT app.barred_from(id)))));

-- A photo is seen by whom its task is seen by, and added by who has ended the task.
CREATE POLICY photo_read ON app.task_photo FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND task_id IN (SELECT t.id FROM app.task t WHERE t.id = task_id));
CREATE POLICY photo_add ON app.task_photo FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station())
    AND task_id IN (SELECT t.id FROM app.task t WHERE t.id = task_id AND t.ended_by = (SELECT app.me())));

-- Before its day a look-back is the chief's alone. Later those see it who see its case: the handler and the
-- reporters only when it is over.
CREATE POLICY look_back_read ON app.look_back FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND (
        (SELECT app.sees_station())
        OR ((SELECT app.my_role()) IN ('officer', 'grid_worker')
            AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id)
            AND (state IN ('fine', 'failed') OR (state = 'open' AND NOT app.barred_from(id))))));
CREATE POLICY look_back_plan ON app.look_back FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('machine', 'station_chief'));
CREATE POLICY look_back_follow ON app.look_back FOR UPDATE USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('machine', 'station_chief'));

-- The rules say when to expect somebody, so they are for those who set them.
CREATE POLICY rule_read ON app.look_back_rule FOR SELECT USING (
    (station_id IS NULL OR station_id = (SELECT app.my_station()))
    AND (SELECT app.my_role()) IN ('machine', 'station_chief'));
CREATE POLICY rule_set ON app.look_back_rule FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('machine', 'station_chief'));
CREATE POLICY rule_end ON app.look_back_rule FOR UPDATE USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('machine', 'station_chief'));

-- What happens to a task is told to those who see the task.
CREATE POLICY event_task ON app.event FOR SELECT USING (
    subject_kind = 'task' AND station_id = (SELECT app.my_station())
    AND subject_id IN (SELECT t.id FROM app.task t WHERE t.id = subject_id));

GRANT SELECT ON app.task, app.task_photo, app.look_back, app.look_back_rule TO shuangge_web, shuangge_worker;
GRANT INSERT ON app.task, app.look_back TO shuangge_web, shuangge_worker;
GRANT INSERT ON app.task_photo, app.look_back_rule TO shuangge_web;
-- What was asked for stays as it was asked: only its later life may change.
GRANT UPDATE (state, taken_by, taken_at, result_id, ended_by, ended_at, told_at, note, result_lon, result_lat,
    result_accuracy_m, flags, to_person, to_team, to_grid) ON app.task TO shuangge_web;
GRANT UPDATE (state, ended_at, told_at, note, flags, lapsed_at) ON app.task TO shuangge_worker;
GRANT UPDATE (state) ON app.look_back TO shuangge_web;
GRANT UPDATE (state, barred, same_person) ON app.look_back TO shuangge_worker;
GRANT UPDATE (valid_to) ON app.look_back_rule TO shuangge_web;
-- A failed look-back opens its case again: the machine takes back what the closing wrote.
GRANT UPDATE (accepted_at, closed_at, closing_note) ON app.case_file TO shuangge_worker;

-- Everybody's rules: the more dangerous, the sooner and the more often. A station sets its own beside them.
INSERT INTO app.look_back_rule (station_id, class_code, priority, days, jitter_days, valid_from) VALUES
    (NULL, NULL, 0, '[14]', 4, DATE '2020-01-01'),
    (NULL, NULL, 1, '[7, 30]', 3, DATE '2020-01-01'),
    (NULL, NULL, 2, '[4, 14, 45]', 2, DATE '2020-01-01'),
    (NULL, 'flying_wire', 0, '[7, 30]', 3, DATE '2020-01-01'),
    (NULL, 'flying_wire', 2, '[4, 14, 45]', 2, DATE '2020-01-01'),
    (NULL, 'fire_lane', 0, '[3, 14]', 2, DATE '2020-01-01'),
    (NULL, 'fire_lane', 2, '[3, 10, 30]', 2, DATE '2020-01-01'),
    (NULL, 'slope', 0, '[10, 40]', 5, DATE '2020-01-01'),
    (NULL, 'dilapidated_house', 0, '[20, 60]', 7, DATE '2020-01-01');
