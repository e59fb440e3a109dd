"""What was served is found after edits, and what was not is not claimed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pytest
from tests.authorship.served.conftest import SECRET, VOCABULARY, text

from phalanx.authorship.served import (
    LEAST_PHRASES,
    ServedIndex,
    evidence_of,
    log10_chance_of_match,
    log10_chance_of_share,
    look_up,
)
from phalanx.model import ExactEvidence, Inconclusive

Append = Callable[[Sequence[str | None]], ServedIndex]


def _evidence(index: ServedIndex, asked: str) -> ExactEvidence | Inconclusive:
    (found,) = look_up(pa.array([asked]), index, SECRET)
    return evidence_of(found, index)


def _half_replaced(words: list[str]) -> str:
    random = np.random.default_rng(5)
    for at in random.choice(len(words), len(words) // 5, replace=False):
        words[at] = str(random.choice(VOCABULARY))
    return " ".join(words)


@pytest.mark.parametrize(
    "edited",
    [
        pytest.param(lambda words: " ".join(words).upper(), id="in capitals"),
        pytest.param("\n- **".join, id="as a list"),
        pytest.param(lambda words: "`" + " ".join(words) + "`", id="as code"),
        pytest.param(lambda words: " ".join(words).replace("a", "\u0430"), id="in other letters"),
        pytest.param(" the ".join, id="with joining words"),
        pytest.param(lambda words: " ".join(words[30:120]), id="shortened"),
        pytest.param(lambda words: " ".join(words[::-1]), id="backwards"),
        pytest.param(_half_replaced, id="with every fifth word replaced"),
        pytest.param(
            lambda words: " ".join([text(91, 700), *words, text(92, 700)]), id="in a longer text"
        ),
    ],
)
def test_an_edited_response_is_found(append: Append, edited: Callable[[list[str]], str]) -> None:
    """An edited response is found."""
    index = append([text(seed) for seed in range(20)])
    asked = edited(text(7).split())
    (found,) = look_up(pa.array([asked]), index, SECRET)
    assert found.matches[0].account == "acct_7"
    assert found.matches[0].log10_p <= -2.0


def test_a_match_in_a_longer_text_says_where(append: Append) -> None:
    """A match in a longer text says where."""
    index = append([text(seed) for seed in range(20)])
    asked = " ".join([text(91, 1000), text(7), text(92, 1000)])
    (found,) = look_up(pa.array([asked]), index, SECRET)
    begin, end = found.matches[0].tokens
    assert begin < 1150
    assert end > 1000


def test_texts_of_the_same_words_are_not_claimed_more_often_than_the_level(append: Append) -> None:
    """Texts of the same words are not claimed more often than the level."""
    index = append([text(seed) for seed in range(300)])
    asked = pa.array([text(seed) for seed in range(1000, 2000)])
    found = [evidence_of(each, index) for each in look_up(asked, index, SECRET)]
    p_values = [each.log10_p for each in found if isinstance(each, ExactEvidence)]
    assert len(p_values) == 1000
    for level in (0.1, 0.01):
        assert np.mean(np.array(p_values) <= np.log10(level)) <= level


def test_texts_that_share_what_the_law_says_are_claimed_at_the_level() -> None:
    """Texts that share what the law says are claimed at the level."""
    random = np.random.default_rng(20)
    shares = random.beta(1.0, 9.0, size=20_000)
    common = 1 + random.binomial(59, shares)
    chances = np.array([log10_chance_of_share(int(each), 60) for each in common])
    for level in (0.1, 0.01, 0.001):
        claimed = np.mean(chances <= np.log10(level))
        assert claimed <= level + 4.0 * np.sqrt(level / 20_000)
        assert claimed >= 0.5 * level


def test_more_entries_to_match_make_a_match_less_surprising() -> None:
    """More entries to match make a match less surprising."""
    assert log10_chance_of_match(-6.0, 1_000, 1) == pytest.approx(-3.0)
    assert log10_chance_of_match(-6.0, 1_000, 10) == pytest.approx(-2.0)
    assert log10_chance_of_match(-6.0, 10_000_000, 1) == 0.0


def test_more_in_common_is_never_less_evidence() -> None:
    """More in common is never less evidence."""
    chances = [log10_chance_of_share(common, 40) for common in range(41)]
    assert chances == sorted(chances, reverse=True)


def test_what_is_said_to_everybody_is_not_evaluable(append: Append) -> None:
    """What is said to everybody is not evaluable."""
    refusal = text(3)
    index = append([refusal] * 300 + [text(4)])
    said = _evidence(index, refusal)
    assert isinstance(said, Inconclusive)
    assert "said to everybody" in said.reason


def test_few_words_are_not_evaluable(append: Append) -> None:
    """Few words are not evaluable."""
    index = append([text(3)])
    said = _evidence(index, text(3, 2 * LEAST_PHRASES - 2))
    assert isinstance(said, Inconclusive)
    assert "too few" in said.reason


def test_evidence_states_its_null_hypothesis_and_how_many_it_was_compared_with(
    append: Append,
) -> None:
    """Evidence states its null hypothesis and how many it was compared with."""
    index = append([text(seed) for seed in range(20)])
    said = _evidence(index, text(3))
    assert isinstance(said, ExactEvidence)
    assert said.null_hypothesis.startswith("The text was written without what was served")
    assert said.reference_size == 20
    assert said.rule_id == "PHX-A004"
    assert said.log10_p < -4.0


def test_what_many_were_served_singles_out_none(append: Append) -> None:
    """One response to three accounts: any of them might have passed it on."""
    index = append([text(1), text(2), text(1), text(3), text(1)])
    many, one = look_up(pa.array([text(1), text(2)]), index, SECRET)
    assert (many.alike, one.alike) == (3, 1)
    assert {match.account for match in many.matches[:3]} == {"acct_0", "acct_2", "acct_4"}
    (none,) = look_up(pa.array(["Nothing of it."]), index, SECRET)
    assert (none.matches, none.alike) == ((), 0)
