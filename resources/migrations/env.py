"""What alembic runs for every command: our schema, our version table, the connection it is handed.

Not here: the lock around it and the comments after it (`resources/migration.py`).
"""

from typing import cast

from alembic import context
from sqlalchemy import Connection, text

connection = cast(Connection, context.config.attributes["connection"])
with connection.begin():
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS evals"))
    context.configure(connection=connection, version_table_schema="evals")
    context.run_migrations()
