-- The next number of a station's forms, without gaps: the row stays locked until the caller commits.
CREATE FUNCTION app.next_referral_number(year integer, OUT station_code text, OUT serial integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mine uuid := app.my_station();
BEGIN
    IF app.my_role() IS NULL OR app.my_role() NOT IN ('officer', 'station_chief', 'machine') THEN
        RAISE EXCEPTION 'only officers hand over' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO app.referral_number AS n (station_id, year, last) VALUES (mine, $1, 1)
    ON CONFLICT ON CONSTRAINT pk_referral_number DO UPDATE SET last = n.last + 1
    RETURNING n.last INTO serial;
    SELECT s.code INTO station_code FROM app.station s WHERE s.id = mine;
END $$;

-- The leads that I have given a purpose for within the last fifteen minutes.
CREATE FUNCTION app.leads_open() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.subject_id FROM app.lead_read r
    WHERE r.reader_id = app.me() AND r.station_id = app.my_station() AND r.what IN ('opened', 'handed_in')
      AND r.at > now() - interval '15 minutes'
$$;

-- Whether a case is there already and is a restricted lead: a yes or no about an id, which nobody can guess.
CREATE FUNCTION app.lead_kept(subject uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM app.case_file c WHERE c.id = subject AND c.restricted AND c.kind = 'lead')
$$;

-- Who hands in the lead of another has it before his eyes: that is a read like any other.
CREATE FUNCTION app.lead_handed_in() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF app.me() IS NOT NULL AND NEW.reporter_id IS DISTINCT FROM app.me() THEN
        INSERT INTO app.lead_read (station_id, subject_id, reader_id, what)
        VALUES (NEW.station_id, NEW.id, app.me(), 'handed_in');
    END IF;
    RETURN NULL;
END $$;

-- The restricted leads that I may open, each without its words, its place and its people.
CREATE FUNCTION app.leads_mine()
RETURNS TABLE (id uuid, number text, class_code text, class_version integer, state text, grid text,
               police_grid text, found_at timestamptz, reported_at timestamptz, due_at timestamptz,
               closed_at timestamptz, handled boolean, open_until timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.id, c.number::text, c.class_code::text, c.class_version, c.state::text, g.name::text, k.name::text,
           c.found_at, c.reported_at, c.due_at, c.closed_at, c.handler_id IS NOT NULL,
           (SELECT max(r.at) + interval '15 minutes' FROM app.lead_read r
            WHERE r.subject_id = c.id AND r.reader_id = app.me() AND r.what IN ('opened', 'handed_in')
              AND r.at > now() - interval '15 minutes')
    FROM app.case_file c
    JOIN app.grid g ON g.id = c.grid_id
    JOIN app.police_grid k ON k.id = c.police_grid_id
    WHERE c.station_id = app.my_station() AND c.restricted AND c.kind = 'lead' AND (
        app.my_role() = 'station_chief'
        OR (app.my_role() = 'officer' AND (c.grid_id IN (SELECT app.my_grids())
                                           OR c.neighbour_grid_id IN (SELECT app.my_grids())
                                           OR c.assigned_to = app.me())))
    ORDER BY c.closed_at IS NOT NULL, c.due_at NULLS LAST, c.reported_at DESC;
END $$;

-- Opens one of these leads for fifteen minutes: the purpose is in the log before anything is shown. No row when
-- there is no such lead for me.
CREATE FUNCTION app.open_lead(subject uuid, purpose text, words text)
RETURNS TABLE (number text, open_until timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF length(btrim(coalesce(words, ''))) < 4 OR coalesce(purpose, '') = '' THEN
        RAISE EXCEPTION 'a lead is read for a purpose' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY
    WITH mine AS (SELECT m.id, m.number FROM app.leads_mine() m WHERE m.id = subject),
    noted AS (
        INSERT INTO app.lead_read (station_id, subject_id, reader_id, what, purpose, words)
        SELECT app.my_station(), m.id, app.me(), 'opened', open_lead.purpose, btrim(open_lead.words)
        FROM mine m RETURNING lead_read.at)
    SELECT m.number, n.at + interval '15 minutes' FROM mine m, noted n;
END $$;

-- Notes what I look at of an open lead (page, api, photo). Own reports and the machine's work need no note.
CREATE FUNCTION app.note_lead_read(subject uuid, seen text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO app.lead_read (station_id, subject_id, reader_id, what)
    SELECT app.my_station(), subject, app.me(), seen
    WHERE seen IN ('page', 'api', 'photo') AND subject IN (SELECT app.leads_open())
$$;

-- How many leads each police grid has, open and of the last twelve months; NULL stands for fewer than five.
CREATE FUNCTION app.lead_counts()
RETURNS TABLE (police_grid text, open integer, year integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT k.name::text,
           nullif(greatest(count(*) FILTER (WHERE c.closed_at IS NULL), 4), 4)::integer,
           nullif(greatest(count(*) FILTER (WHERE c.reported_at > now() - interval '1 year'), 4), 4)::integer
    FROM app.police_grid k
    LEFT JOIN app.case_file c ON c.police_grid_id = k.id AND c.restricted AND c.kind = 'lead'
    WHERE k.station_id = app.my_station()
      AND app.my_role() IN ('officer', 'station_chief', 'planner', 'system_admin', 'audit_admin')
    GROUP BY k.id, k.name ORDER BY k.name
$$;

-- Whether I may read a visited person: a visitor, the officer in charge, the chief.
CREATE FUNCTION app.my_visited(person uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM app.visit_person p WHERE p.id = person AND p.station_id = app.my_station() AND (
        app.my_role() = 'station_chief' OR p.officer_id = app.me()
        OR (p.ended_at IS NULL AND app.me() IN (p.visitor_id, p.second_id))))
$$;

-- Who a visited person is, and the words of the visits; the read is in the log first. NULL when it is not for me.
CREATE FUNCTION app.read_visited(person uuid, purpose text, words text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF app.me() IS NULL OR coalesce(purpose, '') = '' OR NOT app.my_visited(person) THEN
        RETURN NULL;
    END IF;
    INSERT INTO app.lead_read (station_id, subject_id, reader_id, what, purpose, words)
    VALUES (app.my_station(), person, app.me(), 'person', purpose, words);
    RETURN (
        SELECT jsonb_build_object('name', d.name, 'address', d.address, 'phone', d.phone, 'guardian', d.guardian,
            'guardian_phone', d.guardian_phone, 'note', d.note, 'visits', (
                SELECT coalesce(jsonb_agg(jsonb_build_object('id', v.id, 'at', v.at, 'result', v.result,
                    'words', v.words, 'by_id', v.by_id) ORDER BY v.at DESC), '[]')
                FROM (SELECT * FROM app.visit w WHERE w.person_id = person ORDER BY w.at DESC LIMIT 50) v))
        FROM app.visit_detail d WHERE d.person_id = person);
END $$;

-- Writes who a visited person is: the chief and the officer in charge.
CREATE FUNCTION app.keep_visited(person uuid, details jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM app.visit_person p WHERE p.id = person AND p.station_id = app.my_station()
                   AND (app.my_role() IN ('station_chief', 'machine')
                        OR (app.my_role() = 'officer' AND p.officer_id = app.me()))) THEN
        RAISE EXCEPTION 'not yours to keep' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO app.visit_detail AS d (person_id, station_id, name, address, phone, guardian, guardian_phone, note)
    SELECT person, app.my_station(), r.name, r.address, r.phone, r.guardian, r.guardian_phone, r.note
    FROM jsonb_to_record(details) AS r (name text, address text, phone text, guardian text, guardian_phone text,
                                        note text)
    ON CONFLICT (person_id) DO UPDATE SET name = excluded.name, address = excluded.address, phone = excluded.phone,
        guardian = excluded.guardian, guardian_phone = excluded.guardian_phone, note = excluded.note;
END $$;

REVOKE EXECUTE ON FUNCTION app.next_referral_number(integer), app.leads_open(), app.lead_kept(uuid),
    app.lead_handed_in(), app.leads_mine(), app.open_lead(uuid, text, text), app.note_lead_read(uuid, text),
    app.lead_counts(), app.my_visited(uuid), app.read_visited(uuid, text, text), app.keep_visited(uuid, jsonb)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.leads_open(), app.lead_kept(uuid) TO shuangge_web, shuangge_worker;
GRANT EXECUTE ON FUNCTION app.next_referral_number(integer), app.leads_mine(), app.open_lead(uuid, text, text),
    app.note_lead_read(uuid, text), app.lead_counts(), app.read_visited(uuid, text, text),
    app.keep_visited(uuid, jsonb) TO shuangge_web;
