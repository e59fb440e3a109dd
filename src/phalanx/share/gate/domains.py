"""Names of domains, which anybody can register with any words in them.

A campaign does use such names, so a word of the rules holds the name for an analyst; a name of a
member refuses it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from phalanx.share.gate.disguise import readings, words_of
from phalanx.share.gate.findings import Desk, Finding
from phalanx.share.gate.texts import TEXT_RULES, lexicon
from phalanx.share.gate.vocabulary import rules_in

_DOMAIN = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9_](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}"
)
_YEAR = re.compile(r"20[2-9][0-9]")
_RUN_TOGETHER = 5
"""Letters of a word that is looked for where nothing sets words apart; one less for a beginning."""


def judge_domain(desk: Desk, path: str, _: str, value: object) -> tuple[list[Finding], object]:
    """Return what is found in a domain name, which stays as it is.

    Parameters:
        desk: Policy and circumstances.
        path: Of the field.
        value: Its value.
    """
    if not (isinstance(value, str) and _DOMAIN.fullmatch(value)):
        return [desk.find("A0", path, "it is no domain")], value
    read = {"".join(words_of(each)) for each in readings(value)}
    names = [name for member in desk.context.agreement.members for name in member.names]
    if any("".join(words_of(name.casefold())) in each for name in names for each in read):
        return [desk.find("A16", path, "it names a member", action="refuse")], value
    if desk.released("A15"):
        return [], value
    if "xn--" in value:
        reason = "letters that are written as others"
    elif rules_in(value, lexicon(desk)) or any(
        term in each
        for rule_id in (*TEXT_RULES, "A11")
        for term in _long(desk.rules[rule_id].words)
        for each in read
    ):
        reason = "a word of a rule in a name"
    elif _YEAR.search(value):
        reason = "a date in a name"
    else:
        return [], value
    return [desk.find("A15", path, reason)], value


@lru_cache(maxsize=64)
def _long(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        "".join(words_of(word))
        for word in words
        if word.isascii() and len("".join(words_of(word))) >= _RUN_TOGETHER - word.endswith("*")
    )
