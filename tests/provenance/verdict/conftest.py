"""Evidence of every strength, and results of every family."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from phalanx.evidence import calibrate_p_mixed
from phalanx.model import Evidence, ExactEvidence
from phalanx.provenance.verdict import Asked, Family

MakeEvidence = Callable[..., ExactEvidence]
MakeAsked = Callable[..., Asked]


def exact(
    log10_p: float,
    *,
    rule_id: str = "PHX-P001",
    decisive: bool = True,
    reachable_log10_p: float | None = None,
    name: str = "neurons in the same places",
) -> ExactEvidence:
    """Return evidence with this p-value."""
    reachable = None if reachable_log10_p is None else float(calibrate_p_mixed(reachable_log10_p))
    return ExactEvidence(
        rule_id=rule_id,
        name=name,
        family="provenance",
        null_hypothesis="Nothing is wrong.",
        observation="900 of 1,000 coins",
        log10_e=float(calibrate_p_mixed(log10_p)),
        reachable_log10_e=reachable,
        sample_size=1000,
        reference_size=0,
        method="coins 1",
        assumptions=("Coins are fair.",),
        decisive=decisive,
        exact_log10_p=log10_p,
    )


@pytest.fixture(scope="session")
def evidence() -> MakeEvidence:
    """Return what makes evidence."""
    return exact


@pytest.fixture(scope="session")
def answered() -> MakeAsked:
    """Return what makes the results of a family, with one p-value."""

    def make(family: Family, log10_p: float, **changes: float | None) -> Asked:
        behaviour = family in {Family.PLANTED_KEYS, Family.AGREEMENT}
        if family is Family.AUDIT:
            found: Evidence = audited(-log10_p)
        else:
            found = exact(log10_p, decisive=not behaviour, **changes)  # type: ignore[arg-type]
        return Asked(family=family, results=(found,))

    return make


def audited(log10_e: float) -> Evidence:
    """Return evidence of an audit."""
    return Evidence(
        rule_id="PHX-W004",
        name="student trained on marked outputs",
        family="watermark",
        null_hypothesis="No text of the key went in.",
        observation="900 places under key C-1",
        log10_e=log10_e,
        reachable_log10_e=None,
        sample_size=900,
        reference_size=30,
        method="winners 1",
        assumptions=("The plan came first.",),
        decisive=True,
    )
