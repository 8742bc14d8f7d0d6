"""events that leave to other systems."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.statements import run

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "open311_contact",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("contact", JSON, nullable=False),
        sa.Column("other", JSON, nullable=False),
        sa.Column("device_id", sa.String(), server_default="", nullable=False),
        sa.Column("account_id", sa.String(), server_default="", nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id", "case_id"],
            ["app.case_file.station_id", "app.case_file.id"],
            name=op.f("fk_open311_contact_station_id_case_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["app.station.id"], name=op.f("fk_open311_contact_station_id")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_open311_contact")),
        schema="app",
    )
    op.create_table(
        "webhook",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("events", JSON, nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rest_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f("fk_webhook_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
        sa.UniqueConstraint("station_id", "id", name=op.f("uq_webhook_station_id_id")),
        schema="app",
    )
    op.create_table(
        "webhook_secret",
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id", "webhook_id"],
            ["app.webhook.station_id", "app.webhook.id"],
            name=op.f("fk_webhook_secret_station_id_webhook_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["app.station.id"], name=op.f("fk_webhook_secret_station_id")
        ),
        sa.PrimaryKeyConstraint("webhook_id", name=op.f("pk_webhook_secret")),
        schema="app",
    )
    _deliveries()
    run("0010/open311.sql")
    run("0010/webhooks.sql")


def _deliveries() -> None:
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("round", sa.Integer(), server_default="1", nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'delivered', 'dead')", name=op.f("ck_webhook_delivery_state")
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "webhook_id"],
            ["app.webhook.station_id", "app.webhook.id"],
            name=op.f("fk_webhook_delivery_station_id_webhook_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["app.station.id"], name=op.f("fk_webhook_delivery_station_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint("webhook_id", "event_id", name=op.f("uq_webhook_delivery_webhook_id_event_id")),
        schema="app",
    )
    op.create_index(
        "ix_webhook_delivery_station_id_created_at",
        "webhook_delivery",
        ["station_id", "created_at"],
        schema="app",
    )


def downgrade() -> None:
    run("0010/down.sql")
    op.drop_table("webhook_delivery", schema="app")
    op.drop_table("webhook_secret", schema="app")
    op.drop_table("webhook", schema="app")
    op.drop_table("open311_contact", schema="app")
