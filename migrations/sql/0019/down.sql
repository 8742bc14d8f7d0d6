-- Takes back what walls.sql made; the tables' own policies go with the tables.
DROP POLICY event_task ON app.event;
REVOKE UPDATE (accepted_at, closed_at, closing_note) ON app.case_file FROM shuangge_worker;
DROP TABLE app.look_back_rule, app.look_back, app.task_photo, app.task;
DROP FUNCTION app.barred_from(uuid), app.posted_to(uuid), app.addressed_to_me(uuid, uuid, uuid, uuid);
