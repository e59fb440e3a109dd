"""The tables of the alliance folder: what waits, what was sent, what was received, how far.

One database holds them, so that a process that is killed leaves all of a step or nothing.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from phalanx.owned import refuse_unwritable
from phalanx.share.gate.tables import DurableFile

DATABASE_FILE = "alliance.db"
"""Name of the database in the folder."""

METADATA = MetaData()

WAITING = Table(
    "waiting",
    METADATA,
    Column("object_id", String(128), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("content", String(64), nullable=False),
    Column("template_accounts", Integer, nullable=False),
    Column("campaign", String(128), nullable=False),
    comment="Objects that may not have left yet, in the order in which they are to leave.",
)

SENT = Table(
    "sent",
    METADATA,
    Column("object_id", String(128), primary_key=True),
    Column("version", String(40), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("raw", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("content", String(64), nullable=False),
    Column("campaign", String(128), nullable=False),
    Column("sent_at", String(40), nullable=False),
    Column("is_acknowledged", Boolean, nullable=False),
    comment="Versions that left or are leaving: bytes, signature, whether the hub has them.",
)

BATCHES = Table(
    "batches",
    METADATA,
    Column("slot", String(40), primary_key=True),
    Column("objects", Integer, nullable=False),
    comment="How many objects left in each slot, padding included.",
)

RECEIVED = Table(
    "received",
    METADATA,
    Column("object_id", String(128), primary_key=True),
    Column("version", String(40), primary_key=True),
    Column("raw", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("member", String(128), nullable=False),
    Column("type", String(64), nullable=False),
    Column("is_revoked", Boolean, nullable=False),
    Column("is_newest", Boolean, nullable=False),
    Column("received_at", String(40), nullable=False),
    Index("received_newest", "is_newest", "type"),
    comment="Versions of others and of one's own, byte for byte, with the signature of each.",
)

REJECTED = Table(
    "rejected",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("object_id", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    Column("rejected_at", String(40), nullable=False),
    comment="What the hub handed out and was not taken, by name.",
)

GONE = Table(
    "gone",
    METADATA,
    Column("object_id", String(128), primary_key=True),
    Column("member", String(128), primary_key=True),
    Column("gone_at", String(40), nullable=False),
    comment="Objects that a member took back: never accepted again.",
)

LET_GO = Table(
    "let_go",
    METADATA,
    Column("object_id", String(128), primary_key=True),
    Column("member", String(128), primary_key=True),
    Column("version", String(40), nullable=False),
    comment="Objects that the hub called gone, and the newest version that was held of each.",
)

SIGNATURES = Table(
    "signatures",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("object_id", String(128), nullable=False),
    Column("version", String(40), nullable=False),
    Column("raw", LargeBinary, nullable=False),
    UniqueConstraint("object_id", "version", "raw"),
    comment="Signatures that were handed out, not yet verified; several may claim one version.",
)

TOMBSTONES = Table(
    "tombstones",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("object_id", String(128), nullable=False),
    Column("was_held", Boolean, nullable=False),
    Column("is_own", Boolean, nullable=False),
    Column("is_done", Boolean, nullable=False),
    comment="What is gone from the hub; done when it was acknowledged, or by all where it is own.",
)

PLACES = Table(
    "places",
    METADATA,
    Column("what", String(200), primary_key=True),
    Column("place", Text, nullable=False),
    comment="How far each list of the hub was read.",
)


class AllianceFolder(DurableFile):
    """The database of an alliance folder.

    Parameters:
        folder: That holds it; made if it is missing.

    Raises:
        InputError: If it cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        """Make what is missing."""
        refuse_unwritable(folder, "`folder` of the alliance settings")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        super().__init__(
            folder / DATABASE_FILE, METADATA, advice="Name another folder in the settings."
        )
