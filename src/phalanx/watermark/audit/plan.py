"""What an auditor binds himself to before he asks the suspect anything.

A p-value is what it says only if the question was fixed before the answer was seen: which keys,
which statistic, how much is asked. The digest of the plan is published first, beside a commitment
to the keys; the report holds the plan, so that anybody can compare.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

import rfc8785

from phalanx.errors import InputError
from phalanx.watermark.audit.modes import GATHERED, METHODS, RACED, Mode

VERSION = 4
"""Of the form of a plan. Earlier ones fixed the weights of models without their settings, and
neither the tokenizer nor how much must be answered: they are refused."""

MOST_BYTES = 16 << 20
"""Of the file of a plan or a report."""

MOST_PROMPTS = 10_000_000
MOST_ANSWERS_EACH = 1_000
LEAST_READ = 0.95
"""Of what was planned, unless the plan says another share."""

MOST_KEYS = 10_000
MOST_DECOYS = 100_000
MOST_CANDIDATES = 1 << 20
MOST_PLACES = 10**12
MOST_GATHERED = 1 << 24
"""Contexts times candidates that are held at once."""

_SEEDS = 1 << 53
"""Whole numbers below are exact in JSON."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_KEY_ID = re.compile(r"[!-~]{1,200}")
_SCHEME = re.compile(r"[!-~]{1,300}")
_MOST_TEXT = 2_000
_ROUNDING = 1e-6
"""Of a share of a whole number."""

_MOST_VERSION = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An audit, before it begins.

    Raises:
        ValueError: If something is out of range, or of no use.

    Examples:
        >>> plan = Plan(
        ...     suspect="model-x", mode="answers", scheme="phalanx-gumbel-v1", key_ids=("a", "b"),
        ...     key_commitment="", prompts_digest="11" * 32, prompts=500, reference="base model",
        ...     reference_digest="22" * 32, level=1e-6, decoys=1000, decoy_seed=7, candidates=64,
        ...     places=20_000, made_at="2026-11-25T12:00:00Z",
        ... )
        >>> plan.digest()[:16], plan.method
        ('04073f1b2c7b9be2', 'mixture likelihood ratio of winners among answers, version 1')
        >>> read_plan(plan.as_bytes()) == plan
        True
    """

    suspect: str
    """Name of the model under audit, with its version and where it is asked."""

    mode: Mode
    """What is there of it."""

    scheme: str
    """Name of the scheme, with its parameters."""

    key_ids: tuple[str, ...]
    """Names of the keys that are asked about, no two the same: all of them, each counts."""

    key_commitment: str
    """`commitment_digest` of the published commitment to those keys, hexadecimal; empty if none was
    made, or if it was made after the plan and names it."""

    prompts_digest: str
    """`prompts_digest` of what the suspect is asked or made to read, hexadecimal."""

    prompts: int
    """How many prompts, or documents, that digest is of."""

    reference: str
    """The model that it is compared with, and why that knows nothing of the keys."""

    reference_digest: str
    """`model_digest` of that model's folder, hexadecimal; empty if nobody has it."""

    level: float
    """Chance of naming any key falsely that is accepted, between 0 and 1."""

    decoys: int
    """Random keys that are asked about as well."""

    decoy_seed: int
    """What they are drawn from, see `decoy_keys`: from 0, below 2^53."""

    candidates: int
    """Tokens that race at each place where the suspect reads."""

    places: int
    """Tokens or contexts that count at most: the first so many, in the order of what is read; where
    choices are gathered, the most usual so many contexts."""

    made_at: str
    """When the plan was made, RFC 3339."""

    marked_digest: str = ""
    """`model_digest` of the folder of the model whose outputs are marked, hexadecimal, where it
    makes the races: who could try several would find one that fits. Empty if nobody has it here,
    and in other modes."""

    tokenizer_digest: str = ""
    """SHA-256 of the `tokenizer.json` that cuts texts into tokens, hexadecimal: who could try
    several would find one that fits. Empty where token numbers are handed in."""

    answers_each: int = 1
    """Answers of the suspect to each prompt, as they come; 1 where it reads."""

    least_read: float = LEAST_READ
    """Share of the planned answers, or documents, that must be there, above 0, up to 1: with fewer
    the audit is not evaluable, as who left out the others may have chosen."""

    def __post_init__(self) -> None:
        """Refuse a plan whose outcome would say nothing."""
        for wrong in _wrong(self):
            message = f"this is no plan of an audit: {wrong}"
            raise ValueError(message)

    @property
    def method(self) -> str:
        """What is computed."""
        return METHODS[self.mode]

    @property
    def gathered(self) -> bool:
        """Whether choices are gathered by context."""
        return self.mode in GATHERED

    @property
    def asked(self) -> int:
        """Answers, or documents, that there are if none is missing."""
        return self.prompts * self.answers_each

    @property
    def least(self) -> int:
        """Answers, or documents, with which the audit is evaluable."""
        return max(1, math.ceil(self.least_read * self.asked - _ROUNDING))

    @property
    def raced(self) -> bool:
        """Whether the marked model makes the races."""
        return self.mode in RACED

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        said = asdict(self) | {"key_ids": list(self.key_ids)}
        return said | {"method": self.method, "version": VERSION}

    def as_bytes(self) -> bytes:
        """Return the plan as a file, whose SHA-256 is its digest: canonical JSON (RFC 8785)."""
        return rfc8785.dumps(self.as_json())

    def digest(self) -> str:
        """Return the SHA-256 of the plan as a file, hexadecimal: what is published."""
        return hashlib.sha256(self.as_bytes()).hexdigest()

    def digest_to_commit(self) -> str:
        """Return what a commitment to keys names: the digest of the plan without its commitment.

        So each can bind the other: the commitment names this digest, and the plan the commitment.
        """
        return replace(self, key_commitment="").digest()


