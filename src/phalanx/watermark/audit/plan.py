"""What an auditor binds himself to before he asks the suspect anything.

A p-value is what it says only if the question was fixed before the answer was seen: which keys,
which statistic, how much is asked. The digest of the plan is published first, beside a commitment
to the keys; the report holds the plan, so that anybody can compare.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import rfc8785

from phalanx.errors import InputError

Mode = Literal["answers", "weights", "sums"]
"""What is there of the suspect: what it answers, or its weights (or all of its probabilities).
`sums` is of answers where nobody can say how likely their tokens were: it takes any scheme, and
far more text."""

METHODS = {
    "answers": "mixture likelihood ratio of winners among answers, version 1",
    "weights": "mixture likelihood ratio of lean towards winners, version 1",
    "sums": "exact tail of the sum of scores of answers, calibrated, version 1",
}
"""What each mode computes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An audit, before it begins.

    Examples:
        >>> plan = Plan(
        ...     suspect="model-x", mode="answers", scheme="phalanx-gumbel-v1", key_ids=("a", "b"),
        ...     key_commitment="00", prompts_digest="11", reference="base model",
        ...     level=1e-6, decoys=1000, decoy_seed=7, made_at="2026-11-25T12:00:00Z",
        ... )
        >>> plan.digest()[:16], plan.method
        ('91089e369547d71a', 'mixture likelihood ratio of winners among answers, version 1')
    """

    suspect: str
    """Name of the model under audit, with its version and where it is asked."""

    mode: Mode
    """What is there of it."""

    scheme: str
    """Name of the scheme."""

    key_ids: tuple[str, ...]
    """Names of the keys that are asked about: all of them, each counts."""

    key_commitment: str
    """Published commitment to those keys, hexadecimal; empty if none was made."""

    prompts_digest: str
    """SHA-256 of what the suspect is asked or made to read, hexadecimal."""

    reference: str
    """The model that it is compared with, and why that knows nothing of the keys."""

    level: float
    """Chance of naming any key falsely that is accepted."""

    decoys: int
    """Random keys that are asked about as well."""

    decoy_seed: int
    """Of their generator."""

    made_at: str
    """When the plan was made, RFC 3339."""

    @property
    def method(self) -> str:
        """What is computed."""
        return METHODS[self.mode]

    def digest(self) -> str:
        """Return the SHA-256 of the plan in canonical JSON (RFC 8785), hexadecimal."""
        return hashlib.sha256(self.as_bytes()).hexdigest()

    def as_bytes(self) -> bytes:
        """Return the plan as a file, whose SHA-256 is its digest: canonical JSON (RFC 8785)."""
        return rfc8785.dumps(asdict(self) | {"method": self.method})


MOST_BYTES = 64 << 20
"""Of a plan."""


def read_plan(data: bytes) -> Plan:
    """Understand the file of a plan.

    Parameters:
        data: Its content, at most `MOST_BYTES`.

    Raises:
        InputError: If it is none, or was changed: its bytes are what was published.
    """
    try:
        said = json.loads(data)
        plan = _plan(said)
        # In canonical form there is one way to write a plan.
        whole = plan is not None and plan.as_bytes() == data
    except (ValueError, KeyError, TypeError, RecursionError, rfc8785.CanonicalizationError):
        whole = False
    if not whole:
        message = "this is no plan of an audit as it was written"
        raise InputError(message, next_step="Make one with `phalanx watermark audit plan`.")
    assert plan is not None  # noqa: S101 - it is whole
    return plan


def _plan(said: Any) -> Plan | None:  # noqa: ANN401 - whatever a file says
    if not isinstance(said, dict) or said.get("mode") not in METHODS:
        return None
    texts = [said[name] for name in _TEXTS] + list(said["key_ids"])
    numbers_fit = (
        type(said["level"]) in {int, float}
        and 0.0 < said["level"] < 1.0
        and all(type(said[name]) is int for name in ("decoys", "decoy_seed"))
        and 0 <= said["decoys"] <= MOST_DECOYS
        and 0 <= said["decoy_seed"] < 1 << 53
    )
    if not numbers_fit or not said["key_ids"] or not all(isinstance(each, str) for each in texts):
        return None
    chosen = {each.name: said[each.name] for each in fields(Plan)}
    return Plan(**(chosen | {"key_ids": tuple(said["key_ids"]), "level": float(said["level"])}))


MOST_DECOYS = 100_000
_TEXTS = (
    "suspect", "scheme", "key_commitment", "prompts_digest", "reference", "made_at"
)  # fmt: skip
