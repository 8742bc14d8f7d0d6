-- How many matters somebody or a team has on the table: numbers for whoever dispatches, and no case. What is
-- restricted is not counted.
CREATE FUNCTION app.open_matters() RETURNS TABLE (holder uuid, team boolean, matters bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(c.assigned_team, c.assigned_to, c.handler_id), c.assigned_team IS NOT NULL, count(*)
    FROM app.case_file c
    WHERE c.station_id = app.my_station() AND app.my_role() IN ('officer', 'station_chief', 'machine')
      AND c.state IN ('accepted', 'dispatched', 'handling') AND NOT c.restricted
      AND c.state NOT IN ('closed', 'rejected', 'duplicate', 'withdrawn')
      AND coalesce(c.assigned_team, c.assigned_to, c.handler_id) IS NOT NULL
    GROUP BY 1, 2
$$;
REVOKE EXECUTE ON FUNCTION app.open_matters() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.open_matters() TO shuangge_web;
