-- Takes back what functions.sql and walls.sql made; the tables' own policies go with the tables.
DROP POLICY call_event_read ON app.event;
DROP POLICY call_read ON app.call;
DROP POLICY call_work ON app.call;
DROP POLICY target_call ON app.call_target;
DROP FUNCTION app.call_stand_down(uuid), app.call_is_mine(uuid), app.call_open(uuid), app.call_people(uuid[]), app.call_desk(),
    app.call_near(float8, float8, float8, float8, float8, interval), app.call_posted(uuid[], text[], boolean);
