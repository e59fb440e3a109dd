"""Free text: what it must not hold, and the few words that pass by themselves.

Two lines of defence. Words of the rules, prices first, refuse a text whatever disguise they
wear. What is left passes only if it holds nothing but words of the list of A15, identifiers of
campaigns and rules, and dates that are past: a text with any other word, number or sign waits for
an analyst. So a phrase that no list foresaw does not leave by itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from phalanx.share.gate.disguise import is_disguised, undisguised
from phalanx.share.gate.findings import Desk, Finding
from phalanx.share.gate.vocabulary import Lexicon, found_in, lexicon_of, rules_in

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
_MONEY = re.compile(
    r"[0-9][0-9.,]*\s{0,2}(?:k|m|mn|bn|million|billion|thousand)?\s{0,2}(?:usd|eur|gbp)"
)
_LIKE_PROMPT = re.compile(
    r"```|<\|?[a-z_]{2,20}\|?>|\{\{.{0,40}\}\}|^\s*(?:q|a|user|human|assistant)\s*:", re.MULTILINE
)
_WORD = re.compile(r"[^\W_]+")
_SENTENCE = re.compile(r"[.,;:()/\n]")
_ODD = re.compile(r"(?:[^\w\s]\s*){4}|\s{2}|\b(\w+)\W+\1\b", re.IGNORECASE)
_SIGNS = frozenset(" .,;:()/'\"-\n")
TEXT_RULES = ("A1", "A2", "A3", "A4", "A8", "A10")
"""Rules whose words refuse a text."""

_LONGEST = 2_000


def judge_text(desk: Desk, path: str, text: str) -> tuple[list[Finding], str]:
    """Return what the rules find in a free text, and the text without personal data.

    Parameters:
        desk: Policy and circumstances.
        path: Of the field.
        text: Its value.
    """
    if len(text) > _LONGEST:
        return [desk.find("A8", path, "a text as long as a prompt or an output")], text
    after = _PERSONAL.sub(REMOVED, text)
    found = [desk.find("A9", path, "personal data was taken out")] if after != text else []
    # Identifiers are masked, so that no word is read into their letters and digits.
    masked = _IDENTIFIER.sub(" ", after.replace(REMOVED, " "))
    found += _forbidden(desk, path, masked)
    found += _attributions(desk, path, masked)
    if not desk.released("A15"):
        found += (desk.find("A15", path, reason) for reason in _unknown(desk, after, masked))
    return found, after


def judge_name(desk: Desk, path: str, text: str) -> list[Finding]:
    """Return what the rules find in the name or description of an actor, which A11 holds anyway."""
    masked = _IDENTIFIER.sub(" ", text)
    found = _forbidden(desk, path, masked)
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


def lexicon(desk: Desk) -> Lexicon:
    """Return the words of the rules that speak to texts, ready for the look."""
    return lexicon_of(tuple((rule_id, desk.rules[rule_id].words) for rule_id in TEXT_RULES))


def _forbidden(desk: Desk, path: str, text: str) -> list[Finding]:
    found = [
        # A4 blinds an account; a customer in words cannot be blinded.
        desk.find(rule_id, path, "a word of this rule", action="refuse")
        for rule_id in sorted(rules_in(text, lexicon(desk)))
    ]
    plain = undisguised(text)
    if any(
        each == "$" or (each > "\x7f" and unicodedata.category(each) == "Sc") for each in text
    ) or _MONEY.search(plain):
        found.append(desk.find("A1", path, "an amount of money"))
    if _is_ahead(plain, desk.context.now.date()):
        found.append(desk.find("A3", path, "a date that lies ahead"))
    if _LIKE_PROMPT.search(plain):
        found.append(desk.find("A8", path, "it looks like a prompt or an output"))
    names = [name for member in desk.context.agreement.members for name in member.names]
    if names and found_in(text, names):
        found.append(desk.find("A16", path, "it names a member", action="refuse"))
    return found


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


def _attributions(desk: Desk, path: str, text: str) -> list[Finding]:
    if desk.released("A11") or not found_in(text, desk.rules["A11"].words):
        return []
    return [desk.find("A11", path, "it names a company")]


def _unknown(desk: Desk, text: str, masked: str) -> Iterator[str]:
    rule = desk.rules["A15"]
    if len(text) > rule.parameters["characters"]:
        yield f"longer than {rule.parameters['characters']} characters"
    if is_disguised(text):
        yield "characters that can hide words"
    rest = _DATE.sub(" ", masked)
    if "%" in rest or re.search(r"per\s?cent", undisguised(rest)):
        yield "a percentage"
    if _MONTH.search(undisguised(rest)):
        yield "a date in words"
    elif any(each.isnumeric() for each in rest):
        yield "a number"
    known, imperatives = _known(rule.words), _known(tuple(rule.parameters["imperatives"]))
    if any(word.casefold() not in known for word in _WORD.findall(rest)):
        yield "words that are not on the list"
    starts = (_WORD.search(part) for part in _SENTENCE.split(rest))
    if any(start is not None and start[0].casefold() in imperatives for start in starts):
        yield "a sentence that tells somebody to do something"
    signs = any(not each.isalnum() and each not in _SIGNS for each in rest)
    if signs or _ODD.search(text):
        yield "signs, spaces or repeated words that a plain text does not need"


@lru_cache(maxsize=8)
def _known(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(words)
