-- Takes back what the other files of this version made, in the opposite order.
DROP POLICY person_voice ON app.person;
DROP FUNCTION app.my_voices(), app.add_voice(uuid, text),
    app.open_cases_near(text, float8, float8, float8, float8, float8);
