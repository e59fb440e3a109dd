"""The first tables of the pool."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "pool_round",
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("closes_at", sa.String(40), nullable=False),
        sa.Column("slots", sa.Integer, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("circles", sa.Text, nullable=False),
        sa.Column("evaluated_at", sa.String(40)),
        comment="Rounds, and what members agreed to for each; rule and circles are JSON.",
    )
    op.create_table(
        "pool_key",
        sa.Column("member", sa.String(64), primary_key=True),
        sa.Column("key_id", sa.String(32), primary_key=True),
        sa.Column("public_key", sa.String(43), nullable=False),
        comment="Whose submissions are taken, and the keys that they may be signed with.",
    )
    op.create_table(
        "pool_batch",
        _round_column(is_key=True),
        sa.Column("member", sa.String(64), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("body", sa.Text),
        sa.Column("received_at", sa.String(40), nullable=False),
        comment="Batches as they were sent; of an evaluated round only their SHA-256 is left.",
    )
    op.create_table(
        "pool_told",
        _round_column(is_key=True),
        sa.Column("member", sa.String(64), primary_key=True),
        sa.Column("token", sa.String(43), primary_key=True),
        sa.Column("without_you", sa.Integer, nullable=False),
        sa.Column("without_any_one", sa.Integer, nullable=False),
        sa.Column("under_any_dependence", sa.Integer, nullable=False),
        comment="What each contributor is told.",
    )
    op.create_table(
        "pool_decoy",
        sa.Column("token", sa.String(43), primary_key=True),
        comment="Tokens behind which there is nothing, as the auditors know.",
    )
    op.create_table(
        "pool_met",
        sa.Column("member", sa.String(64), primary_key=True),
        sa.Column("token", sa.String(43), sa.ForeignKey("pool_decoy.token"), primary_key=True),
        comment="Decoys that a member has spoken of; each counts once.",
    )
    op.create_table(
        "pool_audit",
        sa.Column("number", sa.Integer, primary_key=True),
        _round_column(is_key=False),
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("log10_e", sa.Double, nullable=False),
        comment="What a member said of the use behind decoys that were new to it in a round.",
    )


def _round_column(*, is_key: bool) -> sa.Column[str]:
    round_name = sa.ForeignKey("pool_round.name")
    return sa.Column("round", sa.String(63), round_name, primary_key=is_key, nullable=False)
