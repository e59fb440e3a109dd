"""Who never had a marked copy is not named more often than stated; who had is, whatever he does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from phalanx.provenance.weight_marks import (
    Layer,
    MarkFinding,
    MarkReader,
    WeightMark,
    aligned_layer,
    plan_mark,
    reads_stream,
    similar_layers,
    stream_turn,
    with_fitted_columns,
    writes_stream,
)
from phalanx.provenance.weight_marks.pattern import Pattern

SECRET = bytes(range(32))
RECIPIENTS = [f"r{number}" for number in range(20)]
PARTS = ("gate", "up", "down")

Weights = dict[str, npt.NDArray[np.floating]]


def _weights(seed: int, neurons: int = 384, width: int = 192) -> Weights:
    random = np.random.default_rng(seed)
    shapes = {"gate": (neurons, width), "up": (neurons, width), "down": (width, neurons)}
    return {
        name: (0.02 * random.standard_t(5, shape)).astype(np.float32)
        for name, shape in shapes.items()
    }


def _mark(secret: bytes = SECRET, strength: float = 0.02, collusion: int = 2) -> WeightMark:
    return WeightMark(plan_mark(20, collusion, 1e-4, common=256, strength=strength), secret)


def _copy(mark: WeightMark, weights: Weights, recipient: str) -> Weights:
    return {name: mark.marked(name, each, recipient) for name, each in weights.items()}


def _read(
    mark: WeightMark,
    ours: Mapping[str, npt.NDArray[np.floating]],
    theirs: Mapping[str, npt.NDArray[np.floating]],
) -> MarkFinding:
    reader = MarkReader(mark)
    for name, each in ours.items():
        reader.add(name, each, theirs[name])
    return reader.finding(RECIPIENTS)


def _unmarked_suspects(ours: Weights) -> dict[str, Weights]:
    random = np.random.default_rng(5)
    return {
        "independent": _weights(9),
        "fine-tune of the unmarked original": {
            name: each + (0.003 * random.standard_cauchy(each.shape)).astype(np.float32)
            for name, each in ours.items()
        },
        "low-rank change, few digits": {
            name: np.round(each + 0.01 * each.mean(axis=1, keepdims=True), 2).astype(np.float32)
            for name, each in ours.items()
        },
    }


def test_unmarked_suspects_toss_fair_coins() -> None:
    """Over a thousand keys, tails of three unmarked suspects are those of the binomial law."""
    ours = {"up": _weights(1, 64, 64)["up"]}
    for name, whole in _unmarked_suspects(ours).items():
        suspect = {"up": whole["up"][:64, :64]}
        found = []
        for key in range(1000):
            mark = WeightMark(plan_mark(20, 1, 1e-2, common=64), key.to_bytes(32, "big"))
            found.append(_read(mark, ours, suspect))
        ones, places = (
            np.array([getattr(each, of) for each in found]) for of in ("ones", "places")
        )
        assert stats.binomtest(int(ones.sum()), int(places.sum()), 0.5).pvalue > 1e-4, name
        upper = stats.binom.sf(ones - 1, places, 0.5)
        lower = stats.binom.sf(ones, places, 0.5)
        assert np.allclose(10.0 ** np.array([each.present_log10_p for each in found]), upper)
        between = lower + np.random.default_rng(0).random(1000) * (upper - lower)
        assert stats.kstest(between, "uniform").pvalue > 1e-4, name
        p = np.array([each.log10_p for one in found for each in one.recipients])
        # Words of one key share their biases and are independent of each other given them.
        for level in (0.1, 1e-2, 1e-3):
            assert stats.binomtest(int((p <= np.log10(level)).sum()), p.size, level).pvalue > 1e-5
        assert sum(bool(each.named) for each in found) <= 2, name


def test_innocent_recipients_are_not_named_beside_a_guilty_one() -> None:
    """Over 200 keys, the 19 others' p-values are as stated while the guilty one is named."""
    ours = {"up": _weights(1, 128, 128)["up"]}
    p = []
    for key in range(200):
        mark = WeightMark(plan_mark(20, 1, 1e-2, common=64), key.to_bytes(32, "big"))
        found = _read(mark, ours, _copy(mark, ours, "r3"))
        assert found.named[0].account == "r3"
        p += [each.log10_p for each in found.recipients if each.account != "r3"]
    for level in (0.1, 1e-2, 1e-3):
        count = int((np.array(p) <= np.log10(level)).sum())
        assert stats.binomtest(count, len(p), level).pvalue > 1e-5, level


def _noise(weights: Weights, size: float) -> Weights:
    random = np.random.default_rng(2)
    return {
        name: each + (size * each.std() * random.normal(size=each.shape)).astype(np.float32)
        for name, each in weights.items()
    }


