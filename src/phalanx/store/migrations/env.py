"""Run the migrations of a room on the connection that it holds. Alembic runs this file."""

from __future__ import annotations

from alembic import context

_ATTRIBUTES = context.config.attributes

context.configure(
    connection=_ATTRIBUTES["connection"],
    target_metadata=_ATTRIBUTES["schema"].metadata,
    version_table=_ATTRIBUTES["schema"].version_table,
)
with context.begin_transaction():
    context.run_migrations()
