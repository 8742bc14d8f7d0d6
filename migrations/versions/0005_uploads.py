"""originals of photos that follow their report."""

import sqlalchemy as sa
from alembic import op

from migrations.statements import run

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TAKEN = ("taken_lon", "taken_lat", "taken_accuracy_m")


def upgrade() -> None:
    op.add_column("attachment", sa.Column("preview_sha256", sa.String(), nullable=True), schema="app")
    op.add_column(
        "attachment", sa.Column("awaited", sa.Boolean(), server_default="false", nullable=False), schema="app"
    )
    for name in TAKEN:
        op.add_column("attachment", sa.Column(name, sa.Float(), nullable=True), schema="app")
    op.add_column(
        "attachment", sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True), schema="app"
    )
    op.create_index(
        "ix_attachment_awaited", "attachment", ["sent_sha256"], schema="app", postgresql_where="awaited"
    )
    run("0005/up.sql")


def downgrade() -> None:
    run("0005/down.sql")
    op.drop_index("ix_attachment_awaited", table_name="attachment", schema="app")
    for name in ("taken_at", *reversed(TAKEN), "awaited", "preview_sha256"):
        op.drop_column("attachment", name, schema="app")
