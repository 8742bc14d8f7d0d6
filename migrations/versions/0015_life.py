"""the whole life of a case: clocks, assignment, approvals, second look, escalation, reopening."""

import sqlalchemy as sa
from alembic import op

from migrations.statements import run

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

STATES = (
    "reported", "accepted", "dispatched", "handling", "fed_back", "hung_up", "transferred", "closed",
    "rejected", "duplicate", "withdrawn",
)  # fmt: skip
COLUMNS = (
    sa.Column("respond_by", sa.DateTime(timezone=True)),
    sa.Column("assigned_to", sa.Uuid()),
    sa.Column("assigned_team", sa.Uuid()),
    sa.Column("pending", sa.String()),
    sa.Column("pending_by", sa.Uuid()),
    sa.Column("pending_until", sa.DateTime(timezone=True)),
    sa.Column("level", sa.Integer(), server_default="0", nullable=False),
    sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
    sa.Column("duplicate_of", sa.Uuid()),
    sa.Column("fed_back_by", sa.Uuid()),
    sa.Column("fed_back_at", sa.DateTime(timezone=True)),
    sa.Column("verified_by", sa.Uuid()),
    sa.Column("paused_at", sa.DateTime(timezone=True)),
    sa.Column("paused_left_s", sa.BigInteger()),
    sa.Column("reopened", sa.Integer(), server_default="0", nullable=False),
    sa.Column("facts", sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"),
              server_default="{}", nullable=False),
)  # fmt: skip
KEYS = {
    "assigned_to": "person",
    "assigned_team": "team",
    "pending_by": "person",
    "duplicate_of": "case_file",
    "fed_back_by": "person",
    "verified_by": "person",
}
INDEXES = {
    "assigned_to": "assigned_to IS NOT NULL",
    "assigned_team": "assigned_team IS NOT NULL",
    "duplicate_of": "duplicate_of IS NOT NULL",
}


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("case_file", column._copy(), schema="app")
    op.add_column(
        "hazard_class",
        sa.Column("second_look", sa.Boolean(), server_default="false", nullable=False),
        schema="app",
    )
    op.add_column(
        "hazard_class",
        sa.Column("asked_before_end", sa.ARRAY(sa.String()), server_default="{}", nullable=False),
        schema="app",
    )
    for column, table in KEYS.items():
        op.create_foreign_key(
            op.f(f"fk_case_file_station_id_{column}"),
            "case_file",
            table,
            ["station_id", column],
            ["station_id", "id"],
            source_schema="app",
            referent_schema="app",
        )
    for column, where in INDEXES.items():
        op.create_index(
            f"ix_case_file_{column}", "case_file", [column], schema="app", postgresql_where=sa.text(where)
        )
    for name, rule in checks().items():
        op.create_check_constraint(op.f(f"ck_case_file_{name}"), "case_file", rule, schema="app")
    op.drop_constraint(op.f("ck_attachment_purpose"), "attachment", schema="app")
    op.create_check_constraint(
        op.f("ck_attachment_purpose"),
        "attachment",
        "purpose IN ('found', 'closed', 'fed_back')",
        schema="app",
    )
    run("0015/life.sql")


def checks() -> dict[str, str]:
    """Return the rules that hold for each case, whoever writes it."""
    return {
        "state": f"state IN {STATES}",
        "pending": "(pending IS NULL) = (pending_by IS NULL) AND pending IN ('extension', 'hang_up')",
        "paused": "(paused_at IS NULL) = (paused_left_s IS NULL)"
        " AND (paused_at IS NOT NULL) = (state IN ('hung_up', 'transferred'))",
        "duplicate": "(duplicate_of IS NOT NULL) = (state = 'duplicate') AND duplicate_of <> id",
        "level": "level BETWEEN 0 AND 3",
        "priority": "priority BETWEEN 0 AND 2",
    }


def downgrade() -> None:
    run("0015/down.sql")
    op.drop_constraint(op.f("ck_attachment_purpose"), "attachment", schema="app")
    op.create_check_constraint(
        op.f("ck_attachment_purpose"), "attachment", "purpose IN ('found', 'closed')", schema="app"
    )
    for name in checks():
        op.drop_constraint(op.f(f"ck_case_file_{name}"), "case_file", schema="app")
    for column in INDEXES:
        op.drop_index(f"ix_case_file_{column}", "case_file", schema="app")
    for column in KEYS:
        op.drop_constraint(op.f(f"fk_case_file_station_id_{column}"), "case_file", schema="app")
    op.drop_column("hazard_class", "asked_before_end", schema="app")
    op.drop_column("hazard_class", "second_look", schema="app")
    for column in reversed(COLUMNS):
        op.drop_column("case_file", column.name, schema="app")
