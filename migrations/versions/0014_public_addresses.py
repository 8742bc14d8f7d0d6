"""addresses that residents and civic clients type are looked up."""

from migrations.statements import run

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("0014/addresses.sql")


def downgrade() -> None:
    run("0014/down.sql")
