"""A first draft of a profile, from what a scan wrote about one group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.detect.attribution.targets import IDENTIFIERS, settings_hashes
from phalanx.detect.request_columns import parameter_signature
from phalanx.logs.pseudonym import pseudonymiser
from phalanx.model import (
    ActorProfile,
    Attribution,
    RequestSettings,
    Trait,
)
from phalanx.model.profile import TraitFamily
from phalanx.sketches.prompts import sketch_prompts
from phalanx.text import derive_seed, hash_strings

LONGEST_TEXT = 2_000
"""Characters of a template or system prompt beyond which only its hash is kept."""

_OPENING_CHARACTERS = 240
_CLEAR_COLUMNS = {**IDENTIFIERS, "tls": "tls_fingerprint", "asn": "asn"}
"""Family -> column that holds its values."""


def draft_profile(attribution: Attribution, key_id: str, active: tuple[date, date]) -> ActorProfile:
    """Draft a profile that a person completes: it has no name and no source yet.

    Parameters:
        attribution: Of one group.
        key_id: Key of the scan; empty where it kept identifiers in clear.
        active: First and last day (UTC) of the group.

    Returns:
        Traits as the scan wrote them: identifiers as pseudonyms, texts as hashes.
    """
    families: tuple[TraitFamily, ...] = get_args(TraitFamily)
    traits = []
    for family in families:
        pairs = [
            (value.value, value.hash)
            for role in attribution.roles
            for value in role.values
            if value.family == family
        ]
        if not pairs:
            continue
        in_clear = family == "tls" or (not key_id and family in IDENTIFIERS)
        values = tuple(value for value, _ in pairs) if in_clear else ()
        hashes = (
            ()
            if in_clear
            else tuple(value if family in IDENTIFIERS else code for value, code in pairs)
        )
        traits.append(Trait(family=family, values=values, hashes=hashes))
    return ActorProfile(
        schema="phalanx.profile/1",
        name="",
        sources=(),
        key_id=key_id,
        traits=tuple(traits),
        drafted_from=active[0],
        drafted_until=active[1],
        hours_of_week=attribution.hours_of_week,
    )


@dataclass
class _Clear:
    """Values in clear that were found so far, by their hash."""

    values: dict[str, dict[int, str]] = field(default_factory=dict)
    settings: dict[int, RequestSettings] = field(default_factory=dict)


def with_clear_values(
    profile: ActorProfile, batches: Iterable[pa.RecordBatch], key: bytes | None
) -> ActorProfile:
    """Replace hashes by the values behind them, so that a scan under any key can use the profile.

    Parameters:
        profile: A draft.
        batches: The log of the scan in `EXCHANGE_SCHEMA`, read without a key.
        key: Key of the scan.

    Returns:
        The draft; values that the log does not show in clear stay hashes.
    """
    wanted = {trait.family: _wanted(trait, key) for trait in profile.traits if trait.hashes}
    clear = _Clear()
    for batch in batches:
        for family, hashes in wanted.items():
            if family == "parameters":
                _find_settings(batch, hashes, key, clear.settings)
            else:
                found = clear.values.setdefault(family, {})
                _find_values(batch, family, hashes, key, found)
    traits = []
    for trait in profile.traits:
        known = clear.settings if trait.family == "parameters" else clear.values.get(trait.family)
        if not trait.hashes or not known:
            traits.append(trait)
            continue
        codes = wanted[trait.family].tolist()
        left = tuple(
            text for text, code in zip(trait.hashes, codes, strict=True) if code not in known
        )
        values = (
            tuple(dict.fromkeys(clear.values[trait.family].values()))
            if trait.family in clear.values
            else ()
        )
        if values or left:
            traits.append(replace(trait, values=trait.values + values, hashes=left))
    settings = tuple(clear.settings.values())
    key_id = profile.key_id if any(trait.hashes for trait in traits) else ""
    return replace(profile, traits=tuple(traits), settings=settings, key_id=key_id)


def _wanted(trait: Trait, key: bytes | None) -> npt.NDArray[np.int64]:
    if trait.family in IDENTIFIERS:
        return hash_strings(pa.array(trait.hashes, pa.string()), derive_seed(key, "attribute"))
    return np.array([int(code, 16) for code in trait.hashes], dtype=np.uint64).view(np.int64)


def _find_values(
    batch: pa.RecordBatch,
    family: str,
    wanted: npt.NDArray[np.int64],
    key: bytes | None,
    found: dict[int, str],
) -> None:
    """Take the clear text behind each wanted hash of one batch."""
    if family == "template":
        texts = batch.column("prompt")
        hashes = sketch_prompts(texts, derive_seed(key, "sketch")).opening
        shorten: Callable[[str, int], str | None] = _Opening(key)
    else:
        column = "system_prompt" if family == "system prompt" else _CLEAR_COLUMNS[family]
        texts = batch.column(column).unique()
        hidden = texts
        if key is not None and family in IDENTIFIERS:
            hidden = pa.array(pseudonymiser(key, column)(texts.to_pylist()), pa.string())
        hashes = hash_strings(hidden, derive_seed(key, "attribute"))
        shorten = _whole
    for row in _first_rows(hashes, wanted, found):
        text = shorten(texts[row].as_py(), int(hashes[row]))
        if text is not None:
            found[int(hashes[row])] = text


def _find_settings(
    batch: pa.RecordBatch,
    wanted: npt.NDArray[np.int64],
    key: bytes | None,
    found: dict[int, RequestSettings],
) -> None:
    hashes = parameter_signature(batch, derive_seed(key, "attribute"))
    for row in _first_rows(hashes, wanted, found):
        settings = RequestSettings(
            **{each.name: batch.column(each.name)[row].as_py() for each in fields(RequestSettings)}
        )
        if int(settings_hashes([settings], key)[0]) == int(hashes[row]):
            found[int(hashes[row])] = settings


def _first_rows(
    hashes: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64], found: Iterable[int]
) -> Sequence[int]:
    """Return the first row of each wanted hash that was not found yet."""
    open_ = np.setdiff1d(wanted, np.array(list(found), dtype=np.int64))
    rows = np.flatnonzero(np.isin(hashes, open_))
    first: list[int] = rows[np.unique(hashes[rows], return_index=True)[1]].tolist()
    return first


def _whole(text: str, _hash: int) -> str | None:
    return text if len(text) <= LONGEST_TEXT else None


@dataclass(frozen=True)
class _Opening:
    """Cuts a prompt to an opening that has the same hash; null where none is short enough."""

    key: bytes | None

    def __call__(self, text: str, wanted: int) -> str | None:
        for length in (_OPENING_CHARACTERS, LONGEST_TEXT):
            cut = text[:length]
            sketch = sketch_prompts(pa.array([cut]), derive_seed(self.key, "sketch"))
            if int(sketch.opening[0]) == wanted:
                return cut
        return None


def unresolved(profile: ActorProfile) -> int:
    """Count the values of a profile that only a scan under its own key can use."""
    return sum(len(trait.hashes) for trait in profile.traits)
