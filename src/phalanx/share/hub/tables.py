"""The tables of the hub. Every change here needs a migration.

Moments are microseconds since 1970, except those that nothing compares, which are text.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

# SQLite numbers rows by itself only where the type is spelled INTEGER.
_NUMBER = BigInteger().with_variant(Integer, "sqlite")

ROOTS = Table(
    "hub_root",
    METADATA,
    Column("name", String(63), primary_key=True),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("url", Text),
    Column("is_public", Integer, nullable=False),
    Column("rank", Integer, nullable=False),
    comment="API roots. One that is not public is seen by those with rights in it only.",
)

HUB = Table(
    "hub_about",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("contact", Text),
    Column("default_url", Text),
    comment="One row: what discovery says of the hub.",
)

COLLECTIONS = Table(
    "hub_collection",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("root", String(63), ForeignKey(ROOTS.c.name), nullable=False),
    Column("collection_id", String(36), nullable=False),
    Column("alias", String(63)),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("last_added", BigInteger, nullable=False),
    UniqueConstraint("root", "collection_id"),
    UniqueConstraint("root", "alias"),
    comment="Collections; `last_added` is the newest moment that was given to something in it.",
)

MEMBERS = Table(
    "hub_member",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("is_active", Integer, nullable=False),
    Column("password", Text),
    Column("added_at", String(32), nullable=False),
    comment="Members. A password is kept as its scrypt hash, and is for old clients only.",
)

KEYS = Table(
    "hub_key",
    METADATA,
    Column("key_id", String(16), primary_key=True),
    Column("member", Integer, ForeignKey(MEMBERS.c.number), nullable=False),
    Column("key_sha256", String(64), nullable=False),
    Column("added_at", String(32), nullable=False),
    Column("revoked_at", String(32)),
    comment="API keys; only the hash of a key is kept.",
)

CERTIFICATES = Table(
    "hub_certificate",
    METADATA,
    Column("fingerprint", String(64), primary_key=True),
    Column("member", Integer, ForeignKey(MEMBERS.c.number), nullable=False),
    Column("added_at", String(32), nullable=False),
    comment="SHA-256 of client certificates, and whose they are.",
)

RIGHTS = Table(
    "hub_right",
    METADATA,
    Column("member", Integer, ForeignKey(MEMBERS.c.number), primary_key=True),
    Column("collection", Integer, ForeignKey(COLLECTIONS.c.number), primary_key=True),
    Column("can_read", Integer, nullable=False),
    Column("can_write", Integer, nullable=False),
    Column("can_delete", Integer, nullable=False),
    comment="What a member may do in a collection; without a row it does not know of it.",
)

OBJECTS = Table(
    "hub_object",
    METADATA,
    Column("sequence", _NUMBER, primary_key=True),
    Column("collection", Integer, ForeignKey(COLLECTIONS.c.number), nullable=False),
    Column("date_added", BigInteger, nullable=False),
    Column("object_id", String(128), nullable=False),
    Column("object_type", String(64), nullable=False),
    Column("spec_version", String(8), nullable=False),
    Column("version", String(40), nullable=False),
    Column("version_at", BigInteger, nullable=False),
    Column("member", Integer, ForeignKey(MEMBERS.c.number), nullable=False),
    Column("is_versioned", Integer, nullable=False),
    Column("is_revoked", Integer, nullable=False),
    Column("is_first", Integer, nullable=False),
    Column("is_last", Integer, nullable=False),
    Column("is_newest", Integer, nullable=False),
    Column("is_current", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Index(
        "hub_object_by_id",
        "collection",
        "object_id",
        "member",
        "spec_version",
        "version_at",
        unique=True,
    ),
    # Every list is a run of one of these three, in their order.
    Index("hub_object_in_order", "collection", "is_current", "date_added", "sequence"),
    Index(
        "hub_object_by_type", "collection", "is_current", "object_type", "date_added", "sequence"
    ),
    Index("hub_object_by_version", "collection", "version_at", "date_added", "sequence"),
    comment=(
        "Every version of every object, as its producer wrote it. First and last are so among "
        "the versions of one producer and one specification; newest is the specification; "
        "current is what is last of the newest."
    ),
)

OPINIONS = Table(
    "hub_opinion",
    METADATA,
    Column("number", _NUMBER, primary_key=True),
    Column("collection", Integer, ForeignKey(COLLECTIONS.c.number), nullable=False),
    Column("about", String(128), nullable=False),
    Column("opinion_id", String(128), nullable=False),
    Column("member", Integer, ForeignKey(MEMBERS.c.number), nullable=False),
    Column("value", String(20), nullable=False),
    Column("version_at", BigInteger, nullable=False),
    Column("is_revoked", Integer, nullable=False),
    Index("hub_opinion_about", "collection", "about"),
    Index("hub_opinion_by_id", "collection", "opinion_id"),
    comment="Which objects the opinions among the objects are about.",
)

TOMBSTONES = Table(
    "hub_tombstone",
    METADATA,
    Column("number", _NUMBER, primary_key=True),
    Column("collection", Integer, ForeignKey(COLLECTIONS.c.number), nullable=False),
    Column("date_added", BigInteger, nullable=False),
    Column("object_id", String(128), nullable=False),
    Column("version", String(40)),
    Column("kind", String(12), nullable=False),
    Column("member", Integer, ForeignKey(MEMBERS.c.number), nullable=False),
    Column("is_versioned", Integer, nullable=False),
    Column("reason", Text),
    Index("hub_tombstone_in_order", "collection", "date_added", "number"),
    Index("hub_tombstone_by_id", "collection", "object_id"),
    comment="What was deleted, retracted or removed for good, and by whom.",
)

ACKNOWLEDGEMENTS = Table(
    "hub_acknowledgement",
    METADATA,
    Column("tombstone", _NUMBER, ForeignKey(TOMBSTONES.c.number), primary_key=True),
    Column("member", Integer, ForeignKey(MEMBERS.c.number), primary_key=True),
    Column("action", String(12), nullable=False),
    Column("reason", Text),
    Column("acknowledged_at", BigInteger, nullable=False),
    comment="What each member did about a tombstone, and its own reason.",
)

STATUSES = Table(
    "hub_status",
    METADATA,
    Column("status_id", String(36), primary_key=True),
    Column("root", String(63), ForeignKey(ROOTS.c.name), nullable=False),
    Column("member", Integer, ForeignKey(MEMBERS.c.number), nullable=False),
    Column("requested_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("hub_status_in_order", "requested_at"),
    comment="What became of each request to add objects; kept for some days.",
)
