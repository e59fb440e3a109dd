"""What an indicator matches, read from its pattern.

A pattern can say much, and what it says has to be met as a whole: "this address and that domain"
is not "either". So only patterns are read that say "any of these", in the very form in which
members write them. Others are kept and matched by nobody here.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from phalanx.share.blinding.identifiers import KINDS
from phalanx.share.wire import (
    AccountFingerprint,
    Address,
    AutonomousSystem,
    Comparison,
    Domain,
    Observable,
    PatternError,
    PromptTemplateSketch,
    observable,
    pattern_of,
    read_pattern,
)

WIDEST_NETWORK = {4: 16, 6: 32}
"""Version of the protocol -> shortest prefix that is read: half the net would match `0.0.0.0/1`."""


def observables_in(pattern: str) -> tuple[Observable, ...]:
    """Return the observables of which a pattern matches any; nothing if it says anything else.

    Nothing either if it names a network wider than `WIDEST_NETWORK`.

    Of a sketch only `epoch` and `simhash` are those of the pattern, which has no more.

    Parameters:
        pattern: In the pattern language of STIX.

    Examples:
        >>> observables_in("[ipv4-addr:value IN ('192.0.2.1', '192.0.2.2')]")
        (Address(value='192.0.2.1'), Address(value='192.0.2.2'))
        >>> observables_in("[ipv4-addr:value = '192.0.2.1' AND domain-name:value = 'a.example']")
        ()
    """
    try:
        found = tuple(_read(read_pattern(pattern)))
        for each in found:
            observable(each)
    except (PatternError, ValueError, KeyError):
        return ()
    return found if found and pattern_of(found) == pattern else ()


def _read(compared: tuple[Comparison, ...]) -> Iterator[Observable]:
    fixed: dict[str, str] = {}
    for each in compared:
        kind, _, name = each.path.partition(":")
        if (kind, name) in _FIXED:
            (fixed[each.path],) = each.values
            continue
        for value in each.values:
            yield _one(kind, name, value, fixed)


_FIXED = frozenset(
    {
        ("llm-account-fingerprint", "kind"),
        ("llm-account-fingerprint", "epoch"),
        ("prompt-template-sketch", "epoch"),
    }
)


def _one(kind: str, name: str, value: str, fixed: dict[str, str]) -> Observable:
    match kind, name:
        case "llm-account-fingerprint", "value":
            return AccountFingerprint(
                kind=KINDS[fixed[f"{kind}:kind"]].name,  # type: ignore[arg-type] # of the wire too
                epoch=int(fixed[f"{kind}:epoch"]),
                value=value,
            )
        case "prompt-template-sketch", "simhash":
            return PromptTemplateSketch(
                canonicaliser="phalanx/1",
                epoch=int(fixed[f"{kind}:epoch"]),
                minhash="0" * 32,
                minhash_bits=1,
                simhash=value,
                shingle_size=1,
                length_bucket=0,
                capability="other",
            )
        case (("ipv4-addr" | "ipv6-addr"), "value"):
            network = ip_network(value)
            if network.prefixlen < WIDEST_NETWORK[network.version]:
                message = f"a network as wide as {value} is nobody's own"
                raise ValueError(message)
            return Address(value=value)
        case "domain-name", "value":
            return Domain(value=value)
        case "autonomous-system", "number":
            return AutonomousSystem(number=int(value))
        case _:
            raise KeyError(kind)
