DROP FUNCTION app.limit_of(text, integer, date);
DROP FUNCTION app.calendar();
