"""Free text: what it must not hold, and the few words that pass by themselves.

Two lines of defence. Words of the rules, prices first, refuse a text whatever disguise they
wear. What is left passes only if it holds nothing but words of the list of A15, identifiers of
campaigns and rules, and dates that are past: a text with any other word, number or sign waits for
an analyst. So a phrase that no list foresaw does not leave by itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial
from typing import TypeVar

from phalanx.share.gate.desk import TEXT_RULES, Desk, Share
from phalanx.share.gate.disguise import is_disguised, undisguised
from phalanx.share.gate.findings import Finding, Look, Remark, Words
from phalanx.share.gate.vocabulary import rules_in

REMOVED = "[removed]"
"""What stands where personal data stood."""

_IDENTIFIER = re.compile(
    r"\b(?:(?:campaign|group|cluster)-(?:(?=[0-9]*[a-f])[0-9a-f]{4,16}|cs[0-9]{4})|PHX-[A-Z][0-9]{3}|AML\.(?:T|CS)[0-9]{4}(?:\.[0-9]{3})?"
    r"|TLP:(?:CLEAR|GREEN|AMBER|RED))\b"
)
_DATE = re.compile(r"(?<![\w-])(20[0-9]{2})-([01][0-9])-([0-3][0-9])(?![\w-])")
_YEAR = re.compile(r"(?<![0-9])(20[2-9][0-9])(?![0-9])")
_MONTH = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|januar|februar|marz|mai|juni|juli)[a-z]*"
    r"\W{0,3}[0-9]|[0-9]{1,2}(?:st|nd|rd|th)?\W{0,3}(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov"
    r"|dec|januar|februar|marz|mai|juni|juli)"
)
_PERSONAL = re.compile(
    r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}"  # an e-mail address
    r"|(?<![\w.])\+?[0-9](?:[ ().-]{0,2}[0-9]){8,18}(?![\w.])"  # a telephone or card number
    r"|(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w.])"  # an address in the network
    r"|(?<![\w:])(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}(?![\w:])"
    r"|\b(?:acct|acc|user|usr|org|sk|pk)[-_][A-Za-z0-9_-]{2,64}"  # an account, a key
)
# One of these is in whatever `_PERSONAL` finds. Each is found, or not, in no time.
_TRACES = tuple(
    re.compile(each).search
    for each in (
        "[@_]",
        "[0-9](?:[ ().-]{0,2}[0-9]){3}",
        r"\.[0-9]",
        ":[0-9a-fA-F]",
        "(?:cct?|se?r|rg|k)-",
    )
)
_MONEY = re.compile(
    r"[0-9][0-9.,]*\s{0,2}(?:k|m|mn|bn|million|billion|thousand)?\s{0,2}(?:usd|eur|gbp)"
)
_LIKE_PROMPT = re.compile(
    r"```|<\|?[a-z_]{2,20}\|?>|\{\{.{0,40}\}\}|^\s*(?:q|a|user|human|assistant)\s*:", re.MULTILINE
)
_WORD = re.compile(r"[^\W_]+")
_SENTENCE_START = re.compile(r"(?:\A|[.,;:()/\n])(?:(?![.,;:()/\n])[\W_])*([^\W_]+)")
_ODD = tuple(
    re.compile(each, re.IGNORECASE).search
    for each in (r"[^\w\s]\s*[^\w\s]\s*[^\w\s]\s*[^\w\s]", r"\s\s", r"\b(\w++)\W++\1\b")
)
"""Four signs in a row, two spaces, a word twice; apart, because each alone is found quickly."""

_OTHER_SIGN = re.compile(r"""(?![ .,;:()/'"\-\n])[\W_]""")
_PER_CENT = re.compile(r"per\s?cent")
_SIMPLE = re.compile(r"[A-Za-z .,;:()/'\"-]*")
"""Letters and signs that no number, date or sum of money is made of."""

_RELEASED = frozenset({"A11", "A15"})
"""Rules whose word on a text the approvals of persons outweigh."""

_LONGEST = 2_000
_MOST_REMEMBERED = 4_096
"""Texts of a share of which it is kept what was found; then all are forgotten."""

_Known = TypeVar("_Known", Look, Words)


def judge_text(desk: Desk, path: str, text: str) -> tuple[list[Finding], str]:
    """Return what the rules find in a free text, and the text without personal data.

    Parameters:
        desk: Policy and circumstances.
        path: Of the field.
        text: Its value.
    """
    if len(text) > _LONGEST:
        return [desk.find("A8", path, "a text as long as a prompt or an output")], text
    look = _remembered(desk.share.looks, text, partial(_look, desk.share))
    return _said(desk, path, look.remarks), look.after


def judge_name(desk: Desk, path: str, text: str) -> list[Finding]:
    """Return what the rules find in the name or description of an actor, which A11 holds anyway."""
    masked = _IDENTIFIER.sub(" ", text)
    found = _said(desk, path, _forbidden(desk.share, masked, rules_in(masked, desk.share.lexicon)))
    if len(text) > desk.rules["A15"].parameters["characters"]:
        found.append(desk.find("A15", path, "longer than a text may be", action="refuse"))
    if _PERSONAL.search(text):
        found.append(desk.find("A9", path, "personal data in an attribution", action="refuse"))
    return found


def judge_exemplar(desk: Desk, path: str, text: str) -> list[Finding]:
    """Return what the rules find in an exemplar, which two persons read."""
    if len(text) > _LONGEST:
        return [desk.find("A8", path, "longer than an exemplar may be")]
    if _PERSONAL.search(text):
        return [desk.find("A9", path, "personal data in an exemplar", action="refuse")]
    if desk.released("A8"):
        return []
    approvals = desk.rules["A8"].approvals
    return [desk.find("A8", path, "an exemplar", action="hold", approvals=approvals)]


def _said(desk: Desk, path: str, remarks: Iterable[Remark]) -> list[Finding]:
    """Return what was found in a text as findings at its place, save what persons let pass."""
    return [
        desk.find(rule_id, path, reason, **({"action": action} if action else {}))
        for rule_id, reason, action in remarks
        if rule_id not in _RELEASED or not desk.released(rule_id)
    ]


def _remembered(known: dict[str, _Known], text: str, look: Callable[[str], _Known]) -> _Known:
    """Return what is known of a text: the texts of a share are fewer than its objects."""
    if text not in known:
        if len(known) >= _MOST_REMEMBERED:
            known.clear()
        known[text] = look(text)
    return known[text]


def _look(share: Share, text: str) -> Look:
    may_be_personal = any(is_in(text) for is_in in _TRACES)
    after = _PERSONAL.sub(REMOVED, text) if may_be_personal else text
    remarks = [Remark("A9", "personal data was taken out")] if after != text else []
    # Identifiers are masked, so that no word is read into their letters and digits.
    masked = _IDENTIFIER.sub(" ", after.replace(REMOVED, " "))
    words = _remembered(share.words, masked, partial(_words, share))
    reasons = [*_unplain(share, after), *words.unknown]
    if words.has_other_signs or any(is_in(after) for is_in in _ODD):
        reasons.append("signs, spaces or repeated words that a plain text does not need")
    remarks += (*words.forbidden, *(Remark("A15", reason) for reason in reasons))
    return Look(tuple(remarks), after)


def _words(share: Share, masked: str) -> Words:
    rules = rules_in(masked, share.lexicon)
    forbidden = [*_forbidden(share, masked, rules)]
    if "A11" in rules:
        forbidden.append(Remark("A11", "it names a company"))
    rest = _DATE.sub(" ", masked)
    unknown, other = tuple(_unknown(share, rest)), _OTHER_SIGN.search(rest)
    return Words(tuple(forbidden), unknown, other is not None)


def _forbidden(share: Share, text: str, rules: set[str]) -> Iterator[Remark]:
    # A4 blinds an account; a customer in words cannot be blinded.
    for rule_id in sorted(rules.intersection(TEXT_RULES)):
        yield Remark(rule_id, "a word of this rule", "refuse")
    plain = undisguised(text)
    if not _SIMPLE.fullmatch(text):
        if "Sc" in map(unicodedata.category, text) or _MONEY.search(plain):
            yield Remark("A1", "an amount of money")
        if _is_ahead(plain, share.context.now.date()):
            yield Remark("A3", "a date that lies ahead")
    if _LIKE_PROMPT.search(plain):
        yield Remark("A8", "it looks like a prompt or an output")
    if "A16" in rules:
        yield Remark("A16", "it names a member", "refuse")


def _is_ahead(plain: str, today: date) -> bool:
    for year, month, day in _DATE.findall(plain):
        try:
            if date(int(year), int(month), int(day)) > today:
                return True
        except ValueError:
            return True
    rest = _DATE.sub(" ", plain)
    # A month and a day without a year may lie ahead: only an analyst can say.
    return any(int(year) > today.year for year in _YEAR.findall(rest))


def _unplain(share: Share, text: str) -> Iterator[str]:
    most = share.rules["A15"].parameters["characters"]
    if len(text) > most:
        yield f"longer than {most} characters"
    if is_disguised(text):
        yield "characters that can hide words"


def _unknown(share: Share, rest: str) -> Iterator[str]:
    plain = undisguised(rest)
    if "%" in rest or _PER_CENT.search(plain):
        yield "a percentage"
    if not _SIMPLE.fullmatch(rest):
        if _MONTH.search(plain):
            yield "a date in words"
        elif any(map(str.isnumeric, rest)):
            yield "a number"
    words = _WORD.findall(rest)
    if not share.allowed_words.issuperset(map(str.casefold, words)):
        yield "words that are not on the list"
    if not share.imperatives.isdisjoint(map(str.casefold, _SENTENCE_START.findall(rest))):
        yield "a sentence that tells somebody to do something"
