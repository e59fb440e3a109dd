"""Free text: what it must not hold, and the few words that pass by themselves.

Two lines of defence. Words of the rules, prices first, refuse a text whatever disguise they
wear. What is left passes only if it holds nothing but words of the list of A15, identifiers of
campaigns and rules, and dates that are past: a text with any other word, number or sign waits for
an analyst. So a phrase that no list foresaw does not leave by itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date

from phalanx.share.gate.desk import TEXT_RULES, Desk, Share
from phalanx.share.gate.disguise import is_disguised, undisguised
from phalanx.share.gate.findings import Finding, Look, Remark
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
_ODD = re.compile(r"(?:[^\w\s]\s*){4}|\s{2}|\b(\w++)\W++\1\b", re.IGNORECASE)
_OTHER_SIGN = re.compile(r"""(?![ .,;:()/'"\-\n])[\W_]""")
_PER_CENT = re.compile(r"per\s?cent", re.IGNORECASE)
_SIMPLE = re.compile(r"[A-Za-z .,;:()/'\"-]*")
"""Letters and signs that no number, date or sum of money is made of."""

_RELEASED = frozenset({"A11", "A15"})
"""Rules whose word on a text the approvals of persons outweigh."""

_LONGEST = 2_000
_REMEMBERED = 4_096
"""Texts of a share whose look is kept."""


def judge_text(desk: Desk, path: str, text: str) -> tuple[list[Finding], str]:
    """Return what the rules find in a free text, and the text without personal data.

    Parameters:
        desk: Policy and circumstances.
        path: Of the field.
        text: Its value.
    """
    if len(text) > _LONGEST:
        return [desk.find("A8", path, "a text as long as a prompt or an output")], text
    looks = desk.share.looks
    look = looks.get(text)
    if look is None:
        look = _look(desk.share, text)
        # The names of objects are few, their descriptions need not be.
        if len(looks) >= _REMEMBERED:
            looks.clear()
        looks[text] = look
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


def _look(share: Share, text: str) -> Look:
    may_be_personal = any(is_in(text) for is_in in _TRACES)
    after = _PERSONAL.sub(REMOVED, text) if may_be_personal else text
    remarks = [Remark("A9", "personal data was taken out")] if after != text else []
    # Identifiers are masked, so that no word is read into their letters and digits.
    masked = _IDENTIFIER.sub(" ", after.replace(REMOVED, " "))
    rules = rules_in(masked, share.lexicon)
    remarks += _forbidden(share, masked, rules)
    if "A11" in rules:
        remarks.append(Remark("A11", "it names a company"))
    remarks += (Remark("A15", reason) for reason in _unknown(share, after, masked))
    return Look(tuple(remarks), after)


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


def _unknown(share: Share, text: str, masked: str) -> Iterator[str]:
    most = share.rules["A15"].parameters["characters"]
    if len(text) > most:
        yield f"longer than {most} characters"
    if is_disguised(text):
        yield "characters that can hide words"
    rest = masked
    if not _SIMPLE.fullmatch(masked):
        rest = _DATE.sub(" ", masked)
        yield from _figures(rest)
    elif _PER_CENT.search(masked):
        yield "a percentage"
    words = _WORD.findall(rest)
    if not share.allowed_words.issuperset(map(str.casefold, words)):
        yield "words that are not on the list"
    if not share.imperatives.isdisjoint(map(str.casefold, _SENTENCE_START.findall(rest))):
        yield "a sentence that tells somebody to do something"
    if _OTHER_SIGN.search(rest) or _ODD.search(text):
        yield "signs, spaces or repeated words that a plain text does not need"


def _figures(rest: str) -> Iterator[str]:
    plain = undisguised(rest)
    if "%" in rest or _PER_CENT.search(plain):
        yield "a percentage"
    if _MONTH.search(plain):
        yield "a date in words"
    elif any(map(str.isnumeric, rest)):
        yield "a number"
