-- What somebody may know and do about reports of others: that there is one, and that it is seen by more than one.

-- Open hazards of one class in a circle (WGS 84; kx, ky: metres of a degree there), nearest first. Tells only
-- what says whether it is the same thing: number, time, state, distance, a small picture. Restricted matters,
-- disputes and leads never show.
CREATE FUNCTION app.open_cases_near(class text, lon float8, lat float8, kx float8, ky float8, radius float8)
RETURNS TABLE (id uuid, number text, class_code text, class_version integer, state text, found_at timestamptz,
               metres float8, voices integer, mine boolean, voiced boolean, thumbnail_sha256 text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    home uuid := app.my_station();
    who uuid := app.me();
BEGIN
    IF home IS NULL OR who IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT c.id, c.number::text, c.class_code::text, c.class_version, c.state::text, c.found_at,
           ST_Distance(ST_Scale(c.geom, kx, ky), ST_Point(lon * kx, lat * ky, 4326)) AS metres,
           c.voices, c.reporter_id IS NOT DISTINCT FROM who,
           EXISTS (SELECT FROM app.voice v WHERE v.case_id = c.id AND v.person_id = who),
           (SELECT a.thumbnail_sha256::text FROM app.attachment a
            WHERE a.case_id = c.id AND a.purpose = 'found' AND a.thumbnail_sha256 IS NOT NULL
            ORDER BY a.id LIMIT 1)
    FROM app.case_file c
    WHERE c.geom && ST_MakeEnvelope(lon - radius / kx, lat - radius / ky, lon + radius / kx, lat + radius / ky, 4326)
      AND c.station_id = home AND c.class_code = class AND c.kind = 'hazard' AND NOT c.restricted
      AND c.closed_at IS NULL
      AND ST_Distance(ST_Scale(c.geom, kx, ky), ST_Point(lon * kx, lat * ky, 4326)) <= radius
    ORDER BY 7, c.found_at DESC LIMIT 5;
END $$;

-- Adds my voice to an open hazard that another reported; a second time changes nothing. No row: there is no
-- such case for me. `outcome`: added, known, own (I reported it myself) or over (it is closed).
CREATE FUNCTION app.add_voice(subject uuid, words text)
RETURNS TABLE (outcome text, id uuid, number text, state text, grid_id uuid, voices integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    who uuid := app.me();
    it app.case_file;
    said text := 'known';
BEGIN
    SELECT * INTO it FROM app.case_file c
    WHERE c.id = subject AND c.station_id = app.my_station() AND c.kind = 'hazard' AND NOT c.restricted
    FOR UPDATE;
    IF NOT FOUND OR who IS NULL THEN
        RETURN;
    END IF;
    IF it.reporter_id IS NOT DISTINCT FROM who THEN
        said := 'own';
    ELSIF NOT EXISTS (SELECT FROM app.voice v WHERE v.case_id = subject AND v.person_id = who) THEN
        IF it.closed_at IS NOT NULL THEN
            said := 'over';
        ELSE
            said := 'added';
            INSERT INTO app.voice (case_id, person_id, station_id, note) VALUES (subject, who, it.station_id, words);
            UPDATE app.case_file c SET voices = c.voices + 1 WHERE c.id = subject RETURNING c.voices INTO it.voices;
        END IF;
    END IF;
    RETURN QUERY SELECT said, it.id, it.number::text, it.state::text, it.grid_id, it.voices;
END $$;

-- How far the cases have come that I added my voice to: state, answer and who has it, nothing of its reporter.
CREATE FUNCTION app.my_voices()
RETURNS TABLE (id uuid, number text, class_code text, class_version integer, state text, found_at timestamptz,
               accepted_at timestamptz, closed_at timestamptz, closing_note text, grid text, police_grid text,
               handler text, voices integer, note text, voiced_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.id, c.number::text, c.class_code::text, c.class_version, c.state::text, c.found_at, c.accepted_at,
           c.closed_at, c.closing_note::text, g.name::text, k.name::text,
           CASE WHEN h.category IN ('officer', 'auxiliary', 'grid_worker', 'chief') THEN h.name::text END,
           c.voices, v.note::text, v.at
    FROM app.voice v
    JOIN app.case_file c ON c.id = v.case_id
    JOIN app.grid g ON g.id = c.grid_id
    JOIN app.police_grid k ON k.id = c.police_grid_id
    LEFT JOIN app.person h ON h.id = c.handler_id
    WHERE v.person_id = app.me() AND v.station_id = app.my_station()
    ORDER BY v.at DESC LIMIT 200;
END $$;

REVOKE EXECUTE ON FUNCTION app.open_cases_near(text, float8, float8, float8, float8, float8),
    app.add_voice(uuid, text), app.my_voices() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.open_cases_near(text, float8, float8, float8, float8, float8),
    app.add_voice(uuid, text), app.my_voices() TO shuangge_web;
