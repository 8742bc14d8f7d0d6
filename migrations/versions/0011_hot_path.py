"""a report in two statements."""

from migrations.statements import run

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("0011/hot_path.sql")


def downgrade() -> None:
    run("0011/down.sql")
