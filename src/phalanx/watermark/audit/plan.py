"""What an auditor binds himself to before he asks the suspect anything.

A p-value is what it says only if the question was fixed before the answer was seen: which keys,
which statistic, how much is asked. The digest of the plan is published first, beside a commitment
to the keys; the report holds the plan, so that anybody can compare.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Literal

import rfc8785

Mode = Literal["answers", "weights"]
"""What is there of the suspect: what it answers, or its weights (or all of its probabilities)."""

METHODS = {
    "answers": "mixture likelihood ratio of winners among answers, version 1",
    "weights": "mixture likelihood ratio of lean towards winners, version 1",
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
        return hashlib.sha256(rfc8785.dumps(asdict(self) | {"method": self.method})).hexdigest()
