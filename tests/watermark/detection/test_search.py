"""A search through more keys than are kept answers what `detect` answers for each."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.evidence import holm
from phalanx.watermark.detection import Reading, detect
from phalanx.watermark.detection.search import KeyBlock, search
from phalanx.watermark.detection.strongest import Strongest
from phalanx.watermark.draws import draw
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
from phalanx.watermark.schemes.scheme import Scheme
from phalanx.watermark.schemes.vllm_gumbel import VllmGumbel

SCHEME = PhalanxGumbel()
NAMES = [f"k{number}" for number in range(60)]


def _keys(count: int, size: int = 32, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(0, 256, (count, size), dtype=np.uint8)


def _blocks(names: list[str], keys: Any, size: int) -> Iterator[KeyBlock]:
    for start in range(0, len(names), size):
        yield KeyBlock(names[start : start + size], keys[start : start + size])


def _reading(*documents: Any, **more: Any) -> Reading:
    return Reading(tokenizer="numbers", documents=documents, **more)


@pytest.mark.parametrize("size", [1, 7, 60])
def test_the_strongest_are_those_of_a_test_of_all(writer: Any, size: int) -> None:
    """Same keys, p-values and correction, in whatever blocks they come."""
    keys = _keys(60)
    reading = _reading(writer(150, keys[41].tobytes(), seed=1))
    whole = detect(
        [reading], [SCHEME], {n: k.tobytes() for n, k in zip(NAMES, keys, strict=True)}, decoys=0
    )
    found = search([reading], [(SCHEME, _blocks(NAMES, keys, size))], decoys=0, kept=9)
    assert found.tried == 60
    assert [each.key_id for each in found.marked] == ["k41"]
    for ours, theirs in zip(found.findings, whole.findings[:9], strict=True):
        assert (ours.key_id, ours.family, ours.verdict) == (theirs.key_id, 60, theirs.verdict)
        assert ours.adjusted_log10_p == pytest.approx(theirs.adjusted_log10_p)
        assert ours.evidence().log10_e == pytest.approx(theirs.evidence().log10_e)


def test_every_scheme_and_reading_counts(writer: Any) -> None:
    """Keys times readings over all schemes are one family."""
    keys, others = _keys(20), _keys(30, 8)
    text = writer(150, keys[3].tobytes(), seed=1)
    readings = [_reading(text), Reading(tokenizer="other", documents=[text[::-1].copy()])]
    sources: list[tuple[Scheme, Iterator[KeyBlock]]] = [
        (SCHEME, _blocks(NAMES[:20], keys, 8)),
        (VllmGumbel(), _blocks(NAMES[:30], others, 8)),
    ]
    found = search(readings, sources, kept=2)
    assert found.tried == 2 * (20 + 30)
    assert len(found.findings) == 8
    (finding,) = found.marked
    assert (finding.key_id, finding.tokenizer, finding.family) == ("k3", "numbers", 100)


def test_unmarked_texts_are_accused_no_more_often_than_said(writer: Any) -> None:
    """The smallest adjusted p-value of many keys is below a level with that chance at most."""
    best = [
        search(
            [_reading(writer(60, None, seed=seed))],
            [(SCHEME, _blocks(NAMES, _keys(60, seed=seed), 25))],
            decoys=0,
            kept=1,
        ).findings[0]
        for seed in range(300)
    ]
    p = 10.0 ** np.array([each.adjusted_log10_p for each in best])
    for level in (0.05, 0.2, 0.5):
        assert (p <= level).mean() <= level + 4 * (level * (1 - level) / 300) ** 0.5
    # And no less often than independent keys are: what is lost to the correction is little.
    assert (p <= 0.5).mean() > 0.3


@given(
    st.lists(st.floats(-50, 0), min_size=1, max_size=30),
    st.integers(1, 30),
)
def test_the_smallest_p_values_are_corrected_as_if_all_were_there(
    logs: list[float], kept: int
) -> None:
    """Holm's steps of the smallest do not depend on the larger ones, only on their number."""
    whole = np.sort(holm(logs))
    few = holm(np.sort(logs)[:kept], family=len(logs))
    assert few.tolist() == whole[:kept].tolist()


def test_memory_does_not_grow_with_the_keys(writer: Any) -> None:
    """Ten times the keys in blocks of one size take the memory of one block."""
    draws = draw([writer(40, None, seed=1)], 4)
    peaks = []
    for blocks in (2, 20):
        found = Strongest(draws, SCHEME, 5)
        tracemalloc.start()
        for seed in range(blocks):
            found.add(_keys(2000, seed=seed))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found.tried == 2000 * blocks
    assert peaks[1] < 1.5 * peaks[0]


def test_too_short_is_no_acquittal() -> None:
    """As `detect` says it; nothing to test is an error, and so is a name too few."""
    short = search([_reading([1, 2, 3, 4, 5, 6])], [(SCHEME, _blocks(NAMES, _keys(60), 60))])
    assert {each.verdict for each in short.findings} == {"not evaluable"}
    with pytest.raises(InputError, match="nothing to test"):
        search([_reading([1])], [(SCHEME, [])])
    with pytest.raises(InputError, match="59 names came with 60 keys"):
        search([_reading([1])], [(SCHEME, [KeyBlock(NAMES[1:], _keys(60))])])
    for wrong in ({"level": 0.0}, {"decoys": -1}, {"kept": 0}):
        with pytest.raises(ValueError, match="at least"):
            search([_reading([1])], [], **wrong)
    with pytest.raises(ValueError, match="at least one key"):
        Strongest(draw([[1]], 1), SCHEME, 0)


def test_a_block_shows_no_key() -> None:
    """Printed, it shows names."""
    assert "keys" not in repr(KeyBlock(["a"], _keys(1))).replace("KeyBlock", "")
