ALTER POLICY person_read ON app.person USING (
    station_id = (SELECT app.my_station()) AND (
        id = (SELECT app.me())
        OR (SELECT app.my_role()) IN ('station_chief', 'machine', 'system_admin')
        OR category IN ('officer', 'auxiliary', 'grid_worker', 'chief')
        OR ((SELECT app.my_role()) IN ('officer', 'grid_worker')
            AND id IN (SELECT c.reporter_id FROM app.case_file c WHERE c.reporter_id = person.id))));
ALTER POLICY contact_read ON app.contact USING (
    station_id = (SELECT app.my_station()) AND (
        person_id = (SELECT app.me())
        OR (SELECT app.my_role()) IN ('station_chief', 'machine', 'system_admin')
        OR ((SELECT app.my_role()) = 'officer'
            AND person_id IN (SELECT c.reporter_id FROM app.case_file c
                              WHERE c.reporter_id = contact.person_id AND c.grid_id IN (SELECT app.my_grids())))));
