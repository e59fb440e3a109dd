"""One reading under every key of one scheme, and under keys that nobody used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from phalanx.watermark.detection.decoys import decoys_ahead, derive_decoys, law_doubt_log10_p
from phalanx.watermark.detection.findings import Reading
from phalanx.watermark.draws import draw
from phalanx.watermark.schemes.scheme import Scheme

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
    drawn = draw(reading.documents, setting.context_width, setting.unit, known=reading.known)
    packed = np.frombuffer(b"".join(asked.keys.values()), dtype=np.uint8)
    packed = packed.reshape(len(asked.keys), setting.key_bytes)
    others = derive_decoys(decoys, setting, drawn, asked.keys.values())
    # Together, because a law given the draws is found once for all keys.
    totals = asked.scheme.totals(drawn, np.concatenate([packed, others]))
    logs, count = setting.law(totals, drawn), len(packed)
    return Group(
        reading,
        asked.scheme,
        tuple(asked.keys),
        document,
        drawn.count,
        drawn.repeats,
        totals[:count],
        logs[:count],
        decoys_ahead(totals[:count], totals[count:]),
        law_doubt_log10_p(logs[count:]),
    )
