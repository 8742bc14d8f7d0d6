"""what an officer's pages ask for: who reported it, what is near it in the own station, which leads wait."""

import sqlalchemy as sa
from alembic import op

from migrations.statements import run

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("0026/reporters.sql")
    op.drop_index("ix_case_file_geom", "case_file", schema="app")
    # With the station in it, a box of one station's cases is one look, however many cases the station has.
    op.create_index(
        "ix_case_file_geom", "case_file", ["geom", "station_id"], schema="app", postgresql_using="gist"
    )
    leads = sa.text("restricted AND kind = 'lead'")
    op.create_index(
        "ix_case_file_lead", "case_file", ["station_id", "due_at"], schema="app", postgresql_where=leads
    )


def downgrade() -> None:
    op.drop_index("ix_case_file_lead", "case_file", schema="app")
    op.drop_index("ix_case_file_geom", "case_file", schema="app")
    op.create_index("ix_case_file_geom", "case_file", ["geom"], schema="app", postgresql_using="gist")
    run("0026/down.sql")
