-- As it was before the originals could follow.
DROP FUNCTION app.complete_file(text, text, text, integer, integer, integer, uuid);
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
        (case_id, station_id, purpose, sent_sha256, sha256, media_type, size, width, height)
        SELECT (report->>'id')::uuid, (report->>'station_id')::uuid, 'found',
               f.sent_sha256, f.sha256, f.media_type, f.size, f.width, f.height
        FROM jsonb_to_recordset(files) AS f (sent_sha256 text, sha256 text, media_type text, size integer,
                                             width integer, height integer);
    RETURN given;
END $$;
