-- What was not said when a case came (a call, a resident's report) may be answered later by who may work on it; what
-- was said stays as it was said.
CREATE FUNCTION app.keep_answers() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT NEW.answers @> OLD.answers THEN
        RAISE EXCEPTION 'answers that were given stay' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_answers BEFORE UPDATE OF answers ON app.case_file
    FOR EACH ROW EXECUTE FUNCTION app.keep_answers();
REVOKE EXECUTE ON FUNCTION app.keep_answers() FROM PUBLIC;
GRANT UPDATE (answers) ON app.case_file TO shuangge_web;

-- A mediator works on the disputes of the grids where he is posted; he read them before.
CREATE POLICY case_mediate_work ON app.case_file FOR UPDATE USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) = 'mediator' AND kind = 'dispute'
    AND grid_id IN (SELECT app.mediated_grids()));
