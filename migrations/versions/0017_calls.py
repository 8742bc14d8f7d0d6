"""two-way calls and everybody who was called."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

from migrations.statements import run

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NOW = sa.text("now()")


def _time(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _inside(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["station_id", column],
        [f"app.{target}.station_id", f"app.{target}.id"],
        name=op.f(f"fk_{table}_station_id_{column}"),
    )


def upgrade() -> None:
    _call()
    _call_target()
    op.create_index("ix_call_station_id_called_at", "call", ["station_id", "called_at"], schema="app")
    op.create_index("ix_call_caller_id_called_at", "call", ["caller_id", "called_at"], schema="app")
    op.create_index(
        "ix_call_case_id", "call", ["case_id"], schema="app", postgresql_where="case_id IS NOT NULL"
    )
    op.create_index(
        "ix_call_target_person_id_called_at", "call_target", ["person_id", "called_at"], schema="app"
    )
    run("0017/functions.sql")
    run("0017/walls.sql")


def _call() -> None:
    op.create_geospatial_table(
        "call",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("words", sa.String(), server_default="", nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("raw_x", sa.Double(), nullable=False),
        sa.Column("raw_y", sa.Double(), nullable=False),
        sa.Column("raw_crs", sa.String(), nullable=False),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("grid_id", sa.Uuid(), nullable=False),
        sa.Column("police_grid_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("caller_id", sa.Uuid(), nullable=False),
        sa.Column("aim", sa.String(), nullable=False),
        sa.Column("aim_id", sa.Uuid(), nullable=True),
        sa.Column("radius_m", sa.Double(), nullable=True),
        sa.Column("wanted", sa.Integer(), server_default="1", nullable=False),
        sa.Column("taken", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.String(), server_default="ringing", nullable=False),
        sa.Column("level", sa.Integer(), server_default="0", nullable=False),
        sa.Column("acknowledge_s", sa.Integer(), nullable=False),
        sa.Column("response_s", sa.Integer(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        _time("next_at"),
        sa.Column("close_at", sa.DateTime(timezone=True), nullable=False),
        _time("acknowledged_at"),
        _time("answered_at"),
        _time("arrived_at"),
        _time("ended_at"),
        sa.Column("ended_by_id", sa.Uuid(), nullable=True),
        sa.Column("end_words", sa.String(), server_default="", nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "direction IN ('grid_to_police', 'police_to_grid')", name=op.f("ck_call_direction")
        ),
        sa.CheckConstraint("aim IN ('ground', 'person', 'team', 'around')", name=op.f("ck_call_aim")),
        sa.CheckConstraint(
            "state IN ('ringing', 'acknowledged', 'answered', 'done', 'cancelled', 'unanswered')",
            name=op.f("ck_call_state"),
        ),
        sa.CheckConstraint(
            "(state IN ('done', 'cancelled', 'unanswered')) = (ended_at IS NOT NULL)",
            name=op.f("ck_call_end"),
        ),
        sa.CheckConstraint(
            "wanted BETWEEN 1 AND 20 AND taken BETWEEN 0 AND wanted", name=op.f("ck_call_wanted")
        ),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_call_station_id")),
        _inside("call", "caller_id", "person"),
        _inside("call", "case_id", "case_file"),
        _inside("call", "grid_id", "grid"),
        _inside("call", "police_grid_id", "police_grid"),
        _inside("call", "ended_by_id", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint("station_id", "id", name=op.f("uq_call_station_id_id")),
        schema="app",
    )


def _call_target() -> None:
    op.create_table(
        "call_target",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("caller_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Integer(), server_default="0", nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="called", nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        _time("acknowledged_at"),
        _time("taken_at"),
        _time("arrived_at"),
        _time("declined_at"),
        _time("stood_down_at"),
        sa.Column("note", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state IN ('called', 'acknowledged', 'taken', 'declined', 'stood_down')",
            name=op.f("ck_call_target_state"),
        ),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_call_target_station_id")),
        _inside("call_target", "call_id", "call"),
        _inside("call_target", "person_id", "person"),
        _inside("call_target", "caller_id", "person"),
        sa.PrimaryKeyConstraint("call_id", "person_id", name=op.f("pk_call_target")),
        schema="app",
    )


def downgrade() -> None:
    run("0017/down.sql")
    op.drop_table("call_target", schema="app")
    op.drop_geospatial_table("call", schema="app")
