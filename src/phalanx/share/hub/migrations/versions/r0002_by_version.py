"""An index by which the objects of one version are found."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        "hub_object_by_version",
        "hub_object",
        ["collection", "version_at", "date_added", "sequence"],
    )
