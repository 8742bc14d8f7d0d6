DROP FUNCTION app.take_report(text, jsonb, jsonb, integer, jsonb);
DROP FUNCTION app.before_report(text, uuid, text, integer, timestamptz, float8, float8, float8, float8, float8, float8);
