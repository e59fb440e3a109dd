"""Files that somebody made to break a comparison: an answer or a clear error, and soon."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phalanx.provenance.roles import view
from phalanx.provenance.tests import Plan, compare_weights
from phalanx.provenance.tests.blocks import experts_kept
from phalanx.provenance.verdict import Budget, Family, State, judge, of_weights
from phalanx.provenance.weights import open_checkpoint

PARTS = ("gate", "up", "down")


def _wide(at: int, units: int = 0) -> dict[str, tuple[int, int]]:
    """Return names and shapes of an expert without neurons, or as many as nobody has."""
    base = f"model.layers.0.mlp.experts.{at}"
    return {
        f"{base}.{part}_proj.weight": (64, units) if part == "down" else (units, 64)
        for part in PARTS
    }


def _empty(shapes: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"dtype": "F32", "shape": list(shape), "data_offsets": [0, 0]}
        for name, shape in shapes.items()
    }


def _without_neurons(weights: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, each in weights.items():
        if "down_proj" in name or "o_proj" in name:
            found[name] = each[:, :0]
        else:
            found[name] = each[:0] if "_proj" in name else each
    return found


def _one_of_each(weights: dict[str, Any]) -> dict[str, Any]:
    return {
        name: each[:, :1] if name.endswith(("down_proj.weight", "o_proj.weight")) else each[:1]
        for name, each in weights.items()
    }


def test_a_copy_behind_a_stack_of_many_small_layers(
    models: Any, writing: Any, tmp_path: Path
) -> None:
    """The layers that are compared are those with the most bytes, however few they are."""
    ours = models.drawn(1)
    small = models.drawn(3, layers=20, hidden=8, neurons=8)
    front = {f"front.{name}": each for name, each in small.items() if ".layers." in name}
    writing.model(tmp_path / "copy", models.noisy(ours, 0.3) | front, models.CONFIG)
    answer = compare_weights(models.held(ours), open_checkpoint(tmp_path / "copy"))
    assert answer.log10_p < -50
    assert 0.0 < answer.theirs.unread < 0.5


def test_a_copy_behind_layers_that_are_larger_is_not_cleared(
    models: Any, writing: Any, tmp_path: Path
) -> None:
    """Where more bytes have no role than have one, what is found in the rest is no answer."""
    ours = models.held(models.drawn(1))
    large = {
        f"front.{name}": each
        for name, each in models.drawn(3, layers=20).items()
        if "layer" in name
    }
    writing.model(tmp_path / "copy", models.drawn(1) | large, models.CONFIG)
    copied = models.drawn(1, layers=30)
    behind = {f"odd.{name.replace('layers', 'own')}": each for name, each in copied.items()}
    writing.model(tmp_path / "odd", models.drawn(2) | behind, models.CONFIG)
    budget = Budget(1e-6, (Family.WEIGHTS,))
    for name, expected in (("copy", State.REJECTED), ("odd", State.NOT_EVALUABLE)):
        answer = compare_weights(ours, open_checkpoint(tmp_path / name))
        state = judge(budget, [of_weights(answer)]).answers[Family.WEIGHTS].state
        assert state is expected, name


@pytest.mark.parametrize(
    "change",
    [
        _without_neurons,
        _one_of_each,
        lambda weights: {n: np.full_like(w, np.nan) for n, w in weights.items()},
        lambda weights: {n: np.full_like(w, 3e38) for n, w in weights.items()},
        lambda weights: {n: np.zeros_like(w) for n, w in weights.items()},
        lambda weights: {n: w for n, w in weights.items() if "norm" in n or "embed" in n},
        lambda weights: {n: w[..., :0] for n, w in weights.items()},
    ],
)
def test_models_with_nothing_inside(
    change: Callable[[Any], Any], models: Any, writing: Any, tmp_path: Path
) -> None:
    """Whichever side they stand on, they are compared, and accuse nobody."""
    whole = models.held(models.drawn(1))
    writing.model(tmp_path / "odd", change(models.drawn(2)), models.CONFIG)
    odd = open_checkpoint(tmp_path / "odd")
    for pair in ((whole, odd), (odd, whole), (odd, odd)):
        answer = compare_weights(*pair)
        assert answer.log10_p > -3.0 or pair[0] is pair[1]
        assert answer.layers is None or answer.layers.origins(-3.0) == {} or pair[0] is pair[1]


@pytest.mark.parametrize(
    "shapes",
    [
        {name: shape for at in range(5_000) for name, shape in _wide(at).items()},
        _wide(0, 0) | {"model.embed_tokens.weight": (2**40, 0)},
        {f"model.layers.0.mlp.{part}_proj.weight": (2**50, 0) for part in PARTS},
        {name.replace("experts.7", "experts." + "7" * 5000): s for name, s in _wide(7).items()},
        {name.replace("experts.7", "experts.\u0667"): s for name, s in _wide(7).items()},
        {name.replace("layers.0", "layers.\u00b2"): s for name, s in _wide(7).items()},
    ],
    ids=["experts", "tokens", "neurons", "digits", "letters", "power"],
)
def test_headers_that_promise_the_impossible(
    shapes: dict[str, Any], models: Any, writing: Any, tmp_path: Path
) -> None:
    """Many experts cost no square of their number; shapes without numbers cost no memory."""
    (tmp_path / "odd").mkdir()
    writing.put(tmp_path / "odd/model.safetensors", _empty(shapes), b"")
    whole, odd = models.held(models.drawn(1)), open_checkpoint(tmp_path / "odd")
    for pair in ((whole, odd), (odd, whole)):
        assert not compare_weights(*pair).decides


def test_experts_beyond_memory_are_left_out_at_once(models: Any) -> None:
    """How many are kept follows from their sizes, not from trying every number."""
    one = models.drawn(1, layers=1)
    weights = {n: w for n, w in one.items() if ".mlp." not in n}
    weights |= {
        name: np.ones(s, np.float32) for at in range(300) for name, s in _wide(at, 8).items()
    }
    held = models.held(weights)
    per_expert = 8 * 2 * 256 * 4
    for kept in (1, 7, 300):
        plan = Plan(experts_bytes=kept * per_expert + 1)
        assert experts_kept(view(held), plan) == kept


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '{"num_attention_heads": NaN, "hidden_size": 1e999, "model_type": {"a": [1]}}',
        '{"num_attention_heads": ' + "9" * 400 + ', "num_key_value_heads": -3}',
        '{"num_attention_heads": "8", "model_type": ["gemma"], "alibi": "no"}',
        '{"num_attention_heads": true, "attn_config": [1], "quantization_config": {"bits": []}}',
    ],
)
def test_settings_of_any_kind(text: str, models: Any) -> None:
    """Are believed only where they fit the shapes."""
    said = json.loads(text)
    config = said if isinstance(said, dict) else {}
    weights = models.drawn(1)
    answer = compare_weights(models.held(weights), models.held(weights, config))
    assert answer.log10_p < -20.0
