"""Choices gathered by context: calibrated under the null, and stronger than single ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import kstest

from phalanx.watermark.audit import (
    Choices,
    Field,
    answers_excess,
    answers_log10_e,
    chosen_answers,
    chosen_weights,
    excess_log10_e,
    likelihood,
    weights_excess,
)
from phalanx.watermark.draws import Draws, draw
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

WIDTH = 2
SCHEME = PhalanxGumbel(WIDTH)
KEY = b"1" * 32
KEYS = 1_000
CANDIDATES = 16


def random_keys(count: int, seed: int) -> list[bytes]:
    """Return keys that nobody used."""
    random = np.random.default_rng(seed)
    return [random.bytes(32) for _ in range(count)]


@pytest.fixture(scope="module")
def found(house: Any) -> dict[str, Any]:
    """Return a student of few marked answers among many, one of none, and texts to ask about."""
    random = np.random.default_rng(1)
    harvest = house.model.write(house.prompts(30, random), 150, KEY, random)
    clean = house.model.write(house.prompts(120, random), 150, None, random)
    return {
        "student": house.trained([house.other, *harvest, *clean[:90]]),
        "honest": house.trained([house.other, *clean]),
        "reference": house.trained([house.other, *clean[::-1][:100]]),
        "documents": house.model.write(house.prompts(50, random), 80, None, random),
        "prompts": house.prompts(120, random),
    }


def of_answers(
    house: Any, found: dict[str, Any], name: str, most_places: int = 5_000
) -> tuple[Choices, list[Any]]:
    """Return the choices of a student's answers, and these."""
    answers = found[name].write(found["prompts"], 100, None, np.random.default_rng(3))
    lengths = [each.size for each in found["prompts"]]
    choices = chosen_answers(
        answers, lengths, house.model, found["reference"], WIDTH,
        candidates=CANDIDATES, most_places=most_places,
    )  # fmt: skip
    return choices, answers


def of_weights(house: Any, found: dict[str, Any], name: str, most_places: int = 5_000) -> Choices:
    """Return the choices of a student that reads."""
    return chosen_weights(
        found["documents"], house.model, found[name], found["reference"], WIDTH,
        candidates=CANDIDATES, most_places=most_places,
    )  # fmt: skip


@pytest.mark.parametrize("mode", ["weights", "answers"])
def test_mean_e_of_keys_that_nobody_used_is_at_most_one(
    house: Any, found: dict[str, Any], mode: str
) -> None:
    """Also for a student that learnt from another key's texts; so a level is what it says."""
    if mode == "weights":
        choices = of_weights(house, found, "student", 300)
        excess = weights_excess(choices)
    else:
        choices, _ = of_answers(house, found, "student", 300)
        excess = answers_excess(choices)
    e = 10.0 ** excess_log10_e(choices, excess, SCHEME, random_keys(KEYS, 4))
    assert e.mean() <= 1.0 + 4.0 * e.std() / np.sqrt(KEYS)
    assert (e >= 20.0).mean() <= 0.05
    assert e.max() < KEYS / 0.01


@pytest.mark.parametrize("spread", [0.1, 1.0, 10.0])
def test_mean_e_is_at_most_one_however_a_suspect_differs(spread: float) -> None:
    """Few places, wild excesses: nothing is normal here, and the law is still exact."""
    random = np.random.default_rng(5)
    p: npt.NDArray[np.float64] = random.dirichlet(np.full(6, 0.3), 8) + 1e-9
    p /= p.sum(axis=1, keepdims=True)
    stream = random.integers(0, 10_000, 24)
    where = np.arange(8) * 3 + 2
    choices = Choices(
        Field(Draws(stream, where, stream[where], 2, 0), np.tile(np.arange(6), (8, 1)), np.log(p)),
        random.geometric(0.1, 8).astype(float),
        p,
        p,
    )
    e = 10.0 ** excess_log10_e(choices, random.standard_t(2, p.shape) * spread, SCHEME,
                               random_keys(KEYS, 6))  # fmt: skip
    assert e.mean() <= 1.0 + 4.0 * e.std() / np.sqrt(KEYS)
    assert (e >= 20.0).mean() <= 0.05


def test_decoys_rank_evenly_and_so_does_the_key_of_a_clean_student(
    house: Any, found: dict[str, Any]
) -> None:
    """Ranks of keys among decoys are uniform: a key that was not used is one of them."""
    choices = of_weights(house, found, "honest", 300)
    keys = [KEY, *random_keys(999, 7)]
    log10_e = excess_log10_e(choices, weights_excess(choices), SCHEME, keys)
    ranks = [
        (log10_e[start + 1 : start + 20] >= log10_e[start]).sum() for start in range(0, 1_000, 20)
    ]
    assert kstest(np.array(ranks, dtype=float) / 20.0 + 0.025, "uniform").pvalue > 1e-3
    assert log10_e.max() < 3.0 + np.log10(len(keys))
    assert log10_e[0] < 2.0


def test_gathered_answers_see_what_single_ones_do_not(house: Any, found: dict[str, Any]) -> None:
    """A student of a fifth of marked text is named, from answers that say nothing one by one."""
    choices, answers = of_answers(house, found, "student")
    draws = draw(answers, WIDTH, known=found["prompts"])
    single = answers_log10_e(draws, likelihood(draws, answers, found["reference"]), SCHEME, [KEY])
    gathered = excess_log10_e(choices, answers_excess(choices), SCHEME, [KEY])
    assert gathered[0] > max(6.0, single[0])


def test_weights_name_it_from_texts_without_a_mark(house: Any, found: dict[str, Any]) -> None:
    """What is read needs no mark, so that every key is asked about the same texts."""
    choices = of_weights(house, found, "student")
    assert excess_log10_e(choices, weights_excess(choices), SCHEME, [KEY])[0] > 6.0


def test_only_the_most_usual_contexts_are_kept(house: Any, found: dict[str, Any]) -> None:
    """A bound on places keeps those that come most often, and what was gathered of them."""
    documents = found["documents"]
    models = (house.model, found["student"], found["reference"])
    every = chosen_weights(documents, *models, WIDTH)
    few = chosen_weights(documents, *models, WIDTH, most_places=50)
    assert few.times.size == 50
    assert few.times.min() >= np.sort(every.times)[-50]
    at = {int(where): row for row, where in enumerate(every.field.draws.positions)}
    same = [at[int(where)] for where in few.field.draws.positions]
    assert np.allclose(every.said[same], few.said)
    assert np.array_equal(every.field.candidates[same], few.field.candidates)


def test_no_key_and_no_text() -> None:
    """Nothing asked gives nothing; texts shorter than a context cannot be asked about."""
    flat = lambda tokens: np.full((len(tokens), 4), -np.log(4.0))  # noqa: E731
    choices = chosen_weights([np.array([0, 1, 2, 3])], flat, flat, flat, 2)
    assert excess_log10_e(choices, weights_excess(choices), SCHEME, []).size == 0
    assert excess_log10_e(choices, weights_excess(choices), SCHEME, [KEY])[0] == pytest.approx(0.0)
    with pytest.raises(ValueError, match="longer"):
        chosen_weights([np.array([0, 1])], flat, flat, flat, 2)
    with pytest.raises(ValueError, match="lengths"):
        chosen_answers([np.array([0, 1, 2])], [], flat, flat, 2)
