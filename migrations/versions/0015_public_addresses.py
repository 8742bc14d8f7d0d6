"""addresses that residents and civic clients type are looked up."""

from migrations.statements import run

revision = "0015"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("0015/addresses.sql")


def downgrade() -> None:
    run("0015/down.sql")
