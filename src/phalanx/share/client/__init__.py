"""The member's side of a hub: what is new comes in, what may leave goes out, byte for byte.

`connected` reaches a server of TAXII 2.1, Phalanx's hub or another one. `pull` and `push` read and
add objects of one of its collections; the other functions say back what was done and thought.
"""

from __future__ import annotations

from phalanx.share.client.access import Access, connected
from phalanx.share.client.answers import (
    Acknowledgements,
    ApiRoot,
    CollectionInfo,
    Discovery,
    Record,
    Tombstone,
)
from phalanx.share.client.feedback import (
    Action,
    acknowledge,
    delete,
    opinions,
    remove,
    tombstone,
)
from phalanx.share.client.pull import (
    Cursor,
    Pulled,
    Rejected,
    fetch,
    manifest,
    pull,
    tombstones_of,
)
from phalanx.share.client.push import Pushed, Refused, push
from phalanx.share.client.server import Collection, TaxiiServer

__all__ = [
    "Access",
    "Acknowledgements",
    "Action",
    "ApiRoot",
    "Collection",
    "CollectionInfo",
    "Cursor",
    "Discovery",
    "Pulled",
    "Pushed",
    "Record",
    "Refused",
    "Rejected",
    "TaxiiServer",
    "Tombstone",
    "acknowledge",
    "connected",
    "delete",
    "fetch",
    "manifest",
    "opinions",
    "pull",
    "push",
    "remove",
    "tombstone",
    "tombstones_of",
]
