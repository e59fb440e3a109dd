"""Run migrations on the connection that the hub holds. Alembic runs this file."""

from __future__ import annotations

from alembic import context

from phalanx.share.hub.database import VERSION_TABLE
from phalanx.share.hub.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
