ALTER POLICY case_assigned_work ON app.case_file WITH CHECK (station_id = (SELECT app.my_station()));
DROP FUNCTION app.leave_case(uuid, jsonb);
DROP INDEX app.ix_case_file_running;
DROP INDEX app.ix_job_dead;
DROP FUNCTION app.restart_jobs(bigint);
DROP FUNCTION app.jobs_counted();
DROP FUNCTION app.jobs_open(integer);
