-- Takes back what settings.sql made.
DROP FUNCTION app.add_open311_note(uuid, uuid, text, integer);
DROP POLICY contact_read ON app.open311_contact;
CREATE POLICY contact_read ON app.open311_contact FOR SELECT USING (
    station_id = (SELECT app.my_station())
    AND (SELECT app.my_role()) IN ('officer', 'grid_worker', 'station_chief', 'machine')
    AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));
REVOKE UPDATE (settings) ON app.station FROM shuangge_web;
DROP POLICY station_set ON app.station;
