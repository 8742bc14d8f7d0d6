-- Short codes of places, tracking codes of residents, cards that set a phone up: the steps that need more than
-- their caller may do.

-- A fresh code for a place's sign: seven letters without look-alikes and a check letter, the rule of
-- webapp/core/shortcodes.py (253 = 11 x 23: bytes above it would make some letters more frequent).
CREATE FUNCTION app.new_place_code() RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    letters constant text := '34679ACDEFGHJKMNPQRTWXY';
    code text := '';
    total integer := 0;
    byte integer;
BEGIN
    WHILE length(code) < 7 LOOP
        byte := get_byte(public.gen_random_bytes(1), 0);
        CONTINUE WHEN byte >= 253;
        code := code || substr(letters, byte % 23 + 1, 1);
        total := total + (length(code) + 1) * (byte % 23);
    END LOOP;
    RETURN code || substr(letters, total % 23 + 1, 1);
END $$;
UPDATE app.place SET code = app.new_place_code();

-- For whom nobody is signed in yet (login role): which station a page, a sign or a tracking code belongs to.
CREATE FUNCTION auth.open_stations() RETURNS TABLE (id uuid, code text, name jsonb, synthetic boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.id, s.code::text, s.name, s.synthetic FROM app.station s ORDER BY s.code
$$;

CREATE FUNCTION auth.station_of_place(wanted text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.station_id FROM app.place p WHERE p.code = wanted AND p.closed_at IS NULL
$$;

CREATE FUNCTION auth.station_of_ticket(hash bytea) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.station_id FROM app.resident_ticket t WHERE t.code_hash = hash
$$;

-- The hash of what a stranger's report said, when this very form was sent before; nobody else can know its id.
CREATE FUNCTION app.known_ticket(report uuid, hash bytea) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.content_hash FROM app.resident_ticket t JOIN app.case_file c ON c.id = t.case_id
    WHERE t.case_id = report AND t.code_hash = hash AND t.station_id = app.my_station()
$$;

-- The case that a code stands for, for the steps below; NULL for none. Only strangers come this way.
CREATE FUNCTION app.ticket_case(hash bytea) RETURNS app.case_file
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.* FROM app.resident_ticket t JOIN app.case_file c ON c.id = t.case_id
    WHERE t.code_hash = hash AND t.station_id = app.my_station() AND app.my_role() = 'public'
$$;

-- What the resident who holds a code may know: never a person, never another case; the photo of the cure only
-- when the case is closed and not restricted.
CREATE FUNCTION app.tracked(hash bytea)
RETURNS TABLE (case_id uuid, grid_id uuid, number text, kind text, title jsonb, state text, restricted boolean,
               police_grid text, reported_at timestamptz, accepted_at timestamptz, closed_at timestamptz,
               answer text, contact boolean, photos integer, satisfied boolean, notes jsonb, cures jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    mine app.case_file := app.ticket_case(hash);
BEGIN
    IF mine.id IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT mine.id, mine.grid_id, mine.number::text, mine.kind::text, h.title, mine.state::text,
        mine.restricted, k.name::text, mine.reported_at, mine.accepted_at, mine.closed_at, mine.closing_note::text,
        EXISTS (SELECT 1 FROM app.resident_contact r WHERE r.case_id = mine.id AND r.keep_until > now()),
        (SELECT count(*)::integer FROM app.attachment a WHERE a.case_id = mine.id AND a.purpose = 'found'),
        (SELECT n.satisfied FROM app.resident_note n WHERE n.case_id = mine.id AND n.satisfied IS NOT NULL
         ORDER BY n.at DESC LIMIT 1),
        (SELECT coalesce(jsonb_agg(jsonb_build_object('at', n.at, 'note', n.note) ORDER BY n.at), '[]')
         FROM app.resident_note n WHERE n.case_id = mine.id AND n.note <> ''),
        CASE WHEN mine.state = 'closed' AND NOT mine.restricted THEN
            (SELECT coalesce(jsonb_agg(jsonb_build_object('sha256', a.sha256, 'media_type', a.media_type)
                                       ORDER BY a.id), '[]')
             FROM app.attachment a WHERE a.case_id = mine.id AND a.purpose = 'closed' AND NOT a.damaged)
        ELSE '[]' END
        FROM app.hazard_class h, app.police_grid k
        WHERE h.code = mine.class_code AND h.version = mine.class_version AND k.id = mine.police_grid_id;
END $$;

-- Words, and after closing the judgement, of the resident who holds a code. False when they are there already.
CREATE FUNCTION app.add_resident_note(hash bytea, note_id uuid, words text, judgement boolean) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mine app.case_file := app.ticket_case(hash);
BEGIN
    INSERT INTO app.resident_note (id, case_id, station_id, note, satisfied)
    VALUES (note_id, mine.id, mine.station_id, words, judgement) ON CONFLICT (id) DO NOTHING;
    RETURN FOUND;
END $$;

-- A further photo of the resident who holds a code. False when it is there already.
CREATE FUNCTION app.add_resident_photo(hash bytea, file jsonb) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mine app.case_file := app.ticket_case(hash);
BEGIN
    INSERT INTO app.attachment
        (case_id, station_id, purpose, sent_sha256, sha256, media_type, size, width, height)
        SELECT mine.id, mine.station_id, 'found', f.sent_sha256, f.sha256, f.media_type, f.size, f.width, f.height
        FROM jsonb_to_record(file) AS f (sent_sha256 text, sha256 text, media_type text, size integer,
                                         width integer, height integer)
        ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;

-- Takes the contact data of the resident who holds a code away for good. False when there are none.
CREATE FUNCTION app.withdraw_contact(hash bytea) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mine app.case_file := app.ticket_case(hash);
BEGIN
    DELETE FROM app.resident_contact r WHERE r.case_id = mine.id;
    RETURN FOUND;
END $$;

-- Contact data whose time is over go; until then nobody could read them any more (the policy looks at the time).
CREATE FUNCTION app.forget_contacts() RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (DELETE FROM app.resident_contact WHERE station_id = app.my_station() AND keep_until <= now() RETURNING 1)
    SELECT count(*)::integer FROM gone
$$;

-- The grids whose disputes a mediator may read: those of the posting.
CREATE FUNCTION app.mediated_grids() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
    WITH duty AS (
        SELECT p.grid_id, p.police_grid_id FROM app.posting p
        WHERE p.person_id = app.me() AND p.station_id = app.my_station() AND app.my_role() = 'mediator'
          AND p.since_at <= now() AND (p.until_at IS NULL OR p.until_at > now())
    )
    SELECT grid_id FROM duty WHERE grid_id IS NOT NULL
    UNION
    SELECT s.grid_id FROM app.grid_shape s
    JOIN app.plan n ON n.id = s.plan_id AND n.station_id = app.my_station() AND n.state = 'published'
                   AND n.valid_from <= now() AND (n.valid_to IS NULL OR n.valid_to > now())
    WHERE s.police_grid_id IN (SELECT police_grid_id FROM duty)
$$;

-- A printed card that signs a person's phone in once: made by the chief or the system admin, for volunteers and
-- grid workers only (whoever holds the paper is that person, so nobody may make himself one of a higher role).
-- A new card ends the old one that was not used. NULL when there is no such person with such an account.
CREATE FUNCTION app.issue_card(person uuid, token uuid, hash bytea, days integer) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    holder uuid;
    made timestamptz;
BEGIN
    IF app.my_role() NOT IN ('station_chief', 'system_admin') OR app.my_role() IS NULL THEN
        RAISE EXCEPTION 'only the chief and the system admin make cards' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT a.id INTO holder FROM auth.account a
    WHERE a.person_id = person AND a.station_id = app.my_station() AND a.disabled_at IS NULL
      AND a.role IN ('volunteer', 'grid_worker');
    IF holder IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE auth.token SET revoked_at = now() WHERE account_id = holder AND card AND revoked_at IS NULL;
    INSERT INTO auth.token (id, account_id, secret_hash, scope, card, expires_at)
    VALUES (token, holder, hash, 'enrol', true, now() + make_interval(days => least(days, 30)))
    RETURNING expires_at INTO made;
    RETURN made;
END $$;

REVOKE EXECUTE ON FUNCTION app.new_place_code(), app.known_ticket(uuid, bytea),
    app.ticket_case(bytea), app.tracked(bytea), app.add_resident_note(bytea, uuid, text, boolean),
    app.add_resident_photo(bytea, jsonb), app.withdraw_contact(bytea), app.forget_contacts(), app.mediated_grids(),
    app.issue_card(uuid, uuid, bytea, integer), auth.open_stations(), auth.station_of_place(text),
    auth.station_of_ticket(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.open_stations(), auth.station_of_place(text), auth.station_of_ticket(bytea)
    TO shuangge_login;
GRANT EXECUTE ON FUNCTION app.new_place_code(), app.mediated_grids()
    TO shuangge_web, shuangge_worker;
GRANT EXECUTE ON FUNCTION app.known_ticket(uuid, bytea), app.tracked(bytea),
    app.add_resident_note(bytea, uuid, text, boolean), app.add_resident_photo(bytea, jsonb),
    app.withdraw_contact(bytea), app.forget_contacts(), app.issue_card(uuid, uuid, bytea, integer) TO shuangge_web;
