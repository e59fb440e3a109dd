"""One reading under every key of one scheme, and under keys that nobody used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from phalanx.watermark.detection.decoys import decoys_ahead, derive_decoys, law_doubt_log10_p
from phalanx.watermark.detection.findings import Reading
from phalanx.watermark.draws import Draws, draw
from phalanx.watermark.schemes.scheme import Scheme, Setting

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SchemeKeys:
    """A scheme with the keys that are tried under it."""

    scheme: Scheme
    """The scheme."""

    keys: Mapping[str, bytes] = field(repr=False)
    """Name of each key, and the key, as long as the scheme says."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """The tests of one reading under one scheme, which share draws and decoys."""

    reading: Reading
    scheme: Scheme
    key_ids: tuple[str, ...]
    document: int | None
    """Which of several documents was read alone; null for all together."""

    draws: int
    repeats: int
    totals: Floats
    law: Floats
    """p-values of the scheme's law, base-10 logarithms."""

    ahead: npt.NDArray[np.int64]
    """Decoys whose total is at least as large."""

    doubt: float
    """p-value of the null that the law is right here, base-10 logarithm."""


def drawn(reading: Reading, setting: Setting) -> Draws:
    """Pick what counts of a reading under a scheme of this setting."""
    return draw(
        reading.documents,
        setting.context_width,
        setting.unit,
        known=reading.known,
        before_first=setting.before_first,
    )


def score(
    reading: Reading,
    asked: SchemeKeys,
    decoys: int,
    document: int | None = None,
) -> Group:
    """Score one reading.

    Parameters:
        reading: What is read.
        asked: Under what.
        decoys: Random keys beside, which follow from keys and text.
        document: Which of several documents it is; null for all together.
    """
    setting = asked.scheme.setting
    draws = drawn(reading, setting)
    packed = np.frombuffer(b"".join(asked.keys.values()), dtype=np.uint8)
    packed = packed.reshape(len(asked.keys), setting.key_bytes)
    others = derive_decoys(decoys, setting, draws, asked.keys.values())
    # Together, because a law given the draws is found once for all keys.
    totals = asked.scheme.totals(draws, np.concatenate([packed, others]))
    logs, count = setting.law(totals, draws), len(packed)
    return Group(
        reading,
        asked.scheme,
        tuple(asked.keys),
        document,
        draws.count,
        draws.repeats,
        totals[:count],
        logs[:count],
        decoys_ahead(totals[:count], totals[count:]),
        law_doubt_log10_p(logs[count:]),
    )
