"""What is said about a group: the evidence and when it was found, or why it was not judged."""

from __future__ import annotations

from phalanx.detect.facts import FactFinder
from phalanx.detect.honest import reachable_pool_log10_e
from phalanx.detect.lines import evidence_lines
from phalanx.detect.route import BY_MARKS
from phalanx.detect.track import Track
from phalanx.detect.verdict import Verdict
from phalanx.evidence import LINKED_LOG10_E, NOT_ASKED
from phalanx.model import Judgement, NotJudged


def judgement_of(finder: FactFinder, verdict: Verdict) -> Judgement:
    """Return what was found about the group that a verdict is about."""
    track = verdict.lead
    discovered = [t.discovered_step for t in verdict.tracks if t.discovered_step is not None]
    end_of = finder.population.end_of
    found = min(discovered, default=None)
    return Judgement(
        log10_e=_if_asked(track.log10_e),
        log10_e_apart=track.log10_e_apart,
        log10_e_honest=_if_asked(track.log10_e_honest),
        threshold_log10_e=track.threshold,
        formed_at=end_of(min(t.formed_step for t in verdict.tracks)),
        discovered_at=None if found is None else end_of(found),
        served_before_discovery=None
        if found is None
        else finder.exchanges_until(verdict.members, found),
        evidence=evidence_lines(track),
        use_examined=track.log10_e_honest != NOT_ASKED,
        track=track.number,
        evidence_of_parties=verdict.evidence_of_parties,
        formed_by_marks=track.route in BY_MARKS,
        threshold_without_marks_log10_e=track.threshold_without_marks,
        log10_e_one_operator=None if track.honest is None else track.honest.log10_e_one_operator,
    )


def not_judged_group(finder: FactFinder, track: Track, reference_size: int) -> NotJudged:
    """Say why a group is in no list of findings.

    Parameters:
        finder: Of facts.
        track: The group.
        reference_size: Operators that could serve as reference in the end.
    """
    accounts = finder.accounts_of(track.members)
    if track.honest is None:
        reachable = reachable_pool_log10_e(track.members.size, reference_size)
    else:
        reachable = track.honest.reachable_log10_e
    if track.log10_apart == [NOT_ASKED]:
        reason = "formed at the very end of the log: nothing later to test it on"
        level, apart, honest = 0.0, 0.0, 0.0
    else:
        level, apart = track.threshold, track.log10_e_apart
        honest = _if_asked(track.log10_e_honest)
        reason = _why_undecided(level, apart, honest, reachable)
    return NotJudged(
        group_id=f"group-{track.number:05d}",
        accounts=tuple(finder.population.account_names[int(a)] for a in accounts),
        reason=reason,
        reachable_log10_e=reachable,
        log10_e_apart=apart,
        log10_e_honest=honest,
        apart_examined=track.log10_apart != [NOT_ASKED],
        use_examined=track.log10_e_honest != NOT_ASKED,
    )


def _if_asked(log10_e: float) -> float:
    """Return the evidence, or none (e = 1) where the question was never asked."""
    return 0.0 if log10_e == NOT_ASKED else log10_e


def _why_undecided(level: float, apart: float, honest: float, reachable: float) -> str:
    """Say what is missing; the level is infinite where the parties were never linked."""
    if level == float("inf"):
        return (
            f"not shown to be operated together: 10^{apart:.1f} is the evidence, and "
            f"10^{LINKED_LOG10_E:.1f} is needed before use is examined"
        )
    if honest >= level:
        return f"evidence for one operator does not suffice: 10^{apart:.1f}"
    if reachable < level:
        return (
            f"reference too small: members above all of it would reach 10^{reachable:.1f}, "
            f"and 10^{level:.1f} is needed"
        )
    return f"evidence against honest use does not suffice: 10^{honest:.1f} of 10^{level:.1f} needed"
