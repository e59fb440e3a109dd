"""Agreement of answers, against a panel of reference models.

How often two models agree says nothing by itself: an independent model on the same data agrees
with ours more than a true student of ours does. Only models that were trained on like data, and
not on ours, show how much agreement is usual.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from phalanx.evidence import calibrate_p_mixed, holm
from phalanx.model import ExactEvidence, Inconclusive

Answers = Sequence[str | None]

_NULL = (
    "The suspect was made as the panel's models were: independently of ours, on data like theirs."
)
_ASSUMPTIONS = (
    "Panel and suspect are exchangeable under the null: like data, size and training.",
    "Questions were chosen without looking at the answers of panel or suspect.",
    "Agreement is never a verdict alone: it stands beside tests of weights, keys or marks.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionSet:
    """What was found with one set of questions."""

    name: str
    """Of the set."""

    questions: int
    """Questions in it."""

    agreement: float
    """Share of questions that the suspect answers as ours does."""

    panel_agreement: tuple[float, ...]
    """The same of each of the panel."""

    log10_p: float
    """Rank of the suspect among the panel: base-10 logarithm, at least -log10(panel + 1)."""

    adjusted_log10_p: float
    """After Holm's correction over all sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelFinding:
    """The outcome of a comparison with a panel."""

    panel: int
    """Models in the panel."""

    sets: tuple[QuestionSet, ...]
    """All sets, in the order given."""

    @property
    def reachable_log10_p(self) -> float:
        """Smallest p-value that a panel of this size allows, before correction."""
        return -math.log10(self.panel + 1.0)

    def evidence(self) -> tuple[ExactEvidence, ...]:
        """Return the evidence of each set, which is context: agreement decides nothing alone."""
        return tuple(
            ExactEvidence(
                rule_id="PHX-P106",
                name="answers as ours gives them",
                family="provenance",
                null_hypothesis=_NULL,
                observation=(
                    f"{each.agreement:.1%} of {each.questions:,} answers ({each.name}) are ours; "
                    f"the panel's models give {min(each.panel_agreement):.1%} to "
                    f"{max(each.panel_agreement):.1%}"
                ),
                # Divided by the sets: it may have been picked among them.
                log10_e=float(calibrate_p_mixed(np.array([each.log10_p]))[0])
                - math.log10(len(self.sets)),
                reachable_log10_e=-self.reachable_log10_p,
                sample_size=each.questions,
                reference_size=self.panel,
                method="rank among a reference panel, Holm, version 1",
                assumptions=_ASSUMPTIONS,
                decisive=False,
                exact_log10_p=each.adjusted_log10_p,
            )
            for each in self.sets
        )


def weigh_agreement(
    ours: Mapping[str, Answers],
    suspect: Mapping[str, Answers],
    panel: Sequence[Mapping[str, Answers]],
    *,
    level: float = 0.05,
) -> PanelFinding | Inconclusive:
    """Test whether a suspect agrees with our model more than a panel of references does.

    Null hypothesis: the suspect is exchangeable with the panel. Then its rank among them is even,
    and $p = (1 + n_{ge}) / (n + 1)$, with $n_{ge}$ of $n$ models that agree as much or more.

    Parameters:
        ours: Our model's answers in each set of questions, by name of the set.
        suspect: The suspect's. A refusal is none, and agrees with nothing.
        panel: The same of each reference model.
        level: That a finding must be able to reach with one set.

    Returns:
        The finding; where there is no panel, or one too small for the level, why nothing is
        found: however much two models agree, it would mean nothing.

    Raises:
        ValueError: If sets or numbers of answers differ, or a set is empty.

    References:
        Nikolic, Paleka & Tramer, "Model provenance testing for large language models", 2025.

    Examples:
        >>> ours = {"poems": ["a", "b", "c", "d"]}
        >>> panel = [{"poems": ["a", "x", "y", "z"]}] * 19
        >>> found = weigh_agreement(ours, {"poems": ["a", "b", "c", "x"]}, panel)
        >>> round(10 ** found.sets[0].log10_p, 3)
        0.05
        >>> weigh_agreement(ours, ours, []).reason
        'a panel of 0 reference models cannot reach a level of 0.05: 19 can'
    """
    names = [*ours]
    for each in (suspect, *panel):
        same = {*each} == {*names} and all(len(each[name]) == len(ours[name]) for name in names)
        if not same or not names or not all(ours.values()):
            message = "sets of questions must be the same for all models, and none empty"
            raise ValueError(message)
    needed = math.ceil(round(1.0 / level, 9)) - 1
    if len(panel) < needed:
        return Inconclusive(
            reason=(
                f"a panel of {len(panel)} reference models cannot reach a level of {level:g}: "
                f"{needed} can"
            ),
            reachable_log10_e=math.log10(len(panel) + 1.0),
        )
    said = {name: agreement(ours[name], suspect[name]) for name in names}
    of_panel = {name: tuple(agreement(ours[name], each[name]) for each in panel) for name in names}
    ahead = [sum(other >= said[name] for other in of_panel[name]) for name in names]
    logs = np.log10((1.0 + np.array(ahead)) / (len(panel) + 1.0))
    adjusted = holm(logs)
    return PanelFinding(
        panel=len(panel),
        sets=tuple(
            QuestionSet(
                name=name,
                questions=len(ours[name]),
                agreement=said[name],
                panel_agreement=of_panel[name],
                log10_p=float(logs[at]),
                adjusted_log10_p=float(adjusted[at]),
            )
            for at, name in enumerate(names)
        ),
    )


def agreement(ours: Answers, theirs: Answers) -> float:
    """Return the share of questions that both answer, and alike.

    Raises:
        ValueError: If there are other numbers of answers, or none.

    Examples:
        >>> agreement(["a", None, "b"], ["a", None, "c"])
        0.3333333333333333
    """
    if len(ours) != len(theirs) or not ours:
        message = f"{len(ours)} and {len(theirs)} answers cannot be compared"
        raise ValueError(message)
    alike = sum(one is not None and one == two for one, two in zip(ours, theirs, strict=True))
    return alike / len(ours)


def telling(ours: Answers, others: Sequence[Answers]) -> list[int]:
    """Return the questions that our model answers as few others do: those that tell models apart.

    The others must be no part of the panel: a panel that chose the questions agrees too seldom,
    and an innocent suspect would stand out.

    Parameters:
        ours: Our model's answers.
        others: Those of models that only choose.

    Returns:
        Numbers of the questions, where fewer than a quarter of the others say what ours does.

    Examples:
        >>> telling(["a", "b", None], [["a", "x", "x"], ["a", "y", "y"]])
        [1]
    """
    return [
        at
        for at, answer in enumerate(ours)
        if answer is not None and 4 * sum(each[at] == answer for each in others) < len(others)
    ]
