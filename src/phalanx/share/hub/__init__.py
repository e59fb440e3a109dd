"""The hub: a TAXII 2.1 server for what the members of an alliance share.

It stores each version of an object as the bytes that its producer wrote, hands them out in the
order in which they were added, and keeps what a member says apart from what others say.
`create_app` builds it, `serve` runs it; `open_database` with the functions of `directory` and
`members` is how an operator makes collections and enters members.
"""

from __future__ import annotations

from phalanx.share.hub.app import create_app
from phalanx.share.hub.database import Database, open_database
from phalanx.share.hub.directory import (
    About,
    Collection,
    Root,
    add_collection,
    add_root,
    describe_hub,
)
from phalanx.share.hub.members import (
    Rights,
    add_certificate,
    add_key,
    add_member,
    remove_certificates,
    revoke_key,
    set_password,
    set_rights,
    suspend_member,
)
from phalanx.share.hub.seed import seed
from phalanx.share.hub.serve import serve
from phalanx.share.hub.settings import HubSettings
from phalanx.share.hub.structure import Check, read_object

__all__ = [
    "About",
    "Check",
    "Collection",
    "Database",
    "HubSettings",
    "Rights",
    "Root",
    "add_certificate",
    "add_collection",
    "add_key",
    "add_member",
    "add_root",
    "create_app",
    "describe_hub",
    "open_database",
    "read_object",
    "remove_certificates",
    "revoke_key",
    "seed",
    "serve",
    "set_password",
    "set_rights",
    "suspend_member",
]
