"""From a text to an answer: what is tested, at which level, and what is never said.

Each answer tells whoever asks something of the key. So the evidence is budgeted, not the
questions: a token with its context, on whose score an answer rests, takes part in few answers
only, in whichever texts it stands and whoever asks. What is used up does not count any more, as
if the text were shorter. Nobody, with however many variants of a text from however many
addresses, learns more of the score of such a piece than those few answers say.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log10
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from phalanx.errors import ConfigError, InputError
from phalanx.watermark.draws import Draws, Unit, draw
from phalanx.watermark.endpoint.detector import Detector
from phalanx.watermark.endpoint.memory import Memory

Answer = Literal["marked", "not seen", "too short to tell"]
"""All that is ever said of a text."""

ANSWERS: tuple[Answer, ...] = get_args(Answer)

_Kind = tuple[int, Unit, int | None]
"""What decides which tokens count: context width, unit, what stands before the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """At which level the endpoint answers, and how often on the same evidence."""

    log10_level: float = -9.0
    """A text that nobody marked is called marked with at most this chance, for all keys and
    schemes of the endpoint together."""

    blur_decades: float = 3.0
    """The level of each text is stricter by up to so much, by a number that only the endpoint
    knows and that is the same whenever the same text is asked about. It hides on which side of
    the level a small change brings a text; it never makes a false answer likelier."""

    fewest_draws: int = 200
    """That a test needs; with fewer the text is too short to tell."""

    answers_per_draw: int = 4
    """In which the same token with the same context may take part in one period; 1 to 255."""

    period_days: int = 30
    """After which all counts begin anew."""

    def __post_init__(self) -> None:
        """Refuse a policy that answers by chance.

        Raises:
            ConfigError: With what is wrong.
        """
        reason = ""
        if not -300 <= self.log10_level <= -3:
            reason = "log10_level is -300 to -3"
        elif not 0 <= self.blur_decades <= 100:
            reason = "blur_decades is 0 to 100"
        elif self.fewest_draws < 50:
            reason = "fewest_draws is at least 50"
        elif not 1 <= self.answers_per_draw <= 255:
            reason = "answers_per_draw is 1 to 255"
        elif not 1 <= self.period_days <= 3650:
            reason = "period_days is 1 to 3650"
        if reason:
            raise ConfigError(reason, next_step="Change the policy of the endpoint.")


class Answering:
    """Answers of one endpoint.

    Parameters:
        detectors: What is tested, one for each scheme; each key of each pays for all.
        memory: Of what was used and answered.
        policy: By which it answers.
        now: The clock; moments have a time zone.

    Raises:
        ConfigError: If there is nothing to test.
    """

    def __init__(
        self,
        detectors: Sequence[Detector],
        memory: Memory,
        policy: Policy,
        now: Callable[[], datetime],
    ) -> None:
        """Keep the parts."""
        if not detectors:
            message = "the endpoint has no keys to test"
            raise ConfigError(message, next_step="Name a vault and schemes.")
        self._detectors = tuple(detectors)
        self._widest_token = min(each.setting.widest_token for each in detectors)
        self._memory = memory
        self._policy = policy
        self._now = now
        self._one_at_a_time = threading.Lock()

    def answer(self, tokens: Sequence[int]) -> Answer:
        """Answer whether a text is marked.

        Null hypothesis: the text was written without any of the keys, by somebody who knows
        nothing of them. Then "marked" is said with a chance of at most `10^log10_level`; with the
        help of `n` earlier answers, of at most `2^n` times that.

        The work done does not depend on the keys, nor on what was answered before.

        Parameters:
            tokens: Of the text; each at least 0 and below 2^63.

        Returns:
            The answer; the same to the same text for the rest of the period, as long as it is
            remembered.

        Raises:
            InputError: If a scheme does not tell a token from others; nothing is used up.
        """
        words = np.asarray(tokens, dtype=np.uint64)
        if int(words.max(initial=0)) > self._widest_token:
            # Neither the token nor the scheme is said: nothing of the keys leaves in an error.
            message = "a token is beyond the vocabulary"
            raise InputError(message, next_step="Read the text by the tokenizer of the model.")
        with self._one_at_a_time:
            self._memory.turn_to(
                int(self._now().timestamp() // (86_400 * self._policy.period_days))
            )
            before = self._memory.recall(words)
            found = self._test(words, is_known=before > 0)
            if before:
                return ANSWERS[before - 1]
            self._memory.keep(words, ANSWERS.index(found) + 1)
            return found

    def _test(self, words: npt.NDArray[np.uint64], *, is_known: bool) -> Answer:
        """Test what was not used up, and use it; what is known already is tested in vain.

        Each key of each scheme is one test of a family, which all pay for (Bonferroni), also
        where there is too little for some of them.
        """
        drawn: dict[_Kind, Draws] = {}
        for each in self._detectors:
            kind = _kind(each)
            if kind not in drawn:
                width, unit, before = kind
                counted = draw([words.view(np.int64)], width, unit, before_first=before)
                drawn[kind] = self._left(counted, unit, is_known)
        logs = [
            each.log10_p(draws)
            for each in self._detectors
            if (draws := drawn[_kind(each)]).count >= self._policy.fewest_draws
        ]
        if not logs:
            return "too short to tell"
        tests = sum(each.keys for each in self._detectors)
        level = self._policy.log10_level - self._policy.blur_decades * self._memory.blur(words)
        return "marked" if min(logs) + log10(tests) <= level else "not seen"

    def _left(self, draws: Draws, unit: Unit, is_known: bool) -> Draws:  # noqa: FBT001
        """Return the draws that were not used up, after counting this use of them."""
        fresh = self._memory.fresh(draws, unit, self._policy.answers_per_draw)
        left = Draws(
            draws.stream,
            draws.positions[fresh],
            draws.tokens[fresh],
            draws.context_width,
            draws.repeats,
        )
        if left.count < self._policy.fewest_draws:
            # Nothing will be said of it, so nothing is used.
            return draws if is_known else left
        if not is_known:
            self._memory.use(left, unit)
        return draws if is_known else left


def _kind(detector: Detector) -> _Kind:
    setting = detector.setting
    return setting.context_width, setting.unit, setting.before_first
