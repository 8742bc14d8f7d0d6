DROP FUNCTION app.open_matters();
