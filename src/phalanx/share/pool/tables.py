"""The tables of the pool, in a database of their own. Every change here needs a migration.

Moments are texts with a time zone. What a member submitted is kept until its round is evaluated.
"""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Integer, MetaData, String, Table, Text

from phalanx.store.schema import Schema

METADATA = MetaData()

ROUNDS = Table(
    "pool_round",
    METADATA,
    Column("name", String(63), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("closes_at", String(40), nullable=False),
    Column("slots", Integer, nullable=False),
    Column("rule", Text, nullable=False),
    Column("circles", Text, nullable=False),
    Column("evaluated_at", String(40)),
    comment="Rounds, and what members agreed to for each; rule and circles are JSON.",
)

KEYS = Table(
    "pool_key",
    METADATA,
    Column("member", String(64), primary_key=True),
    Column("key_id", String(32), primary_key=True),
    Column("public_key", String(43), nullable=False),
    comment="Whose submissions are taken, and the keys that they may be signed with.",
)

BATCHES = Table(
    "pool_batch",
    METADATA,
    Column("round", String(63), ForeignKey(ROUNDS.c.name), primary_key=True),
    Column("member", String(64), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("body", Text),
    Column("received_at", String(40), nullable=False),
    comment="Batches as they were sent; of an evaluated round only their SHA-256 is left.",
)

TOLD = Table(
    "pool_told",
    METADATA,
    Column("round", String(63), ForeignKey(ROUNDS.c.name), primary_key=True),
    Column("member", String(64), primary_key=True),
    Column("token", String(43), primary_key=True),
    Column("without_you", Integer, nullable=False),
    Column("without_any_one", Integer, nullable=False),
    Column("under_any_dependence", Integer, nullable=False),
    comment="What each contributor is told.",
)

DECOYS = Table(
    "pool_decoy",
    METADATA,
    Column("token", String(43), primary_key=True),
    Column("accounts", String(64), nullable=False),
    comment="Tokens behind which there is nothing, as the auditors know.",
)

SPOKEN = Table(
    "pool_spoken",
    METADATA,
    Column("member", String(64), primary_key=True),
    Column("accounts", String(64), primary_key=True),
    comment="Accounts of decoys that a member has spoken of; each counts once.",
)

AUDITS = Table(
    "pool_audit",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("round", String(63), ForeignKey(ROUNDS.c.name), nullable=False),
    Column("member", String(64), nullable=False),
    Column("log10_e", Double, nullable=False),
    comment="What a member said of the use behind decoys that were new to it in a round.",
)

POOL = Schema(
    owner="the pool",
    metadata=METADATA,
    head="0002",
    version_table="pool_alembic_version",
    migrations="phalanx.share.pool:migrations/versions",
)
