DROP POLICY lead_wall ON app.intake_caller;
DROP POLICY lead_wall ON app.intake_row;
DROP TRIGGER lead_handed_in ON app.case_file;
DROP POLICY lead_wall_work ON app.case_file;
DROP POLICY lead_wall ON app.case_file;
