"""The database of the console: users, sessions, tokens, failed sign-ins. Of secrets only hashes."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from phalanx.store.schema import Schema

METADATA = MetaData()

VERSION = Table(
    "console_schema",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    comment="One row: which version of these tables this is.",
)

USERS = Table(
    "console_user",
    METADATA,
    Column("name", String(128), primary_key=True),
    Column("role", String(32), nullable=False),
    Column("password", Text),
    Column("created_at", String(40), nullable=False),
    Column("password_at", String(40)),
    Column("disabled_at", String(40)),
    comment="Who may sign in. Passwords as Argon2id; null for those who sign in elsewhere.",
)

SESSIONS = Table(
    "console_session",
    METADATA,
    Column("token_sha256", String(64), primary_key=True),
    Column("user", String(128), ForeignKey(USERS.c.name), nullable=False),
    Column("began_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Index("console_session_user", "user"),
    comment="Who is signed in; moments in seconds since 1970.",
)

TOKENS = Table(
    "console_token",
    METADATA,
    Column("token_sha256", String(64), primary_key=True),
    Column("user", String(128), ForeignKey(USERS.c.name), nullable=False),
    Column("created_at", String(40), nullable=False),
    Column("expires_at", Double, nullable=False),
    Index("console_token_user", "user"),
    comment="Tokens with which programs read as a user.",
)

FAILURES = Table(
    "console_failure",
    METADATA,
    Column("who", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Double, nullable=False),
    comment="Failed sign-ins by hash of name, of address, and of both.",
)

ERRANDS = Table(
    "console_errand",
    METADATA,
    Column("state_sha256", String(64), primary_key=True),
    Column("nonce", String(64), nullable=False),
    Column("verifier", String(64), nullable=False),
    Column("came_for", Text, nullable=False),
    Column("began_at", Double, nullable=False),
    comment="Sign-ins that were sent to an identity provider, and have not come back.",
)

SCHEMA = Schema(
    owner="the console", metadata=METADATA, head="1", version_table=VERSION.name, migrations=""
)
"""Raising the version needs a migration."""
