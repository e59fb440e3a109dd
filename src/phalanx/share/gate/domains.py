"""Names of domains, which anybody can register with any words in them.

A campaign does use such names, so a word of the rules holds the name for an analyst; a name of a
member refuses it.
"""

from __future__ import annotations

import re

from phalanx.share.gate.desk import TEXT_RULES, Desk
from phalanx.share.gate.disguise import readings, words_of
from phalanx.share.gate.findings import Finding
from phalanx.share.gate.vocabulary import rules_in

_DOMAIN = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9_](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}"
)
_YEAR = re.compile(r"20[2-9][0-9]")


def judge_domain(desk: Desk, path: str, value: object) -> tuple[list[Finding], object]:
    """Return what is found in a domain name, which stays as it is.

    Parameters:
        desk: Policy and circumstances.
        path: Of the field.
        value: Its value.
    """
    if not (isinstance(value, str) and _DOMAIN.fullmatch(value)):
        return [desk.find("A0", path, "it is no domain")], value
    read = {"".join(words_of(each)) for each in readings(value)}
    names = ("".join(words_of(name.casefold())) for name in desk.share.names)
    if any(name in each for name in names for each in read):
        return [desk.find("A16", path, "it names a member", action="refuse")], value
    if desk.released("A15"):
        return [], value
    if "xn--" in value:
        reason = "letters that are written as others"
    elif not rules_in(value, desk.share.lexicon).isdisjoint(TEXT_RULES) or any(
        term in each for term in desk.share.run_together for each in read
    ):
        reason = "a word of a rule in a name"
    elif _YEAR.search(value):
        reason = "a date in a name"
    else:
        return [], value
    return [desk.find("A15", path, reason)], value
