-- Doors to the machine's work, which is the worker's alone: what waits, runs and was given up in the own station.

-- Nothing of what a job is about: its name, how it went, and the kind of its last error (a message may hold words).
CREATE FUNCTION app.jobs_open(most integer)
RETURNS TABLE (id bigint, name text, state text, attempts integer, run_at timestamptz, created_at timestamptz, error text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT j.id, j.name::text, j.state::text, j.attempts, j.run_at, j.created_at,
           left(split_part(j.last_error, ':', 1), 80)
    FROM app.job j
    WHERE j.station_id = app.my_station() AND app.my_role() IN ('system_admin', 'station_chief')
      AND j.state IN ('ready', 'leased', 'dead')
    ORDER BY (j.state = 'dead') DESC, (j.state = 'leased') DESC, j.run_at, j.id
    LIMIT least(most, 1000)
$$;

CREATE FUNCTION app.jobs_counted() RETURNS TABLE (state text, jobs bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT j.state::text, count(*) FROM app.job j
    WHERE j.station_id = app.my_station() AND app.my_role() IN ('system_admin', 'station_chief')
      AND j.state IN ('ready', 'leased', 'dead')
    GROUP BY j.state
$$;

-- A new life for what was given up: for the named one, or for all (NULL). Returns which.
CREATE FUNCTION app.restart_jobs(wanted bigint) RETURNS SETOF bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF app.my_role() IS DISTINCT FROM 'system_admin' THEN
        RAISE EXCEPTION 'only the system admin restarts jobs' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM pg_notify('shuangge_job', '');
    RETURN QUERY
    UPDATE app.job j SET state = 'ready', attempts = 0, run_at = now()
    WHERE j.station_id = app.my_station() AND j.state = 'dead' AND (wanted IS NULL OR j.id = wanted)
    RETURNING j.id;
END $$;

CREATE INDEX ix_job_dead ON app.job (station_id) WHERE state = 'dead';

-- Asked every few minutes: what has an end that runs.
CREATE INDEX ix_case_file_running ON app.case_file (station_id, due_at)
    WHERE state IN ('reported', 'accepted', 'dispatched', 'handling', 'fed_back');

-- A step that ends my assignment takes the case out of my sight (handed back, dispatched on, put to another case):
-- the row after it is not mine to read, which an UPDATE of my own would have to. The caller is held to what was
-- given to him, and to the columns of a case's later life, as by policy case_assigned_work and its grants.
CREATE FUNCTION app.leave_case(subject uuid, wanted jsonb) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    held app.case_file;
    n app.case_file;
BEGIN
    SELECT * INTO held FROM app.case_file c
    WHERE c.id = subject AND c.station_id = app.my_station()
      AND (c.assigned_to = app.me() OR c.assigned_team IN (SELECT app.my_teams()))
      AND (NOT c.restricted OR app.my_role() = 'officer')
    FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    n := jsonb_populate_record(held, wanted);
    UPDATE app.case_file c SET
        state = n.state, revision = n.revision, handler_id = n.handler_id, accepted_at = n.accepted_at,
        closed_at = n.closed_at, closing_note = n.closing_note, due_at = n.due_at, respond_by = n.respond_by,
        assigned_to = n.assigned_to, assigned_team = n.assigned_team, pending = n.pending,
        pending_by = n.pending_by, pending_until = n.pending_until, level = n.level, priority = n.priority,
        duplicate_of = n.duplicate_of, fed_back_by = n.fed_back_by, fed_back_at = n.fed_back_at,
        verified_by = n.verified_by, paused_at = n.paused_at, paused_left_s = n.paused_left_s,
        reopened = n.reopened, facts = n.facts
    WHERE c.id = held.id;
    RETURN true;
END $$;

-- The checks of all policies for UPDATE are joined by OR: one that only asked for the station let reporters write any state.
ALTER POLICY case_assigned_work ON app.case_file WITH CHECK (
    station_id = (SELECT app.my_station())
    AND (assigned_to = (SELECT app.me()) OR assigned_team IN (SELECT app.my_teams()))
    AND (NOT restricted OR (SELECT app.my_role()) = 'officer'));

REVOKE EXECUTE ON FUNCTION app.jobs_open(integer), app.jobs_counted(), app.restart_jobs(bigint),
    app.leave_case(uuid, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.jobs_open(integer), app.jobs_counted(), app.restart_jobs(bigint),
    app.leave_case(uuid, jsonb) TO shuangge_web;
