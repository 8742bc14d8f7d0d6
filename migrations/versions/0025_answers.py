"""missing answers are filled in, mediators work on disputes, reports of strangers are confirmed first."""

from migrations.statements import run

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("0025/walls.sql")
    run("0025/strangers.sql")


def downgrade() -> None:
    run("0025/down.sql")
