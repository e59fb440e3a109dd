"""How much must be asked: the power of an audit, simulated before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phalanx.evidence import calibrate_p_mixed
from phalanx.watermark.audit.answers import answers_log10_e, answers_log10_p
from phalanx.watermark.audit.choices import Choices
from phalanx.watermark.audit.gathering import gathered_log10_e
from phalanx.watermark.audit.leaning import Leaning, lean_log10_e
from phalanx.watermark.audit.modes import GATHERED, Mode
from phalanx.watermark.audit.winners import Field, Floats, Integers, winners
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.scheme import Scheme

_CONTEXTS = 100_000
"""That are imagined."""


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
    times: Floats | None = None,
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
        times: How often each place's context comes, where choices are gathered, shape (places,);
            once if it is left out.

    Returns:
        One for each share.
    """
    times = np.ones(field.draws.count) if times is None else times
    result = []
    for share in shares:
        found = np.array([_once(field, times, mode, scheme, share, random) for _ in range(runs)])
        result.append(
            Power(
                share=share,
                places=field.draws.count,
                power=float((found >= needed_log10_e).mean()),
                median_log10_e=float(np.median(found)),
            )
        )
    return result


def _once(  # noqa: PLR0913, PLR0917 - as `simulate_power`
    field: Field,
    times: Floats,
    mode: Mode,
    scheme: Scheme,
    share: float,
    random: np.random.Generator,
) -> float:
    key = random.bytes(scheme.setting.key_bytes)
    won = winners(field, scheme, key)
    places = np.arange(won.size)
    if mode in GATHERED:
        choices = _imagined_choices(field, times, mode, won, share, random)
        return float(gathered_log10_e(choices, mode, scheme, [key])[0])
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
    if mode == "sums":
        return float(calibrate_p_mixed(answers_log10_p(draws, scheme, [key]))[0])
    return float(answers_log10_e(draws, field.log_p[places, said], scheme, [key])[0])


def _imagined_choices(  # noqa: PLR0913, PLR0917 - as `simulate_power`
    field: Field,
    times: Floats,
    mode: Mode,
    won: Integers,
    share: float,
    random: np.random.Generator,
) -> Choices:
    """Return what is gathered of a student that has learnt a share of the winners."""
    expected = np.exp(field.log_p)
    said = (1.0 - share) * expected
    said[np.arange(won.size), won] += share
    if mode == "answers-gathered":
        said /= said.sum(axis=1, keepdims=True)
        said = random.multinomial(times.astype(np.int64), said) / times[:, None]
    return Choices(field, times, said, expected)


def imagined_times(tokens: int, random: np.random.Generator) -> Floats:
    """Return how often each context comes among so many tokens, where no text is at hand.

    Contexts follow Zipf's law: the one of rank *r*, of 100,000, comes with a chance like 1/*r*, as
    words do and contexts of two tokens nearly do. Of four tokens fewer come again.

    Parameters:
        tokens: With a whole context before them, at least 1.
        random: Generator.

    Returns:
        Of the contexts that come at all, shape (contexts,).

    Examples:
        >>> times = imagined_times(1_000, np.random.default_rng(0))
        >>> float(times.sum()), times.size < 700
        (1000.0, True)
    """
    chance = 1.0 / np.arange(1, _CONTEXTS + 1)
    times = random.multinomial(tokens, chance / chance.sum())
    return times[times > 0].astype(np.float64)


def imagined_field(
    places: int,
    entropy_nats: float,
    context_width: int,
    random: np.random.Generator,
    candidates: int = 64,
) -> Field:
    """Return places of a model that is as free as stated, where no text of it is at hand.

    Logits of the candidates are normal numbers, scaled until the mean entropy is the one stated.

    Parameters:
        places: How many, at least 1.
        entropy_nats: Mean entropy of the model's choices, above 0, below that of `candidates`
            equal ones.
        context_width: Of the scheme.
        random: Generator.
        candidates: Tokens that race at each place.

    Raises:
        ValueError: If a number is out of range.

    Examples:
        >>> field = imagined_field(500, 1.5, 4, np.random.default_rng(0))
        >>> field.draws.count, round(float(-(np.exp(field.log_p) * field.log_p).sum(1).mean()), 2)
        (500, 1.5)
    """
    if places < 1 or not 0.0 < entropy_nats < np.log(candidates) - 0.01:
        message = (
            f"places must be at least 1 and entropy_nats above 0 and below "
            f"{np.log(candidates) - 0.01:.2f}, not {places} and {entropy_nats}"
        )
        raise ValueError(message)
    logits = random.normal(size=(places, candidates))
    low, high = 0.0, 1.0
    while _entropy(high * logits) > entropy_nats:
        high *= 2.0
    for _ in range(60):
        half = 0.5 * (low + high)
        low, high = (half, high) if _entropy(half * logits) > entropy_nats else (low, half)
    log_p = high * logits - np.logaddexp.reduce(high * logits, axis=1, keepdims=True)
    stream = random.integers(0, 1 << 31, places + context_width)
    positions = np.arange(context_width, stream.size)
    draws = Draws(stream, positions, stream[positions], context_width, 0)
    return Field(draws, np.tile(np.arange(candidates), (places, 1)), log_p)


def _entropy(logits: Floats) -> float:
    log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return float(-(np.exp(log_p) * log_p).sum(axis=1).mean())