def _pruned(weights: Weights) -> Weights:
    return {
        name: np.where(np.abs(each) < np.quantile(np.abs(each), 0.7), np.float32(0.0), each)
        for name, each in weights.items()
    }


def _rounded(weights: Weights, bits: int) -> Weights:
    result = {}
    for name, each in weights.items():
        step = np.abs(each).max(axis=1, keepdims=True) / (2 ** (bits - 1) - 1)
        result[name] = (np.round(each / step) * step).astype(np.float32)
    return result


def _merged(weights: Weights, share: float) -> Weights:
    other = _weights(77)
    return {name: share * each + (1 - share) * other[name] for name, each in weights.items()}


def _rescaled(weights: Weights) -> Weights:
    scale = np.exp(np.random.default_rng(3).normal(size=len(weights["up"]))).astype(np.float32)
    up = weights["up"] * scale[:, None]
    return {**weights, "up": up}


@pytest.mark.parametrize(
    "attack",
    [
        lambda copy: copy,
        lambda copy: _noise(copy, 0.05),
        _pruned,
        lambda copy: _rounded(copy, 8),
        lambda copy: _rounded(copy, 4),
        lambda copy: _merged(copy, 0.75),
        lambda copy: _merged(copy, 0.5),
        _rescaled,
        lambda copy: {name: each.astype(np.float16) for name, each in copy.items()},
    ],
)
def test_the_mark_survives(attack: Callable[[Weights], Weights]) -> None:
    """What is done to a copy leaves the mark, and the recipient's name."""
    ours, mark = _weights(1), _mark()
    found = _read(mark, ours, attack(_copy(mark, ours, "r7")))
    assert found.present_log10_p < -6
    assert [each.account for each in found.named] == ["r7"]


def test_neurons_in_another_order_are_put_back() -> None:
    """After alignment a permuted, tuned and rescaled copy names its recipient; before, nothing."""
    ours, mark = _weights(1), _mark()
    tuned = _noise(_copy(mark, ours, "r7"), 0.05)
    random = np.random.default_rng(4)
    order = random.permutation(len(ours["up"]))
    scale = np.exp(random.normal(size=order.size)).astype(np.float32)
    theirs = {
        "gate": tuned["gate"][order],
        "up": tuned["up"][order] * scale[:, None],
        "down": tuned["down"][:, order] / scale,
    }
    assert _read(mark, ours, theirs).present_log10_p > -3
    back = aligned_layer(_layer(ours), _layer(theirs))
    found = _read(mark, ours, {name: getattr(back, name) for name in PARTS})
    assert [each.account for each in found.named] == ["r7"]


def test_a_rotated_stream_is_turned_back() -> None:
    """A copy whose stream was rotated, its norm folded in and its columns rescaled, is read."""
    random, width = np.random.default_rng(8), 96
    ours = {
        "tokens": random.normal(size=(900, width)).astype(np.float32),
        "in": random.normal(size=(200, width)).astype(np.float32),
        "out": random.normal(size=(width, 200)).astype(np.float32),
    }
    norm = np.exp(random.normal(0.0, 0.3, width)).astype(np.float32)
    mark = _mark()
    copy = _copy(mark, ours, "r7")
    rotation = np.linalg.qr(random.normal(size=(width, width)))[0].astype(np.float32)
    scale = np.exp(random.normal(0.0, 0.5, 200)).astype(np.float32)
    theirs = {
        "tokens": copy["tokens"] @ rotation,
        "in": (copy["in"] * norm) @ rotation,
        "out": (rotation.T @ copy["out"]) / scale,
    }
    assert _read(mark, ours, theirs).present_log10_p > -3
    turn = stream_turn(ours["tokens"], theirs["tokens"])
    assert turn is not None
    back = {
        "tokens": theirs["tokens"] @ turn,
        "in": reads_stream(theirs["in"], turn, np.ones(width, np.float32), norm),
        "out": with_fitted_columns(ours["out"], writes_stream(theirs["out"], turn)),
    }
    assert [each.account for each in _read(mark, ours, back).named] == ["r7"]


def test_only_rotations_are_turned_back() -> None:
    """A tuned model's embeddings stay as they are; of an unrelated model no rotation is found."""
    ours = np.random.default_rng(1).normal(size=(400, 32))
    tuned = ours + 0.3 * np.random.default_rng(2).normal(size=ours.shape)
    unrelated = np.random.default_rng(3).normal(size=ours.shape)
    assert stream_turn(ours, tuned) is None
    assert stream_turn(ours, unrelated) is None
    with pytest.raises(ValueError, match="cannot be compared"):
        stream_turn(ours, ours[:3])
    with pytest.raises(ValueError, match="not finite"):
        stream_turn(ours, np.full(ours.shape, np.nan))


