"""The tables of a store. Every change here needs a migration."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from phalanx.store.schema import Schema

METADATA = MetaData()

STORE = Table(
    "phalanx_store",
    METADATA,
    Column("store_id", String(32), primary_key=True),
    Column("created_at", String(32), nullable=False),
    comment="One row: which store this is. Files carry it too.",
)

SCANS = Table(
    "phalanx_scan",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("started_at", String(32), nullable=False),
    Column("first_exchange", String(32), nullable=False),
    Column("last_exchange", String(32), nullable=False),
    Column("kept_until", String(32), nullable=False),
    Column("exchanges", BigInteger, nullable=False),
    Column("exchanges_in_all", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("skipped", BigInteger, nullable=False),
    Column("waiting", BigInteger, nullable=False),
    Column("phalanx_version", String(64), nullable=False),
    Column("key_id", String(32), nullable=False),
    Column("parameters", Text, nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
    comment="Every scan that was kept, in order.",
)

GROUPS = Table(
    "phalanx_group",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("route", String(16), nullable=False),
    Column("formed_at", String(32), nullable=False),
    Column("discovered_at", String(32)),
    Column("is_followed", Integer, nullable=False),
    Column("parties", Integer, nullable=False),
    Column("looks", Integer, nullable=False),
    Column("log10_e_apart", Double, nullable=False),
    Column("log10_e_honest", Double, nullable=False),
    comment="Every group ever opened, with its evidence so far.",
)

CAMPAIGNS = Table(
    "phalanx_campaign",
    METADATA,
    Column("campaign_id", String(64), primary_key=True),
    Column("verdict", String(32), nullable=False),
    Column("formed_at", String(32), nullable=False),
    Column("discovered_at", String(32)),
    Column("log10_e", Double, nullable=False),
    Column("exchanges", BigInteger, nullable=False),
    Column("first_scan", Integer, ForeignKey(SCANS.c.number), nullable=False),
    Column("last_scan", Integer, ForeignKey(SCANS.c.number), nullable=False),
    comment="Every group that a scan listed, by the name that it keeps.",
)

MEMBERS = Table(
    "phalanx_member",
    METADATA,
    Column("campaign_id", String(64), ForeignKey(CAMPAIGNS.c.campaign_id), primary_key=True),
    Column("account_id", Text, primary_key=True),
    Column("first_scan", Integer, ForeignKey(SCANS.c.number), nullable=False),
    Column("last_scan", Integer, ForeignKey(SCANS.c.number), nullable=False),
    comment="Accounts of listed groups, from the scan that named them first to the last.",
)

SCHEMA = Schema(
    owner="the store",
    metadata=METADATA,
    head="0001",
    version_table="phalanx_alembic_version",
    migrations="phalanx.store:migrations/versions",
)
