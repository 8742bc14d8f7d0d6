-- Parties of a case by name and half-hidden number: the wall of the marks, and the wall of leads.

ALTER TABLE app.case_party ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.case_party FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON app.case_party TO shuangge_owner USING (true) WITH CHECK (true);
CREATE POLICY party_read ON app.case_party FOR SELECT USING (
    station_id = (SELECT app.my_station()) AND ((SELECT app.my_role()) = 'machine'
        OR ((SELECT app.my_role()) IN ('station_chief', 'officer')
            AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id))));
CREATE POLICY party_add ON app.case_party FOR INSERT WITH CHECK (
    station_id = (SELECT app.my_station()) AND by_id IS NOT DISTINCT FROM (SELECT app.me())
    AND ((SELECT app.my_role()) = 'machine' OR (SELECT app.my_role()) IN ('station_chief', 'officer'))
    AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));
CREATE POLICY party_strike ON app.case_party FOR DELETE USING (
    station_id = (SELECT app.my_station()) AND (SELECT app.my_role()) IN ('station_chief', 'officer')
    AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));

CREATE POLICY mark_strike ON app.case_mark FOR DELETE USING (
    station_id = (SELECT app.my_station()) AND kind = 'party' AND (SELECT app.my_role()) IN ('station_chief', 'officer')
    AND case_id IN (SELECT c.id FROM app.case_file c WHERE c.id = case_id));

GRANT DELETE ON app.case_mark TO shuangge_web;
GRANT SELECT, INSERT ON app.case_party TO shuangge_web, shuangge_worker;
GRANT DELETE ON app.case_party TO shuangge_web;
