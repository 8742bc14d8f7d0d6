"""calls and orders of other systems, the register of addresses."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

from migrations.statements import run

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KINDS = "kind IN ('hazard', 'lead', 'dispute', 'opinion')"
KINDS_WITH_ORDERS = "kind IN ('hazard', 'lead', 'dispute', 'opinion', 'order')"


def upgrade() -> None:
    op.create_geospatial_table(
        "address",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("normal", sa.String(), nullable=False),
        sa.Column("community", sa.String(), server_default="", nullable=False),
        sa.Column("road", sa.String(), server_default="", nullable=False),
        sa.Column("site", sa.String(), server_default="", nullable=False),
        sa.Column("building", sa.String(), server_default="", nullable=False),
        sa.Column("keys", sa.ARRAY(sa.String()), nullable=False),
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
        sa.Column("source", sa.String(), server_default="", nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_address_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
        sa.UniqueConstraint("station_id", "normal", name=op.f("uq_address_station_id_normal")),
        schema="app",
    )
    op.create_index(
        "ix_address_keys", "address", ["keys"], unique=False, schema="app", postgresql_using="gin"
    )
    op.create_index(
        "ix_address_site",
        "address",
        ["site"],
        unique=False,
        schema="app",
        postgresql_using="gin",
        postgresql_ops={"site": "gin_trgm_ops"},
    )
    op.create_table(
        "intake_source",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column(
            "mapping",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.Column("time_format", sa.String(), server_default="auto", nullable=False),
        sa.Column("zone", sa.String(), server_default="Asia/Shanghai", nullable=False),
        sa.Column("crs", sa.String(), server_default="wgs84", nullable=False),
        sa.Column("accuracy_m", sa.Double(), server_default="50", nullable=False),
        sa.Column("keywords", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("default_class", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('call', 'order', 'other')", name=op.f("ck_intake_source_kind")),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_intake_source_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_source")),
        sa.UniqueConstraint("station_id", "code", name=op.f("uq_intake_source_station_id_code")),
        sa.UniqueConstraint("station_id", "id", name=op.f("uq_intake_source_station_id_id")),
        schema="app",
    )
    op.create_table(
        "intake_upload",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(), server_default="", nullable=False),
        sa.Column(
            "headings",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
        ),
        sa.Column(
            "settings",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.Column("state", sa.String(), server_default="reading", nullable=False),
        sa.Column(
            "counts",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.Column(
            "problems",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('reading', 'read', 'refused', 'taking', 'taken')", name=op.f("ck_intake_upload_state")
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "by_id"],
            ["app.person.station_id", "app.person.id"],
            name=op.f("fk_intake_upload_station_id_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "source_id"],
            ["app.intake_source.station_id", "app.intake_source.id"],
            name=op.f("fk_intake_upload_station_id_source_id"),
        ),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_intake_upload_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_upload")),
        sa.UniqueConstraint("station_id", "id", name=op.f("uq_intake_upload_station_id_id")),
        schema="app",
    )
    op.create_index(
        "ix_intake_upload_station_id_sent_at",
        "intake_upload",
        ["station_id", "sent_at"],
        unique=False,
        schema="app",
    )
    op.create_table(
        "intake_row",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("content", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "problems",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
        ),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("class_code", sa.String(), server_default="", nullable=False),
        sa.Column("word", sa.String(), server_default="", nullable=False),
        sa.Column("raw_x", sa.Double(), nullable=True),
        sa.Column("raw_y", sa.Double(), nullable=True),
        sa.Column("raw_crs", sa.String(), server_default="", nullable=False),
        sa.Column("method", sa.String(), server_default="", nullable=False),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("precision", sa.String(), server_default="", nullable=False),
        sa.Column(
            "candidates",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
        ),
        sa.Column("grid", sa.String(), server_default="", nullable=False),
        sa.Column("police_grid", sa.String(), server_default="", nullable=False),
        sa.Column("place_flag", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("case_number", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state IN ('fine', 'fault', 'known', 'changed', 'skipped', 'taken', 'revised')",
            name=op.f("ck_intake_row_state"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "case_id"],
            ["app.case_file.station_id", "app.case_file.id"],
            name=op.f("fk_intake_row_station_id_case_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "source_id"],
            ["app.intake_source.station_id", "app.intake_source.id"],
            name=op.f("fk_intake_row_station_id_source_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "upload_id"],
            ["app.intake_upload.station_id", "app.intake_upload.id"],
            name=op.f("fk_intake_row_station_id_upload_id"),
        ),
        sa.PrimaryKeyConstraint("upload_id", "number", name=op.f("pk_intake_row")),
        sa.UniqueConstraint(
            "station_id", "upload_id", "number", name=op.f("uq_intake_row_station_id_upload_id_number")
        ),
        schema="app",
    )
    op.create_index(
        "ix_intake_row_case_id",
        "intake_row",
        ["case_id"],
        unique=False,
        schema="app",
        postgresql_where="case_id IS NOT NULL",
    )
    op.create_index(
        "ix_intake_row_versions",
        "intake_row",
        ["source_id", "ref"],
        unique=False,
        schema="app",
        postgresql_where="state IN ('taken', 'revised')",
    )
    op.create_index(
        "ix_intake_row_taken",
        "intake_row",
        ["source_id", "ref"],
        unique=True,
        schema="app",
        postgresql_where="state = 'taken'",
    )
    op.create_table(
        "intake_caller",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("phone", sa.String(), server_default="", nullable=False),
        sa.Column("name", sa.String(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id", "case_id"],
            ["app.case_file.station_id", "app.case_file.id"],
            name=op.f("fk_intake_caller_station_id_case_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "upload_id", "number"],
            ["app.intake_row.station_id", "app.intake_row.upload_id", "app.intake_row.number"],
            name=op.f("fk_intake_caller_station_id_upload_id_number"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("upload_id", "number", name=op.f("pk_intake_caller")),
        schema="app",
    )
    op.create_index("ix_intake_caller_case_id", "intake_caller", ["case_id"], unique=False, schema="app")
    # ### end Alembic commands ###
    run("0008/walls.sql")
    run("0008/functions.sql")
    op.drop_constraint(op.f("ck_hazard_class_kind"), "hazard_class", schema="app")
    op.create_check_constraint(op.f("ck_hazard_class_kind"), "hazard_class", KINDS_WITH_ORDERS, schema="app")
    run("0008/call_order.sql")


def downgrade() -> None:
    op.execute("DELETE FROM app.hazard_class WHERE code = 'call_order'")
    op.drop_constraint(op.f("ck_hazard_class_kind"), "hazard_class", schema="app")
    op.create_check_constraint(op.f("ck_hazard_class_kind"), "hazard_class", KINDS, schema="app")
    run("0008/down.sql")
    op.drop_index("ix_intake_caller_case_id", table_name="intake_caller", schema="app")
    op.drop_table("intake_caller", schema="app")
    op.drop_index("ix_intake_row_versions", table_name="intake_row", schema="app")
    op.drop_index(
        "ix_intake_row_taken", table_name="intake_row", schema="app", postgresql_where="state = 'taken'"
    )
    op.drop_index(
        "ix_intake_row_case_id", table_name="intake_row", schema="app", postgresql_where="case_id IS NOT NULL"
    )
    op.drop_table("intake_row", schema="app")
    op.drop_index("ix_intake_upload_station_id_sent_at", table_name="intake_upload", schema="app")
    op.drop_table("intake_upload", schema="app")
    op.drop_table("intake_source", schema="app")
    op.drop_index(
        "ix_address_site",
        table_name="address",
        schema="app",
        postgresql_using="gin",
        postgresql_ops={"site": "gin_trgm_ops"},
    )
    op.drop_index("ix_address_keys", table_name="address", schema="app", postgresql_using="gin")
    op.drop_geospatial_table("address", schema="app")
    # ### end Alembic commands ###
