"""The marked part of a mixed text is found where it is, and nowhere in others."""

from __future__ import annotations

from typing import Any

import numpy as np

from phalanx.watermark.detection import locate
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
from phalanx.watermark.schemes.vllm_gumbel import VllmGumbel

KEY = bytes(range(32))


def test_marked_parts_are_found_where_they_are(writer: Any) -> None:
    """Two marked passages in unmarked text, and a document without any."""
    plain = [writer(400, None, seed=number) for number in range(4)]
    marked = [writer(150, KEY, seed=10), writer(100, KEY, seed=11)]
    mixed = np.concatenate([plain[0], marked[0], plain[1], marked[1], plain[2]])
    found = locate([plain[3], mixed], PhalanxGumbel(), KEY)
    assert {stretch.document for stretch in found} == {1}
    inside = np.zeros(mixed.size, dtype=bool)
    inside[400:550] = inside[950:1050] = True
    named = np.zeros(mixed.size, dtype=bool)
    for stretch in found:
        assert inside[stretch.start : stretch.stop].any()
        named[stretch.start : stretch.stop] = True
    assert (named & inside).sum() > 0.8 * inside.sum()
    assert (named & ~inside).sum() < 0.4 * inside.sum()


def test_unmarked_texts_name_no_more_than_promised(writer: Any) -> None:
    """Of 400 keys on an unmarked text no more than a twentieth name any stretch, at 0.05."""
    text, random = writer(500, None, seed=1), np.random.default_rng(2)
    scheme = PhalanxGumbel()
    false = sum(bool(locate([text], scheme, random.bytes(32), level=0.05)) for _ in range(400))
    assert false <= 31


def test_repeats_do_not_make_a_stretch(writer: Any) -> None:
    """A passage that scores well by chance, sent fifty times, stays one passage."""
    text = np.tile(writer(40, None, seed=1), 50)
    scheme, random = PhalanxGumbel(), np.random.default_rng(3)
    assert not any(locate([text], scheme, random.bytes(32)) for _ in range(100))


def test_what_a_prompt_says_is_no_stretch(writer: Any) -> None:
    """A marked passage that the answer repeats from its prompt counts nowhere."""
    marked, plain = writer(150, KEY, seed=10), writer(300, None, seed=1)
    answer = np.concatenate([plain, marked])
    (found,) = locate([plain, answer], PhalanxGumbel(), KEY)
    assert found.document == 1
    assert found.stop > 300
    assert not locate([answer], PhalanxGumbel(), KEY, known=[marked])


def written_by_vllm(length: int, key: bytes, seed: int) -> Any:
    """Write an answer as vLLM does: before its first token stands -1, and it is marked."""
    scheme, random = VllmGumbel(), np.random.default_rng(seed)
    text = np.full(4 + length, -1)
    for at in range(4, text.size):
        choices = random.integers(0, 2_000, 16)
        scores = scheme.scores(Draws(text, np.full(16, at), choices, 4, 0), key)
        text[at] = choices[np.argmax(scores)]
    return text[4:]


def test_first_tokens_of_vllm_count(writer: Any) -> None:
    """An answer of twenty tokens is one passage from its first on; others keep their places."""
    key = KEY[:8]
    documents = [written_by_vllm(20, key, seed) for seed in (1, 2)]
    found = locate([documents[0], writer(60, None, seed=3), documents[1]], VllmGumbel(), key)
    assert [(each.document, each.start, each.stop) for each in found] == [(0, 0, 20), (2, 0, 20)]
    # Behind other text nothing stands before it that was -1.
    mixed = np.concatenate([writer(300, None, seed=4), written_by_vllm(100, key, 5)])
    (stretch,) = locate([mixed], VllmGumbel(), key)
    assert 250 <= stretch.start <= 320
    assert stretch.stop == 400
    random = np.random.default_rng(6)
    text = writer(300, None, seed=7)
    false = sum(bool(locate([text], VllmGumbel(), random.bytes(8), level=0.05)) for _ in range(400))
    assert false <= 31
