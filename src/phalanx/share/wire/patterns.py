"""STIX patterns, read with a bound on everything.

The reader takes the pattern language of STIX 2.1 (section 9) and gives what is compared with
what, so that a gate can judge every literal. It needs no grammar engine: tokens by one regular
expression, then a descent whose depth and length are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

MAXIMUM_LENGTH = 10_000
"""Characters of a pattern that is read; some 100 fingerprints."""

_REMEMBERED = 64
"""Patterns whose reading is kept, because each is asked for several times in a row."""

MAXIMUM_DEPTH = 16
"""Parentheses within each other."""

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<literal>[tbh]?'(?:[^'\\]|\\['\\])*')
  | (?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?![\w-]))
  | (?P<path>[A-Za-z][\w-]*:(?:[\w-]+|'(?:[^'\\]|\\['\\])*')
        (?:\.(?:[\w-]+|'(?:[^'\\]|\\['\\])*')|\[(?:[0-9]+|\*)\])*)
  | (?P<word>[A-Za-z]+)
  | (?P<mark>==|<>|!=|<=|>=|[][()=<>,])
    )""",
    re.VERBOSE | re.ASCII,
)
# Most patterns: equalities and sets, joined. Possessive throughout, so that a pattern that does
# not match costs one pass.
_PATH = r"[A-Za-z][\w-]*+:[\w-]++(?:\.[\w-]++)*+"
_LITERAL = r"(?:'[^'\\]*+(?:\\['\\][^'\\]*+)*+'|[0-9]++)"
_EQUAL = rf"{_PATH} (?:= {_LITERAL}|IN \({_LITERAL}(?:, {_LITERAL})*+\))"
_GROUP = rf"\[{_EQUAL}(?: (?:AND|OR) {_EQUAL})*+\]"
_ONE_EQUAL = re.compile(
    rf"({_PATH}) (?:= ({_LITERAL})|IN \(({_LITERAL}(?:, {_LITERAL})*+)\))", re.ASCII
)
_ONE_LITERAL = re.compile(_LITERAL)
_PLAIN_PATTERN = re.compile(rf"{_GROUP}(?: (?:AND|OR) {_GROUP})*+", re.ASCII)
_ESCAPED = re.compile(r"\\(['\\])")
_COMPARING = {"=", "==", "!=", "<>", "<", ">", "<=", ">="}
_TEXTUAL = {"LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One property held against values."""

    path: str
    """Object path, as `ipv4-addr:value`."""

    operator: str
    """As written, without `NOT`; `IN` for a set."""

    values: tuple[str, ...]
    """Text literals unescaped and without quotes; other literals as they stand."""


class PatternError(ValueError):
    """A pattern is not in the language, or beyond a bound."""


@lru_cache(maxsize=_REMEMBERED)
def read_pattern(text: str, *, maximum_length: int = MAXIMUM_LENGTH) -> tuple[Comparison, ...]:
    """Return everything that a pattern compares, in order.

    Parameters:
        text: The pattern.
        maximum_length: In characters.

    Raises:
        PatternError: If it is not in the language of STIX 2.1, or beyond a bound.

    Examples:
        >>> read_pattern("[ipv4-addr:value IN ('192.0.2.1', '192.0.2.2')]")[0].values
        ('192.0.2.1', '192.0.2.2')
    """
    if len(text) > maximum_length:
        message = f"pattern longer than {maximum_length:,} characters"
        raise PatternError(message)
    if is_plain(text):
        return tuple(_plain_comparisons(text))
    return _Reader(_tokens(text)).read()


@lru_cache(maxsize=_REMEMBERED)
def is_plain(text: str) -> bool:
    """Tell at once that a pattern is in the language and holds equalities and sets only.

    False says nothing: `read_pattern` decides then.

    Examples:
        >>> is_plain("[ipv4-addr:value = '192.0.2.1']"), is_plain("[a:b LIKE 'c%']")
        (True, False)
    """
    return _PLAIN_PATTERN.fullmatch(text) is not None


def _plain_comparisons(text: str) -> Iterator[Comparison]:
    for path, single, several in _ONE_EQUAL.findall(text):
        if single:
            yield Comparison(path, "=", (_plain(single),))
        else:
            yield Comparison(path, "IN", tuple(map(_plain, _ONE_LITERAL.findall(several))))


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place, end = [], 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place, end)
        if match is None:
            message = f"pattern not understood at character {place + 1}"
            raise PatternError(message)
        kind = match.lastgroup or ""
        found.append((kind, match[kind]))
        place = match.end()
    return found


