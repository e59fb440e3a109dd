"""The tables of cases. Every change here needs a migration."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from phalanx.store.schema import Schema

METADATA = MetaData()

CASES = Table(
    "phalanx_case",
    METADATA,
    Column("case_id", String(64), primary_key=True),
    Column("title", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("is_held", Integer, nullable=False),
    Column("opened_at", String(32), nullable=False),
    Column("last_at", String(32), nullable=False),
    Column("pending", Integer, nullable=False),
    comment="What every case is now, for lists; it follows from the acts.",
)

ENTRIES = Table(
    "phalanx_case_act",
    METADATA,
    Column("case_id", String(64), ForeignKey(CASES.c.case_id), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("payload", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    comment="Everything that was done, each act after the one before it. Rows are only added.",
)

ITEMS = Table(
    "phalanx_case_item",
    METADATA,
    Column("case_id", String(64), ForeignKey(CASES.c.case_id), primary_key=True),
    Column("item_id", String(64), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("is_destroyed", Integer, nullable=False),
    Index("phalanx_case_item_by_file", "sha256"),
    comment="Which files cases need.",
)

LOGGED = Table(
    "phalanx_case_logged",
    METADATA,
    Column("ledger", Text, primary_key=True),
    Column("case_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("event", BigInteger, nullable=False),
    ForeignKeyConstraint(["case_id", "number"], [ENTRIES.c.case_id, ENTRIES.c.number]),
    comment="Which event of which ledger an act became.",
)

SCHEMA = Schema(
    owner="the cases",
    metadata=METADATA,
    head="0001",
    version_table="phalanx_case_alembic_version",
    migrations="phalanx.govern.cases:migrations/versions",
)
