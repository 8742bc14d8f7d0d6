"""first hazard classes."""

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.statements import FILES

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

hazard_class = sa.table(
    "hazard_class",
    sa.column("code"),
    sa.column("version"),
    *(sa.column(name, JSONB) for name in ("title", "hint", "law", "questions")),
    *(sa.column(name) for name in ("icon", "position", "limit_h", "restricted")),
    schema="app",
)


def upgrade() -> None:
    op.bulk_insert(hazard_class, json.loads((FILES / "0002/hazard_classes.json").read_text()))


def downgrade() -> None:
    op.execute("DELETE FROM app.hazard_class WHERE version = 1")
