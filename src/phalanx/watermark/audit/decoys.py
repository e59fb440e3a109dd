"""Random keys that an audit asks about beside those of its plan."""

from __future__ import annotations

import hashlib

from phalanx.watermark.audit.plan import Plan
from phalanx.watermark.keys.framing import framed

_LABEL = "phalanx audit decoys v1"


def decoy_keys(plan: Plan, key_bytes: int) -> list[bytes]:
    """Return the random keys of a plan, which anybody can draw again.

    They come from SHAKE-256 of the plan's seed and scheme, not from a generator of numpy, whose
    stream its versions may change.

    Parameters:
        plan: The plan.
        key_bytes: Length of the scheme's keys, `Setting.key_bytes`.

    Examples:
        >>> from phalanx.watermark.audit import Plan
        >>> plan = Plan(
        ...     suspect="x", mode="weights", scheme="phalanx-gumbel-v1", key_ids=("a",),
        ...     key_commitment="", prompts_digest="00" * 32, prompts=9, reference="base",
        ...     reference_digest="", level=1e-3, decoys=3, decoy_seed=7, candidates=64,
        ...     places=1000, made_at="2026-11-25T12:00:00Z",
        ... )
        >>> [key.hex() for key in decoy_keys(plan, 4)]
        ['dee0ad10', '67577a01', 'a943b178']
    """
    seed = framed(_LABEL, plan.scheme, plan.decoy_seed, key_bytes)
    stream = hashlib.shake_256(seed).digest(plan.decoys * key_bytes)
    return [stream[at : at + key_bytes] for at in range(0, len(stream), key_bytes)]
