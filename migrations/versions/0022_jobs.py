"""what the machine has to do, seen and restarted by the administrator; a case may leave one's own sight."""

from migrations.statements import run

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("0022/jobs.sql")


def downgrade() -> None:
    run("0022/down.sql")
