"""Whatever a file holds that calls itself note, proof or policy, it is read or refused in words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import VerificationError
from phalanx.transparency.checkpoints import parse_checkpoint
from phalanx.transparency.note_keys import read_key
from phalanx.transparency.notes import parse_note
from phalanx.transparency.policy import parse_policy
from phalanx.transparency.proofs import parse_proof
from phalanx.transparency.tiles import entries_of

NOTE = (
    "lab.example/log\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
    "\u2014 lab.example/log AAAAAAAA\n"
)
PROOF = f"c2sp.org/tlog-proof@v1\nextra AAAA\nindex 0\n\n{NOTE}"
POLICY = (
    "log PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW https://a\n"
    "group g any w\nwitness w a+b+c\nquorum none\n"
)
WORDS = st.sampled_from(
    ["\n", "\n\n", " ", "\u2014 ", "log", "quorum", "group", "any", "0", "99999999999999999999",
     "AAAA", "=", "+", "\x00", "\u0660", "index ", "extra "]
)  # fmt: skip


@st.composite
def _mangled(draw: st.DrawFn, whole: str) -> str:
    """Draw a text in which pieces were cut out, put in or exchanged."""
    text = whole
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 12)))
        text = text[:start] + draw(WORDS | st.text(max_size=3)) + text[end:]
    return text


def _refused_or_read(parse: Callable[[], object]) -> bool:
    try:
        parse()
    except VerificationError:
        return False
    return True


@pytest.mark.parametrize(("parse", "whole"), [(parse_note, NOTE), (parse_proof, PROOF)])
def test_the_whole_is_read(parse: Callable[[bytes, str], object], whole: str) -> None:
    """What the other tests mangle is right before."""
    assert _refused_or_read(lambda: parse(whole.encode(), "it"))


@given(text=_mangled(NOTE) | _mangled(PROOF) | _mangled(POLICY) | st.text())
def test_any_text(text: str) -> None:
    """Nothing but a refusal comes out of a text that is none; what is read is written as it was."""
    raw = text.encode(errors="surrogatepass")
    for parse in (parse_note, parse_proof, parse_policy):
        _refused_or_read(lambda parse=parse: parse(raw, "it"))  # type: ignore[misc]
    _refused_or_read(lambda: read_key(text))
    _refused_or_read(lambda: parse_checkpoint(text, "it"))
    if _refused_or_read(lambda: parse_note(raw, "it")):
        assert parse_note(raw, "it").as_text().encode() == raw
    if _refused_or_read(lambda: parse_proof(raw, "it")):
        assert parse_proof(raw, "it").as_text().encode() == raw


@given(raw=st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    """Bundles and notes of any bytes end in words too."""
    _refused_or_read(lambda: entries_of(raw))
    for parse in (parse_note, parse_proof, parse_policy):
        _refused_or_read(lambda parse=parse: parse(raw, "it"))  # type: ignore[misc]
