"""The sampler: marked text is seen, repeats are left to chance, and cuts are as defined."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.watermark.draws import draw
from phalanx.watermark.marking.cutoff import cutoffs
from phalanx.watermark.marking.sampler import MarkSampler
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

KEY = bytes(range(32))


def write(sampler: MarkSampler, length: int, seed: int) -> list[int]:
    """Write with a model whose logits depend on the last token."""
    text = [1, 2, 3, 4]
    while len(text) < length:
        random = np.random.default_rng([seed, text[-1]])
        logits = random.normal(size=(1, 200)).astype(np.float32) * 2
        text.append(int(sampler.sample(logits, [text]).tokens[0]))
    return text


def log10_p(text: list[int], key: bytes = KEY) -> float:
    """Return what the detector says."""
    scheme = PhalanxGumbel()
    draws = draw([text], 4)
    return float(scheme.setting.law(scheme.scores(draws, key).sum()[None], draws)[0])


def test_marked_text_is_seen() -> None:
    """Under its key alone, also where only the likeliest tokens may be chosen."""
    for sampler in (MarkSampler(KEY), MarkSampler(KEY, temperature=0.8, top_k=40, top_p=0.9)):
        text = write(sampler, 250, 1)
        assert log10_p(text) < -10
        assert log10_p(text, bytes(32)) > -6


def test_repeats_are_left_to_chance() -> None:
    """Where a context comes again the key does not choose, and the choice differs."""
    sampler = MarkSampler(KEY)
    flat = np.zeros((1, 1000), np.float32)
    history = [5, 6, 7, 8, 9, 5, 6, 7, 8]
    choices = [sampler.sample(flat, [history]) for _ in range(5)]
    assert not any(choice.marked[0] for choice in choices)
    assert len({int(choice.tokens[0]) for choice in choices}) > 1
    fresh = [sampler.sample(flat, [[5, 6, 7, 8]]) for _ in range(5)]
    assert all(choice.marked[0] for choice in fresh)
    assert len({int(choice.tokens[0]) for choice in fresh}) == 1


@given(st.lists(st.integers(0, 2), min_size=1, max_size=30), st.integers(1, 4))
def test_what_counts_as_a_repeat(history: list[int], width: int) -> None:
    """A choice is marked if and only if its context is whole and new: as draws are."""
    sampler = MarkSampler(KEY, context_width=width)
    marked = sampler.sample(np.zeros((1, 9), np.float32), [history]).marked[0]
    draws = draw([[*history, 0]], width, "context")
    assert marked == (len(history) in draws.positions)


def test_answers_to_one_prompt_differ() -> None:
    """Of texts with the same context in one call, the first is marked."""
    logits = np.zeros((3, 1000), np.float32)
    choice = MarkSampler(KEY).sample(logits, [[1, 2, 3, 4]] * 3)
    assert choice.marked.tolist() == [True, False, False]
    assert len(set(choice.tokens.tolist())) > 1


def plain_cut(
    logits: npt.NDArray[np.float32], temperature: float, top_k: int | None, top_p: float
) -> set[int]:
    """Return what may be chosen, by sorting."""
    order = np.argsort(-logits, kind="stable")
    order = order[: top_k or order.size]
    chances = np.exp((logits[order].astype(np.float64) - logits.max()) / temperature)
    before = np.concatenate([[0.0], np.cumsum(chances / chances.sum())[:-1]])
    return set(order[before < top_p].tolist())


@given(
    st.integers(0, 2**31),
    st.integers(2, 3000),
    st.floats(0.2, 3.0),
    st.one_of(st.none(), st.integers(1, 3500)),
    st.floats(0.05, 0.999),
)
def test_cuts(seed: int, size: int, temperature: float, top_k: int | None, top_p: float) -> None:
    """What is left is what sorting leaves, up to one token at the very edge of rounding."""
    logits = np.random.default_rng(seed).normal(size=size).astype(np.float32)
    least = cutoffs(logits[None], temperature, top_k, top_p)[0]
    kept = set(np.flatnonzero(logits >= least).tolist())
    assert len(kept ^ plain_cut(logits, temperature, top_k, top_p)) <= 1


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"temperature": 0.0}, "greedy text carries no mark"),
        ({"temperature": float("nan")}, "temperature"),
        ({"top_k": 0}, "top_k"),
        ({"top_p": 0.0}, "top_p"),
        ({"top_p": 1.5}, "top_p"),
        ({"context_width": 0}, "context_width"),
    ],
)
def test_wrong_parameters(wrong: dict[str, float], why: str) -> None:
    """Parameters out of range are refused before anything is generated."""
    with pytest.raises(ValueError, match=why):
        MarkSampler(KEY, **wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_nothing_to_choose() -> None:
    """A row without a token that may be chosen is an error, not a token."""
    with pytest.raises(ValueError, match="text 1 has no token"):
        MarkSampler(KEY).sample(
            np.array([[0.0, 0.0], [-np.inf, -np.inf]], np.float32), [[1] * 4, [2] * 4]
        )
    with pytest.raises(ValueError, match="logits of 1 texts"):
        MarkSampler(KEY).sample(np.zeros((2, 5), np.float32), [[1]])


def test_no_key_shows() -> None:
    """Neither key nor what is derived from it stands in the text of a sampler."""
    key = b"very secret key of thirty-two by"
    assert "secret" not in repr(MarkSampler(key))
    with pytest.raises(ValueError, match="32 bytes, not 31") as caught:
        MarkSampler(key[:-1])
    assert "secret" not in str(caught.value)


def test_a_key_for_each_context() -> None:
    """What gives the key of a context chooses as that key would, and is asked only there."""
    keys = {7: b"\1" * 32, 8: b"\2" * 32}
    logits, histories = np.zeros((3, 50), np.float32), [[5, 6, 9, 7], [5, 6, 9, 8], [5, 6]]
    asked: list[list[int]] = []

    def key_after(context: npt.NDArray[np.int64]) -> bytes:
        asked.append(context.tolist())
        return keys[int(context[-1])]

    choice = MarkSampler(key_after).sample(logits, histories)
    alone = [MarkSampler(keys[at]).sample(logits[:1], [[5, 6, 9, at]]).tokens[0] for at in (7, 8)]
    assert choice.tokens[:2].tolist() == alone
    assert choice.marked.tolist() == [True, True, False]
    assert asked == histories[:2]
