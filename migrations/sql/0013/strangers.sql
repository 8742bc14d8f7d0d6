-- Exports and imports have no place among strangers and volunteers. "No person" is not one person: whoever has
-- none (a stranger) must not be taken for the administrator's command, which has none either.
DROP POLICY import_own ON app.import_file;
CREATE POLICY import_own ON app.import_file USING (
    station_id = (SELECT app.my_station()) AND (
        (SELECT app.my_role()) IN ('station_chief', 'machine')
        OR ((SELECT app.my_role()) = 'system_admin' AND person_id = (SELECT app.me()))))
    WITH CHECK (station_id = (SELECT app.my_station()) AND (
        (SELECT app.my_role()) IN ('station_chief', 'machine')
        OR ((SELECT app.my_role()) = 'system_admin' AND person_id = (SELECT app.me()))));

DROP POLICY export_ask ON app.export_file;
CREATE POLICY export_ask ON app.export_file FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND person_id IS NOT DISTINCT FROM (SELECT app.me())
    AND role = (SELECT app.my_role())
    AND (SELECT app.my_role()) IN ('station_chief', 'system_admin', 'officer', 'machine'));

-- The quarantine is for what members and programs sent; nobody would know whom to ask about a stranger's.
CREATE POLICY no_stranger ON app.quarantine AS RESTRICTIVE
    USING ((SELECT app.my_role()) IS DISTINCT FROM 'public');
