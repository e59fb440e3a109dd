"""Models made from ours are found, whatever was done to them that leaves them working."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from phalanx.model import ExactEvidence, Inconclusive
from phalanx.provenance.tests import Comparison, Plan, compare_weights

SEED, OTHER = 1, 2
CASES: dict[str, tuple[Callable[[Any, Any, Any], Any], set[str]]] = {
    "identical": (lambda _, w, __: w, {"PHX-P001", "PHX-P002", "PHX-P003", "PHX-P005"}),
    "tuned": (lambda m, w, _: m.noisy(w, 1.0), {"PHX-P001", "PHX-P002", "PHX-P003", "PHX-P005"}),
    "reordered": (lambda m, w, _: m.reordered(m.noisy(w, 0.3)), {"PHX-P002", "PHX-P003"}),
    "rotated": (lambda m, w, _: m.turned(m.noisy(w, 0.3)), {"PHX-P001, over the vocabulary"}),
    "rotated, reordered and scaled": (
        lambda m, w, _: m.scaled(m.reordered(m.turned(m.noisy(w, 0.1)))),
        {"PHX-P002, over the vocabulary"},
    ),
    "pruned by 70 %": (lambda m, w, _: m.pruned(w, 0.3), {"PHX-P001", "PHX-P002", "PHX-P003"}),
    "half of the neurons": (lambda m, w, _: m.fewer_neurons(w, 64), {"PHX-P002", "PHX-P003"}),
    "three bits": (lambda m, w, _: m.rounded(w, 3), {"PHX-P001", "PHX-P002", "PHX-P003"}),
    "half of it merged": (lambda m, w, o: m.merged(w, o, 0.5), {"PHX-P001", "PHX-P002"}),
    "a quarter of it merged": (lambda m, w, o: m.merged(w, o, 0.25), {"PHX-P001"}),
    "a layer less": (lambda m, w, _: m.with_layers(w, [0, 2, 3]), {"PHX-P003", "PHX-P006"}),
    "layers in another order": (lambda m, w, _: m.with_layers(w, [3, 2, 1, 0]), {"PHX-P006"}),
    "experts": (lambda m, w, _: m.upcycled(w, 2), {"PHX-P006"}),
}


def seen(answer: Comparison, log10_level: float) -> set[str]:
    """Return the tests that reach a level."""
    return {
        outcome.test.rule_id + outcome.where
        for outcome, evidence in answer.results
        if isinstance(evidence, ExactEvidence) and evidence.log10_p <= log10_level
    }


def test_any_two_disguises_are_not_enough_and_all_three_are(models: Any) -> None:
    """Reordering, redrawing signs and rotating: together they use up what a model does not fix."""
    ours = models.drawn(SEED, layers=6)
    disguises = models.reordered, models.mirrored, models.turned
    for left_out in (*disguises, None):
        suspect = {name: w for name, w in ours.items() if "self_attn" not in name}
        suspect |= {name: w for name, w in models.drawn(OTHER, layers=6).items() if "attn" in name}
        for disguise in disguises:
            suspect = suspect if disguise is left_out else disguise(suspect)
        answer = compare_weights(models.held(ours), models.held(suspect))
        found = seen(answer, -6.0)
        if left_out is None:
            assert not found
        else:
            assert found & {"PHX-P003", "PHX-P001, over the vocabulary",
                            "PHX-P002, over the vocabulary"}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_was_made_from_ours(case: str, models: Any) -> None:
    """By the tests that are meant for it, at one in a million; ours is the suspect as well."""
    ours, other = models.drawn(SEED), models.drawn(OTHER)
    make, expected = CASES[case]
    pair = models.held(ours), models.held(make(models, ours, other))
    for first, second in (pair, pair[::-1]):
        found = seen(compare_weights(first, second, Plan(decoys=8)), -6.0)
        assert expected <= found


def test_the_map_says_which_layers(models: Any) -> None:
    """Of models put together from two, with layers dropped, and of experts made from one block."""
    ours, other = models.drawn(SEED), models.drawn(OTHER)
    for suspect, expected in [
        (models.with_layers(ours, [0, 2, 3]), {"0": "0", "1": "2", "2": "3"}),
        (models.with_layers(ours, [3, -1, -2, 0, 0], other), {"0": "3", "3": "0", "4": "0"}),
        (models.with_layers(models.reordered(ours), [2, -1], other), {"0": "2"}),
        (other, {}),
    ]:
        layers = compare_weights(models.held(ours), models.held(suspect), Plan(decoys=8)).layers
        assert layers is not None
        assert layers.origins(-6.0) == expected
    experts = models.held(models.upcycled(ours, 3))
    layers = compare_weights(models.held(ours), experts).layers
    assert layers is not None
    assert layers.origins(-6.0) == {f"{at}/{e}": str(at) for at in range(4) for e in range(3)}


def test_a_map_of_too_many_experts_takes_the_first_few(models: Any) -> None:
    """And says how many it has left out."""
    ours = models.drawn(SEED)
    answer = compare_weights(
        models.held(ours), models.held(models.upcycled(ours, 5)), Plan(map_pairs=4 * 4 * 2)
    )
    assert answer.layers is not None
    assert set(answer.layers.theirs) == {f"{layer}/{e}" for layer in range(4) for e in range(2)}
    assert answer.layers.left_out == 12
    assert any("12 blocks of experts" in note for note in answer.notes)


def test_experts_that_would_not_fit_in_memory_are_not_read(models: Any) -> None:
    """The first few of each layer are, at least one, and the rest is told."""
    ours = models.drawn(SEED)
    pair = models.held(ours), models.held(models.upcycled(ours, 5))
    for room, kept in ((4 * 2 * 128 * 2 * 256 * 4, 2), (0, 1)):
        answer = compare_weights(*pair, Plan(experts_bytes=room))
        assert answer.layers is not None
        assert set(answer.layers.theirs) == {f"{at}/{e}" for at in range(4) for e in range(kept)}
        assert any(f"{4 * (5 - kept)} experts of the suspect" in note for note in answer.notes)


def test_streams_of_other_widths_are_compared_over_the_vocabulary(models: Any) -> None:
    """A stream cut to three quarters of its coordinates, neurons in another order."""
    ours = models.drawn(SEED)
    kept = np.sort(np.random.default_rng(5).choice(64, 48, replace=False))
    cut = {
        name: w[kept] if "down" in name or "o_proj" in name or w.ndim == 1 else w[:, kept]
        for name, w in models.reordered(ours).items()
    }
    answer = compare_weights(models.held(ours), models.held(cut))
    assert "PHX-P002, over the vocabulary" in seen(answer, -6.0)
    reasons = [each.reason for _, each in answer.results if isinstance(each, Inconclusive)]
    assert any("streams of 64 and 48" in reason for reason in reasons)


def test_neurons_without_gates(models: Any) -> None:
    """GPT-2's: found by what they read and write, in whatever order."""
    random = np.random.default_rng(6)

    def gpt2() -> Any:
        found = {"wte.weight": random.normal(size=(90, 48)).astype(np.float32)}
        for layer in range(3):
            fc, proj = random.normal(size=(2, 48, 192)).astype(np.float32)
            found |= {f"h.{layer}.mlp.c_fc.weight": fc, f"h.{layer}.mlp.c_proj.weight": proj.T}
        return found

    ours, other = gpt2(), gpt2()
    order = random.permutation(192)
    copy = {
        name: w[:, order] if "c_fc" in name else w[order] if "c_proj" in name else w
        for name, w in ours.items()
    }
    for suspect, found in ((copy, True), (other, False)):
        answer = compare_weights(models.held(ours, {}), models.held(suspect, {}))
        assert ("PHX-P003" in seen(answer, -6.0)) == found
        assert "PHX-P002" not in seen(answer, -0.01)
        assert answer.layers is not None
        assert answer.layers.origins(-6.0) == (
            {str(at): str(at) for at in range(3)} if found else {}
        )


