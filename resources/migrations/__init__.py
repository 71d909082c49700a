"""The database's history: one alembic revision a change. Run by `resources/migration.py`, never by hand."""
