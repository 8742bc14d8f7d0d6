-- Plans: what was submitted stands still, what is in force stays as it was, codes are used once.

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['plan_move', 'grid_lineage']
    LOOP
        EXECUTE format('ALTER TABLE app.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE app.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON app.%I TO shuangge_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY station_read ON app.%I FOR SELECT
            USING (station_id = (SELECT app.my_station()))', t);
        EXECUTE format('CREATE POLICY machine_write ON app.%I FOR INSERT WITH CHECK (station_id = (SELECT app.my_station())
            AND (SELECT app.my_role()) IN (''machine'', ''station_chief'', ''planner''))', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT ON app.plan_move, app.grid_lineage TO shuangge_web;
GRANT SELECT ON app.plan_move, app.grid_lineage TO shuangge_worker;
-- When a plan's date comes the machine notes it, and lets postings follow grids that were divided or joined.
GRANT UPDATE (begun_at) ON app.plan TO shuangge_worker;
GRANT UPDATE (place_flag) ON app.case_file TO shuangge_worker;
GRANT UPDATE (name) ON app.grid, app.police_grid TO shuangge_worker;
GRANT INSERT ON app.posting TO shuangge_worker;
GRANT UPDATE (until_at) ON app.posting TO shuangge_worker;

-- What was in force before there was a note of it has begun long ago.
UPDATE app.plan SET begun_at = valid_from, published_at = valid_from WHERE state = 'published';

-- A plan goes one way. Published, it keeps its beginning; its end may be set, and moved while it has not come.
CREATE FUNCTION app.guard_plan() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'draft' THEN
            RAISE EXCEPTION 'a plan that was submitted is kept' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF NEW.state <> OLD.state AND NOT (
        (OLD.state = 'draft' AND NEW.state IN ('in_review', 'published', 'withdrawn'))
        OR (OLD.state = 'in_review' AND NEW.state IN ('approved', 'published', 'withdrawn'))
        OR (OLD.state = 'approved' AND NEW.state IN ('published', 'withdrawn'))
        OR (OLD.state = 'published' AND NEW.state = 'withdrawn' AND OLD.valid_from > now())
    ) THEN
        RAISE EXCEPTION 'plan % goes from % to %', OLD.number, OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.state IN ('published', 'withdrawn') AND (
        (NEW.id, NEW.station_id, NEW.number, NEW.name, NEW.source, NEW.base_plan_id, NEW.submitted_by, NEW.approved_by)
        IS DISTINCT FROM
        (OLD.id, OLD.station_id, OLD.number, OLD.name, OLD.source, OLD.base_plan_id, OLD.submitted_by, OLD.approved_by)
        OR NEW.valid_from IS DISTINCT FROM OLD.valid_from
        OR (NEW.valid_to IS DISTINCT FROM OLD.valid_to AND OLD.valid_to <= now())
    ) THEN
        RAISE EXCEPTION 'plan % stays as it was published', OLD.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER plan_guarded BEFORE UPDATE OR DELETE ON app.plan FOR EACH ROW EXECUTE FUNCTION app.guard_plan();

-- The shapes of a plan may change only while it is a draft; a retired grid is in no new plan.
CREATE FUNCTION app.guard_shapes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM touched t JOIN app.plan p ON p.id = t.plan_id WHERE p.state <> 'draft') THEN
        RAISE EXCEPTION 'the shapes of a submitted plan stand still' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION app.guard_new_shapes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM touched t JOIN app.plan p ON p.id = t.plan_id WHERE p.state <> 'draft') THEN
        RAISE EXCEPTION 'the shapes of a submitted plan stand still' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF EXISTS (SELECT FROM touched t JOIN app.grid g ON g.id = t.grid_id WHERE g.retired_at <= now()) THEN
        RAISE EXCEPTION 'a retired grid does not come back' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER shapes_added AFTER INSERT ON app.grid_shape REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION app.guard_new_shapes();
CREATE TRIGGER shapes_changed AFTER UPDATE ON app.grid_shape REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION app.guard_shapes();
CREATE TRIGGER shapes_removed AFTER DELETE ON app.grid_shape REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION app.guard_shapes();
CREATE TRIGGER shapes_added AFTER INSERT ON app.police_grid_shape REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION app.guard_shapes();
CREATE TRIGGER shapes_changed AFTER UPDATE ON app.police_grid_shape REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION app.guard_shapes();
CREATE TRIGGER shapes_removed AFTER DELETE ON app.police_grid_shape REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION app.guard_shapes();

-- A code stands for one grid for ever: it is never changed, its row never deleted, its end never undone.
CREATE FUNCTION app.guard_code() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a code is kept for ever' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.id <> OLD.id OR NEW.code <> OLD.code OR NEW.station_id <> OLD.station_id THEN
        RAISE EXCEPTION 'a code is never given anew' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.retired_at <= now() AND NEW.retired_at IS DISTINCT FROM OLD.retired_at THEN
        RAISE EXCEPTION 'what was retired stays retired' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER grid_guarded BEFORE UPDATE OR DELETE ON app.grid FOR EACH ROW EXECUTE FUNCTION app.guard_code();
CREATE TRIGGER police_grid_guarded BEFORE UPDATE OR DELETE ON app.police_grid
    FOR EACH ROW EXECUTE FUNCTION app.guard_code();

-- Of two who publish, approve or withdraw at once, the second waits until the first has done it.
CREATE FUNCTION app.plans_turn() RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('areas.plans:' || app.my_station()::text, 0))
$$;

-- Open cases follow new boundaries, under the caller's own rights; what was closed meanwhile stays where it was.
CREATE FUNCTION app.follow_ground(news jsonb) RETURNS TABLE (id uuid, grid_id uuid, handler_id uuid)
LANGUAGE sql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE app.case_file c
    SET plan_id = n.plan_id, grid_id = n.grid_id, police_grid_id = n.police_grid_id,
        neighbour_grid_id = n.neighbour_grid_id, place_flag = n.place_flag, revision = c.revision + 1
    FROM jsonb_to_recordset(news) AS n (id uuid, plan_id uuid, grid_id uuid, police_grid_id uuid,
                                        neighbour_grid_id uuid, place_flag text)
    WHERE c.id = n.id AND c.state NOT IN ('closed', 'rejected', 'duplicate', 'withdrawn')
    RETURNING c.id, c.grid_id, c.handler_id
$$;

REVOKE EXECUTE ON FUNCTION app.follow_ground(jsonb), app.guard_plan(), app.guard_shapes(), app.guard_new_shapes(), app.guard_code(),
    app.plans_turn() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.follow_ground(jsonb) TO shuangge_worker;
GRANT EXECUTE ON FUNCTION app.plans_turn() TO shuangge_web, shuangge_worker;
