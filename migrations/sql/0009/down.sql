DROP FUNCTION app.station_of(text);
DROP FUNCTION app.next_export_number();
DROP FUNCTION app.reserve_case_numbers(integer, integer, integer);
DROP POLICY admin_teams ON app.team;
REVOKE INSERT ON app.person, app.contact, app.team, app.membership FROM shuangge_web;
REVOKE UPDATE (accepted_at, closed_at, closing_note) ON app.case_file FROM shuangge_worker;