def read_plan(data: bytes) -> Plan:
    """Understand the file of a plan.

    Parameters:
        data: Its content, at most `MOST_BYTES`.

    Raises:
        InputError: If it is none, or was changed: its bytes are what was published.
    """
    try:
        if len(data) > MOST_BYTES:
            raise _other_bytes()
        said = json.loads(data)
        _refuse_other_version(said)
        plan = plan_of(said)
        if plan.as_bytes() != data:
            raise _other_bytes()
    except (ValueError, RecursionError) as error:
        message = "this is no plan of an audit as it was written"
        raise InputError(message, next_step="Pass the file whose digest was published.") from error
    return plan


def plan_of(said: object) -> Plan:
    """Understand plain JSON as `Plan.as_json` gives it.

    Raises:
        ValueError: If it is no plan of this version.
    """
    names = [each.name for each in fields(Plan)]
    if not isinstance(said, dict) or set(said) != {*names, "method", "version"}:
        message = "a plan has other fields"
        raise ValueError(message)
    key_ids = said["key_ids"]
    chosen = {name: said[name] for name in names}
    # A list that holds no names is refused as a plan, not here.
    plan = Plan(**chosen | {"key_ids": tuple(key_ids) if isinstance(key_ids, list) else key_ids})
    if (said["method"], said["version"]) != (plan.method, VERSION):
        message = f"the plan is not of version {VERSION}, or has another method"
        raise ValueError(message)
    return plan


def _refuse_other_version(said: object) -> None:
    """Refuse a plan of another version by its number."""
    version = said.get("version") if isinstance(said, dict) else VERSION
    if type(version) is int and version != VERSION and 0 < version < _MOST_VERSION:
        message = f"the plan is of version {version}, and plans of version {VERSION} are read here"
        advice = "Use the release of Phalanx that wrote it, or plan anew and publish again."
        raise InputError(message, next_step=advice)


def _other_bytes() -> ValueError:
    return ValueError("other bytes than those of a plan")


def _wrong(plan: Plan) -> Iterator[str]:
    """Say what is wrong with a plan; its fields may be of any type."""
    yield from _wrong_names(plan)
    yield from _wrong_keys(plan.key_ids)
    if not (type(plan.level) is float and 0.0 < plan.level < 1.0):
        yield f"level must be a number between 0 and 1, not {plan.level!r:.40}"
    # JSON writes the share of all as a whole number.
    if not (type(plan.least_read) in {int, float} and 0.0 < plan.least_read <= 1.0):
        yield f"least_read must be a share above 0, up to 1, not {plan.least_read!r:.40}"
    for name, least, most in (
        ("prompts", 1, MOST_PROMPTS),
        ("answers_each", 1, MOST_ANSWERS_EACH),
        ("decoys", 0, MOST_DECOYS),
        ("decoy_seed", 0, _SEEDS - 1),
        ("candidates", 2, MOST_CANDIDATES),
        ("places", 1, MOST_PLACES),
    ):
        number = getattr(plan, name)
        if not (type(number) is int and least <= number <= most):
            yield f"{name} must be a whole number from {least:,} to {most:,}"
            return
    if plan.gathered and plan.places * plan.candidates > MOST_GATHERED:
        yield f"places times candidates must be at most {MOST_GATHERED:,} where they are gathered"
    if plan.answers_each > 1 and str(plan.mode).startswith("weights"):
        yield "a suspect that reads answers nothing: answers_each must be 1"
    if plan.marked_digest and not plan.raced:
        yield "only a plan where the marked model makes the races names it"


def _wrong_names(plan: Plan) -> Iterator[str]:
    for name in ("suspect", "reference"):
        text = getattr(plan, name)
        if not (isinstance(text, str) and 0 < len(text) <= _MOST_TEXT and text.isprintable()):
            yield f"{name} must be 1 to {_MOST_TEXT:,} printable characters"
    if plan.mode not in tuple(METHODS):
        yield f"mode must be one of {', '.join(METHODS)}"
    if not _is(plan.scheme, _SCHEME):
        yield "scheme must be the name of one"
    if not _is(plan.prompts_digest, _DIGEST):
        yield "prompts_digest must be 64 hexadecimal digits"
    for name in ("key_commitment", "reference_digest", "marked_digest", "tokenizer_digest"):
        value = getattr(plan, name)
        if not _is(value, _DIGEST) and value != "":
            yield f"{name} must be 64 hexadecimal digits, or empty"
    if not _is_instant(plan.made_at):
        yield "made_at must be a moment with its time zone, as RFC 3339 writes it"


def _wrong_keys(key_ids: object) -> Iterator[str]:
    if not (isinstance(key_ids, tuple) and 0 < len(key_ids) <= MOST_KEYS):
        yield f"key_ids must be a tuple of 1 to {MOST_KEYS:,} names"
    elif not all(_is(each, _KEY_ID) for each in key_ids):
        yield "a key is named by 1 to 200 printable ASCII characters without spaces"
    elif len(set(key_ids)) != len(key_ids):
        yield "a key is named twice"


def _is(value: object, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_instant(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
