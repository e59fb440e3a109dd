"""Evidence: how unlikely something is if nothing wrong happened."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One test of one null hypothesis, with all that is needed to contest it."""

    rule_id: str
    """Rule that produced it, for example `PHX-D001`; `phalanx explain` describes it."""

    name: str
    """Short name of what was seen, for people."""

    family: str
    """Family of signals. Families of one `source` read the same facts and are averaged."""

    null_hypothesis: str
    """What would be true if nothing wrong happened, in words."""

    observation: str
    """What was seen, in words and numbers, without the accounts' own identifiers."""

    log10_e: float
    """Base-10 logarithm of the e-value. No floor and no cap."""

    reachable_log10_e: float | None
    """Largest value that the reference allowed; null when it is unbounded."""

    sample_size: int
    """Parties (or exchanges) of the group that were tested."""

    reference_size: int
    """Parties of the cohort that formed the null distribution."""

    method: str
    """Name and version of the test."""

    assumptions: tuple[str, ...]
    """What must hold for the e-value to mean what it says."""

    decisive: bool
    """Whether it entered the judgement, or is context for the reader."""

    @property
    def log10_p(self) -> float:
        """Base-10 logarithm of the p-value that the e-value implies, min(1, 1/e)."""
        return min(0.0, -self.log10_e)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactEvidence(Evidence):
    """Evidence with a p-value of its own, which says more than the e-value implies."""

    exact_log10_p: float
    """Base-10 logarithm of the p-value, after correction for the tests that this one may have been
    picked from. No floor."""

    @property
    def log10_p(self) -> float:
        """Base-10 logarithm of the p-value."""
        return min(0.0, self.exact_log10_p)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inconclusive:
    """A question that the data could not answer."""

    reason: str
    """Why, in words, with the number that would have been needed."""

    reachable_log10_e: float
    """Largest e-value that the reference allowed, base-10 logarithm."""
