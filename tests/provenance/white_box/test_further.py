"""Tests of others are found, corrected with ours, and held to a contract."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.metadata import EntryPoint
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phalanx.errors import ConfigError
from phalanx.model import ExactEvidence
from phalanx.provenance.tests import (
    Outcome,
    ProvenanceTest,
    asked,
    compare_weights,
    installed_tests,
)
from phalanx.provenance.tests.contract import ProvenanceTestContract
from phalanx.provenance.weights import Checkpoint

PAGE = Path(__file__).parents[3] / "docs/how-to/write-a-provenance-test.md"


def _of_the_page() -> type[ProvenanceTest]:
    """Return the test that the how-to writes."""
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    there: dict[str, Any] = {}
    exec(blocks[0], there)  # noqa: S102 - the page is ours
    found: type[ProvenanceTest] = there["NormsInPlace"]
    return found


NormsInPlace = _of_the_page()


def _with_norm(models: Any, seed: int) -> dict[str, Any]:
    norm = np.exp(np.random.default_rng(seed).normal(size=models.D) * 0.1).astype(np.float32)
    return {**models.drawn(seed, layers=1), "model.norm.weight": norm}


@pytest.fixture(scope="module")
def strangers(models: Any) -> list[tuple[Checkpoint, Checkpoint]]:
    """Return pairs of independent models."""
    return [*combinations([models.held(_with_norm(models, seed)) for seed in range(13)], 2)]


@pytest.fixture(scope="module")
def kin(models: Any) -> tuple[Checkpoint, Checkpoint]:
    """Return a model, and its fine-tune."""
    ours = _with_norm(models, 1)
    return models.held(ours), models.held(models.noisy(ours, 0.2))


class TestOfThePage(ProvenanceTestContract):
    """What the how-to shows keeps the contract."""

    @pytest.fixture
    def test(self) -> ProvenanceTest:
        """Return the test."""
        return NormsInPlace()


class TestContractItself:
    """A contract that nothing can break would prove nothing."""

    @staticmethod
    def changed(**changes: Any) -> Any:
        """Return the test of the page with other outcomes."""

        class Changed(NormsInPlace):  # type: ignore[valid-type, misc]
            def ask(self, *words: Any) -> Outcome:
                found: Outcome = super().ask(*words)
                return replace(found, **changes)

        return Changed()

    def test_refuses_a_test_that_accuses_strangers(self, strangers: Any) -> None:
        """And one that is tried on too few."""
        accusing = self.changed(log10_p=-1.5, reachable_log10_p=None)
        with pytest.raises(AssertionError, match="pairs of strangers have p"):
            ProvenanceTestContract().test_strangers_are_strangers(accusing, strangers)
        with pytest.raises(AssertionError, match="50 pairs are needed"):
            ProvenanceTestContract().test_strangers_are_strangers(NormsInPlace(), strangers[:9])

    def test_refuses_a_test_that_finds_nothing(self, kin: Any) -> None:
        """Also one that cannot compare, or finds more than it could."""
        for changes, why in (
            ({"log10_p": -1.0}, "come to"),
            ({"reason": "too hard"}, "cannot be compared"),
            ({"log10_p": -99.0}, "more was found"),
            ({"log10_p": float("nan")}, "at most 0"),
        ):
            with pytest.raises(AssertionError, match=why):
                ProvenanceTestContract().test_kin_are_found(self.changed(**changes), kin)

    def test_refuses_a_test_that_accuses_nothing_at_all(self, kin: Any) -> None:
        """A suspect of nothing but NaN."""
        sure = self.changed(log10_p=-5.0, reason="", reachable_log10_p=None)
        with pytest.raises(AssertionError, match="is accused"):
            ProvenanceTestContract().test_what_cannot_be_compared_is_no_error(sure, kin)

    def test_refuses_a_rule_of_ours(self) -> None:
        """Nobody speaks under another's rule, nor without words."""
        for changes, why in (
            ({"rule_id": "PHX-P001"}, "rule of Phalanx"),
            ({"rule_id": "norms"}, "is no rule"),
            ({"assumptions": ()}, "promises too much"),
            ({"null_hypothesis": " "}, "no words"),
        ):
            test = NormsInPlace()
            test.test = replace(test.test, **changes)
            with pytest.raises(AssertionError, match=why):
                ProvenanceTestContract().test_says_what_it_is(test)


def test_a_further_test_is_corrected_with_ours(kin: Any, strangers: Any) -> None:
    """It stands in the evidence, and every other pays for it."""
    model, tuned = kin
    alone = compare_weights(model, tuned)
    beside = compare_weights(model, tuned, further=[NormsInPlace()])
    assert len(beside.results) == len(alone.results) + 1
    (further,) = (each for o, each in beside.results if o.test.rule_id == "ACME-P001")
    assert isinstance(further, ExactEvidence)
    assert further.log10_p < -5.0
    ours = {o.test.rule_id + o.where: each.log10_p for o, each in alone.results
            if isinstance(each, ExactEvidence)}  # fmt: skip
    for outcome, each in beside.results:
        if isinstance(each, ExactEvidence) and outcome.test.rule_id != "ACME-P001":
            assert each.log10_p >= ours[outcome.test.rule_id + outcome.where] - 1e-9
    one, other = strangers[0]
    assert compare_weights(one, other, further=[NormsInPlace()]).log10_p > -3.0


def test_installed_tests_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """By their entry points; what is no test, or takes a rule that is taken, is refused by name."""
    monkeypatch.setitem(globals(), "Again", NormsInPlace)
    points = [EntryPoint("norms", f"{__name__}:NormsInPlace", asked.ENTRY_POINTS)]
    monkeypatch.setattr(asked, "entry_points", lambda **_: points)
    (found,) = installed_tests()
    assert found.test.rule_id == "ACME-P001"
    for name, value, why in (
        ("again", f"{__name__}:Again", "which is taken"),
        ("gone", "no.such.module:Test", "cannot be loaded"),
        ("plain", "builtins:dict", "is no test"),
    ):
        monkeypatch.setattr(
            asked,
            "entry_points",
            lambda name=name, value=value, **_: [
                *points,
                EntryPoint(name, value, asked.ENTRY_POINTS),
            ],
        )
        with pytest.raises(ConfigError, match=why):
            installed_tests()
