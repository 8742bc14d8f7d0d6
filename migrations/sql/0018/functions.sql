-- Merging: who leads leads alone, and who was merged stays informed of the leading case, of nobody else.

-- Whoever writes `duplicate_of`: it names a case that is itself no duplicate, of the same kind and behind the same
-- wall, and never leads back. Two mergings in opposite directions wait for each other's row, and one is refused.
CREATE FUNCTION app.lead_case() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lead app.case_file;
    next uuid := NEW.duplicate_of;
BEGIN
    WHILE next IS NOT NULL LOOP
        IF next = NEW.id THEN
            RAISE EXCEPTION 'a case can not lead itself' USING ERRCODE = 'check_violation', CONSTRAINT = 'case_file_no_circle';
        END IF;
        SELECT * INTO lead FROM app.case_file c WHERE c.id = next AND c.station_id = NEW.station_id FOR UPDATE;
        IF NOT FOUND THEN
            RETURN NEW;  -- the foreign key refuses it
        END IF;
        NEW.duplicate_of := lead.id;
        next := lead.duplicate_of;
    END LOOP;
    IF lead.kind <> NEW.kind OR lead.restricted <> NEW.restricted OR lead.kind = 'lead' THEN
        RAISE EXCEPTION 'these cases are no one matter' USING ERRCODE = 'check_violation', CONSTRAINT = 'case_file_one_matter';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lead_case BEFORE INSERT OR UPDATE OF duplicate_of ON app.case_file
    FOR EACH ROW WHEN (NEW.duplicate_of IS NOT NULL) EXECUTE FUNCTION app.lead_case();

-- A leading case that is merged itself hands over those that it led.
CREATE FUNCTION app.hand_over_led() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE app.case_file c SET duplicate_of = NEW.duplicate_of
    WHERE c.duplicate_of = NEW.id AND c.station_id = NEW.station_id;
    RETURN NULL;
END $$;
CREATE TRIGGER hand_over_led AFTER UPDATE OF duplicate_of ON app.case_file
    FOR EACH ROW WHEN (NEW.duplicate_of IS NOT NULL) EXECUTE FUNCTION app.hand_over_led();

-- How far the leading cases have come, of merged cases that are mine: reported by me, seen by me too, handled by me,
-- or (a stranger) known by their ids. Nothing of who reported them.
CREATE FUNCTION app.lead_states(asked uuid[])
RETURNS TABLE (case_id uuid, number text, state text, accepted_at timestamptz, closed_at timestamptz,
               closing_note text, handler text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    who uuid := app.me();
    role text := app.my_role();
BEGIN
    RETURN QUERY
    SELECT c.id, l.number::text, l.state::text, l.accepted_at, l.closed_at, l.closing_note::text,
           CASE WHEN h.category IN ('officer', 'auxiliary', 'grid_worker', 'chief') THEN h.name::text END
    FROM app.case_file c
    JOIN app.case_file l ON l.id = c.duplicate_of AND l.station_id = c.station_id
    LEFT JOIN app.person h ON h.id = l.handler_id
    WHERE c.id = ANY (asked) AND c.station_id = app.my_station() AND (
        c.reporter_id = who
        OR EXISTS (SELECT FROM app.voice v WHERE v.case_id = c.id AND v.person_id = who)
        OR app.sees_station()
        OR (role IN ('officer', 'grid_worker') AND (NOT c.restricted OR role = 'officer')
            AND (c.grid_id IN (SELECT app.my_grids()) OR c.neighbour_grid_id IN (SELECT app.my_grids())))
        OR (role = 'mediator' AND c.kind = 'dispute' AND c.grid_id IN (SELECT app.mediated_grids()))
        OR (role = 'public' AND c.reporter_id IS NULL AND c.id = ANY (
            string_to_array(nullif(current_setting('app.own_reports', true), ''), ',')::uuid[])));
END $$;

REVOKE EXECUTE ON FUNCTION app.lead_case(), app.hand_over_led(), app.lead_states(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.lead_states(uuid[]) TO shuangge_web, shuangge_worker;
