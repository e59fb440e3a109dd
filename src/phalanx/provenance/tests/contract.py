"""Contract test that every further test of weights passes.

Inherit it in a test module, say which test is meant and which models to try it on:

    class TestMine(ProvenanceTestContract):
        @pytest.fixture
        def test(self): return MyTest()

        @pytest.fixture
        def strangers(self): return [(mine, other), ...]

        @pytest.fixture
        def kin(self): return mine, fine_tuned
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from phalanx.evidence.tails import binomial_log10_sf
from phalanx.provenance.tests.asked import ProvenanceTest
from phalanx.provenance.tests.findings import TESTS, Outcome
from phalanx.provenance.tests.plan import Plan
from phalanx.provenance.weights import Checkpoint, Tensor
from phalanx.provenance.weights.numbers import Floats32

Pair = tuple[Checkpoint, Checkpoint]

FEWEST_STRANGERS = 50
"""Pairs of independent models that the promise about errors is held against."""

_LEVELS = (0.2, 0.05)
_DOUBT_LOG10_P = -4.0
_KIN_LOG10_P = -3.0


def _require(holds: bool, message: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not holds:
        raise AssertionError(message)


def _changed(model: Checkpoint, value: float) -> Checkpoint:
    """Return a model with nothing but one number in it."""

    def filled(tensor: Tensor) -> Tensor:
        def decode(start: int, stop: int) -> Floats32:
            return np.full((stop - start, *tensor.shape[1:]), value, dtype=np.float32)

        return Tensor(tensor.name, tensor.shape, tensor.stored, tensor.stored_bytes, decode)

    return Checkpoint(
        model.path, {name: filled(each) for name, each in model.tensors.items()}, model.config
    )


class ProvenanceTestContract:
    """What any test of weights must keep.

    The inheriting class gives the fixtures `test`, `strangers` (at least 50 pairs of models that
    have nothing to do with each other) and `kin` (a model and a copy that was changed a little).
    """

    def test_says_what_it_is(self, test: ProvenanceTest) -> None:
        """A rule of its own, its null hypothesis, method and assumptions are in words."""
        _require(isinstance(test, ProvenanceTest), f"{test!r} is no test of weights")
        said = test.test
        rule = re.fullmatch(r"[A-Z]{2,8}-[A-Z][0-9]{3}", said.rule_id)
        _require(rule is not None, f"{said.rule_id!r} is no rule such as ACME-P001")
        _require(said.rule_id not in TESTS, f"{said.rule_id} is a rule of Phalanx")
        for words in (said.name, said.seen, said.null_hypothesis, said.method, *said.assumptions):
            _require(bool(words.strip()), "something is said in no words")
        _require(bool(said.assumptions), "a test without assumptions promises too much")

    def test_strangers_are_strangers(self, test: ProvenanceTest, strangers: Sequence[Pair]) -> None:
        """Small p-values come no oftener than they say, on pairs of independent models."""
        _require(len(strangers) >= FEWEST_STRANGERS, f"{FEWEST_STRANGERS} pairs are needed")
        found = [_asked(test, pair) for pair in strangers]
        logs = np.array([0.0 if each.reason else each.log10_p for each in found])
        for level in _LEVELS:
            below = int((logs <= math.log10(level) + 1e-9).sum())
            doubt = float(binomial_log10_sf([below], len(logs), level)[0])
            _require(
                doubt > _DOUBT_LOG10_P,
                f"{below} of {len(logs)} pairs of strangers have p at most {level}",
            )

    def test_kin_are_found(self, test: ProvenanceTest, kin: Pair) -> None:
        """A test that finds no copy at all only costs the others power."""
        found = _asked(test, kin)
        _require(not found.reason, f"kin cannot be compared: {found.reason}")
        _require(found.log10_p <= _KIN_LOG10_P, f"kin come to 10^{found.log10_p:.1f} only")

    def test_same_question_same_answer(self, test: ProvenanceTest, kin: Pair) -> None:
        """Nothing but the plan is random."""
        _require(_asked(test, kin) == _asked(test, kin), "two answers differ")

    def test_what_cannot_be_compared_is_no_error(self, test: ProvenanceTest, kin: Pair) -> None:
        """No weights, and weights that are no numbers or all the same, accuse nobody."""
        nothing = Checkpoint(Path("nothing"), {}, {})
        odd = [nothing, *(_changed(kin[1], each) for each in (math.nan, math.inf, 0.0, 1.0))]
        for suspect in odd:
            found = _asked(test, (kin[0], suspect))
            _require(
                bool(found.reason) or found.log10_p > _KIN_LOG10_P,
                "a suspect without numbers of its own is accused",
            )
        found = _asked(test, (nothing, kin[1]))
        _require(bool(found.reason), "nothing of ours is compared")


def _asked(test: ProvenanceTest, pair: Pair) -> Outcome:
    found = test.ask(*pair, Plan())
    _require(isinstance(found, Outcome), "an answer is an outcome")
    _require(found.test == test.test, "an outcome is of another test")
    _require(math.isfinite(found.log10_p) and found.log10_p <= 1e-9, "log10 p is at most 0")
    reachable = found.reachable_log10_p
    _require(
        bool(found.reason) or reachable is None or found.log10_p >= reachable - 1e-9,
        "more was found than could have been",
    )
    return found
