"""What was seen: blinded fingerprints of accounts, sketches of templates, places in the network.

An account is never named, and never by a plain hash of it, which a dictionary would undo: its
fingerprint is the output of a blinded function whose key no member holds. A prompt is never sent:
of a template that many accounts share there are two sketches under a key of the group.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from phalanx.share.wire.extension import as_observable
from phalanx.share.wire.identifiers import Object, extended_id, observable_id
from phalanx.share.wire.vocabulary import OURS
from phalanx.sketches.shape import PERMUTATIONS

FingerprintKind = Literal["account", "email", "payment", "phone", "device"]
CAPABILITIES = (
    "agentic", "chat", "coding", "computer-use", "data-analysis", "grading", "maths", "reasoning",
    "safety", "tool-use", "translation", "vision", "writing", "other",
)  # fmt: skip
"""What a template is after."""

SCHEME: Literal["voprf-r255-v1"] = "voprf-r255-v1"
"""RFC 9497 VOPRF(ristretto255, SHA-512) under the key of an epoch."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43,86}")
_LANGUAGE = re.compile(r"[a-z]{2,3}|und")
_CANONICALISER = re.compile(r"[a-z][a-z0-9-]{0,31}/[0-9]{1,3}")
_SIMHASH = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFingerprint:
    """What a suspected account carries, blinded."""

    kind: FingerprintKind
    """What was blinded."""

    epoch: int
    """Of the blinding key, at least 0; fingerprints of two epochs cannot be compared."""

    value: str
    """Output of the blinded function: 32 to 64 bytes as base64url without padding."""

    scheme: Literal["voprf-r255-v1"] = SCHEME
    """How it was blinded."""

    def __post_init__(self) -> None:
        """Refuse what is no blinded value, be it by mistake."""
        if not _TOKEN.fullmatch(self.value):
            message = "a fingerprint is 43 to 86 characters of base64url: a blinded value"
            raise ValueError(message)
        if not 0 <= self.epoch < 2**31:
            message = "epoch outside [0, 2^31)"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptTemplateSketch:
    """What a prompt template looks like, to those who hold the key of the group."""

    canonicaliser: str
    """What was done to the text first, with its version: `phalanx/1`."""

    epoch: int
    """Of the group key under which shingles were hashed, at least 0."""

    minhash: str
    """128 values of `minhash_bits` bits each, first value first, in hexadecimal."""

    minhash_bits: Literal[1, 2, 4, 8, 16]
    """Bits that are kept of each of the 128 values."""

    simhash: str
    """64 bits in hexadecimal."""

    shingle_size: int
    """Tokens in a shingle, in [1, 32]."""

    length_bucket: int
    """Power of two below or at the number of tokens: 5 for 32 to 63; in [0, 24]."""

    capability: str
    """One of `CAPABILITIES`."""

    language: str = "und"
    """ISO 639 code; `und` where it was not determined."""

    def __post_init__(self) -> None:
        """Refuse what is no sketch."""
        digits = PERMUTATIONS * self.minhash_bits // 4
        wrong = {
            f"minhash of {digits} lower-case hexadecimal digits": not re.fullmatch(
                rf"[0-9a-f]{{{digits}}}", self.minhash
            ),
            "simhash of 16 lower-case hexadecimal digits": not _SIMHASH.fullmatch(self.simhash),
            "canonicaliser as name/version": not _CANONICALISER.fullmatch(self.canonicaliser),
            "language as an ISO 639 code": not _LANGUAGE.fullmatch(self.language),
            "known capability": self.capability not in CAPABILITIES,
            "shingle size in [1, 32]": not 1 <= self.shingle_size <= 32,
            "length bucket in [0, 24]": not 0 <= self.length_bucket <= 24,
            "epoch in [0, 2^31)": not 0 <= self.epoch < 2**31,
        }
        for expected, is_wrong in wrong.items():
            if is_wrong:
                message = f"a template sketch needs a {expected}"
                raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address in the network, of version 4 or 6."""

    value: str
    """One address or a network in CIDR notation, as `ipaddress` writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutonomousSystem:
    """An autonomous system, by its number."""

    number: int
    """In [1, 2^32)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A domain name."""

    value: str
    """In ASCII, lower case."""


Observable = AccountFingerprint | PromptTemplateSketch | Address | AutonomousSystem | Domain

_DOMAIN = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9_](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}"
)


def observable(seen: Observable, markings: Sequence[str] = ()) -> Object:
    """Return an observable as it goes over the wire.

    Parameters:
        seen: What was seen.
        markings: `object_marking_refs`, see `Handling`.

    Raises:
        ValueError: If a value is no address, number or domain.

    Examples:
        >>> observable(Domain(value="relay.example.net"))["id"]
        'domain-name--1731703a-f46c-57e2-bdb1-f805c70fd738'
    """
    kind, contributing, others = _parts(seen)
    extended = isinstance(seen, AccountFingerprint | PromptTemplateSketch)
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": (extended_id if extended else observable_id)(kind, contributing),
        **({"object_marking_refs": list(markings)} if markings else {}),
        **contributing,
        **others,
        **({"extensions": as_observable()} if extended else {}),
    }


_CONTRIBUTING: dict[str, tuple[str, ...]] = {
    "llm-account-fingerprint": ("kind", "scheme", "epoch", "value"),
    "prompt-template-sketch": (
        "canonicaliser", "epoch", "minhash", "minhash_bits", "simhash", "shingle_size",
    ),
    "ipv4-addr": ("value",),
    "ipv6-addr": ("value",),
    "domain-name": ("value",),
    "autonomous-system": ("number",),
}  # fmt: skip


def identifier_of(item: Object) -> str | None:
    """Return the identifier that an observable has by what it says, or nothing for others.

    Parameters:
        item: Of any type, as it was received.

    Examples:
        >>> identifier_of({"type": "domain-name", "value": "relay.example.net"})
        'domain-name--1731703a-f46c-57e2-bdb1-f805c70fd738'
        >>> identifier_of({"type": "campaign", "name": "c"})
    """
    names = _CONTRIBUTING.get(item["type"])
    if names is None:
        return None
    of = extended_id if item["type"] in OURS else observable_id
    return of(item["type"], {name: item[name] for name in names if name in item})


def _parts(seen: Observable) -> tuple[str, Object, Object]:
    """Return the type, the properties that make the identifier, and the others."""
    match seen:
        case AccountFingerprint():
            return "llm-account-fingerprint", _contributing("llm-account-fingerprint", seen), {}
        case PromptTemplateSketch():
            return (
                "prompt-template-sketch",
                _contributing("prompt-template-sketch", seen),
                {
                    "length_bucket": seen.length_bucket,
                    "capability": seen.capability,
                    "language": seen.language,
                },
            )
        case Address():
            network = ipaddress.ip_network(seen.value)
            if "%" in seen.value:
                message = "an address of a link, which says nothing elsewhere"
                raise ValueError(message)
            return f"ipv{network.version}-addr", {"value": seen.value}, {}
        case AutonomousSystem():
            if not 1 <= seen.number < 2**32:
                message = "number of an autonomous system outside [1, 2^32)"
                raise ValueError(message)
            return "autonomous-system", {"number": seen.number}, {}
        case Domain():
            if not _DOMAIN.fullmatch(seen.value):
                message = "a domain name has letters, digits and dots, in lower case"
                raise ValueError(message)
            return "domain-name", {"value": seen.value}, {}


def _contributing(kind: str, seen: Observable) -> Object:
    return {name: getattr(seen, name) for name in _CONTRIBUTING[kind]}
