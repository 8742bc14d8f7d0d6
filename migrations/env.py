"""How alembic reaches the database: as the migrating role, which acts as the owner of all objects."""

from __future__ import annotations

from typing import Any

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import create_engine, text

import webapp.tables
from webapp.core.db import Base

SCHEMAS = ("app", "auth")


def include_object(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Look at our own schemas only: PostGIS keeps tables of its own."""
    if kind == "table" and item.schema not in SCHEMAS:
        return False
    return bool(alembic_helpers.include_object(item, name, kind, reflected, compare_to))


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Reflect our own schemas only."""
    return kind != "schema" or name in SCHEMAS


def run() -> None:
    """Run the migrations in one transaction on `sqlalchemy.url`."""
    url = context.config.attributes["url"]
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.execute(text("SET ROLE shuangge_owner"))
        connection.execute(text("SET lock_timeout = '4s'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            version_table_schema="app",
            include_schemas=True,
            include_object=include_object,
            include_name=include_name,
            process_revision_directives=alembic_helpers.writer,
            render_item=alembic_helpers.render_item,
            compare_server_default=False,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


assert webapp.tables
run()
