"""The first tables of the hub."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "hub_root",
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("url", sa.Text),
        sa.Column("is_public", sa.Integer, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        comment="API roots. One that is not public is seen by those with rights in it only.",
    )
    op.create_table(
        "hub_about",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("contact", sa.Text),
        sa.Column("default_url", sa.Text),
        comment="One row: what discovery says of the hub.",
    )
    op.create_table(
        "hub_collection",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("root", sa.String(63), sa.ForeignKey("hub_root.name"), nullable=False),
        sa.Column("collection_id", sa.String(36), nullable=False),
        sa.Column("alias", sa.String(63)),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("last_added", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("root", "collection_id"),
        sa.UniqueConstraint("root", "alias"),
        comment="Collections; `last_added` is the newest moment that was given to something in it.",
    )
    op.create_table(
        "hub_member",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
        sa.Column("is_active", sa.Integer, nullable=False),
        sa.Column("password", sa.Text),
        sa.Column("added_at", sa.String(32), nullable=False),
        comment="Members. A password is kept as its scrypt hash, and is for old clients only.",
    )
    op.create_table(
        "hub_key",
        sa.Column("key_id", sa.String(16), primary_key=True),
        sa.Column("member", sa.Integer, sa.ForeignKey("hub_member.number"), nullable=False),
        sa.Column("key_sha256", sa.String(64), nullable=False),
        sa.Column("added_at", sa.String(32), nullable=False),
        sa.Column("revoked_at", sa.String(32)),
        comment="API keys; only the hash of a key is kept.",
    )
    op.create_table(
        "hub_certificate",
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("member", sa.Integer, sa.ForeignKey("hub_member.number"), nullable=False),
        sa.Column("added_at", sa.String(32), nullable=False),
        comment="SHA-256 of client certificates, and whose they are.",
    )
    op.create_table(
        "hub_right",
        sa.Column("member", sa.Integer, sa.ForeignKey("hub_member.number"), primary_key=True),
        sa.Column(
            "collection", sa.Integer, sa.ForeignKey("hub_collection.number"), primary_key=True
        ),
        sa.Column("can_read", sa.Integer, nullable=False),
        sa.Column("can_write", sa.Integer, nullable=False),
        sa.Column("can_delete", sa.Integer, nullable=False),
        comment="What a member may do in a collection; without a row it does not know of it.",
    )
    op.create_table(
        "hub_object",
        sa.Column("sequence", _NUMBER, primary_key=True),
        sa.Column("collection", sa.Integer, sa.ForeignKey("hub_collection.number"), nullable=False),
        sa.Column("date_added", sa.BigInteger, nullable=False),
        sa.Column("object_id", sa.String(128), nullable=False),
        sa.Column("object_type", sa.String(64), nullable=False),
        sa.Column("spec_version", sa.String(8), nullable=False),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("version_at", sa.BigInteger, nullable=False),
        sa.Column("member", sa.Integer, sa.ForeignKey("hub_member.number"), nullable=False),
        sa.Column("is_versioned", sa.Integer, nullable=False),
        sa.Column("is_revoked", sa.Integer, nullable=False),
        sa.Column("is_first", sa.Integer, nullable=False),
        sa.Column("is_last", sa.Integer, nullable=False),
        sa.Column("is_newest", sa.Integer, nullable=False),
        sa.Column("is_current", sa.Integer, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        comment=(
            "Every version of every object, as its producer wrote it. First and last are so among "
            "the versions of one producer and one specification; newest is the specification; "
            "current is what is last of the newest."
        ),
    )
    op.create_table(
        "hub_opinion",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("collection", sa.Integer, sa.ForeignKey("hub_collection.number"), nullable=False),
        sa.Column("about", sa.String(128), nullable=False),
        sa.Column("opinion_id", sa.String(128), nullable=False),
        sa.Column("member", sa.Integer, sa.ForeignKey("hub_member.number"), nullable=False),
        sa.Column("value", sa.String(20), nullable=False),
        sa.Column("version_at", sa.BigInteger, nullable=False),
        sa.Column("is_revoked", sa.Integer, nullable=False),
        comment="Which objects the opinions among the objects are about.",
    )
    op.create_table(
        "hub_tombstone",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("collection", sa.Integer, sa.ForeignKey("hub_collection.number"), nullable=False),
        sa.Column("date_added", sa.BigInteger, nullable=False),
        sa.Column("object_id", sa.String(128), nullable=False),
        sa.Column("version", sa.String(40)),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("member", sa.Integer, sa.ForeignKey("hub_member.number"), nullable=False),
        sa.Column("is_versioned", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text),
        comment="What was deleted, retracted or removed for good, and by whom.",
    )
    op.create_table(
        "hub_acknowledgement",
        sa.Column("tombstone", _NUMBER, sa.ForeignKey("hub_tombstone.number"), primary_key=True),
        sa.Column("member", sa.Integer, sa.ForeignKey("hub_member.number"), primary_key=True),
        sa.Column("action", sa.String(12), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("acknowledged_at", sa.BigInteger, nullable=False),
        comment="What each member did about a tombstone, and its own reason.",
    )
    op.create_table(
        "hub_status",
        sa.Column("status_id", sa.String(36), primary_key=True),
        sa.Column("root", sa.String(63), sa.ForeignKey("hub_root.name"), nullable=False),
        sa.Column("member", sa.Integer, sa.ForeignKey("hub_member.number"), nullable=False),
        sa.Column("requested_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        comment="What became of each request to add objects; kept for some days.",
    )
    op.create_index(
        "hub_object_by_id",
        "hub_object",
        ["collection", "object_id", "member", "spec_version", "version_at"],
        unique=True,
    )
    op.create_index(
        "hub_object_in_order", "hub_object", ["collection", "is_current", "date_added", "sequence"]
    )
    op.create_index(
        "hub_object_by_type",
        "hub_object",
        ["collection", "is_current", "object_type", "date_added", "sequence"],
    )
    op.create_index("hub_opinion_about", "hub_opinion", ["collection", "about"])
    op.create_index("hub_opinion_by_id", "hub_opinion", ["collection", "opinion_id"])
    op.create_index(
        "hub_tombstone_in_order", "hub_tombstone", ["collection", "date_added", "number"]
    )
    op.create_index("hub_tombstone_by_id", "hub_tombstone", ["collection", "object_id"])
    op.create_index("hub_status_in_order", "hub_status", ["requested_at"])
