"""what an officer's desk asks for each time: open cases by ground and by clock, and who has how many."""

import sqlalchemy as sa
from alembic import op

from migrations.statements import run

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

OPEN = "state NOT IN ('closed', 'rejected', 'duplicate', 'withdrawn')"
INDEXES = {
    "open_due": (["station_id", "due_at", "id"], OPEN),
    "open_found": (["station_id", "found_at", "id"], OPEN),
    "open_grid": (["grid_id", "due_at"], OPEN),
    "open_handler": (["station_id", "handler_id"], OPEN),
    "waiting": (["station_id", "respond_by", "id"], "state = 'reported'"),
    "fed_back": (["station_id", "due_at"], "state = 'fed_back'"),
    "pending": (["station_id", "due_at"], "pending IS NOT NULL"),
    "resting": (["station_id", "state", "due_at"], "state IN ('hung_up', 'transferred')"),
    "raised": (["station_id", "due_at"], f"priority > 0 AND {OPEN}"),
    "escalated": (["station_id", "due_at"], f"level > 0 AND {OPEN}"),
}


def upgrade() -> None:
    for name, (columns, where) in INDEXES.items():
        op.create_index(
            f"ix_case_file_{name}", "case_file", columns, schema="app", postgresql_where=sa.text(where)
        )
    run("0021/desk.sql")


def downgrade() -> None:
    run("0021/down.sql")
    for name in INDEXES:
        op.drop_index(f"ix_case_file_{name}", "case_file", schema="app")
