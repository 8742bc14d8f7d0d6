"""attempts, referrals, restricted leads and visits."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

from migrations.statements import run

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLES = (
    "visit_detail",
    "visit",
    "visit_person",
    "visit_interval",
    "lead_read",
    "referral",
    "referral_number",
    "non_police",
    "attempt",
    "body",
    "attempt_result",
)


def upgrade() -> None:
    _referrals()
    _reads()
    _visits()
    run("0020/functions.sql")
    run("0020/walls.sql")
    run("0020/data.sql")


def _referrals() -> None:
    op.create_table(
        "attempt_result",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("title", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_attempt_result")),
        schema="app",
    )
    op.create_table(
        "body",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("duties", sa.String(), server_default="", nullable=False),
        sa.Column("classes", postgresql.JSONB(none_as_null=True), server_default="[]", nullable=False),
        sa.Column("contact", sa.String(), server_default="", nullable=False),
        sa.Column("phone", sa.String(), server_default="", nullable=False),
        sa.Column("answer_days", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("answer_days BETWEEN 1 AND 90", name=op.f("ck_body_answer_days")),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_body_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_body")),
        sa.UniqueConstraint("station_id", "code", name=op.f("uq_body_station_id_code")),
        sa.UniqueConstraint("station_id", "id", name=op.f("uq_body_station_id_id")),
        schema="app",
    )
    op.create_table(
        "referral_number",
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"], ["app.station.id"], name=op.f("fk_referral_number_station_id")
        ),
        sa.PrimaryKeyConstraint("station_id", "year", name=op.f("pk_referral_number")),
        schema="app",
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("words", sa.String(), server_default="", nullable=False),
        sa.Column("address", sa.String(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "geom",
            Geometry(geometry_type="POINT", srid=4326, dimension=2, spatial_index=False),
            nullable=True,
        ),
        sa.Column("raw_x", sa.Double(), nullable=True),
        sa.Column("raw_y", sa.Double(), nullable=True),
        sa.Column("raw_crs", sa.String(), nullable=True),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["result"], ["app.attempt_result.code"], name=op.f("fk_attempt_result")),
        sa.ForeignKeyConstraint(
            ["station_id", "case_id"],
            ["app.case_file.station_id", "app.case_file.id"],
            name=op.f("fk_attempt_station_id_case_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "person_id"],
            ["app.person.station_id", "app.person.id"],
            name=op.f("fk_attempt_station_id_person_id"),
        ),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_attempt_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        schema="app",
    )
    op.create_index("ix_attempt_case_id_at", "attempt", ["case_id", "at"], unique=False, schema="app")
    op.create_index("ix_attempt_person_id_at", "attempt", ["person_id", "at"], unique=False, schema="app")
    op.create_table(
        "non_police",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.String(), server_default="", nullable=False),
        sa.Column("marked_by", sa.Uuid(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id", "case_id"],
            ["app.case_file.station_id", "app.case_file.id"],
            name=op.f("fk_non_police_station_id_case_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "marked_by"],
            ["app.person.station_id", "app.person.id"],
            name=op.f("fk_non_police_station_id_marked_by"),
        ),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_non_police_station_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_non_police")),
        schema="app",
    )
    op.create_index(
        op.f("ix_non_police_station_id"), "non_police", ["station_id"], unique=False, schema="app"
    )
    op.create_table(
        "referral",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("body_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="prepared", nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.Column("law", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("photos", postgresql.JSONB(none_as_null=True), server_default="[]", nullable=False),
        sa.Column("reporter", sa.String(), server_default="", nullable=False),
        sa.Column("reason", sa.String(), server_default="", nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_how", sa.String(), nullable=True),
        sa.Column("delivered_to", sa.String(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("receipt_number", sa.String(), nullable=True),
        sa.Column("receipt_on", sa.Date(), nullable=True),
        sa.Column("receipt_sha256", sa.String(), nullable=True),
        sa.Column("receipt_media", sa.String(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("answer_words", sa.String(), nullable=True),
        sa.Column("answer_sha256", sa.String(), nullable=True),
        sa.Column("answer_media", sa.String(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recall_words", sa.String(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("reporter = '' OR reason <> ''", name=op.f("ck_referral_reporter")),
        sa.CheckConstraint(
            "state IN ('prepared', 'delivered', 'receipted', 'accepted', 'done', 'refused', 'recalled')",
            name=op.f("ck_referral_state"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "body_id"],
            ["app.body.station_id", "app.body.id"],
            name=op.f("fk_referral_station_id_body_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "case_id"],
            ["app.case_file.station_id", "app.case_file.id"],
            name=op.f("fk_referral_station_id_case_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "made_by"],
            ["app.person.station_id", "app.person.id"],
            name=op.f("fk_referral_station_id_made_by"),
        ),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_referral_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral")),
        sa.UniqueConstraint("station_id", "id", name=op.f("uq_referral_station_id_id")),
        sa.UniqueConstraint("station_id", "number", name=op.f("uq_referral_station_id_number")),
        schema="app",
    )
    op.create_index(
        "ix_referral_body_id_made_at", "referral", ["body_id", "made_at"], unique=False, schema="app"
    )
    op.create_index(
        "ix_referral_due_at",
        "referral",
        ["station_id", "due_at"],
        unique=False,
        schema="app",
        postgresql_where="answered_at IS NULL",
    )
    op.create_index(
        "ix_referral_open",
        "referral",
        ["case_id"],
        unique=True,
        schema="app",
        postgresql_where="ended_at IS NULL",
    )


def _reads() -> None:
    op.create_table(
        "lead_read",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("reader_id", sa.Uuid(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), server_default="", nullable=False),
        sa.Column("words", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint("what <> 'opened' OR purpose <> ''", name=op.f("ck_lead_read_purpose")),
        sa.CheckConstraint(
            "what IN ('opened', 'handed_in', 'page', 'api', 'photo', 'person')",
            name=op.f("ck_lead_read_what"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "reader_id"],
            ["app.person.station_id", "app.person.id"],
            name=op.f("fk_lead_read_station_id_reader_id"),
        ),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_lead_read_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_read")),
        schema="app",
    )
    op.create_index("ix_lead_read_reader_id_at", "lead_read", ["reader_id", "at"], unique=False, schema="app")
    op.create_index(
        "ix_lead_read_station_id_id", "lead_read", ["station_id", "id"], unique=False, schema="app"
    )


def _visits() -> None:
    op.create_table(
        "visit_interval",
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("risk", sa.String(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.CheckConstraint("days BETWEEN 1 AND 366", name=op.f("ck_visit_interval_days")),
        sa.ForeignKeyConstraint(
            ["station_id"], ["app.station.id"], name=op.f("fk_visit_interval_station_id")
        ),
        sa.PrimaryKeyConstraint("station_id", "risk", name=op.f("pk_visit_interval")),
        schema="app",
    )
    op.create_table(
        "visit_person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("initials", sa.String(), nullable=False),
        sa.Column("risk", sa.String(), nullable=False),
        sa.Column("minor", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("grid_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("visitor_id", sa.Uuid(), nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=True),
        sa.Column("since_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("risk IN ('high', 'key', 'general')", name=op.f("ck_visit_person_risk")),
        sa.CheckConstraint("visitor_id IS DISTINCT FROM second_id", name=op.f("ck_visit_person_visitors")),
        sa.ForeignKeyConstraint(
            ["station_id", "grid_id"],
            ["app.grid.station_id", "app.grid.id"],
            name=op.f("fk_visit_person_station_id_grid_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "officer_id"],
            ["app.person.station_id", "app.person.id"],
            name=op.f("fk_visit_person_station_id_officer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "second_id"],
            ["app.person.station_id", "app.person.id"],
            name=op.f("fk_visit_person_station_id_second_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "visitor_id"],
            ["app.person.station_id", "app.person.id"],
            name=op.f("fk_visit_person_station_id_visitor_id"),
        ),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_visit_person_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_person")),
        sa.UniqueConstraint("station_id", "id", name=op.f("uq_visit_person_station_id_id")),
        schema="app",
    )
    op.create_index("ix_visit_person_officer_id", "visit_person", ["officer_id"], unique=False, schema="app")
    op.create_index("ix_visit_person_second_id", "visit_person", ["second_id"], unique=False, schema="app")
    op.create_index(
        "ix_visit_person_station_id_grid_id",
        "visit_person",
        ["station_id", "grid_id"],
        unique=False,
        schema="app",
    )
    op.create_index("ix_visit_person_visitor_id", "visit_person", ["visitor_id"], unique=False, schema="app")
    op.create_table(
        "visit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("words", sa.String(), server_default="", nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "result IN ('well', 'help_needed', 'worse', 'not_met', 'refused', 'away')",
            name=op.f("ck_visit_result"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "by_id"],
            ["app.person.station_id", "app.person.id"],
            name=op.f("fk_visit_station_id_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "person_id"],
            ["app.visit_person.station_id", "app.visit_person.id"],
            name=op.f("fk_visit_station_id_person_id"),
        ),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_visit_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        schema="app",
    )
    op.create_index("ix_visit_person_id_at", "visit", ["person_id", "at"], unique=False, schema="app")
    op.create_table(
        "visit_detail",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), server_default="", nullable=False),
        sa.Column("guardian", sa.String(), server_default="", nullable=False),
        sa.Column("guardian_phone", sa.String(), server_default="", nullable=False),
        sa.Column("note", sa.String(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id", "person_id"],
            ["app.visit_person.station_id", "app.visit_person.id"],
            name=op.f("fk_visit_detail_station_id_person_id"),
        ),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_visit_detail_station_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_visit_detail")),
        schema="app",
    )


def downgrade() -> None:
    run("0020/down.sql")
    for table in TABLES:
        op.drop_table(table, schema="app")
    run("0020/down_after.sql")
