"""The pool: evidence that several members each hold too little of, put together.

Members submit what their groups say of blinded tokens, in batches of one size. The pool merges it
across members, and tells the contributors of a token when the evidence passes the level that
e-BH asks for; it tells nobody else, and nothing else. It stands above the hub, whose members it
serves and beside whose endpoints its own are mounted (`pool_routes`).
"""

from __future__ import annotations

from phalanx.share.pool.evaluation import Evaluation, evaluate
from phalanx.share.pool.findings import SOURCES, Finding, GroupEvidence, findings_of
from phalanx.share.pool.keeping import (
    add_decoys,
    add_member_key,
    add_round,
    remove_member,
    told_to,
)
from phalanx.share.pool.rounds import Round
from phalanx.share.pool.routes import pool_routes
from phalanx.share.pool.submission import entries_of, signed_batch
from phalanx.share.pool.tables import POOL
from phalanx.share.pool.telling import Rule, Said, Told, told_tokens

__all__ = [
    "POOL",
    "SOURCES",
    "Evaluation",
    "Finding",
    "GroupEvidence",
    "Round",
    "Rule",
    "Said",
    "Told",
    "add_decoys",
    "add_member_key",
    "add_round",
    "entries_of",
    "evaluate",
    "findings_of",
    "pool_routes",
    "remove_member",
    "signed_batch",
    "told_to",
    "told_tokens",
]
