"""Runs the migrations as the migrating role."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, create_engine, text

from webapp.core.config import CHECKOUT, Settings
from webapp.core.db import MIGRATE, role_url
from webapp.core.ensure import connect, install_context_key

# Tables of the schema app that hold no personal data and need no row-level security.
OPEN_TABLES = ("alembic_version", "division", "job", "outbox")


def config(url: URL) -> Config:
    """Return alembic's configuration for a database."""
    made = Config()
    made.set_main_option("script_location", str(CHECKOUT / "migrations"))
    made.attributes["url"] = url
    return made


def code_head() -> str | None:
    """Return the newest migration of the code."""
    return ScriptDirectory(str(CHECKOUT / "migrations")).get_current_head()


def migrate(settings: Settings, revision: str = "head") -> None:
    """Bring the database to a revision (up, or down when it lies below), then install the context key."""
    url = role_url(settings, MIGRATE)
    made = config(url)
    known = [item.revision for item in ScriptDirectory.from_config(made).walk_revisions()]
    present = _present(url)
    down = revision == "base" or (
        present in known and revision in known and known.index(revision) > known.index(present)
    )
    if down:
        command.downgrade(made, revision)
    else:
        command.upgrade(made, revision)
        _install_key(url, settings.secret("context.key"))


def _present(url: URL) -> str | None:
    engine = create_engine(url)
    found: str | None = None
    with engine.connect() as connection:
        connection.execute(text("SET ROLE shuangge_owner"))
        if connection.scalar(text("SELECT to_regclass('app.alembic_version')")):
            found = connection.scalar(text("SELECT version_num FROM app.alembic_version"))
    engine.dispose()
    return found


def _install_key(url: URL, key: bytes) -> None:
    """Tell the database, as the owner, the key that signs identities."""
    connection = connect(url.render_as_string(hide_password=False))
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE shuangge_owner")
        install_context_key(connection, key)
    finally:
        connection.close()
