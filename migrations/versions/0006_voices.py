"""voices of others for a report, additions to it."""

import sqlalchemy as sa
from alembic import op

from migrations.statements import run

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PERSON = (["station_id", "person_id"], ["app.person.station_id", "app.person.id"])
CASE = (["station_id", "case_id"], ["app.case_file.station_id", "app.case_file.id"])


def upgrade() -> None:
    op.add_column(
        "case_file", sa.Column("voices", sa.Integer(), server_default="0", nullable=False), schema="app"
    )
    op.create_table(
        "voice",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("note", sa.String(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(*CASE, name=op.f("fk_voice_station_id_case_id")),
        sa.ForeignKeyConstraint(*PERSON, name=op.f("fk_voice_station_id_person_id")),
        sa.PrimaryKeyConstraint("case_id", "person_id", name=op.f("pk_voice")),
        schema="app",
    )
    op.create_index("ix_voice_person_id", "voice", ["person_id"], schema="app")
    op.create_table(
        "case_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(*CASE, name=op.f("fk_case_note_station_id_case_id")),
        sa.ForeignKeyConstraint(*PERSON, name=op.f("fk_case_note_station_id_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_note")),
        schema="app",
    )
    op.create_index(op.f("ix_case_note_case_id"), "case_note", ["case_id"], schema="app")
    op.create_table(
        "point_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(*CASE, name=op.f("fk_point_entry_station_id_case_id")),
        sa.ForeignKeyConstraint(*PERSON, name=op.f("fk_point_entry_station_id_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point_entry")),
        sa.UniqueConstraint(
            "person_id", "reason", "case_id", name=op.f("uq_point_entry_person_id_reason_case_id")
        ),
        schema="app",
    )
    op.create_index(op.f("ix_point_entry_station_id_at"), "point_entry", ["station_id", "at"], schema="app")
    run("0006/functions.sql")
    run("0006/policies.sql")


def downgrade() -> None:
    run("0006/down.sql")
    op.drop_table("point_entry", schema="app")
    op.drop_table("case_note", schema="app")
    op.drop_table("voice", schema="app")
    op.drop_column("case_file", "voices", schema="app")
