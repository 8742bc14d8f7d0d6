"""strangers keep away from exports and imports."""

from migrations.statements import run

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("0013/strangers.sql")


def downgrade() -> None:
    run("0013/down.sql")
