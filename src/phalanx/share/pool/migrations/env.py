"""Run migrations on the connection that the pool holds. Alembic runs this file."""

from __future__ import annotations

from alembic import context

from phalanx.share.pool.tables import METADATA, POOL

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=POOL.version_table,
)
with context.begin_transaction():
    context.run_migrations()
