"""What must last between scans: a database of facts, and a folder of files beside it.

The database is SQLite by default, or PostgreSQL. What is numerous (sketches, counts, the state
of the replay) lies in Parquet files, a folder for each scan, whose manifest names each file
with its digest. A scan is kept when its row is in the database, and not before.
"""

from __future__ import annotations

from phalanx.store.manifest import KEPT_VERSION, KeptFile, Manifest
from phalanx.store.place import DatabasePlace, Place, database_of, place_of
from phalanx.store.rows import GroupRow, ListedGroup, Membership, ScanRow
from phalanx.store.store import Draft, Store, open_store

__all__ = [
    "KEPT_VERSION",
    "DatabasePlace",
    "Draft",
    "GroupRow",
    "KeptFile",
    "ListedGroup",
    "Manifest",
    "Membership",
    "Place",
    "ScanRow",
    "Store",
    "database_of",
    "open_store",
    "place_of",
]
