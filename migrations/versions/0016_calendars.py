"""calendar of days, working hours, limits as data."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.statements import run

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

UNITS = "('clock_hour', 'working_hour', 'working_day', 'day')"
TABLES = ("limit_rule", "working_hours", "day_change", "calendar_day", "calendar_year", "station_calendar")
COLUMNS = (
    sa.Column("limit_rule_id", sa.Uuid()),
    sa.Column("clock_unit", sa.String()),
    sa.Column("clock_at", sa.DateTime(timezone=True)),
    sa.Column("clock_since", sa.DateTime(timezone=True)),
    sa.Column("clock_left", sa.Interval()),
)


def upgrade() -> None:
    op.create_table(
        "station_calendar",
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("alarmed_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["station_id"], ["app.station.id"], name=op.f("fk_station_calendar_station_id")
        ),
        sa.PrimaryKeyConstraint("station_id", name=op.f("pk_station_calendar")),
        schema="app",
    )
    op.create_table(
        "calendar_year",
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_version", sa.String(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("imported_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["station_id", "imported_by"],
            ["app.person.station_id", "app.person.id"],
            name=op.f("fk_calendar_year_station_id_imported_by"),
        ),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_calendar_year_station_id")),
        sa.PrimaryKeyConstraint("station_id", "year", name=op.f("pk_calendar_year")),
        schema="app",
    )
    op.create_table(
        "calendar_day",
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint(
            "kind IN ('working', 'weekend', 'holiday', 'make_up')", name=op.f("ck_calendar_day_kind")
        ),
        sa.CheckConstraint("year = EXTRACT(year FROM day)", name=op.f("ck_calendar_day_year")),
        sa.ForeignKeyConstraint(
            ["station_id", "year"],
            ["app.calendar_year.station_id", "app.calendar_year.year"],
            name=op.f("fk_calendar_day_station_id_year"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("station_id", "day", name=op.f("pk_calendar_day")),
        schema="app",
    )
    op.create_table(
        "day_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("works", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "by_id"],
            ["app.person.station_id", "app.person.id"],
            name=op.f("fk_day_change_station_id_by_id"),
        ),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_day_change_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_day_change")),
        schema="app",
    )
    op.create_index(
        "ix_day_change_station_id_day", "day_change", ["station_id", "day"], unique=False, schema="app"
    )
    op.create_table(
        "working_hours",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("spans", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "by_id"],
            ["app.person.station_id", "app.person.id"],
            name=op.f("fk_working_hours_station_id_by_id"),
        ),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_working_hours_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_working_hours")),
        schema="app",
    )
    op.create_index(
        "ix_working_hours_station_id_since",
        "working_hours",
        ["station_id", "since"],
        unique=False,
        schema="app",
    )
    op.create_table(
        "limit_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=True),
        sa.Column("class_code", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("respond_amount", sa.Integer(), nullable=True),
        sa.Column("respond_unit", sa.String(), nullable=True),
        sa.Column("close_amount", sa.Integer(), nullable=False),
        sa.Column("close_unit", sa.String(), nullable=False),
        sa.Column("pauses", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("extension_amount", sa.Integer(), nullable=True),
        sa.Column("extension_unit", sa.String(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint(
            "(extension_amount IS NULL) = (extension_unit IS NULL) AND (extension_amount IS NULL OR "
            f"(extension_amount BETWEEN 1 AND 9999 AND extension_unit IN {UNITS}))",
            name=op.f("ck_limit_rule_extension"),
        ),
        sa.CheckConstraint(
            "(respond_amount IS NULL) = (respond_unit IS NULL) AND (respond_amount IS NULL OR "
            f"(respond_amount BETWEEN 1 AND 9999 AND respond_unit IN {UNITS}))",
            name=op.f("ck_limit_rule_respond"),
        ),
        sa.CheckConstraint(
            f"close_amount BETWEEN 1 AND 9999 AND close_unit IN {UNITS}",
            name=op.f("ck_limit_rule_close"),
        ),
        sa.CheckConstraint("priority BETWEEN 0 AND 2", name=op.f("ck_limit_rule_priority")),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_limit_rule_valid")),
        sa.ForeignKeyConstraint(
            ["station_id", "by_id"],
            ["app.person.station_id", "app.person.id"],
            name=op.f("fk_limit_rule_station_id_by_id"),
        ),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_limit_rule_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_limit_rule")),
        schema="app",
    )
    op.create_index("ix_limit_rule_class_code", "limit_rule", ["class_code"], unique=False, schema="app")
    op.create_index(
        "ix_limit_rule_open",
        "limit_rule",
        ["station_id", "class_code", "priority"],
        unique=True,
        schema="app",
        postgresql_where="valid_to IS NULL",
        postgresql_nulls_not_distinct=True,
    )
    for column in COLUMNS:
        op.add_column("case_file", column._copy(), schema="app")
    op.create_foreign_key(
        op.f("fk_case_file_limit_rule_id"),
        "case_file",
        "limit_rule",
        ["limit_rule_id"],
        ["id"],
        source_schema="app",
        referent_schema="app",
    )
    op.create_check_constraint(
        op.f("ck_case_file_clock"),
        "case_file",
        "(clock_unit IS NULL) = (clock_at IS NULL) AND (clock_unit IS NULL) = (clock_left IS NULL)"
        f" AND clock_unit IN {UNITS}",
        schema="app",
    )
    run("0016/walls.sql")
    run("0016/hot_path.sql")


def downgrade() -> None:
    run("0016/down.sql")
    op.drop_constraint(op.f("ck_case_file_clock"), "case_file", schema="app")
    for column in reversed(COLUMNS):
        op.drop_column("case_file", column.name, schema="app")
    for table in TABLES:
        op.drop_table(table, schema="app")
