"""duty desk and absences, kinds of calls as data, parties by name."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.statements import run

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())


def _at(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _made(name: str = "at") -> sa.Column:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
    )


def _inside(table: str, column: str, target: str = "person") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["station_id", column],
        [f"app.{target}.station_id", f"app.{target}.id"],
        name=op.f(f"fk_{table}_station_id_{column}"),
    )


def _station(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["station_id"], ["app.station.id"], name=op.f(f"fk_{table}_station_id"))


def _once(table: str) -> postgresql.ExcludeConstraint:
    return postgresql.ExcludeConstraint(
        (sa.column("person_id"), "="),
        (sa.text("tstzrange(since_at, until_at)"), "&&"),
        where=sa.text("struck_at IS NULL"),
        using="gist",
        name=f"ex_{table}_once",
    )


def upgrade() -> None:
    _duty()
    _call_kinds()
    _parties()
    for name in ("duty", "desk", "call_kinds", "parties", "referrals"):
        run(f"0023/{name}.sql")


def _duty() -> None:
    op.create_table(
        "duty_shift",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        _at("since_at"),
        _at("until_at"),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        _made(),
        _at("struck_at", nullable=True),
        sa.CheckConstraint("kind IN ('day', 'night')", name=op.f("ck_duty_shift_kind")),
        sa.CheckConstraint("until_at > since_at", name=op.f("ck_duty_shift_span")),
        _once("duty_shift"),
        _station("duty_shift"),
        _inside("duty_shift", "person_id"),
        _inside("duty_shift", "by_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_shift")),
        schema="app",
    )
    op.create_index(
        "ix_duty_shift_station_id_until_at", "duty_shift", ["station_id", "until_at"], schema="app"
    )
    op.create_table(
        "absence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("deputy_id", sa.Uuid(), nullable=True),
        _at("since_at"),
        _at("until_at"),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        _made(),
        _at("struck_at", nullable=True),
        sa.CheckConstraint("until_at > since_at", name=op.f("ck_absence_span")),
        sa.CheckConstraint("deputy_id <> person_id", name=op.f("ck_absence_deputy")),
        _once("absence"),
        _station("absence"),
        _inside("absence", "person_id"),
        _inside("absence", "deputy_id"),
        _inside("absence", "by_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
        schema="app",
    )
    op.create_index("ix_absence_station_id_until_at", "absence", ["station_id", "until_at"], schema="app")


def _call_kinds() -> None:
    op.create_table(
        "call_kind",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("title", JSONB, nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("in_use", sa.Boolean(), server_default="true", nullable=False),
        _station("call_kind"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_kind")),
        schema="app",
    )
    op.create_index(
        "ix_call_kind_code",
        "call_kind",
        ["station_id", "code"],
        unique=True,
        schema="app",
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "call_limit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("acknowledge_s", sa.Integer(), nullable=False),
        sa.Column("response_s", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        _made(),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_call_limit_valid")),
        sa.CheckConstraint(
            "acknowledge_s >= 30 AND response_s BETWEEN acknowledge_s AND 86400",
            name=op.f("ck_call_limit_seconds"),
        ),
        _station("call_limit"),
        _inside("call_limit", "by_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_limit")),
        schema="app",
    )
    op.create_index(
        "ix_call_limit_open",
        "call_limit",
        ["station_id", "kind"],
        unique=True,
        schema="app",
        postgresql_where="valid_to IS NULL",
    )


def _parties() -> None:
    op.create_table(
        "case_party",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("name", sa.String(), server_default="", nullable=False),
        sa.Column("number", sa.String(), server_default="", nullable=False),
        sa.Column("mark", sa.String(), nullable=True),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        _made(),
        sa.CheckConstraint("part IN ('caller', 'party', 'witness')", name=op.f("ck_case_party_part")),
        _station("case_party"),
        _inside("case_party", "case_id", "case_file"),
        _inside("case_party", "by_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_party")),
        schema="app",
    )
    op.create_index("ix_case_party_case_id", "case_party", ["case_id"], schema="app")


def downgrade() -> None:
    run("0023/down.sql")
    for table in ("case_party", "call_limit", "call_kind", "absence", "duty_shift"):
        op.drop_table(table, schema="app")
