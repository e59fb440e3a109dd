"""A profile's values as the hashes that one scan works with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.detect.request_columns import parameter_signature
from phalanx.logs.identifiers import spelled
from phalanx.logs.pseudonym import key_id, pseudonym
from phalanx.logs.schema import EXCHANGE_SCHEMA
from phalanx.model import ActorProfile, RequestSettings
from phalanx.sketches.prompts import sketch_prompts
from phalanx.text import derive_seed, hash_strings

IDENTIFIERS: Mapping[str, str] = {
    "payment": "payment_fingerprint",
    "email": "email_domain",
    "subnet": "client_subnet",
}
"""Family -> column whose values become pseudonyms under a key."""

_HASH = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Targets:
    """What to look for of one family of a profile."""

    hashes: npt.NDArray[np.int64]
    persistence: float
    unusable: str
    """Why some values cannot be looked for; empty where all can."""


def targets_of(profile: ActorProfile, key: bytes | None) -> dict[str, Targets]:
    """Hash a profile's values as a scan under a key does.

    Parameters:
        profile: The profile.
        key: Key of the scan; null where it keeps identifiers in clear.

    Returns:
        Family -> what to look for; families that the profile does not speak of are absent.
    """
    scan_key = "" if key is None else key_id(key)
    families = {trait.family: trait for trait in profile.traits if trait.family != "hours"}
    found: dict[str, Targets] = {}
    for family, trait in families.items():
        hashes = [_clear(family, trait.values, key)]
        unusable = ""
        if trait.hashes and profile.key_id != scan_key:
            unusable = "its hashes were made under another key"
        elif trait.hashes:
            hashes.append(_hashed(family, trait.hashes, key))
        if family == "parameters":
            hashes.append(settings_hashes(profile.settings, key))
        found[family] = _targets(np.concatenate(hashes), trait.persistence, unusable)
    if profile.settings and "parameters" not in found:
        found["parameters"] = _targets(settings_hashes(profile.settings, key), 0.5, "")
    return found


def _targets(hashes: npt.NDArray[np.int64], persistence: float, unusable: str) -> Targets:
    known = np.unique(hashes[hashes != 0])
    reason = unusable or ("" if known.size else "no value that can be looked for")
    return Targets(known, persistence, reason)


def _clear(family: str, values: Sequence[str], key: bytes | None) -> npt.NDArray[np.int64]:
    """Hash values that stand in clear, spelled as a scan spells them."""
    if family == "template":
        return sketch_prompts(pa.array(values, pa.string()), derive_seed(key, "sketch")).opening
    column = IDENTIFIERS.get(family)
    if column is None:
        return hash_strings(pa.array(values, pa.string()), derive_seed(key, "attribute"))
    texts = [spelled(column, value) for value in values]
    hidden = [t if t is None or key is None else pseudonym(key, column, t) for t in texts]
    return hash_strings(pa.array(hidden, pa.string()), derive_seed(key, "attribute"))


def _hashed(family: str, values: Sequence[str], key: bytes | None) -> npt.NDArray[np.int64]:
    """Read values as a scan under this key wrote them."""
    if family in IDENTIFIERS:
        return hash_strings(pa.array(values, pa.string()), derive_seed(key, "attribute"))
    known = [int(value, 16) for value in values if _HASH.fullmatch(value)]
    return np.array(known, dtype=np.uint64).view(np.int64)


def settings_hashes(
    settings: Sequence[RequestSettings], key: bytes | None
) -> npt.NDArray[np.int64]:
    """Hash request settings as a scan does."""
    names = [each.name for each in fields(RequestSettings)]
    columns = [
        pa.array([getattr(one, name) for one in settings], EXCHANGE_SCHEMA.field(name).type)
        for name in names
    ]
    batch = pa.RecordBatch.from_arrays(columns, names)
    return parameter_signature(batch, derive_seed(key, "attribute"))
