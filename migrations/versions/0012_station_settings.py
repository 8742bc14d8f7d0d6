"""settings of a station by its chief, and notes of strangers who sent a report by Open311."""

from migrations.statements import run

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("0012/settings.sql")


def downgrade() -> None:
    run("0012/down.sql")
