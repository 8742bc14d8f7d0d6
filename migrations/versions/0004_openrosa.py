"""sign-in of form apps, and forms of a station's own."""

import sqlalchemy as sa
from alembic import op

from migrations.statements import run

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hazard_class", sa.Column("station_id", sa.Uuid(), nullable=True), schema="app")
    op.add_column(
        "hazard_class", sa.Column("draft", sa.Boolean(), server_default="false", nullable=False), schema="app"
    )
    op.add_column("hazard_class", sa.Column("source_sha256", sa.String(), nullable=True), schema="app")
    op.create_foreign_key(
        op.f("fk_hazard_class_station_id"),
        "hazard_class",
        "station",
        ["station_id"],
        ["id"],
        source_schema="app",
        referent_schema="app",
    )
    op.create_index(op.f("ix_hazard_class_station_id"), "hazard_class", ["station_id"], schema="app")
    op.create_check_constraint(
        op.f("ck_hazard_class_draft"), "hazard_class", "NOT (draft AND in_use)", schema="app"
    )
    op.create_table(
        "form_file",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("sent_sha256", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id", "case_id"],
            ["app.case_file.station_id", "app.case_file.id"],
            name=op.f("fk_form_file_station_id_case_id"),
        ),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_form_file_station_id")),
        sa.PrimaryKeyConstraint("case_id", "name", name=op.f("pk_form_file")),
        schema="app",
    )
    op.add_column("token", sa.Column("ha1", sa.String(), nullable=True), schema="auth")
    op.create_table(
        "digest_use",
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("count", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("nonce", "count", name=op.f("pk_digest_use")),
        schema="auth",
    )
    op.create_index(op.f("ix_digest_use_at"), "digest_use", ["at"], schema="auth")
    run("0004/up.sql")


def downgrade() -> None:
    run("0004/down.sql")
    op.drop_table("digest_use", schema="auth")
    op.drop_column("token", "ha1", schema="auth")
    op.drop_table("form_file", schema="app")
    op.drop_constraint(op.f("ck_hazard_class_draft"), "hazard_class", schema="app")
    op.drop_index(op.f("ix_hazard_class_station_id"), table_name="hazard_class", schema="app")
    op.drop_constraint(op.f("fk_hazard_class_station_id"), "hazard_class", schema="app")
    op.drop_column("hazard_class", "source_sha256", schema="app")
    op.drop_column("hazard_class", "draft", schema="app")
    op.drop_column("hazard_class", "station_id", schema="app")
