"""The database's history: alembic versions, with policies, functions and triggers as SQL files."""
