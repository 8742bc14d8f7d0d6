"""Runs the SQL files of a migration as they are, with no parameter syntax in between."""

from pathlib import Path

from alembic import op

FILES = Path(__file__).parent / "sql"


def run(name: str) -> None:
    """Execute the file migrations/sql/<name>."""
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute((FILES / name).read_text())
