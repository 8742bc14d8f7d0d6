-- Takes back what the other files of this version made, in the opposite order.
DROP POLICY officer_mends ON app.place;
DROP POLICY officer_adds ON app.place;
DROP POLICY case_mediate ON app.case_file;
DROP POLICY resident_own ON app.case_file;
DROP POLICY stranger_reports ON app.case_file;
DROP POLICY no_stranger ON app.person;
DROP POLICY no_stranger ON app.team;
DROP POLICY no_stranger ON app.posting;
DROP POLICY no_stranger ON app.grid_presence;
DROP POLICY ticket_make ON app.resident_ticket;
DROP POLICY contact_leave ON app.resident_contact;
DROP FUNCTION app.issue_card(uuid, uuid, bytea, integer), app.mediated_grids(), app.forget_contacts(),
    app.withdraw_contact(bytea), app.add_resident_photo(bytea, jsonb),
    app.add_resident_note(bytea, uuid, text, boolean), app.tracked(bytea), app.ticket_case(bytea),
    app.known_ticket(uuid, bytea), auth.station_of_ticket(bytea), auth.station_of_place(text),
    auth.open_stations(), app.new_place_code();
