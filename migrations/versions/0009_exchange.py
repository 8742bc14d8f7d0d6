"""packages between networks, exports that are logged."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.statements import run

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = ("parcel", "partner", "import_file", "export_file")


def upgrade() -> None:
    op.create_table(
        "export_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("crs", sa.String(), nullable=False),
        sa.Column("encoding", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("wanted", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="waiting", nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("done_rows", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'done', 'failed', 'dropped')", name=op.f("ck_export_file_state")
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "person_id"],
            ["app.person.station_id", "app.person.id"],
            name=op.f("fk_export_file_station_id_person_id"),
        ),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_export_file_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_file")),
        sa.UniqueConstraint("station_id", "serial", name=op.f("uq_export_file_station_id_serial")),
        schema="app",
    )
    op.create_index("ix_export_file_person_id", "export_file", ["person_id"], unique=False, schema="app")
    op.create_table(
        "import_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("crs", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("good", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("faults", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(), server_default="checked", nullable=False),
        sa.Column("result", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('checked', 'taken', 'discarded')", name=op.f("ck_import_file_state")),
        sa.ForeignKeyConstraint(
            ["station_id", "person_id"],
            ["app.person.station_id", "app.person.id"],
            name=op.f("fk_import_file_station_id_person_id"),
        ),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_import_file_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_file")),
        schema="app",
    )
    op.create_index(
        "ix_import_file_station_id_made_at",
        "import_file",
        ["station_id", "made_at"],
        unique=False,
        schema="app",
    )
    op.create_table(
        "partner",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_partner_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner")),
        sa.UniqueConstraint("station_id", "fingerprint", name=op.f("uq_partner_station_id_fingerprint")),
        sa.UniqueConstraint("station_id", "id", name=op.f("uq_partner_station_id_id")),
        schema="app",
    )
    op.create_table(
        "parcel",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("package_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("counts", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("problem", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("answer_sha256", sa.String(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_parcel_direction")),
        sa.CheckConstraint(
            "state IN ('packed', 'waiting', 'taken', 'refused', 'answered')", name=op.f("ck_parcel_state")
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "partner_id"],
            ["app.partner.station_id", "app.partner.id"],
            name=op.f("fk_parcel_station_id_partner_id"),
        ),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_parcel_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel")),
        sa.UniqueConstraint(
            "station_id", "direction", "package_id", name=op.f("uq_parcel_station_id_direction_package_id")
        ),
        schema="app",
    )
    op.create_index("ix_parcel_partner_id", "parcel", ["partner_id"], unique=False, schema="app")
    run("0009/walls.sql")


def downgrade() -> None:
    run("0009/down.sql")
    for table in TABLES:
        op.drop_table(table, schema="app")
