-- The whole life of a case: who may work on what was given to him, and what a class asks for before the end.

CREATE FUNCTION app.my_teams() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER ROWS 3 SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.team_id FROM app.membership m
    WHERE m.person_id = app.me() AND m.station_id = app.my_station()
      AND m.since_on <= current_date AND (m.until_on IS NULL OR m.until_on > current_date)
$$;

-- What was dispatched to me or my team is mine to see and to work on, wherever it lies; what is restricted stays
-- with the police.
CREATE POLICY case_assigned_read ON app.case_file FOR SELECT USING (
    station_id = (SELECT app.my_station())
    AND (assigned_to = (SELECT app.me()) OR assigned_team IN (SELECT app.my_teams()))
    AND (NOT restricted OR (SELECT app.my_role()) = 'officer'));
CREATE POLICY case_assigned_work ON app.case_file FOR UPDATE
    USING (station_id = (SELECT app.my_station())
           AND (assigned_to = (SELECT app.me()) OR assigned_team IN (SELECT app.my_teams()))
           AND (NOT restricted OR (SELECT app.my_role()) = 'officer'))
    -- Handing back ends the assignment: the row after it is no longer mine.
    WITH CHECK (station_id = (SELECT app.my_station()));
-- Who reported something may withdraw it, and say whether it is settled.
CREATE POLICY case_own_step ON app.case_file FOR UPDATE
    USING (station_id = (SELECT app.my_station()) AND reporter_id = (SELECT app.me()) AND state IN ('reported', 'fed_back'))
    WITH CHECK (station_id = (SELECT app.my_station()) AND reporter_id = (SELECT app.me())
                AND state IN ('withdrawn', 'closed', 'handling'));

GRANT UPDATE (respond_by, assigned_to, assigned_team, pending, pending_by, pending_until, level, priority, duplicate_of,
              fed_back_by, fed_back_at, verified_by, paused_at, paused_left_s, reopened, facts)
    ON app.case_file TO shuangge_web, shuangge_worker;
GRANT UPDATE (handler_id) ON app.case_file TO shuangge_worker;

-- An error circle across a border: both sides see the case, and the first to accept owns it. When I answer for the
-- neighbour and not for the grid that it went to, it becomes the neighbour's; says whether it did.
CREATE FUNCTION app.take_over_ground(subject uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE app.case_file c
    SET grid_id = c.neighbour_grid_id, neighbour_grid_id = c.grid_id, police_grid_id = s.police_grid_id
    FROM app.grid_shape s
    WHERE c.id = subject AND c.station_id = app.my_station()
      AND s.plan_id = c.plan_id AND s.grid_id = c.neighbour_grid_id
      AND c.neighbour_grid_id IN (SELECT app.my_grids()) AND c.grid_id NOT IN (SELECT app.my_grids());
    RETURN FOUND;
END $$;

REVOKE EXECUTE ON FUNCTION app.my_teams(), app.take_over_ground(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.my_teams() TO shuangge_web, shuangge_worker;
GRANT EXECUTE ON FUNCTION app.take_over_ground(uuid) TO shuangge_web;

-- Work that comes again by the clock is asked for once per station.
CREATE POLICY stations_dispatch ON app.station FOR SELECT TO shuangge_worker USING (true);

-- How to reach who reported without an account is kept for half a year; those of Open311 count from the report.
CREATE OR REPLACE FUNCTION app.forget_contacts() RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (DELETE FROM app.resident_contact WHERE station_id = app.my_station() AND keep_until <= now() RETURNING 1),
         far AS (DELETE FROM app.open311_contact o USING app.case_file c
                 WHERE o.station_id = app.my_station() AND c.id = o.case_id
                   AND c.reported_at <= now() - interval '180 days' RETURNING 1)
    SELECT ((SELECT count(*) FROM gone) + (SELECT count(*) FROM far))::integer
$$;
GRANT EXECUTE ON FUNCTION app.forget_contacts() TO shuangge_worker;

-- Hazards are verified by a second person; wires are first ordered to be corrected (rule on fire safety of
-- high-rise buildings, art. 47), houses graded by a qualified body (JGJ 125-2016).
UPDATE app.hazard_class SET second_look = true WHERE kind = 'hazard' AND station_id IS NULL;
UPDATE app.hazard_class SET asked_before_end = '{correction}' WHERE code = 'flying_wire';
UPDATE app.hazard_class SET asked_before_end = '{grade}' WHERE code = 'dilapidated_house';
UPDATE app.case_file SET respond_by = least(due_at, reported_at + interval '24 hours') WHERE state = 'reported';
