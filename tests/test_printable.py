"""Text from outside, before it reaches a terminal."""

from __future__ import annotations

import json
import sys
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.printable import printable, printable_json

STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_every_character_that_steers_is_replaced() -> None:
    """Of all characters exactly those of the steering categories are replaced."""
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        kind = category(character)
        # Characters that a later Unicode assigns are in no category yet.
        if kind != "Cn":
            expected = "\ufffd" if kind in STEERING else character
            assert printable(character) == expected, hex(code)


@pytest.mark.parametrize("text", ["\x1b[2J", "\x9b2J", "user-\u202etxt.exe", "a\r\nb", "\x07"])
def test_escapes_are_seen_and_do_nothing(text: str) -> None:
    """Escape sequences, reversed letters and carriage returns are shown in place."""
    shown = printable(text)
    assert len(shown) == len(text)
    assert not {category(character) for character in shown} & STEERING


def test_an_error_cannot_steer_the_terminal() -> None:
    """A file name in a message is text like any other; the lines of the message stay."""
    error = InputError("\x1b]0;own\x07.csv: no rows\u202e", next_step="Pass another.")
    assert error.diagnostics() == "\ufffd]0;own\ufffd.csv: no rows\ufffd\nNext: Pass another."


@given(st.dictionaries(st.text(st.characters()), st.text(st.characters())))
def test_json_means_the_same(value: dict[str, str]) -> None:
    """A document of JSON holds the same values, and nothing that steers."""
    document = printable_json(json.dumps(value, ensure_ascii=False, indent=1))
    assert json.loads(document) == value
    assert not {category(character) for character in document if character != "\n"} & STEERING
