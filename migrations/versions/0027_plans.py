"""plans that are approved, published for a date, withdrawn; lineage, moved ground; drafts as operations."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

from migrations.statements import run

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
STATES = "state IN ('draft', 'in_review', 'approved', 'published', 'withdrawn')"


def _at(name: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _made(name: str = "at") -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _id(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _inside(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["station_id", column],
        [f"app.{target}.station_id", f"app.{target}.id"],
        name=op.f(f"fk_{table}_station_id_{column}"),
    )


def upgrade() -> None:
    _plans()
    _drafts()
    run("0027/plans.sql")
    run("0027/drafts.sql")


def _plans() -> None:
    for column in (
        _id("base_plan_id", nullable=True),
        _id("submitted_by", nullable=True),
        _at("submitted_at"),
        _at("wish_from"),
        _id("approved_by", nullable=True),
        _at("approved_at"),
        _at("published_at"),
        _at("begun_at"),
        _at("withdrawn_at"),
    ):
        op.add_column("plan", column, schema="app")
    for column, target in (("base_plan_id", "plan"), ("submitted_by", "person"), ("approved_by", "person")):
        op.create_foreign_key(
            op.f(f"fk_plan_station_id_{column}"), "plan", target, ["station_id", column],
            ["station_id", "id"], source_schema="app", referent_schema="app",
        )  # fmt: skip
    op.drop_constraint(op.f("ck_plan_state"), "plan", schema="app")
    op.create_check_constraint(op.f("ck_plan_state"), "plan", STATES, schema="app")
    op.create_check_constraint(
        op.f("ck_plan_second_person"), "plan", "approved_by <> submitted_by", schema="app"
    )
    op.create_table(
        "plan_move",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        _id("plan_id"),
        _id("station_id"),
        _id("from_grid_id", nullable=True),
        _id("to_grid_id", nullable=True),
        _id("from_police_grid_id", nullable=True),
        _id("to_police_grid_id", nullable=True),
        sa.Column("area_m2", sa.Float(), nullable=False),
        sa.Column("households", sa.Float(), nullable=False),
        sa.Column("geom", Geometry("MULTIPOLYGON", 4326, spatial_index=False), nullable=False),
        _inside("plan_move", "plan_id", "plan"),
        _inside("plan_move", "from_grid_id", "grid"),
        _inside("plan_move", "to_grid_id", "grid"),
        _inside("plan_move", "from_police_grid_id", "police_grid"),
        _inside("plan_move", "to_police_grid_id", "police_grid"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_move")),
        schema="app",
    )
    op.create_index("ix_plan_move_plan_id", "plan_move", ["plan_id"], schema="app")
    op.create_table(
        "grid_lineage",
        _id("plan_id"),
        _id("predecessor_id"),
        _id("successor_id"),
        _id("station_id"),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("area_share", sa.Float(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('split', 'merge')", name=op.f("ck_grid_lineage_kind")),
        sa.CheckConstraint("predecessor_id <> successor_id", name=op.f("ck_grid_lineage_two")),
        _inside("grid_lineage", "plan_id", "plan"),
        _inside("grid_lineage", "predecessor_id", "grid"),
        _inside("grid_lineage", "successor_id", "grid"),
        sa.PrimaryKeyConstraint("plan_id", "predecessor_id", "successor_id", name=op.f("pk_grid_lineage")),
        schema="app",
    )
    for column in ("predecessor_id", "successor_id"):
        op.create_index(f"ix_grid_lineage_{column}", "grid_lineage", [column], schema="app")


def _drafts() -> None:
    op.create_table(
        "draft_start",
        _id("id"),
        _id("station_id"),
        _id("plan_id", nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _made(),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_draft_start_station_id")),
        _inside("draft_start", "plan_id", "plan"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_start")),
        sa.UniqueConstraint("station_id", "id", name=op.f("uq_draft_start_station_id_id")),
        sa.UniqueConstraint("plan_id", name=op.f("uq_draft_start_plan_id")),
        schema="app",
    )
    op.create_table(
        "draft",
        _id("id"),
        _id("station_id"),
        sa.Column("name", sa.String(), nullable=False),
        _id("base_plan_id", nullable=True),
        _id("start_id"),
        sa.Column("source", JSONB, server_default="{}", nullable=False),
        sa.Column("head", sa.Integer(), server_default="0", nullable=False),
        _id("mark", nullable=True),
        _id("plan_id", nullable=True),
        _id("share"),
        _id("made_by", nullable=True),
        _made("created_at"),
        _made("changed_at"),
        _at("dropped_at"),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_draft_station_id")),
        _inside("draft", "base_plan_id", "plan"),
        _inside("draft", "start_id", "draft_start"),
        _inside("draft", "plan_id", "plan"),
        _inside("draft", "made_by", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
        sa.UniqueConstraint("station_id", "id", name=op.f("uq_draft_station_id_id")),
        sa.UniqueConstraint("share", name=op.f("uq_draft_share")),
        schema="app",
    )
    op.create_table(
        "draft_part",
        _id("draft_id"),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        _id("station_id"),
        sa.Column("body", JSONB, nullable=True),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("meant", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('node', 'line', 'grid', 'police_grid', 'lock')", name=op.f("ck_draft_part_kind")
        ),
        _inside("draft_part", "draft_id", "draft"),
        sa.PrimaryKeyConstraint("draft_id", "kind", "id", name=op.f("pk_draft_part")),
        schema="app",
    )
    op.create_index("ix_draft_part_draft_id_rev", "draft_part", ["draft_id", "rev"], schema="app")
    op.create_table(
        "plan_operation",
        _id("draft_id"),
        sa.Column("seq", sa.Integer(), nullable=False),
        _id("id"),
        _id("station_id"),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("body", JSONB, nullable=False),
        sa.Column("inverse", JSONB, nullable=False),
        sa.Column("undo_top", sa.Integer(), nullable=True),
        sa.Column("undo_below", sa.Integer(), nullable=True),
        sa.Column("redo_top", sa.Integer(), nullable=True),
        sa.Column("redo_below", sa.Integer(), nullable=True),
        _id("by_id", nullable=True),
        _made(),
        _inside("plan_operation", "draft_id", "draft"),
        _inside("plan_operation", "by_id", "person"),
        sa.PrimaryKeyConstraint("draft_id", "seq", name=op.f("pk_plan_operation")),
        sa.UniqueConstraint("id", name=op.f("uq_plan_operation_id")),
        schema="app",
    )
    op.create_index(
        "ix_plan_operation_draft_id_by_id", "plan_operation", ["draft_id", "by_id", "seq"], schema="app"
    )
    op.create_table(
        "draft_comment",
        _id("id"),
        _id("draft_id"),
        _id("station_id"),
        _id("by_id", nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        _made(),
        sa.CheckConstraint("(lon IS NULL) = (lat IS NULL)", name=op.f("ck_draft_comment_point")),
        _inside("draft_comment", "draft_id", "draft"),
        _inside("draft_comment", "by_id", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_comment")),
        schema="app",
    )
    op.create_index("ix_draft_comment_draft_id", "draft_comment", ["draft_id", "at"], schema="app")


def downgrade() -> None:
    run("0027/down.sql")
    for table in ("draft_comment", "plan_operation", "draft_part", "draft", "draft_start"):
        op.drop_table(table, schema="app")
    op.drop_table("grid_lineage", schema="app")
    op.drop_table("plan_move", schema="app")
    op.drop_constraint(op.f("ck_plan_second_person"), "plan", schema="app")
    op.drop_constraint(op.f("ck_plan_state"), "plan", schema="app")
    op.execute("UPDATE app.plan SET state = 'draft' WHERE state IN ('in_review', 'approved')")
    op.create_check_constraint(
        op.f("ck_plan_state"), "plan", "state IN ('draft', 'published', 'withdrawn')", schema="app"
    )
    for column in ("approved_by", "submitted_by", "base_plan_id"):
        op.drop_constraint(op.f(f"fk_plan_station_id_{column}"), "plan", schema="app")
    for column in (
        "withdrawn_at", "begun_at", "published_at", "approved_at", "approved_by", "wish_from", "submitted_at",
        "submitted_by", "base_plan_id",
    ):  # fmt: skip
        op.drop_column("plan", column, schema="app")
