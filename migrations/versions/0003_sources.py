"""where a report came from, and what kind of matter a class is."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KINDS = "kind IN ('hazard', 'lead', 'dispute', 'opinion')"


def upgrade() -> None:
    op.add_column(
        "case_file", sa.Column("source", sa.String(), server_default="", nullable=False), schema="app"
    )
    op.add_column("case_file", sa.Column("source_ref", sa.String(), nullable=True), schema="app")
    # An order of a hotline has one number there and one case here; found again when it is sent anew.
    op.create_index(
        "ix_case_file_source_ref",
        "case_file",
        ["station_id", "source", "source_ref"],
        unique=True,
        schema="app",
        postgresql_where="source_ref IS NOT NULL",
    )
    op.add_column(
        "hazard_class", sa.Column("kind", sa.String(), server_default="hazard", nullable=False), schema="app"
    )
    op.add_column(
        "hazard_class",
        sa.Column("public", sa.Boolean(), server_default="false", nullable=False),
        schema="app",
    )
    op.execute("UPDATE app.hazard_class SET kind = CASE WHEN restricted THEN 'lead' ELSE 'hazard' END")
    op.execute("UPDATE app.hazard_class SET public = NOT restricted")
    op.create_check_constraint(op.f("ck_hazard_class_kind"), "hazard_class", KINDS, schema="app")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_hazard_class_kind"), "hazard_class", schema="app")
    op.drop_column("hazard_class", "public", schema="app")
    op.drop_column("hazard_class", "kind", schema="app")
    op.drop_index("ix_case_file_source_ref", table_name="case_file", schema="app")
    op.drop_column("case_file", "source_ref", schema="app")
    op.drop_column("case_file", "source", schema="app")
