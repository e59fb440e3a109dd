"""Audit keys that were handed out: a file for its owner alone, until the audit is over.

Whoever reads the file can test and mark with the keys in it, and with no others. It is deleted
when the audit is over; its keys are derived again only in another opening.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from phalanx.errors import InputError
from phalanx.watermark.keys.listing import DerivedKeys
from phalanx.watermark.keys.opening import Opening, read_moment, written
from phalanx.watermark.keys.secret import Secret, SecretKeys

MOST_BYTES = 64 << 20
_SCHEMA = "phalanx.audit-keys/1"


@dataclass(frozen=True, slots=True)
class AuditKeys:
    """What an opening gave."""

    opening: str
    """Digest of it."""

    plan: str
    """SHA-256 of the plan of the audit, in hexadecimal."""

    keys: DerivedKeys


def handed_out(opening: Opening, keys: DerivedKeys) -> str:
    """Write keys down on one line, in the open.

    Parameters:
        opening: That they were derived in.
        keys: All of them.
    """
    return json.dumps(
        {
            "schema": _SCHEMA,
            "opening": opening.digest,
            "plan": opening.plan,
            "epoch": keys.epoch,
            "begins": written(keys.begins),
            "ends": None if keys.ends is None else written(keys.ends),
            "scheme": keys.scheme,
            "keys": [
                {"name": name, "key_id": key_id, "key": key.reveal().hex()}
                for name, key_id, key in zip(keys.names, keys.ids, keys.keys, strict=True)
            ],
        }
    )


def read_handed_out(content: Secret) -> AuditKeys:
    """Read keys that were handed out.

    Parameters:
        content: Of the file.

    Raises:
        InputError: If it is something else, without saying what is in it.
    """
    found = _understood(content)
    if found is None:
        message = "not a file of audit keys"
        raise InputError(message, next_step="Name the file that the opening was written to.")
    return found


def _understood(content: Secret) -> AuditKeys | None:
    """Return the keys, or null: an error would carry the variables of this function."""
    try:
        said: dict[str, Any] = json.loads(content.reveal())
        if said["schema"] != _SCHEMA:
            return None
        ends: datetime | None = None if said["ends"] is None else read_moment(said["ends"])
        return AuditKeys(
            str(said["opening"]),
            str(said["plan"]),
            DerivedKeys(
                purpose="audit",
                epoch=int(said["epoch"]),
                begins=read_moment(said["begins"]),
                ends=ends,
                scheme=str(said["scheme"]),
                names=tuple(str(each["name"]) for each in said["keys"]),
                ids=tuple(str(each["key_id"]) for each in said["keys"]),
                keys=SecretKeys([Secret(bytes.fromhex(each["key"])) for each in said["keys"]]),
            ),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