class _Reader:
    """One descent through one pattern."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._place = 0
        self._found: list[Comparison] = []

    def read(self) -> tuple[Comparison, ...]:
        self._observations(0)
        if self._place != len(self._tokens):
            self._refuse("its end")
        return tuple(self._found)

    def _observations(self, depth: int) -> None:
        while True:
            self._observation(depth)
            if not self._take_any({"AND", "OR", "FOLLOWEDBY"}):
                return

    def _observation(self, depth: int) -> None:
        if self._take("("):
            self._deeper(depth)
            self._observations(depth + 1)
            self._need(")")
        else:
            self._need("[")
            self._comparisons(depth)
            self._need("]")
        while qualifier := self._take_any({"WITHIN", "REPEATS", "START"}):
            if qualifier == "START":
                self._need_kind("literal")
                self._need("STOP")
                self._need_kind("literal")
            else:
                self._need_kind("number")
                self._need("SECONDS" if qualifier == "WITHIN" else "TIMES")

    def _comparisons(self, depth: int) -> None:
        while True:
            if self._take("("):
                self._deeper(depth)
                self._comparisons(depth + 1)
                self._need(")")
            else:
                self._one()
            if not self._take_any({"AND", "OR"}):
                return

    def _one(self) -> None:
        is_negated = self._take("NOT")
        if self._take("EXISTS"):
            self._found.append(Comparison(self._need_kind("path"), "EXISTS", ()))
            return
        if is_negated:
            self._refuse("EXISTS")
        path = self._need_kind("path")
        self._take("NOT")
        if self._take("IN"):
            self._need("(")
            values = [self._value()]
            while self._take(","):
                values.append(self._value())
            self._need(")")
            self._found.append(Comparison(path, "IN", tuple(values)))
        elif operator := self._take_any(_TEXTUAL):
            self._found.append(Comparison(path, operator, (_plain(self._need_kind("literal")),)))
        elif operator := self._take_any(_COMPARING):
            self._found.append(Comparison(path, operator, (self._value(),)))
        else:
            self._refuse("a comparison")

    def _value(self) -> str:
        kind, text = self._next()
        if kind == "literal":
            self._place += 1
            return _plain(text)
        if kind == "number" or text in {"true", "false"}:
            self._place += 1
            return text
        self._refuse("a value")
        return ""

    def _deeper(self, depth: int) -> None:
        if depth >= MAXIMUM_DEPTH:
            message = f"pattern with more than {MAXIMUM_DEPTH} parentheses within each other"
            raise PatternError(message)

    def _next(self) -> tuple[str, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("", "")

    def _take(self, text: str) -> bool:
        kind, found = self._next()
        if found == text and kind in {"word", "mark"}:
            self._place += 1
            return True
        return False

    def _take_any(self, texts: set[str]) -> str:
        kind, found = self._next()
        if found in texts and kind in {"word", "mark"}:
            self._place += 1
            return found
        return ""

    def _need(self, text: str) -> None:
        if not self._take(text):
            self._refuse(text)

    def _need_kind(self, kind: str) -> str:
        found, text = self._next()
        if found != kind:
            self._refuse(f"a {kind}")
        self._place += 1
        return text

    def _refuse(self, expected: str) -> None:
        found = self._next()[1] or "the end"
        message = f"pattern has {found[:40]!r} where {expected} was expected"
        raise PatternError(message)


def _plain(literal: str) -> str:
    if "'" not in literal:
        return literal
    return _ESCAPED.sub(r"\1", literal[literal.index("'") + 1 : -1])
