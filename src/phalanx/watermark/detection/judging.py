"""The tests of a family, judged together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phalanx.evidence import calibrate_p_mixed, holm
from phalanx.watermark.detection.decoys import DOUBT_LOG10_P, rank_log10_p
from phalanx.watermark.detection.evaluable import ASSUMED_NATS, why_not_evaluable
from phalanx.watermark.detection.findings import Decider, Detection, Finding, Verdict
from phalanx.watermark.detection.scoring import Floats, Group

_ASSUMED = f"at {ASSUMED_NATS:.2g} nats a token, which are assumed because none were given"


def judge(
    groups: Sequence[Group],
    decoys: int,
    level: float,
    families: int = 1,
    *,
    family: int | None = None,
) -> Detection:
    """Decide a whole family.

    Parameters:
        groups: All of its tests, or the strongest of them with the number of all.
        decoys: Random keys that each group was held against.
        level: Chance of any false finding over all families.
        families: Families that share the level in equal parts.
        family: Tests in all, where only the strongest are given.

    Returns:
        One finding for each test, the strongest first.
    """
    family = family or sum(len(group.key_ids) for group in groups)
    level_here = level / families
    enough = decoys > 0 and (decoys + 1) * level_here >= family
    log10_p = np.concatenate([_deciding(group, decoys, enough=enough)[0] for group in groups])
    adjusted = np.minimum(holm(log10_p, family=family) + np.log10(families), 0.0)
    log10_e = calibrate_p_mixed(log10_p)
    findings: list[Finding] = []
    for group in groups:
        decider = _deciding(group, decoys, enough=enough)[1]
        reason = why_not_evaluable(
            group.scheme.setting,
            group.draws,
            float(np.log10(level_here / family)),
            group.reading.entropy_nats,
        )
        if decider == "decoys":
            reason = reason or (
                f"{decoys:,} decoys contradict the scheme's law on this text, and reach no "
                f"further than {1 / (decoys + 1):.1g}: {family / level_here:,.0f} would do"
            )
        for at, key_id in enumerate(group.key_ids):
            place = len(findings)
            verdict = _verdict(float(adjusted[place]), level, reason)
            assumed = verdict != "marked" and group.reading.entropy_nats is None
            findings.append(
                Finding(
                    setting=group.scheme.setting,
                    key_id=key_id,
                    tokenizer=group.reading.tokenizer,
                    draws=group.draws,
                    repeats=group.repeats,
                    total=float(group.totals[at]),
                    law_log10_p=float(group.law[at]),
                    decoys=decoys,
                    decoys_ahead=int(group.ahead[at]),
                    decided_by=decider,
                    log10_p=float(log10_p[place]),
                    adjusted_log10_p=float(adjusted[place]),
                    log10_e=float(log10_e[place]),
                    family=family,
                    families=families,
                    document=group.document,
                    level=level,
                    verdict=verdict,
                    reason=(
                        reason
                        if verdict == "not evaluable" or decider == "decoys"
                        else _ASSUMED * assumed
                    ),
                    assumed_nats=ASSUMED_NATS if assumed else None,
                )
            )
    findings.sort(key=lambda each: (each.log10_p, each.law_log10_p))
    return Detection(findings=tuple(findings), level=level)


def _deciding(group: Group, decoys: int, *, enough: bool) -> tuple[Floats, Decider]:
    """Return the p-values that decide, and whose they are."""
    larger = np.maximum(group.law, rank_log10_p(group.ahead, decoys))
    if enough:
        return larger, "both"
    if decoys and group.doubt <= DOUBT_LOG10_P:
        return larger, "decoys"
    return group.law, "law"


def _verdict(adjusted_log10_p: float, level: float, reason: str) -> Verdict:
    # Rounding of a rank's logarithm must not turn 1 in 1,000 into more than 0.001.
    if adjusted_log10_p <= np.log10(level) + 1e-12:
        return "marked"
    return "not evaluable" if reason else "no mark seen"
