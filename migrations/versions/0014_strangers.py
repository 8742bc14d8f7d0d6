"""strangers keep away from exports and imports."""

from migrations.statements import run

revision = "0014"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("0014/strangers.sql")


def downgrade() -> None:
    run("0014/down.sql")
