"""The policy: three answers, one level, a budget of evidence, and what an attacker gets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phalanx.errors import ConfigError
from phalanx.watermark.draws import Draws, draw
from phalanx.watermark.endpoint.answering import Answering, Policy
from phalanx.watermark.endpoint.detector import Detector, KeysDetector
from phalanx.watermark.keys.secret import Secret, SecretKeys
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
from phalanx.watermark.schemes.scheme import Setting
from phalanx.watermark.schemes.vllm_gumbel import VllmGumbel

if TYPE_CHECKING:
    pass

SCHEME = PhalanxGumbel()
Make = Callable[..., Answering]
Write = Callable[..., list[int]]


class Watched:
    """A detector that notes which evidence each answer rests on."""

    def __init__(self, inner: Detector) -> None:
        """Stand before another."""
        self._inner = inner
        self.used: Counter[tuple[int, ...]] = Counter()

    @property
    def setting(self) -> Setting:
        """Of the scheme."""
        return self._inner.setting

    @property
    def keys(self) -> int:
        """How many keys are tested."""
        return self._inner.keys

    def log10_p(self, draws: Draws) -> float:
        """Note the draws, and ask the other."""
        width = draws.context_width
        self.used.update(tuple(draws.stream[at - width : at + 1]) for at in draws.positions)
        return self._inner.log10_p(draws)


def test_there_are_three_answers(answering: Make, marked: list[int], written: Write) -> None:
    """Marked, not seen, too short."""
    ours = answering()
    assert ours.answer(marked) == "marked"
    assert ours.answer(written(400, 2)) == "not seen"
    assert ours.answer(marked[:150]) == "too short to tell"
    assert ours.answer([1] * 4000) == "too short to tell"
    assert ours.answer([1]) == "too short to tell"


def test_the_same_text_gets_the_same_answer(answering: Make, marked: list[int]) -> None:
    """However often it is asked about, and whatever was asked in between."""
    ours = answering()
    assert [ours.answer(marked) for _ in range(9)] == ["marked"] * 9
    variants = [[*marked[:200], at, *marked[201:]] for at in range(8)]
    assert "too short to tell" in [ours.answer(each) for each in variants]
    assert ours.answer(marked) == "marked"


def test_a_new_period_begins_anew(answering: Make, marked: list[int]) -> None:
    """Counts and answers are forgotten together."""
    from datetime import UTC, datetime

    moment = [datetime(2026, 3, 1, tzinfo=UTC)]
    ours = answering(now=lambda: moment[0])
    answers = [ours.answer([at, *marked]) for at in range(6)]
    assert answers == ["marked"] * 4 + ["too short to tell"] * 2
    moment[0] += timedelta(days=31)
    assert ours.answer([9, *marked]) == "marked"


def test_evidence_that_is_used_up_is_gone_for_other_texts_too(
    answering: Make, marked: list[int], written: Write
) -> None:
    """What is new in them still counts: a text that quotes a known one is judged by the rest."""
    ours = answering()
    for at in range(6):
        ours.answer([at, *marked])
    own = written(400, 3)
    assert ours.answer([*own, *marked]) == "not seen"
    other = written(300, 4, next(iter(SecretKeys([Secret(bytes([8]) * 32)]))))
    assert ours.answer([*marked, *other]) == "marked"


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 9)), max_size=25))
def test_no_evidence_takes_part_in_more_answers_than_allowed(
    answering: Make, detector: Detector, questions: list[tuple[int, int, int]]
) -> None:
    """For any questions: blocks of text put together, cut and changed as one likes."""
    source = np.random.default_rng(5)
    blocks = [source.integers(0, 1000, 60).tolist() for _ in range(5)]
    watched = Watched(detector)
    ours = answering(watched, fewest_draws=50, answers_per_draw=3)
    asked: set[tuple[int, ...]] = set()
    for one, other, changed in questions:
        text = [*blocks[one], *blocks[other]]
        text[changed * 7] = 2000 + changed
        if tuple(text) not in asked:  # what is asked again is tested again in vain
            ours.answer(text)
        asked.add(tuple(text))
    assert all(count <= 3 for count in watched.used.values())


def _attack(ours: Answering, text: list[int], source: np.random.Generator) -> list[str]:
    """Ask as one does who wants to learn which tokens carry the mark.

    First so many tokens are replaced that the answer nearly changes, then one more at a time.
    """
    replaced = source.integers(60_000, 90_000, len(text)).tolist()
    low, high = 0, len(text)
    answers: list[str] = []
    while high - low > 1:
        middle = (low + high) // 2
        answers.append(ours.answer([*replaced[:middle], *text[middle:]]))
        low, high = (middle, high) if answers[-1] == "marked" else (low, middle)
    carrier = [*replaced[:low], *text[low:]]
    for at in range(low + 5, len(text), 3):
        kept, carrier[at] = carrier[at], replaced[at]
        answers.append(ours.answer(carrier))
        carrier[at] = kept
    return answers


def test_an_oracle_tells_which_tokens_carry_the_mark_and_the_endpoint_does_not(
    answering: Make, written: Write
) -> None:
    """Without budget and blur the attack gets an answer each time; with them it gets a few."""
    text = written(600, 11, Secret(bytes([7]) * 32))
    open_one = answering(answers_per_draw=255, blur_decades=0)
    told = _attack(open_one, text, np.random.default_rng(1))
    late = told[-60:]
    assert "too short to tell" not in told
    assert {"marked", "not seen"} == set(late)  # near the level, each answer is news
    ours = answering()
    answers = _attack(ours, text, np.random.default_rng(1))
    assert len(answers) > 50
    news = [each for each in answers if each != "too short to tell"]
    assert len(news) <= 8
    assert set(answers[-40:]) == {"too short to tell"}


def test_two_keys_cannot_be_told_apart_beyond_the_limit(answering: Make, written: Write) -> None:
    """The same many questions to two worlds that differ in the key get the same answers but four.

    Which ones are refused for want of evidence is the same in both.
    """
    secret = Secret(bytes([7]) * 32)
    text = written(400, 12, secret)
    source = np.random.default_rng(2)
    questions = []
    for _ in range(150):
        changed = list(text)
        changed[int(source.integers(0, 400))] = int(source.integers(60_000, 90_000))
        questions.append(changed)
    worlds = []
    for key in (secret, Secret(bytes([99]) * 32)):
        ours = answering(KeysDetector(SCHEME, SecretKeys([key])))
        worlds.append([ours.answer(each) for each in questions])
    differ = [one != other for one, other in zip(*worlds, strict=True)]
    assert 1 <= sum(differ) <= 4
    silent = [[each == "too short to tell" for each in world] for world in worlds]
    assert silent[0] == silent[1]


def test_the_level_is_never_looser_than_it_says(answering: Make, written: Write) -> None:
    """Texts near the level: what is called marked passes it, and some that pass are not."""
    said = []
    detector = KeysDetector(SCHEME, SecretKeys([Secret(bytes([7]) * 32)]))
    for seed in range(60):
        text = written(320, seed, Secret(bytes([7]) * 32), choices=2 if seed % 2 else 1)
        # A level that half of the marked texts pass by a little.
        log10_p = detector.log10_p(draw([text], 4))
        answer = answering(detector, log10_level=-3).answer(text)
        said.append((log10_p, answer))
    assert all(log10_p <= -3 for log10_p, answer in said if answer == "marked")
    assert all(answer == "marked" for log10_p, answer in said if log10_p <= -6)
    assert all(answer == "not seen" for log10_p, answer in said if log10_p > -3)


def test_detectors_pay_for_each_other(answering: Make, marked: list[int]) -> None:
    """And those of one width share one budget."""
    narrow = PhalanxGumbel(2)
    keys = SecretKeys([Secret(bytes([7]) * 32)])
    ours = answering(
        KeysDetector(SCHEME, keys), KeysDetector(narrow, keys), KeysDetector(SCHEME, keys)
    )
    answers = [ours.answer([at, *marked]) for at in range(5)]
    assert answers == ["marked"] * 4 + ["too short to tell"]


def test_every_key_of_every_scheme_pays_for_all(answering: Make, written: Write) -> None:
    """Names times schemes are counted, whatever each detector has of them."""
    secret = Secret(bytes([7]) * 32)
    ours = KeysDetector(SCHEME, SecretKeys([secret]))
    others = SecretKeys([Secret(at.to_bytes(8, "big")) for at in range(999)])
    text = written(320, 1, secret, choices=2)
    alone = ours.log10_p(draw([text], 4))
    level = alone + 1.5  # which one key reaches, and one of a thousand does not
    assert level <= -3
    only = answering(ours, log10_level=level, blur_decades=0)
    assert only.answer(text) == "marked"
    beside = answering(ours, KeysDetector(VllmGumbel(), others), log10_level=level, blur_decades=0)
    assert beside.answer(text) == "not seen"


def test_a_mark_of_the_second_scheme_is_seen(answering: Make, marked: list[int]) -> None:
    """Each scheme counts its own tokens: the first ones of an answer only where they are marked."""
    others = KeysDetector(VllmGumbel(), SecretKeys([Secret(bytes(8))]))
    watched = Watched(others)
    ours = answering(watched, KeysDetector(SCHEME, SecretKeys([Secret(bytes([7]) * 32)])))
    assert ours.answer(marked) == "marked"
    assert sum(watched.used.values()) == len(marked)


@pytest.mark.parametrize(
    "wrong",
    [
        {"log10_level": -1},
        {"log10_level": float("nan")},
        {"blur_decades": -1},
        {"fewest_draws": 5},
        {"answers_per_draw": 0},
        {"answers_per_draw": 256},
        {"period_days": 0},
    ],
)
def test_a_policy_that_answers_by_chance_is_refused(wrong: dict[str, float]) -> None:
    """Each bound."""
    with pytest.raises(ConfigError):
        Policy(**wrong)  # type: ignore[arg-type]


def test_without_keys_there_is_no_endpoint(answering: Make) -> None:
    """It would say of every text that nothing was seen."""
    ours = answering()
    with pytest.raises(ConfigError, match="no keys"):
        Answering((), ours._memory, Policy(), ours._now)
