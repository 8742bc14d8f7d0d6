-- As before, with what a preview needs: the original may follow, and where the photo was taken is kept.
CREATE OR REPLACE FUNCTION app.write_report(report jsonb, files jsonb, year integer) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    next record;
    given text;
BEGIN
    SELECT * INTO next FROM app.next_case_number(year);
    given := next.station_code || '-' || year || '-' || lpad(next.serial::text, 6, '0');
    INSERT INTO app.case_file
        SELECT * FROM jsonb_populate_record(NULL::app.case_file, report || jsonb_build_object('number', given))
        ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN
        PERFORM app.return_case_number(year, next.serial);
        RETURN NULL;
    END IF;
    INSERT INTO app.attachment
        (case_id, station_id, purpose, sent_sha256, sha256, media_type, size, width, height,
         preview_sha256, awaited, taken_lon, taken_lat, taken_accuracy_m, taken_at)
        SELECT (report->>'id')::uuid, (report->>'station_id')::uuid, 'found',
               f.sent_sha256, f.sha256, f.media_type, f.size, f.width, f.height,
               f.preview_sha256, coalesce(f.awaited, false), f.taken_lon, f.taken_lat, f.taken_accuracy_m, f.taken_at
        FROM jsonb_to_recordset(files) AS f (sent_sha256 text, sha256 text, media_type text, size integer,
                                             width integer, height integer, preview_sha256 text, awaited boolean,
                                             taken_lon float8, taken_lat float8, taken_accuracy_m float8,
                                             taken_at timestamptz);
    RETURN given;
END $$;

-- Puts the original in the place of its preview, in the caller's own reports that wait for it (`only_case`: in
-- that one). Nothing else of an attachment can be changed: a file that is here is never replaced.
CREATE FUNCTION app.complete_file(sent text, kept text, media text, bytes integer, wide integer, high integer,
                                  only_case uuid)
RETURNS TABLE (case_id uuid, number text, grid_id uuid)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE app.attachment a
    SET sha256 = kept, media_type = media, size = bytes, width = wide, height = high, awaited = false,
        thumbnail_sha256 = NULL, damaged = false
    FROM app.case_file c
    WHERE c.id = a.case_id AND c.station_id = app.my_station() AND a.sent_sha256 = sent AND a.awaited
      AND (only_case IS NULL OR c.id = only_case)
      AND (c.reporter_id = app.me() OR (only_case IS NOT NULL AND app.my_role() IN ('station_chief', 'machine')))
    RETURNING c.id, c.number::text, c.grid_id
$$;
REVOKE EXECUTE ON FUNCTION app.complete_file(text, text, text, integer, integer, integer, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.complete_file(text, text, text, integer, integer, integer, uuid) TO shuangge_web;
