"""Runs migrations on the connection it is given, safe on SQLite and PostgreSQL.

SQLite cannot alter a column: Alembic copies the table, drops the old one and renames. With foreign keys on, that
deletes or blocks the rows of other tables, so they are off meanwhile and checked afterwards.
"""

from alembic import context
from sqlalchemy import text

import models  # noqa: F401  (so that the metadata is complete)
from core.database.sessions import Base

connection = context.config.attributes["connection"]
sqlite = connection.dialect.name == "sqlite"
driver = connection.connection.driver_connection

if sqlite:
    driver.execute("PRAGMA foreign_keys = OFF")  # ignored inside a transaction, so before it
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=sqlite)
with context.begin_transaction():
    if not sqlite:
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))  # rather fail than block everyone
        connection.execute(text("SET LOCAL statement_timeout = 0"))
    context.run_migrations()
if sqlite:
    broken = driver.execute("PRAGMA foreign_key_check").fetchall()
    driver.execute("PRAGMA foreign_keys = ON")
    if broken:
        raise RuntimeError(f"the migration left rows without parents: {broken[:10]}")
