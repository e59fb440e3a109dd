"""Every key, scheme and tokenizer that was asked for, in one family of tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.errors import InputError
from phalanx.evidence import calibrate_p_mixed, holm
from phalanx.watermark.detection.decoys import (
    DOUBT_LOG10_P,
    decoys_ahead,
    draw_decoys,
    law_doubt_log10_p,
    rank_log10_p,
)
from phalanx.watermark.detection.evaluable import why_not_evaluable
from phalanx.watermark.detection.findings import Decider, Detection, Finding, Reading, Verdict
from phalanx.watermark.draws import draw
from phalanx.watermark.schemes.scheme import Scheme

Floats = npt.NDArray[np.float64]

LEVEL = 1e-3
DECOYS = 999


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """The tests of one reading under one scheme, which share draws and decoys."""

    reading: Reading
    scheme: Scheme
    key_ids: tuple[str, ...]
    draws: int
    repeats: int
    totals: Floats
    law: Floats
    ahead: npt.NDArray[np.int64]
    doubt: float


def detect(  # noqa: PLR0913 - each is one choice of who asks
    readings: Sequence[Reading],
    schemes: Sequence[Scheme],
    keys: Mapping[str, bytes],
    *,
    level: float = LEVEL,
    decoys: int = DECOYS,
    random: np.random.Generator | None = None,
) -> Detection:
    """Test documents for marks under many keys, schemes and tokenizers at once.

    Null hypothesis of each test: the text was written without the key. A key is tried under
    each scheme that takes keys of its length.

    Two p-values are computed: of the scheme's law (exact if its hash is random) and of the rank
    among decoy keys (exact in any case, at least 1 / (decoys + 1)). If there are so many decoys
    that the level could be reached by them alone over the family, the larger of both decides,
    which is valid if either is. If not, the law decides, unless the decoys contradict it at
    0.001 on this text: then the larger of both decides.

    Parameters:
        readings: The same documents, once for each tokenizer.
        schemes: With different settings; each is tried.
        keys: Name of each key, and the key.
        level: Chance of any false finding at all that is accepted, above 0 and below 1.
        decoys: Random keys for each reading and scheme; 0 for none.
        random: Draws the decoys; by default seeded by the system.

    Returns:
        One finding for each test, the strongest first.

    Raises:
        InputError: If a key fits no scheme, or there is nothing to test.
        ValueError: If the level or the number of decoys is out of range.

    Examples:
        >>> from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
        >>> reading = Reading(tokenizer="bytes", documents=[list(b"a short note")])
        >>> answer = detect([reading], [PhalanxGumbel()], {"k1": bytes(32)}, decoys=99)
        >>> answer.findings[0].verdict, answer.findings[0].draws, answer.findings[0].family
        ('no mark seen', 8, 1)
    """
    if not 0.0 < level < 1.0:
        message = f"level must be above 0 and below 1, not {level}"
        raise ValueError(message)
    if decoys < 0:
        message = f"decoys must be at least 0, not {decoys}"
        raise ValueError(message)
    _check_keys(schemes, keys)
    source = np.random.default_rng() if random is None else random
    groups = [
        _score(reading, scheme, keys, decoys, source) for reading in readings for scheme in schemes
    ]
    groups = [group for group in groups if group.key_ids]
    if not groups:
        message = "there is nothing to test"
        raise InputError(message, next_step="Pass documents, a scheme and a key.")
    return _judge(groups, decoys, level)


def _check_keys(schemes: Sequence[Scheme], keys: Mapping[str, bytes]) -> None:
    """Raise if a key would silently not be tried."""
    lengths = {scheme.setting.key_bytes for scheme in schemes}
    for name, key in keys.items():
        if len(key) not in lengths:
            message = f"key {name} has {len(key)} bytes; the schemes take {sorted(lengths)}"
            raise InputError(message, next_step="Name the scheme that the key was made for.")


def _score(
    reading: Reading,
    scheme: Scheme,
    keys: Mapping[str, bytes],
    decoys: int,
    random: np.random.Generator,
) -> _Group:
    """Score one reading under every key of one scheme, and under decoys."""
    setting = scheme.setting
    fitting = {name: key for name, key in keys.items() if len(key) == setting.key_bytes}
    drawn = draw(
        reading.documents,
        setting.context_width,
        setting.unit,
        known=reading.known,
        before_first=setting.before_first,
    )
    packed = np.frombuffer(b"".join(fitting.values()), dtype=np.uint8)
    packed = packed.reshape(len(fitting), setting.key_bytes)
    totals = scheme.totals(drawn, packed)
    others = scheme.totals(drawn, draw_decoys(decoys, setting.key_bytes, random))
    return _Group(
        reading,
        scheme,
        tuple(fitting),
        drawn.count,
        drawn.repeats,
        totals,
        setting.law(totals, drawn.count),
        decoys_ahead(totals, others),
        law_doubt_log10_p(setting.law(others, drawn.count)),
    )


def _judge(groups: Sequence[_Group], decoys: int, level: float) -> Detection:
    """Decide the whole family."""
    family = sum(len(group.key_ids) for group in groups)
    enough = decoys > 0 and (decoys + 1) * level >= family
    log10_p = np.concatenate([_deciding(group, decoys, enough=enough)[0] for group in groups])
    adjusted, log10_e = holm(log10_p), calibrate_p_mixed(log10_p)
    findings: list[Finding] = []
    for group in groups:
        decider = _deciding(group, decoys, enough=enough)[1]
        reason = why_not_evaluable(
            group.scheme.setting,
            group.draws,
            float(np.log10(level / family)),
            group.reading.entropy_nats,
        )
        if decider == "decoys":
            reason = reason or (
                f"{decoys:,} decoys contradict the scheme's law on this text, and reach no "
                f"further than {1 / (decoys + 1):.1g}: {family / level:,.0f} would do"
            )
        for at, key_id in enumerate(group.key_ids):
            place = len(findings)
            verdict = _verdict(float(adjusted[place]), level, reason)
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
                    level=level,
                    verdict=verdict,
                    reason=reason if verdict == "not evaluable" or decider == "decoys" else "",
                )
            )
    findings.sort(key=lambda each: (each.log10_p, each.law_log10_p))
    return Detection(findings=tuple(findings), level=level)


def _deciding(group: _Group, decoys: int, *, enough: bool) -> tuple[Floats, Decider]:
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
