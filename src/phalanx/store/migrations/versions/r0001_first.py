"""The first tables of a store."""

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
        "phalanx_store",
        sa.Column("store_id", sa.String(32), primary_key=True),
        sa.Column("created_at", sa.String(32), nullable=False),
        comment="One row: which store this is. Files carry it too.",
    )
    op.create_table(
        "phalanx_scan",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("first_exchange", sa.String(32), nullable=False),
        sa.Column("last_exchange", sa.String(32), nullable=False),
        sa.Column("kept_until", sa.String(32), nullable=False),
        sa.Column("exchanges", sa.BigInteger, nullable=False),
        sa.Column("exchanges_in_all", sa.BigInteger, nullable=False),
        sa.Column("rejected", sa.BigInteger, nullable=False),
        sa.Column("skipped", sa.BigInteger, nullable=False),
        sa.Column("waiting", sa.BigInteger, nullable=False),
        sa.Column("phalanx_version", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=False),
        comment="Every scan that was kept, in order.",
    )
    op.create_table(
        "phalanx_group",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("route", sa.String(16), nullable=False),
        sa.Column("formed_at", sa.String(32), nullable=False),
        sa.Column("discovered_at", sa.String(32)),
        sa.Column("is_followed", sa.Integer, nullable=False),
        sa.Column("parties", sa.Integer, nullable=False),
        sa.Column("looks", sa.Integer, nullable=False),
        sa.Column("log10_e_apart", sa.Double, nullable=False),
        sa.Column("log10_e_honest", sa.Double, nullable=False),
        comment="Every group ever opened, with its evidence so far.",
    )
    op.create_table(
        "phalanx_campaign",
        sa.Column("campaign_id", sa.String(64), primary_key=True),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("formed_at", sa.String(32), nullable=False),
        sa.Column("discovered_at", sa.String(32)),
        sa.Column("log10_e", sa.Double, nullable=False),
        sa.Column("exchanges", sa.BigInteger, nullable=False),
        sa.Column("first_scan", sa.Integer, sa.ForeignKey("phalanx_scan.number"), nullable=False),
        sa.Column("last_scan", sa.Integer, sa.ForeignKey("phalanx_scan.number"), nullable=False),
        comment="Every group that a scan listed, by the name that it keeps.",
    )
    op.create_table(
        "phalanx_member",
        sa.Column(
            "campaign_id",
            sa.String(64),
            sa.ForeignKey("phalanx_campaign.campaign_id"),
            primary_key=True,
        ),
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("first_scan", sa.Integer, sa.ForeignKey("phalanx_scan.number"), nullable=False),
        sa.Column("last_scan", sa.Integer, sa.ForeignKey("phalanx_scan.number"), nullable=False),
        comment="Accounts of listed groups, from the scan that named them first to the last.",
    )
