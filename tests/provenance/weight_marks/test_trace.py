"""A suspect on disk leads to the recipient of its copy, and to nobody else."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from scipy import stats

from phalanx.errors import InputError
from phalanx.model import Inconclusive
from phalanx.provenance.weight_marks import (
    MarkReader,
    MarkTrace,
    WeightMark,
    plan_mark,
    plan_release,
    trace_mark,
    write_release,
)
from phalanx.provenance.weight_marks.ordering import put_in_order
from phalanx.provenance.weight_marks.pairing import Unread, as_it_stands, pair_up
from phalanx.provenance.weight_marks.trace import Reading
from phalanx.provenance.weights import Checkpoint, open_checkpoint

RECIPIENTS = [f"r{number}" for number in range(20)]
MARK = WeightMark(plan_mark(20, 1, 1e-4, common=256, strength=0.02), bytes(range(32)))


def _made() -> Any:
    """Return how models of random numbers are drawn and changed."""
    path = Path(__file__).parents[1] / "white_box/conftest.py"
    spec = importlib.util.spec_from_file_location("drawn_models", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["drawn_models"] = module
    spec.loader.exec_module(module)
    return module


models = _made()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, writing: Any) -> Path:
    """Return a folder with our model, in bfloat16, and the copy of a recipient."""
    root = tmp_path_factory.mktemp("marks")
    stored = {
        name: ("BF16", each.astype(ml_dtypes.bfloat16)) for name, each in models.drawn(1).items()
    }
    writing.model(root / "ours", stored, models.CONFIG)
    write_release(plan_release(root / "ours", root / "copy"), MARK, "r7")
    return root


def _numbers(folder: Path) -> Any:
    return {name: each.whole() for name, each in open_checkpoint(folder).tensors.items()}


def _traced(folders: Path, suspect: Checkpoint, mark: WeightMark = MARK) -> MarkTrace:
    return trace_mark(mark, open_checkpoint(folders / "ours"), suspect, RECIPIENTS)


def _names(found: MarkTrace) -> list[str]:
    return [each.account for each in found.named]


@pytest.mark.parametrize(
    ("attack", "readings"),
    [
        (lambda copy: copy, 1),
        (lambda copy: models.noisy(copy, 0.05), 1),
        (lambda copy: models.pruned(copy, 0.5), 1),
        (lambda copy: models.rounded(copy, 8), 1),
        (lambda copy: models.rounded(copy, 4), 1),
        (models.scaled, 1),
        (models.mirrored, 1),
        (lambda copy: models.turned(models.reordered(models.noisy(copy, 0.1))), 2),
        (lambda copy: models.turned(models.with_layers(copy, [3, 1, 1])), 2),
        (lambda copy: models.turned(models.fewer_neurons(copy, 96)), 2),
        (lambda copy: models.turned(models.upcycled(copy, 3)), 2),
    ],
)
def test_what_is_done_to_a_copy_leaves_its_recipient(
    folders: Path, attack: Callable[[Any], Any], readings: int
) -> None:
    """Tuned, pruned, rounded, rescaled: as it stands; moved and rotated: once put in order."""
    suspect = models.held(attack(_numbers(folders / "copy")))
    found = _traced(folders, suspect)
    assert _names(found) == ["r7"]
    assert [each.how for each in found.readings] == ["as it stands", "put in order"][:readings]
    evidence = found.conclusion()
    assert not isinstance(evidence, Inconclusive)
    assert [each.rule_id for each in evidence] == ["PHX-P101", "PHX-P102"]
    assert all(each.log10_p < -4 for each in evidence)


def test_many_suspects_have_as_many_chances(folders: Path) -> None:
    """Every p-value is multiplied by their number: nobody is named whose own does not bear it."""
    suspect = models.held(models.noisy(_numbers(folders / "copy"), 0.05))
    ours = open_checkpoint(folders / "ours")
    one = trace_mark(MARK, ours, suspect, RECIPIENTS)
    many = trace_mark(MARK, ours, suspect, RECIPIENTS, suspects=1000)
    (first, *_), (second, *_) = one.recipients, many.recipients
    assert second.log10_p == pytest.approx(first.log10_p + 3)
    assert second.adjusted_log10_p == pytest.approx(first.adjusted_log10_p + 3)
    assert many.traced.present_log10_p == pytest.approx(one.traced.present_log10_p + 3)
    assert many.expected_log10_p == pytest.approx(one.expected_log10_p + 3)
    assert _names(many) == ["r7"]
    spent = 10 ** int(-4 - first.adjusted_log10_p + 1)
    assert not trace_mark(MARK, ours, suspect, RECIPIENTS, suspects=spent).named
    with pytest.raises(ValueError, match="one of those that are read"):
        trace_mark(MARK, ours, suspect, RECIPIENTS, suspects=0)


def test_false_accusations_over_all_suspects_stay_below_the_bound(folders: Path) -> None:
    """Of strangers, the smallest p-value over suspects is as uniform as the bound asks for."""
    ours, suspects, rounds = _numbers(folders / "ours"), 4, 10
    loose = WeightMark(plan_mark(20, 1, 0.05, common=256, strength=0.02), bytes(range(32)))
    random = np.random.default_rng(11)

    def is_false() -> bool:
        for _ in range(suspects):
            strange = {
                name: each + random.normal(0, 0.02, each.shape).astype(np.float32)
                for name, each in ours.items()
            }
            reader = MarkReader(loose)
            pair = pair_up(models.held(ours), models.held(strange))
            for piece in as_it_stands(pair, Unread()):
                reader.add(piece.tensor, piece.ours, piece.theirs, first=piece.first)
            reading = Reading(
                how="as it stands", finding=reader.finding(RECIPIENTS), tensors=len(pair.marked)
            )
            found = MarkTrace(
                plan=loose.plan, readings=(reading,), marked_tensors=1, marked_weights=1,
                unread={}, not_finite={}, suspects=suspects,
            )  # fmt: skip
            if found.found or found.named:
                return True
        return False

    wrong = sum(is_false() for _ in range(rounds))
    # Mark and recipients are two questions, each at the bound.
    assert stats.binom.sf(wrong - 1, rounds, 0.1) > 1e-6


def test_moved_neurons_and_nothing_else_are_read(folders: Path) -> None:
    """Of a copy whose other weights come from elsewhere, neurons suffice, none in its place."""
    copy, strange = _numbers(folders / "copy"), models.drawn(5)
    moved = {
        name: np.roll(each, 1, axis=1 if "down_proj" in name else 0)
        for name, each in copy.items()
        if ".mlp." in name
    }
    found = _traced(folders, models.held({**strange, **moved}))
    assert _names(found) == ["r7"]
    alone = [each.finding.present_log10_p for each in found.readings]
    assert alone[0] > -3 > alone[1]


def test_half_of_another_model_leaves_the_mark(writing: Any, tmp_path: Path) -> None:
    """In a merge of equal halves the recipient is named, if there are weights enough a place."""
    ours = models.drawn(1, hidden=128, neurons=512)
    writing.model(tmp_path / "ours", ours, models.CONFIG)
    write_release(plan_release(tmp_path / "ours", tmp_path / "copy"), MARK, "r7")
    other = models.drawn(5, hidden=128, neurons=512)
    suspect = models.held(models.merged(_numbers(tmp_path / "copy"), other, 0.5))
    assert _names(_traced(tmp_path, suspect)) == ["r7"]


def test_unmarked_suspects_give_uniform_p_values(folders: Path) -> None:
    """Over 300 keys the signs of both readings are fair coins, and nobody is named."""
    ours = open_checkpoint(folders / "ours")
    suspects = {
        "tuned": models.noisy(_numbers(folders / "ours"), 0.1),
        "moved": models.turned(models.reordered(models.noisy(_numbers(folders / "ours"), 0.1))),
        "independent": models.drawn(9),
    }
    plan = plan_mark(20, 1, 1e-2, common=64)
    for name, weights in suspects.items():
        pair = pair_up(ours, models.held(weights))
        for read in (as_it_stands, put_in_order):
            pieces = [*read(pair, Unread())][::4]
            found = []
            for key in range(300):
                reader = MarkReader(WeightMark(plan, key.to_bytes(32, "big")))
                for each in pieces:
                    reader.add(each.tensor, each.ours, each.theirs, first=each.first)
                found.append(reader.finding(RECIPIENTS))
            ones, places = np.array([(each.ones, each.places) for each in found]).T
            upper, lower = (stats.binom.sf(ones - at, places, 0.5) for at in (1, 0))
            assert np.allclose(10.0 ** np.array([e.present_log10_p for e in found]), upper)
            between = lower + np.random.default_rng(0).random(300) * (upper - lower)
            assert stats.kstest(between, "uniform").pvalue > 1e-4, (name, read)
            assert sum(bool(each.named) for each in found) <= 2, (name, read)


def test_both_readings_count(folders: Path) -> None:
    """The p-values of evidence are those of one reading, twice."""
    found = _traced(folders, models.held(models.noisy(_numbers(folders / "ours"), 0.05)))
    assert len(found.readings) == 2
    least = min(each.finding.present_log10_p for each in found.readings)
    (evidence,) = found.conclusion()  # type: ignore[misc]
    assert evidence.log10_p == pytest.approx(min(0.0, least + np.log10(2.0)))
    for each in found.recipients:
        alone = [
            one.adjusted_log10_p
            for reading in found.readings
            for one in reading.finding.recipients
            if one.account == each.account
        ]
        assert each.adjusted_log10_p == pytest.approx(min(0.0, min(alone) + np.log10(2.0)))


def test_another_key_names_nobody(folders: Path) -> None:
    """A marked copy shows nothing under a key that it was not marked with."""
    other = WeightMark(MARK.plan, bytes(32))
    found = _traced(folders, open_checkpoint(folders / "copy"), other)
    assert (found.found, found.named) == (False, ())


def test_recipients_who_pool_are_both_named(folders: Path, tmp_path: Path) -> None:
    """Each weight from one of two copies."""
    write_release(plan_release(folders / "ours", tmp_path / "second"), MARK, "r3")
    one, two = _numbers(folders / "copy"), _numbers(tmp_path / "second")
    random = np.random.default_rng(6)
    mixed = {n: np.where(random.random(w.shape) < 0.5, w, two[n]) for n, w in one.items()}
    assert set(_names(_traced(folders, models.held(mixed)))) <= {"r3", "r7"}
    assert _names(_traced(folders, models.held(mixed)))


def test_too_little_is_no_answer(folders: Path) -> None:
    """A stranger, one small tensor, other names and the original itself are not evaluable."""
    ours = _numbers(folders / "ours")
    name = "model.layers.0.self_attn.k_proj.weight"
    cases = {
        "is needed": models.drawn(9),
        "1 of 29 tensors": {name: models.noisy({name: ours[name]}, 0.5)[name]},
        "0 of 29 tensors": {"a": ours[name]},
        "has no mark": ours,
    }
    for why, weights in cases.items():
        said = _traced(folders, models.held(weights)).conclusion()
        assert isinstance(said, Inconclusive), why
        assert why in said.reason


def test_numbers_that_are_none_hide_nothing(folders: Path, tmp_path: Path, writing: Any) -> None:
    """NaN in every matrix, and a tensor of a kind that nobody reads, are told and left out."""
    copy = _numbers(folders / "copy")
    for each in copy.values():
        each.reshape(-1)[::50] = np.nan
    strange = "model.layers.0.mlp.up_proj.weight"
    stored = {name: ("F32", each) for name, each in copy.items()}
    stored[strange] = ("F4", np.zeros(copy[strange].size // 2, np.uint8))
    header, data = writing.lay(stored)
    header[strange]["shape"] = list(copy[strange].shape)
    (tmp_path / "s").mkdir()
    writing.put(tmp_path / "s/model.safetensors", header, data)
    found = _traced(folders, open_checkpoint(tmp_path / "s"))
    assert _names(found) == ["r7"]
    assert set(found.unread) == {strange}
    assert len(found.not_finite) == 28


def test_roles_lead_where_names_do_not(folders: Path) -> None:
    """Fused matrices, names of another family, and a vocabulary that was extended."""
    copy = _numbers(folders / "copy")
    fused = {}
    for name, each in copy.items():
        if name.endswith("gate_proj.weight"):
            both = [each, copy[name.replace("gate_proj", "up_proj")]]
            fused[name.replace("gate_proj", "gate_up_proj")] = np.concatenate(both)
        elif not name.endswith("up_proj.weight"):
            fused[f"language_model.{name}"] = each
    fused = {n if n.startswith("language") else f"language_model.{n}": w for n, w in fused.items()}
    tokens = "language_model.model.embed_tokens.weight"
    fused[tokens] = np.concatenate([fused[tokens], np.ones((7, models.D), np.float32)])
    found = _traced(folders, models.held(fused))
    assert _names(found) == ["r7"]
    assert (len(found.readings), found.readings[0].tensors) == (1, 29)


def test_a_copy_of_eight_bits_on_disk_is_read(folders: Path, tmp_path: Path, writing: Any) -> None:
    """Codes with a scale for each row, as compressed-tensors keeps them."""
    stored: dict[str, Any] = {}
    for name, each in _numbers(folders / "copy").items():
        stored[name] = each
        if each.ndim == 2:
            scale = (np.abs(each).max(axis=1, keepdims=True) / 127).astype(np.float32)
            stored[name] = np.round(each / scale).astype(np.int8)
            stored[f"{name}_scale"] = scale
    suspect = writing.model(tmp_path / "eight", stored, models.CONFIG)
    found = _traced(folders, open_checkpoint(suspect))
    assert _names(found) == ["r7"]
    assert (found.readings[0].tensors, found.unread) == (29, {})


def test_our_own_model_must_be_whole(tmp_path: Path, writing: Any) -> None:
    """An original with NaN, or quantised, is an error and no answer."""
    broken = {"up.weight": np.full((8, 8), np.nan, np.float32)}
    writing.model(tmp_path / "broken", broken)
    ours = open_checkpoint(tmp_path / "broken")
    with pytest.raises(InputError, match="not finite"):
        trace_mark(MARK, ours, ours, RECIPIENTS)
    writing.model(tmp_path / "eight", {"up.weight": np.ones((8, 8), np.int8)})
    with pytest.raises(InputError, match="stored as I8"):
        trace_mark(MARK, open_checkpoint(tmp_path / "eight"), ours, RECIPIENTS)
