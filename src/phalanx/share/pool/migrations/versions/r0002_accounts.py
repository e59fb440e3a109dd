"""Decoys know whose accounts are behind them, so that a new epoch does not make them new."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Name the accounts of each decoy, and keep which of them a member has spoken of."""
    spoken = op.create_table(
        "pool_spoken",
        sa.Column("member", sa.String(64), primary_key=True),
        sa.Column("accounts", sa.String(64), primary_key=True),
        comment="Accounts of decoys that a member has spoken of; each counts once.",
    )
    met = sa.table("pool_met", sa.column("member"), sa.column("token"))
    # Of decoys that are there already nobody knows it: each stands for itself.
    each = sa.select(met.c.member, met.c.token)
    op.execute(spoken.insert().from_select(["member", "accounts"], each))
    op.drop_table("pool_met")
    with op.batch_alter_table("pool_decoy") as batch:
        batch.add_column(sa.Column("accounts", sa.String(64)))
    decoys = sa.table("pool_decoy", sa.column("token"), sa.column("accounts"))
    op.execute(decoys.update().values(accounts=decoys.c.token))
    with op.batch_alter_table("pool_decoy") as batch:
        batch.alter_column("accounts", existing_type=sa.String(64), nullable=False)
