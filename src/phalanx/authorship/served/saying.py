"""What may be said of a text that was looked up."""

from __future__ import annotations

from phalanx.authorship.rules import SharesWithServed
from phalanx.authorship.served.chance import LEAST_PHRASES, log10_chance_of_share
from phalanx.authorship.served.finding import Found
from phalanx.authorship.served.index import ServedIndex
from phalanx.evidence import calibrate_p_mixed
from phalanx.model import ExactEvidence, Inconclusive

METHOD = "shared pairs of neighbouring words, beta-binomial over entries, version 1"
NULL = (
    "The text was written without what was served; it may treat the same subject or answer the "
    "same question."
)
ASSUMPTIONS = (
    "The share of its phrases that another text on its subject holds follows a known beta law.",
    "What both took from a third text counts as shared: neither quotes a source of the other.",
)


def evidence_of(found: Found, index: ServedIndex) -> ExactEvidence | Inconclusive:
    """Return what the best match of a text says.

    Parameters:
        found: Of the text.
        index: In which it was looked up.
    """
    best = found.matches[0] if found.matches else None
    if found.phrases < LEAST_PHRASES:
        return Inconclusive(
            reason=f"too few phrases of words that say something: {found.phrases}, and "
            f"{LEAST_PHRASES} are needed",
            reachable_log10_e=0.0,
        )
    if found.common >= max(LEAST_PHRASES, 0.9 * found.known):
        return Inconclusive(
            reason="nearly all of its phrases stand in more entries than are listed: it is made of "
            "what is said to everybody",
            reachable_log10_e=0.0,
        )
    log10_p = best.log10_p if best else 0.0
    size = best.phrases if best else found.phrases
    reachable = float(calibrate_p_mixed(log10_chance_of_share(size, size)))
    seen = (
        f"shares {best.common} of {best.phrases} phrases with one of {index.entries:,} served "
        f"parts; {best.candidates:,} share any"
        if best
        else f"shares less than three phrases with each of {index.entries:,} served parts"
    )
    return ExactEvidence(
        rule_id=SharesWithServed.rule_id,
        name=SharesWithServed.name,
        family="served",
        null_hypothesis=NULL,
        observation=seen,
        log10_e=float(calibrate_p_mixed(log10_p)),
        reachable_log10_e=reachable,
        sample_size=size,
        reference_size=index.entries,
        method=METHOD,
        assumptions=ASSUMPTIONS,
        decisive=True,
        exact_log10_p=log10_p,
    )
