DROP POLICY no_stranger ON app.quarantine;
DROP POLICY import_own ON app.import_file;
CREATE POLICY import_own ON app.import_file USING (
    station_id = (SELECT app.my_station())
    AND (person_id IS NOT DISTINCT FROM (SELECT app.me()) OR (SELECT app.my_role()) IN ('station_chief', 'machine')))
    WITH CHECK (station_id = (SELECT app.my_station())
    AND (person_id IS NOT DISTINCT FROM (SELECT app.me()) OR (SELECT app.my_role()) IN ('station_chief', 'machine')));
DROP POLICY export_ask ON app.export_file;
CREATE POLICY export_ask ON app.export_file FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND person_id IS NOT DISTINCT FROM (SELECT app.me())
    AND role = (SELECT app.my_role()));
