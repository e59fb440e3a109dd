"""What was drawn passes as drawn; what was written does not."""

from __future__ import annotations

import base64
import random
import string

from hypothesis import given
from hypothesis import strategies as st

from phalanx.share.gate.opaque import is_opaque_hexadecimal, is_opaque_token


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_drawn_values_are_taken_for_drawn() -> None:
    """Of twenty thousand drawn fingerprints and sketches none is refused."""
    draw = random.Random(7)
    for _ in range(20_000):
        assert is_opaque_token(_base64(draw.randbytes(draw.choice([32, 48, 64]))))
        assert is_opaque_hexadecimal(draw.randbytes(draw.choice([8, 16, 64, 256])).hex())


@given(text=st.text(alphabet=string.printable[:95], min_size=32, max_size=64))
def test_encoded_texts_are_no_values(text: str) -> None:
    """What reads as a text after decoding was not drawn."""
    assert not is_opaque_token(_base64(text.encode()))
    assert not is_opaque_hexadecimal(text.encode().hex())


@given(text=st.text(alphabet=string.ascii_lowercase + "-_", min_size=43, max_size=86))
def test_words_are_no_fingerprints(text: str) -> None:
    """Letters of one case are not what a blinded function puts out."""
    assert not is_opaque_token(text)


@given(text=st.text(max_size=90))
def test_any_text_is_judged(text: str) -> None:
    """No text stops the look."""
    is_opaque_token(text)
    is_opaque_hexadecimal(text)
