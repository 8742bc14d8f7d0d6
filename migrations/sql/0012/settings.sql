-- The chief and the administrator set what their station allows; name, code and ground stay as they were entered.
CREATE POLICY station_set ON app.station FOR UPDATE USING (
    id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('station_chief', 'system_admin'));
GRANT UPDATE (settings) ON app.station TO shuangge_web;

-- How to reach who sent a report by Open311 is for the police alone, as residents' contact data are.
DROP POLICY contact_read ON app.open311_contact;
CREATE POLICY contact_read ON app.open311_contact FOR SELECT USING (
    station_id = (SELECT app.my_station())
    AND (SELECT app.my_role()) IN ('officer', 'station_chief', 'machine')
    AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));

-- Words that a stranger adds to an own Open311 report, whose unguessable id he was given as token. Says what came
-- of it: added, known, full, or nothing for no such report.
CREATE FUNCTION app.add_open311_note(report uuid, note_id uuid, words text, most integer)
RETURNS TABLE (outcome text, case_id uuid, grid_id uuid)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    mine app.case_file;
BEGIN
    SELECT c.* INTO mine FROM app.case_file c
    WHERE c.id = report AND c.station_id = app.my_station() AND c.source = 'open311' AND c.reporter_id IS NULL
      AND app.my_role() = 'public'
    FOR NO KEY UPDATE;
    IF mine.id IS NULL THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM app.resident_note n WHERE n.id = note_id AND n.case_id = mine.id) THEN
        RETURN QUERY SELECT 'known', mine.id, mine.grid_id;
    ELSIF (SELECT count(*) FROM app.resident_note n WHERE n.case_id = mine.id) >= most THEN
        RETURN QUERY SELECT 'full', mine.id, mine.grid_id;
    ELSE
        INSERT INTO app.resident_note (id, case_id, station_id, note)
        VALUES (note_id, mine.id, mine.station_id, words);
        RETURN QUERY SELECT 'added', mine.id, mine.grid_id;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION app.add_open311_note(uuid, uuid, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.add_open311_note(uuid, uuid, text, integer) TO shuangge_web;
