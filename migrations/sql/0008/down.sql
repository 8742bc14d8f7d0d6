DROP FUNCTION app.intake_known(uuid, text[]);
DROP FUNCTION app.addresses_at(text[]);
DROP FUNCTION app.addresses_like(text);