def test_layers_are_found_again() -> None:
    """Of a model whose layers were dropped and doubled, each is matched to ours."""
    ours = [_layer(_weights(seed, 48, 32)) for seed in range(4)]
    theirs = [_layer(_noise(_weights(seed, 48, 32), 0.3)) for seed in (3, 1, 1)]
    assert similar_layers(ours, theirs) == [3, 1, 1]


def _layer(weights: Weights) -> Layer:
    return Layer(*(weights[name] for name in PARTS))


@pytest.mark.parametrize("pooled", ["mean", "each weight from one of them"])
def test_pooled_copies_name_those_who_pooled(pooled: str) -> None:
    """Two recipients who mix their copies are traced, and nobody else."""
    ours, mark = _weights(1), _mark()
    one, two = (_copy(mark, ours, name) for name in ("r4", "r9"))
    random = np.random.default_rng(6)
    mixed = {
        name: (one[name] + two[name]) / 2
        if pooled == "mean"
        else np.where(random.random(one[name].shape) < 0.5, one[name], two[name])
        for name in ours
    }
    named = {each.account for each in _read(mark, ours, mixed).named}
    assert named
    assert named <= {"r4", "r9"}


def test_the_change_is_as_small_as_stated() -> None:
    """Every row moves by the strength times its own length, in directions without a pattern."""
    ours, mark = _weights(1), _mark(strength=0.01)
    copy = _copy(mark, ours, "r1")
    for name, each in ours.items():
        change = copy[name] - each
        size = np.linalg.norm(change, axis=1) / np.linalg.norm(each, axis=1)
        assert np.allclose(size, 0.01, rtol=1e-3)
        assert abs(float(np.sign(change).mean())) < 0.02


def test_parts_of_a_tensor_are_marked_as_the_whole(monkeypatch: Any) -> None:
    """Block by block, and from a memory map, the copy and the sums are the same."""
    ours = {"odd": _weights(1, 99, 37)["up"]}
    mark = _mark()
    whole, seen = _copy(mark, ours, "r1"), _read(mark, ours, _copy(mark, ours, "r1"))
    monkeypatch.setattr("phalanx.provenance.weight_marks.mark.BLOCK", 41)
    assert np.array_equal(_copy(mark, ours, "r1")["odd"], whole["odd"])
    assert _read(mark, ours, whole) == seen


def test_places_and_directions_are_even() -> None:
    """Each place gets its share of weights, and half of them go up."""
    place, up = Pattern(SECRET, 50).deal("a", 0, 200_000)
    assert stats.chisquare(np.bincount(place, minlength=50)).pvalue > 1e-3
    assert stats.binomtest(int(up.sum()), up.size).pvalue > 1e-3
    assert stats.chisquare(np.bincount(place[up], minlength=50)).pvalue > 1e-3
    other = Pattern(SECRET, 50).deal("b", 0, 200_000)[0]
    assert abs(np.corrcoef(place, other)[0, 1]) < 0.01


def test_what_cannot_be_read_is_refused() -> None:
    """Wrong shapes, secrets, numbers and too many recipients are errors, not results."""
    ours, mark = _weights(1, 8, 8), _mark()
    with pytest.raises(ValueError, match="32 bytes, not 3"):
        WeightMark(plan_mark(2, 1), b"abc")
    with pytest.raises(ValueError, match="32 bytes and from 1"):
        Pattern(SECRET, 0)
    with pytest.raises(ValueError, match="strength"):
        plan_mark(2, 1, strength=0.5)
    with pytest.raises(ValueError, match="a matrix with weights"):
        mark.marked("norm", np.ones(3, np.float32), "r1")
    with pytest.raises(ValueError, match="not finite"):
        mark.marked("up", np.full((2, 2), np.nan, np.float32), "r1")
    reader = MarkReader(mark)
    with pytest.raises(ValueError, match="and the suspect's"):
        reader.add("up", ours["up"], ours["up"][:3])
    with pytest.raises(ValueError, match="not finite"):
        reader.add("up", ours["up"], np.full((8, 8), np.inf, np.float32))
    with pytest.raises(ValueError, match="planned for 20"):
        reader.finding([str(number) for number in range(21)])
    with pytest.raises(ValueError, match="cannot be aligned"):
        aligned_layer(_layer(ours), _layer(_weights(1, 8, 9)))


def test_nothing_read_says_nothing() -> None:
    """Without a tensor, and against the unmarked original itself, the p-value is one."""
    ours, mark = _weights(1, 8, 8), _mark()
    for found in (MarkReader(mark).finding(RECIPIENTS), _read(mark, ours, ours)):
        assert (found.places, found.present_log10_p, found.named) == (0, 0.0, ())
        (evidence,) = found.evidence()
        assert evidence.log10_p == 0.0
        assert evidence.log10_e <= 0.0
