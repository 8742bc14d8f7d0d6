"""a report in two statements."""

from migrations.statements import run

revision = "0009"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("0009/hot_path.sql")


def downgrade() -> None:
    run("0009/down.sql")
