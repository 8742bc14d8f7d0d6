-- Takes back what the other files of this version made; the tables' own policies go with the tables.
DROP POLICY stranger_own ON app.case_file;
DROP FUNCTION auth.open311_station(text),
    app.open311_public(text[], text[], timestamptz, timestamptz, boolean, boolean, boolean, integer);
