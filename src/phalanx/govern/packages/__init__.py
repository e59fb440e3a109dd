"""Packages: what was found in a case, in one folder that verifies without whoever packed it.

A package is a list of records under one signature: who took part, what was collected, who held
it, what is claimed with which error, what stands in the ledger. Each record is a salted leaf of a
tree, so that a copy from which some are taken away verifies under the same signature, and says how
many are missing.
"""

from __future__ import annotations

from phalanx.govern.packages.packing import pack
from phalanx.govern.packages.records import (
    ApprovalRecord,
    CaseRecord,
    ClaimRecord,
    CustodyRecord,
    DocumentRecord,
    EventRecord,
    ItemRecord,
    PersonRecord,
    Record,
)
from phalanx.govern.packages.redacting import redact
from phalanx.govern.packages.verifying import Package, verify_package

__all__ = [
    "ApprovalRecord",
    "CaseRecord",
    "ClaimRecord",
    "CustodyRecord",
    "DocumentRecord",
    "EventRecord",
    "ItemRecord",
    "Package",
    "PersonRecord",
    "Record",
    "pack",
    "redact",
    "verify_package",
]
