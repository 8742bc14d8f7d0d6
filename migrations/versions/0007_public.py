"""residents without an account: tracking codes, place marks."""

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.statements import FILES, run

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

hazard_class = sa.table(
    "hazard_class",
    sa.column("code"),
    sa.column("version"),
    *(sa.column(name, JSONB) for name in ("title", "hint", "law", "questions")),
    *(sa.column(name) for name in ("icon", "position", "limit_h", "restricted", "kind", "public")),
    schema="app",
)
NOW = sa.text("now()")
CASE = (["station_id", "case_id"], ["app.case_file.station_id", "app.case_file.id"])


def upgrade() -> None:
    op.bulk_insert(hazard_class, json.loads((FILES / "0007/classes.json").read_text()))
    op.add_column(
        "token", sa.Column("card", sa.Boolean(), server_default="false", nullable=False), schema="auth"
    )
    op.add_column("place", sa.Column("code", sa.String(), nullable=True), schema="app")
    op.add_column("place", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True), schema="app")
    _residents()
    run("0007/functions.sql")
    run("0007/policies.sql")
    op.alter_column(
        "place", "code", nullable=False, server_default=sa.text("app.new_place_code()"), schema="app"
    )
    op.create_unique_constraint(op.f("uq_place_code"), "place", ["code"], schema="app")


def _residents() -> None:
    op.create_table(
        "spent",
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_spent")),
        schema="auth",
    )
    op.create_index(op.f("ix_spent_until_at"), "spent", ["until_at"], schema="auth")
    op.create_table(
        "resident_ticket",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(*CASE, name=op.f("fk_resident_ticket_station_id_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_resident_ticket")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_resident_ticket_code_hash")),
        schema="app",
    )
    op.create_table(
        "resident_contact",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("consent_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("keep_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(*CASE, name=op.f("fk_resident_contact_station_id_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_resident_contact")),
        schema="app",
    )
    op.create_index(
        op.f("ix_resident_contact_station_id_keep_until"),
        "resident_contact",
        ["station_id", "keep_until"],
        schema="app",
    )
    op.create_table(
        "resident_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("satisfied", sa.Boolean(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(*CASE, name=op.f("fk_resident_note_station_id_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resident_note")),
        schema="app",
    )
    op.create_index(op.f("ix_resident_note_case_id"), "resident_note", ["case_id"], schema="app")


def downgrade() -> None:
    op.drop_constraint(op.f("uq_place_code"), "place", schema="app")
    op.alter_column("place", "code", server_default=None, schema="app")
    run("0007/down.sql")
    for name in ("resident_note", "resident_contact", "resident_ticket"):
        op.drop_table(name, schema="app")
    op.drop_table("spent", schema="auth")
    op.drop_column("place", "closed_at", schema="app")
    op.drop_column("place", "code", schema="app")
    op.drop_column("token", "card", schema="auth")
    op.execute("DELETE FROM app.hazard_class WHERE code IN ('mediation', 'opinion')")
