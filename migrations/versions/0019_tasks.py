"""assigned tasks, look-backs at closed cases and the rules that plan them."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

from migrations.statements import run

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
NOW = sa.text("now()")
POINT = Geometry(
    geometry_type="POINT",
    srid=4326,
    dimension=2,
    spatial_index=False,
    from_text="ST_GeomFromEWKT",
    name="geometry",
)
STATION = (["station_id"], ["app.station.id"])


def _inside(table: str, target: str, column: str) -> sa.ForeignKeyConstraint:
    there = [f"app.{target}.station_id", f"app.{target}.id"]
    return sa.ForeignKeyConstraint(
        ["station_id", column], there, name=op.f(f"fk_{table}_station_id_{column}")
    )


def upgrade() -> None:
    _tasks()
    _look_backs()
    run("0019/walls.sql")


def _tasks() -> None:
    op.create_geospatial_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("words", JSON, nullable=False),
        sa.Column("geom", POINT, nullable=False),
        sa.Column("raw_x", sa.Float(), nullable=False),
        sa.Column("raw_y", sa.Float(), nullable=False),
        sa.Column("raw_crs", sa.String(), nullable=False),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("address", sa.String(), server_default="", nullable=False),
        sa.Column("grid_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("given_by", sa.Uuid(), nullable=True),
        sa.Column("to_person", sa.Uuid(), nullable=True),
        sa.Column("to_team", sa.Uuid(), nullable=True),
        sa.Column("to_grid", sa.Uuid(), nullable=True),
        sa.Column("due_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), server_default="open", nullable=False),
        sa.Column("taken_by", sa.Uuid(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result_id", sa.Uuid(), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), server_default="", nullable=False),
        sa.Column("result_lon", sa.Float(), nullable=True),
        sa.Column("result_lat", sa.Float(), nullable=True),
        sa.Column("result_accuracy_m", sa.Float(), nullable=True),
        sa.Column("flags", JSON, server_default="[]", nullable=False),
        sa.Column("lapsed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("kind IN ('look_back', 'visit', 'check', 'other')", name=op.f("ck_task_kind")),
        sa.CheckConstraint(
            "state IN ('open', 'taken', 'done', 'failed', 'cancelled')", name=op.f("ck_task_state")
        ),
        sa.CheckConstraint(
            "num_nonnulls(to_person, to_team, to_grid) = 1", name=op.f("ck_task_one_receiver")
        ),
        sa.CheckConstraint("due_until > due_from", name=op.f("ck_task_due")),
        sa.CheckConstraint(
            "kind <> 'look_back' OR case_id IS NULL", name=op.f("ck_task_look_back_names_no_case")
        ),
        sa.CheckConstraint(
            "ST_X(geom) BETWEEN 73 AND 136 AND ST_Y(geom) BETWEEN 3 AND 54",
            name=op.f("ck_task_geom_in_china"),
        ),
        _inside("task", "case_file", "case_id"),
        _inside("task", "grid", "grid_id"),
        _inside("task", "person", "given_by"),
        _inside("task", "person", "to_person"),
        _inside("task", "team", "to_team"),
        _inside("task", "grid", "to_grid"),
        _inside("task", "person", "taken_by"),
        _inside("task", "person", "ended_by"),
        sa.ForeignKeyConstraint(*STATION, name=op.f("fk_task_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("station_id", "id", name=op.f("uq_task_station_id_id")),
        schema="app",
    )
    op.create_index(
        "ix_task_station_id_state_due_until", "task", ["station_id", "state", "due_until"], schema="app"
    )
    for column in ("to_person", "to_team", "to_grid", "case_id"):
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_task_{column}", "task", [column], schema="app", postgresql_where=where)
    op.create_table(
        "task_photo",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("sent_sha256", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        _inside("task_photo", "task", "task_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_photo")),
        sa.UniqueConstraint("task_id", "sent_sha256", name=op.f("uq_task_photo_task_id_sent_sha256")),
        schema="app",
    )


def _look_backs() -> None:
    op.create_table(
        "look_back",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), server_default="planned", nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("barred", postgresql.ARRAY(sa.Uuid()), server_default="{}", nullable=False),
        sa.Column("same_person", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint(
            "state IN ('planned', 'open', 'fine', 'failed', 'cancelled')", name=op.f("ck_look_back_state")
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_look_back_number")),
        _inside("look_back", "case_file", "case_id"),
        sa.ForeignKeyConstraint(*STATION, name=op.f("fk_look_back_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_look_back")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_look_back_case_id_number")),
        schema="app",
    )
    op.create_index(
        "ix_look_back_station_id_due_on",
        "look_back",
        ["station_id", "due_on"],
        schema="app",
        postgresql_where=sa.text("state = 'planned'"),
    )
    op.create_table(
        "look_back_rule",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=True),
        sa.Column("class_code", sa.String(), nullable=True),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("days", JSON, nullable=False),
        sa.Column("jitter_days", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("jitter_days BETWEEN 0 AND 60", name=op.f("ck_look_back_rule_jitter")),
        sa.CheckConstraint("priority BETWEEN 0 AND 2", name=op.f("ck_look_back_rule_priority")),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_look_back_rule_validity")),
        sa.ForeignKeyConstraint(*STATION, name=op.f("fk_look_back_rule_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_look_back_rule")),
        schema="app",
    )
    op.create_index(op.f("ix_look_back_rule_station_id"), "look_back_rule", ["station_id"], schema="app")


def downgrade() -> None:
    run("0019/down.sql")
