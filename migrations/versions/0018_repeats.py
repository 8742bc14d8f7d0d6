"""repeats: terms, links between cases, marks of place and party, directives, weekly lists."""

from migrations.statements import run

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("0018/tables.sql")
    run("0018/walls.sql")
    run("0018/functions.sql")
    run("0018/informed.sql")


def downgrade() -> None:
    run("0018/down.sql")
