"""How a package lies in its folder.

`package.note` is a signed checkpoint of the tree of records, `leaves` the hashes of all of them, so
that the tree can be built where some are missing. `records` holds those that are shown, each with
its salt, `items` the files, named by their digest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256

import rfc8785

from phalanx.errors import VerificationError
from phalanx.govern.packages.records import Record, record_of
from phalanx.json_text import parse_object
from phalanx.transparency.merkle import HASH_BYTES, in_memory, leaf_hash, root_of
from phalanx.transparency.salted import SALT_BYTES, salted_entry

NOTE, LEAVES, RECORDS, ITEMS = "package.note", "leaves", "records", "items"
SECOND_LINE = "phalanx.case-package/1"
"""Under the checkpoint, so that none of a log is taken for one of a package."""

MOST_RECORDS = 100_000


@dataclass(frozen=True, slots=True)
class Salted:
    """A record with its salt."""

    record: Record
    salt: bytes

    @property
    def leaf(self) -> bytes:
        """Hash of its leaf in the tree."""
        return leaf_hash(salted_entry(sha256(self.record.payload()).digest(), self.salt))

    def as_bytes(self) -> bytes:
        """Return the file of the record."""
        said = {"record": json.loads(self.record.payload()), "salt": self.salt.hex()}
        return rfc8785.dumps(said) + b"\n"


def salted_of(content: bytes, what: str) -> Salted:
    """Understand the file of a record.

    Raises:
        VerificationError: If it is none.
        InputError: If it is no JSON.
    """
    said = parse_object(content, what)
    salt = said.get("salt")
    if said.keys() != {"record", "salt"} or not isinstance(salt, str):
        raise _no_record(what)
    try:
        found = Salted(record_of(said["record"], what), bytes.fromhex(salt))
    except ValueError as error:
        raise _no_record(what) from error
    if len(found.salt) != SALT_BYTES or found.as_bytes() != content:
        raise _no_record(what)
    return found


def file_name(index: int) -> str:
    """Return the name of the file of a record.

    Examples:
        >>> file_name(7)
        '00007.json'
    """
    return f"{index:05}.json"


def root_of_leaves(leaves: bytes) -> bytes:
    """Return the root of the tree over hashes of leaves that stand one behind the other."""
    hashes = [leaves[at : at + HASH_BYTES] for at in range(0, len(leaves), HASH_BYTES)]
    return root_of(in_memory(hashes), len(hashes))


def _no_record(what: str) -> VerificationError:
    message = f"{what} is no record of a package with its salt"
    return VerificationError(message, next_step="Ask whoever packed it.")
