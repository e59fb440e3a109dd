"""Does a suspect give the planted answers, and whose?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phalanx.evidence.codes import Code, Resemblance, weigh_words
from phalanx.evidence.tails import binomial_log10_sf
from phalanx.model import ExactEvidence
from phalanx.provenance.planted_keys.keys import Key, KeyPlan
from phalanx.provenance.words import Question, Traced

_QUESTION = Question(
    rule_ids=("PHX-P103", "PHX-P104"),
    names=("planted keys", "recipient's word in planted keys"),
    null_hypotheses=(
        "The suspect never learnt the planted keys: its answers do not depend on them.",
        "The suspect does not come from the copy of this recipient.",
    ),
    method="planted keys, exact tail, version 1",
    assumptions=(
        "The answers were drawn at random from candidates that were chosen without the secret.",
        "Whoever made or runs the suspect did not know the secret.",
        "A service may hide keys that its model knows, or give answers learnt from a copy.",
        "Behaviour is never a verdict alone: it stands beside a test of weights or a panel.",
    ),
    decisive=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFinding:
    """The outcome of asking the keys."""

    plan: KeyPlan
    """What the keys were planted for."""

    asked: int
    """Keys that the suspect answered at all."""

    hits: int
    """Answers that are one of a key's two."""

    present_log10_p: float
    """Exact binomial tail: base-10 logarithm of the p-value of the null that the suspect never
    learnt the keys."""

    recipients: tuple[Resemblance, ...]
    """Every recipient, the strongest first."""

    @property
    def traced(self) -> Traced:
        """Whose copy it is, at the plan's chance of a false accusation."""
        return Traced(
            question=_QUESTION,
            seen=(
                f"{self.hits:,} of {self.asked:,} answers are planted ones; a model without the "
                f"keys gives at most {self.plan.chance:.2%}"
            ),
            present_log10_p=self.present_log10_p,
            false_accusation=self.plan.code.false_accusation,
            recipients=self.recipients,
            sizes=(self.asked, self.asked),
        )

    @property
    def named(self) -> tuple[Resemblance, ...]:
        """Recipients whose answers these are."""
        return self.traced.named

    def evidence(self) -> tuple[ExactEvidence, ...]:
        """Return the evidence, which is context: behaviour decides nothing alone."""
        return self.traced.evidence()


def verify_keys(
    plan: KeyPlan,
    keys: Sequence[Key],
    code: Code,
    answers: Sequence[str | None],
    recipients: Sequence[str],
) -> KeyFinding:
    """Test a suspect's answers for the keys, and for every recipient's word.

    Null hypothesis: the answers do not depend on the secret. Then each of them is one of the two
    of its key with a chance of at most two in the number of candidates, independently, whatever
    the answers are: their number is at most a binomial one.

    Parameters:
        plan: What the keys were planted for.
        keys: All of them.
        code: Of the recipients.
        answers: To each key; none where the suspect refused or was not asked. Which keys are
            asked must not depend on the answers.
        recipients: All that ever got a copy: each counts in the correction.

    Raises:
        ValueError: If there are other numbers of keys or answers than planned.

    Examples:
        >>> from phalanx.provenance.planted_keys import draw_keys, plan_keys
        >>> plan = plan_keys(3, 1, 1e-3)
        >>> questions = [f"Question {number}?" for number in range(plan.code.length)]
        >>> choices = [[f"{number:02d}" for number in range(32)]] * len(questions)
        >>> keys, code = draw_keys(plan, bytes(32), questions, choices)
        >>> word = code.words(["b"])[0]
        >>> said = [key.answer(bit=bit) + "." for key, bit in zip(keys, word)]
        >>> found = verify_keys(plan, keys, code, said, ["a", "b", "c"])
        >>> found.hits, [each.account for each in found.named]
        (80, ['b'])
    """
    if not plan.code.length == len(keys) == len(answers):
        message = f"needed: {plan.code.length} keys and answers, not {len(keys)}, {len(answers)}"
        raise ValueError(message)
    lean = np.array(
        [
            0.0 if said is None else float(key.lean(said))
            for key, said in zip(keys, answers, strict=True)
        ]
    )
    asked = sum(said is not None for said in answers)
    hits = int(np.count_nonzero(lean))
    return KeyFinding(
        plan=plan,
        asked=asked,
        hits=hits,
        present_log10_p=float(binomial_log10_sf([hits], asked, plan.chance)[0]),
        recipients=weigh_words(lean, code, recipients),
    )
