-- Whoever sent, or saw too, what was merged into another case is told how far that one has come: state, closing words
-- and the photo of the cure, nothing of its reporters. What was merged is not offered as "the same thing" any more.

CREATE OR REPLACE FUNCTION app.my_voices()
RETURNS TABLE (id uuid, number text, class_code text, class_version integer, state text, found_at timestamptz,
               accepted_at timestamptz, closed_at timestamptz, closing_note text, grid text, police_grid text,
               handler text, voices integer, note text, voiced_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.id, c.number::text, c.class_code::text, c.class_version, l.state::text, c.found_at, l.accepted_at,
           l.closed_at, l.closing_note::text, g.name::text, k.name::text,
           CASE WHEN h.category IN ('officer', 'auxiliary', 'grid_worker', 'chief') THEN h.name::text END,
           c.voices, v.note::text, v.at
    FROM app.voice v
    JOIN app.case_file c ON c.id = v.case_id
    JOIN app.case_file l ON l.id = coalesce(c.duplicate_of, c.id)
    JOIN app.grid g ON g.id = c.grid_id
    JOIN app.police_grid k ON k.id = c.police_grid_id
    LEFT JOIN app.person h ON h.id = l.handler_id
    WHERE v.person_id = app.me() AND v.station_id = app.my_station()
    ORDER BY v.at DESC LIMIT 200;
END $$;

CREATE OR REPLACE FUNCTION app.open_cases_near(class text, lon float8, lat float8, kx float8, ky float8, radius float8)
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
      AND c.state NOT IN ('closed', 'rejected', 'duplicate', 'withdrawn')
      AND ST_Distance(ST_Scale(c.geom, kx, ky), ST_Point(lon * kx, lat * ky, 4326)) <= radius
    ORDER BY 7, c.found_at DESC LIMIT 5;
END $$;

CREATE OR REPLACE FUNCTION app.open311_public(numbers text[], codes text[], since timestamptz, until timestamptz,
                                   open_too boolean, closed_too boolean, changed boolean, most integer)
RETURNS TABLE (number text, class_code text, title jsonb, limit_h integer, state text, reported_at timestamptz,
               accepted_at timestamptz, closed_at timestamptz, due_at timestamptz, lon float8, lat float8)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF app.my_role() IS DISTINCT FROM 'public' OR NOT EXISTS (
            SELECT FROM app.station s WHERE s.id = app.my_station()
            AND coalesce((s.settings #>> '{open311,read}')::boolean, false)) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT c.number::text, c.class_code::text, h.title, h.limit_h, l.state::text, c.reported_at, l.accepted_at,
           l.closed_at, c.due_at, round(ST_X(c.geom)::numeric, 3)::float8, round(ST_Y(c.geom)::numeric, 3)::float8
    FROM app.case_file c
    JOIN app.case_file l ON l.id = coalesce(c.duplicate_of, c.id)
    JOIN app.hazard_class h ON h.code = c.class_code AND h.version = c.class_version
    WHERE c.station_id = app.my_station() AND h.public AND h.kind = 'hazard' AND NOT h.restricted AND NOT c.restricted
      AND (numbers IS NULL OR c.number = ANY (numbers))
      AND (codes IS NULL OR c.class_code = ANY (codes))
      AND (numbers IS NOT NULL OR c.reported_at BETWEEN since AND until
           OR (changed AND (l.accepted_at BETWEEN since AND until OR l.closed_at BETWEEN since AND until)))
      AND (numbers IS NOT NULL OR (CASE WHEN l.state = 'closed' THEN closed_too ELSE open_too END))
    ORDER BY c.reported_at DESC, c.number DESC LIMIT most;
END $$;

-- It tells one thing more now, so it is made anew.
DROP FUNCTION app.tracked(bytea);
CREATE FUNCTION app.tracked(hash bytea)
RETURNS TABLE (case_id uuid, grid_id uuid, number text, kind text, title jsonb, state text, restricted boolean,
               police_grid text, reported_at timestamptz, accepted_at timestamptz, closed_at timestamptz,
               answer text, contact boolean, photos integer, satisfied boolean, notes jsonb, cures jsonb, merged boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    mine app.case_file := app.ticket_case(hash);
    lead app.case_file;
BEGIN
    IF mine.id IS NULL THEN
        RETURN;
    END IF;
    SELECT * INTO lead FROM app.case_file c WHERE c.id = coalesce(mine.duplicate_of, mine.id);
    RETURN QUERY SELECT mine.id, mine.grid_id, mine.number::text, mine.kind::text, h.title, lead.state::text,
        mine.restricted, k.name::text, mine.reported_at, lead.accepted_at, lead.closed_at, lead.closing_note::text,
        EXISTS (SELECT 1 FROM app.resident_contact r WHERE r.case_id = mine.id AND r.keep_until > now()),
        (SELECT count(*)::integer FROM app.attachment a WHERE a.case_id = mine.id AND a.purpose = 'found'),
        (SELECT n.satisfied FROM app.resident_note n WHERE n.case_id = mine.id AND n.satisfied IS NOT NULL
         ORDER BY n.at DESC LIMIT 1),
        (SELECT coalesce(jsonb_agg(jsonb_build_object('at', n.at, 'note', n.note) ORDER BY n.at), '[]')
         FROM app.resident_note n WHERE n.case_id = mine.id AND n.note <> ''),
        CASE WHEN lead.state = 'closed' AND NOT mine.restricted THEN
            (SELECT coalesce(jsonb_agg(jsonb_build_object('sha256', a.sha256, 'media_type', a.media_type)
                                       ORDER BY a.id), '[]')
             FROM app.attachment a WHERE a.case_id = lead.id AND a.purpose = 'closed' AND NOT a.damaged)
        ELSE '[]' END,
        mine.duplicate_of IS NOT NULL
        FROM app.hazard_class h, app.police_grid k
        WHERE h.code = mine.class_code AND h.version = mine.class_version AND k.id = mine.police_grid_id;
END $$;
REVOKE EXECUTE ON FUNCTION app.tracked(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.tracked(bytea) TO shuangge_web;
