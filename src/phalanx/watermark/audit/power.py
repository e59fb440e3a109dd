"""How much must be asked: the power of an audit, simulated before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phalanx.watermark.audit.answers import answers_log10_e
from phalanx.watermark.audit.leaning import Leaning, lean_log10_e
from phalanx.watermark.audit.plan import Mode
from phalanx.watermark.audit.winners import Field, winners
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.scheme import Scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What an audit of some size would find of a student that has learnt so much."""

    share: float
    """Share of the student's choices that the mark has decided: the share of marked texts in its
    training times how much of them it took on, which nobody knows beforehand."""

    places: int
    """Tokens or contexts that count."""

    power: float
    """Share of the simulated audits that name the key."""

    median_log10_e: float
    """Median of their evidence."""


def simulate_power(  # noqa: PLR0913 - each is a number of the design
    field: Field,
    mode: Mode,
    scheme: Scheme,
    shares: Sequence[float],
    needed_log10_e: float,
    *,
    runs: int,
    random: np.random.Generator,
) -> list[Power]:
    """Simulate audits of students that agree with the marked model but for the mark.

    A student that differs otherwise too, as every real one, is found later than said here; the
    power at share 0 is the realised rate of false findings.

    Parameters:
        field: Places as they will be asked about: texts of the marked model.
        mode: What there is of the suspect.
        scheme: One whose tokens race.
        shares: Each from 0 to 1.
        needed_log10_e: That names a key, see `Audit.needed_log10_e`.
        runs: Audits of each share, each under a fresh key.
        random: Generator.

    Returns:
        One for each share.
    """
    result = []
    for share in shares:
        found = np.array([_once(field, mode, scheme, share, random) for _ in range(runs)])
        result.append(
            Power(
                share=share,
                places=field.draws.count,
                power=float((found >= needed_log10_e).mean()),
                median_log10_e=float(np.median(found)),
            )
        )
    return result


def _once(
    field: Field, mode: Mode, scheme: Scheme, share: float, random: np.random.Generator
) -> float:
    key = random.bytes(scheme.setting.key_bytes)
    won = winners(field, scheme, key)
    places = np.arange(won.size)
    if mode == "weights":
        mixed = (1.0 - share) * np.exp(field.log_p)
        mixed[places, won] += share
        with np.errstate(divide="ignore"):
            # Who has no mass in a race does not win it: the lean there is of no account.
            lean = np.where(np.isfinite(field.log_p), np.log(mixed), 0.0)
            lean -= np.where(np.isfinite(field.log_p), field.log_p, 0.0)
        return float(lean_log10_e(Leaning(field, lean), scheme, [key])[0])
    # The Gumbel trick once more, with numbers that no key has made.
    drawn = (field.log_p + random.gumbel(size=field.log_p.shape)).argmax(axis=1)
    said = np.where(random.random(won.size) < share, won, drawn)
    draws = Draws(
        field.draws.stream,
        field.draws.positions,
        field.candidates[places, said],
        field.draws.context_width,
        0,
    )
    return float(answers_log10_e(draws, field.log_p[places, said], scheme, [key])[0])
