-- The tables of repeats; see webapp/repeats/models.py.

CREATE TABLE app.repeat_terms (
    id UUID NOT NULL,
    station_id UUID NOT NULL,
    class_code VARCHAR DEFAULT '' NOT NULL,
    version INTEGER NOT NULL,
    family VARCHAR DEFAULT '' NOT NULL,
    distance_m DOUBLE PRECISION NOT NULL,
    days INTEGER NOT NULL,
    near_m DOUBLE PRECISION NOT NULL,
    near_h INTEGER NOT NULL,
    place_m DOUBLE PRECISION NOT NULL,
    raised_from INTEGER NOT NULL,
    first_from INTEGER NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    by_id UUID,
    CONSTRAINT pk_repeat_terms PRIMARY KEY (id),
    CONSTRAINT uq_repeat_terms_station_id_class_code_version UNIQUE (station_id, class_code, version),
    CONSTRAINT fk_repeat_terms_station_id_by_id FOREIGN KEY(station_id, by_id) REFERENCES app.person (station_id, id),
    CONSTRAINT ck_repeat_terms_metres CHECK (distance_m BETWEEN 1 AND 500 AND near_m BETWEEN 1 AND 500),
    CONSTRAINT ck_repeat_terms_place CHECK (place_m BETWEEN 1 AND 200),
    CONSTRAINT ck_repeat_terms_span CHECK (days BETWEEN 1 AND 730 AND near_h BETWEEN 1 AND 2160),
    CONSTRAINT ck_repeat_terms_counts CHECK (raised_from >= 2 AND first_from >= raised_from),
    CONSTRAINT fk_repeat_terms_station_id FOREIGN KEY(station_id) REFERENCES app.station (id)
);

CREATE TABLE app.case_mark (
    case_id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    mark VARCHAR NOT NULL,
    station_id UUID NOT NULL,
    by_id UUID,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_case_mark PRIMARY KEY (case_id, kind, mark),
    CONSTRAINT fk_case_mark_station_id_case_id FOREIGN KEY(station_id, case_id) REFERENCES app.case_file (station_id, id),
    CONSTRAINT fk_case_mark_station_id_by_id FOREIGN KEY(station_id, by_id) REFERENCES app.person (station_id, id),
    CONSTRAINT ck_case_mark_kind CHECK (kind IN ('place', 'party'))
);
CREATE INDEX ix_case_mark_mark ON app.case_mark (station_id, kind, mark);

CREATE TABLE app.case_link (
    id UUID NOT NULL,
    station_id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    case_id UUID NOT NULL,
    other_id UUID NOT NULL,
    why VARCHAR[] DEFAULT '{}' NOT NULL,
    distance_m DOUBLE PRECISION,
    hours DOUBLE PRECISION,
    by_id UUID,
    made_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    answer VARCHAR,
    answered_by UUID,
    answered_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_case_link PRIMARY KEY (id),
    CONSTRAINT uq_case_link_case_id_other_id_kind UNIQUE (case_id, other_id, kind),
    CONSTRAINT fk_case_link_station_id_case_id FOREIGN KEY(station_id, case_id) REFERENCES app.case_file (station_id, id),
    CONSTRAINT fk_case_link_station_id_other_id FOREIGN KEY(station_id, other_id) REFERENCES app.case_file (station_id, id),
    CONSTRAINT fk_case_link_station_id_by_id FOREIGN KEY(station_id, by_id) REFERENCES app.person (station_id, id),
    CONSTRAINT fk_case_link_station_id_answered_by FOREIGN KEY(station_id, answered_by) REFERENCES app.person (station_id, id),
    CONSTRAINT ck_case_link_kind CHECK (kind IN ('repeat', 'near', 'merged')),
    CONSTRAINT ck_case_link_order CHECK (case_id <> other_id AND (kind = 'merged' OR case_id < other_id)),
    CONSTRAINT ck_case_link_answer CHECK (answer IS NULL OR (kind = 'near' AND answer IN ('merged', 'not_same')))
);
CREATE INDEX ix_case_link_offers ON app.case_link (station_id, made_at) WHERE kind = 'near' AND answer IS NULL;
CREATE INDEX ix_case_link_other_id ON app.case_link (other_id);

CREATE TABLE app.directive_list (
    id UUID NOT NULL,
    station_id UUID NOT NULL,
    name VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    counts JSONB DEFAULT '{}' NOT NULL,
    by_id UUID,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_directive_list PRIMARY KEY (id),
    CONSTRAINT uq_directive_list_station_id_id UNIQUE (station_id, id),
    CONSTRAINT fk_directive_list_station_id_by_id FOREIGN KEY(station_id, by_id) REFERENCES app.person (station_id, id),
    CONSTRAINT fk_directive_list_station_id FOREIGN KEY(station_id) REFERENCES app.station (id)
);
CREATE INDEX ix_directive_list_station_id ON app.directive_list (station_id);

CREATE TABLE app.directive (
    list_id UUID NOT NULL,
    number INTEGER NOT NULL,
    station_id UUID NOT NULL,
    content JSONB NOT NULL,
    problems JSONB DEFAULT '[]' NOT NULL,
    class_code VARCHAR DEFAULT '' NOT NULL,
    grid_id UUID,
    lon DOUBLE PRECISION,
    lat DOUBLE PRECISION,
    radius_m DOUBLE PRECISION DEFAULT '50' NOT NULL,
    words VARCHAR DEFAULT '' NOT NULL,
    from_on DATE,
    to_on DATE,
    CONSTRAINT pk_directive PRIMARY KEY (list_id, number),
    CONSTRAINT fk_directive_station_id_list_id FOREIGN KEY(station_id, list_id) REFERENCES app.directive_list (station_id, id),
    CONSTRAINT fk_directive_station_id_grid_id FOREIGN KEY(station_id, grid_id) REFERENCES app.grid (station_id, id),
    CONSTRAINT fk_directive_station_id FOREIGN KEY(station_id) REFERENCES app.station (id),
    CONSTRAINT ck_directive_days CHECK (to_on >= from_on)
);
CREATE INDEX ix_directive_station_id_to_on ON app.directive (station_id, to_on);

CREATE TABLE app.weekly_list (
    station_id UUID NOT NULL,
    monday_on DATE NOT NULL,
    police_grid_id UUID NOT NULL,
    cases INTEGER NOT NULL,
    repeats INTEGER NOT NULL,
    rows JSONB NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_weekly_list PRIMARY KEY (station_id, monday_on, police_grid_id),
    CONSTRAINT fk_weekly_list_station_id_police_grid_id FOREIGN KEY(station_id, police_grid_id) REFERENCES app.police_grid (station_id, id),
    CONSTRAINT fk_weekly_list_station_id FOREIGN KEY(station_id) REFERENCES app.station (id)
);
