-- What a report meets: the hash of what it said when it is known, its class with
-- the limit that counts today and the version of the calendar that limits are counted by, and the grids round its place, as
-- app.areas_near orders them: those of the circle, else the nearest within `margin` metres.
CREATE OR REPLACE FUNCTION app.before_report(ctx text, report uuid, class text, class_version integer, at timestamptz,
                                  lon float8, lat float8, kx float8, ky float8, radius float8, margin float8)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known bytea;
    kind  jsonb;
    near  jsonb;
    mine  uuid;
    reach float8 := radius;
BEGIN
    IF ctx IS NOT NULL THEN
        PERFORM set_config('app.ctx', ctx, true);
    END IF;
    known := app.known_report(report);
    IF known IS NOT NULL THEN
        RETURN jsonb_build_object('known', encode(known, 'hex'));
    END IF;
    SELECT jsonb_build_object('code', c.code, 'version', c.version, 'questions', c.questions,
                              'restricted', c.restricted, 'limit_h', c.limit_h, 'kind', c.kind,
                              'limit', app.limit_of(c.code, 0, (at AT TIME ZONE 'Asia/Shanghai')::date),
                              'calendar', coalesce((SELECT s.version FROM app.station_calendar s
                                                    WHERE s.station_id = app.my_station()), 0)) INTO kind
    FROM app.hazard_class c
    WHERE c.code = class AND CASE WHEN class_version IS NULL THEN c.in_use ELSE c.version = class_version END
      -- This function sees all: a class of another station's own, and a draft, are not there for the caller.
      AND NOT c.draft AND (c.station_id IS NULL OR c.station_id = app.my_station());
    IF lon IS NOT NULL THEN
        mine := app.my_station();
        LOOP
            SELECT jsonb_agg(jsonb_build_array(a.plan_id, a.grid_id, a.code, a.name, a.police_grid_id,
                                               a.police_code, a.police_name, a.covers, a.metres)) INTO near
            FROM app.areas_near(mine, at, lon, lat, kx, ky, reach) a;
            -- The nearest of a box is the nearest of all when it is no farther than the box reaches.
            EXIT WHEN (near->0->>7)::boolean OR (near->0->>8)::float8 <= reach OR reach >= margin;
            reach := least(greatest(reach * 8, 200), margin);
        END LOOP;
    END IF;
    RETURN jsonb_build_object('class', kind, 'near', coalesce(near, '[]'));
END $$;
