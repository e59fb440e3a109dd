"""STIX patterns over our observables, written."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from phalanx.share.wire.observables import (
    AccountFingerprint,
    Address,
    AutonomousSystem,
    Domain,
    Observable,
    PromptTemplateSketch,
)


def pattern_of(observables: Iterable[Observable]) -> str:
    """Return the pattern that matches any of some observables.

    Parameters:
        observables: At least one.

    Raises:
        ValueError: If there is none.

    Examples:
        >>> pattern_of([Domain(value="a.example"), Domain(value="b.example")])
        "[domain-name:value IN ('a.example', 'b.example')]"
    """
    compared = sorted(_comparison(each) for each in observables)
    parts = []
    for (fixed, path), several in groupby(compared, key=lambda each: each[:2]):
        values = sorted({value for _, _, value in several})
        last = f"{path} = {values[0]}" if len(values) == 1 else f"{path} IN ({', '.join(values)})"
        parts.append(f"[{fixed}{last}]")
    if not parts:
        message = "a pattern needs something to match"
        raise ValueError(message)
    return " OR ".join(parts)


def quoted(text: str) -> str:
    r"""Write a text as a literal of the pattern language.

    Examples:
        >>> print(quoted(r"it's \ here"))
        'it\'s \\ here'
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _comparison(seen: Observable) -> tuple[str, str, str]:
    """Return what must hold besides, the path, and the literal."""
    match seen:
        case AccountFingerprint():
            kind = "llm-account-fingerprint"
            fixed = f"{kind}:kind = {quoted(seen.kind)} AND {kind}:epoch = {seen.epoch} AND "
            return fixed, f"{kind}:value", quoted(seen.value)
        case PromptTemplateSketch():
            kind = "prompt-template-sketch"
            return f"{kind}:epoch = {seen.epoch} AND ", f"{kind}:simhash", quoted(seen.simhash)
        case Address():
            kind = "ipv6-addr" if ":" in seen.value else "ipv4-addr"
            return "", f"{kind}:value", quoted(seen.value)
        case AutonomousSystem():
            return "", "autonomous-system:number", str(seen.number)
        case Domain():
            return "", "domain-name:value", quoted(seen.value)
