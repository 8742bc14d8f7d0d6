-- What each database role may touch at all; rows are cut by the policies.

GRANT USAGE ON SCHEMA app TO shuangge_web, shuangge_worker;
GRANT USAGE ON SCHEMA auth TO shuangge_login;
GRANT EXECUTE ON FUNCTION app.context(), app.me(), app.my_station(), app.my_role(), app.sees_station(), app.my_grids()
    TO shuangge_web, shuangge_worker;

GRANT SELECT ON app.station, app.person, app.contact, app.team, app.membership, app.device, app.division,
    app.community, app.plan, app.grid, app.police_grid, app.grid_shape, app.police_grid_shape, app.posting,
    app.hazard_class, app.case_file, app.attachment, app.place, app.patrol, app.fix, app.grid_presence,
    app.event, app.quarantine TO shuangge_web, shuangge_worker;
GRANT INSERT ON app.case_file, app.attachment, app.quarantine, app.device TO shuangge_web, shuangge_worker;
-- Number and time of an event are the database's own: nobody dates what he did.
GRANT INSERT (station_id, name, subject_kind, subject_id, grid_id, by_id, data) ON app.event
    TO shuangge_web, shuangge_worker;
-- What was reported stays as it was reported: only the columns of its later life may change.
GRANT UPDATE (state, accepted_at, closed_at, closing_note, handler_id, due_at, revision) ON app.case_file TO shuangge_web;
GRANT UPDATE (state, case_id, note, settled_at) ON app.quarantine TO shuangge_web;
GRANT UPDATE (revoked_at, label) ON app.device TO shuangge_web;
-- Planners import grids and publish plans (policies cut the roles).
GRANT INSERT, UPDATE ON app.community, app.plan, app.grid, app.police_grid, app.grid_shape, app.police_grid_shape,
    app.posting, app.place TO shuangge_web;

GRANT UPDATE (thumbnail_sha256, damaged) ON app.attachment TO shuangge_worker;
GRANT UPDATE (state, plan_id, grid_id, police_grid_id, neighbour_grid_id, due_at, revision) ON app.case_file TO shuangge_worker;
GRANT INSERT, UPDATE, DELETE ON app.job, app.outbox TO shuangge_worker;
GRANT SELECT ON app.job, app.outbox TO shuangge_worker;
GRANT INSERT, UPDATE ON app.grid_presence TO shuangge_worker;

GRANT SELECT ON auth.account, auth.session, auth.token, auth.throttle TO shuangge_login;
-- Signing in makes sessions; it never makes accounts or tokens, nor changes a role.
GRANT UPDATE (password_hash, failures, locked_until, language) ON auth.account TO shuangge_login;
GRANT INSERT ON auth.session, auth.throttle, auth.access TO shuangge_login;
GRANT UPDATE (seen_at, ended_at) ON auth.session TO shuangge_login;
GRANT UPDATE (seen_at, expires_at, revoked_at) ON auth.token TO shuangge_login;
GRANT UPDATE, DELETE ON auth.throttle TO shuangge_login;
GRANT DELETE ON auth.session, auth.token TO shuangge_login;
