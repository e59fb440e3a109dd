"""Tests in words, for those who read a decision."""

from __future__ import annotations

from phalanx.prevent.facts import FACT
from phalanx.prevent.policy.conditions import NumberTest, SetTest, Test, TextTest


def in_words(name: str, test: Test) -> str:
    """Return a test as a policy file writes it.

    Examples:
        >>> in_words("requests_per_minute", NumberTest(above=60))
        'requests_per_minute above 60'
        >>> in_words("logprobs", True)
        'logprobs is true'
    """
    match test:
        case NumberTest():
            said = test.model_dump(exclude_none=True)
            words = " and ".join(f"{verb} {value:.15g}" for verb, value in said.items())
        case TextTest() | SetTest():
            said = test.model_dump(exclude_none=True)
            words = " and ".join(f"{verb} {', '.join(names)}" for verb, names in said.items())
        case _:
            return f"{name} is {'true' if test else 'false'}"
    return f"{name} {words.replace('_', ' ') if FACT[name].kind == 'number' else words}"