def test_what_was_taught_further_is_kin(models: Any) -> None:
    """A model trained for longer than the first time, on data in another order."""
    ours = models.taught(1)
    tuned = models.taught(2, steps=500, start=ours)
    answer = compare_weights(models.held(ours), models.held(tuned))
    assert {"PHX-P001", "PHX-P002", "PHX-P003"} <= seen(answer, -6.0)


def test_what_cannot_be_compared_is_said(models: Any) -> None:
    """Unknown names are no evidence of anything."""
    odd = {"a.b": np.ones((3, 4), np.float32)}
    answer = compare_weights(models.held(models.drawn(SEED)), models.held(odd, {}))
    assert answer.log10_p == 0.0
    assert all(isinstance(each, Inconclusive) for _, each in answer.results)
    assert answer.layers is None
    assert any("not known" in note for note in answer.notes)


def test_unknown_names_are_compared_by_shape_and_decide_nothing(models: Any) -> None:
    """What comes out is told, the copy's as the stranger's, and is no judgement."""
    random = np.random.default_rng(8)
    mine, other = random.normal(size=(2, 3, 60, 40)).astype(np.float32)
    ours = {f"ours.{at}": w for at, w in enumerate(mine)}
    for suspect, expected in ((mine + 0.5 * other, True), (other, False)):
        held = models.held({f"x.{at}": w for at, w in enumerate(suspect)}, {})
        answer = compare_weights(models.held(ours, {}), held)
        assert ("PHX-P007" in seen(answer, -6.0)) == expected
        assert answer.log10_p == 0.0


def test_numbers_that_are_none_count_as_nothing_and_are_told(models: Any) -> None:
    """NaN and infinity do not spread, and the copy is found nevertheless."""
    ours = models.drawn(SEED)
    spoilt = {name: w.copy() for name, w in ours.items()}
    spoilt["model.layers.0.mlp.gate_proj.weight"][3, :5] = np.nan
    spoilt["model.layers.1.mlp.down_proj.weight"][:, 7] = np.inf
    spoilt["model.layers.2.post_attention_layernorm.weight"][1] = -np.inf
    spoilt["model.embed_tokens.weight"][:, 2] = np.nan
    answer = compare_weights(models.held(ours), models.held(spoilt))
    assert answer.not_finite["model.layers.0.mlp.gate_proj.weight"] == 5
    assert answer.not_finite["model.layers.1.mlp.down_proj.weight"] == 64
    assert answer.not_finite["model.layers.2.post_attention_layernorm.weight"] == 1
    assert answer.not_finite["embedding"] == 300
    assert {"PHX-P001", "PHX-P002", "PHX-P003", "PHX-P005"} <= seen(answer, -6.0)


def test_the_same_plan_gives_the_same_answer(models: Any) -> None:
    """To the last digit."""
    pair = models.held(models.drawn(SEED)), models.held(models.drawn(OTHER))
    answers = [compare_weights(*pair, Plan(seed=4)).results for _ in range(2)]
    assert answers[0] == answers[1]
