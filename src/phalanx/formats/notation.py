"""How numbers are written for people: powers of ten, counts, shares, money, intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

_NORMAL_975 = 1.959963984540054
_LARGEST_SHOWN = 1e300


def e_value(log10_e: float) -> str:
    """Write an e-value as a power of ten.

    Parameters:
        log10_e: Base-10 logarithm of the e-value.

    Examples:
        >>> e_value(14.23)
        '10^14.2'
        >>> e_value(-0.04)
        '10^0.0'
        >>> e_value(float("-inf"))
        '0'
    """
    if log10_e >= _LARGEST_SHOWN:
        return "unbounded"
    if log10_e <= -_LARGEST_SHOWN:
        return "0"
    return f"10^{_one_decimal(log10_e)}"


def p_value(log10_p: float) -> str:
    """Write the bound that an e-value puts on the p-value.

    Parameters:
        log10_p: Base-10 logarithm of the p-value, at most 0.

    Examples:
        >>> p_value(-14.23)
        '≤ 10^-14.2'
        >>> p_value(0.0)
        '1'
    """
    if log10_p >= 0.0:
        return "1"
    if log10_p <= -_LARGEST_SHOWN:
        return "0"
    return f"≤ 10^{_one_decimal(log10_p)}"


def count(number: float) -> str:
    """Write a count in full, with thousands apart.

    Examples:
        >>> count(1234567)
        '1,234,567'
    """
    return f"{number:,.0f}"


def short_count(number: float) -> str:
    """Write a large count with three significant digits.

    Examples:
        >>> short_count(950), short_count(12_345), short_count(16_000_000)
        ('950', '12.3 k', '16.0 M')
    """
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(number) >= size:
            scaled = number / (1e3 if letter == "k" else size)
            return f"{scaled:.{max(0, 2 - int(math.log10(abs(scaled))))}f} {letter}"
    return count(number)


def share(fraction: float) -> str:
    """Write a share in per cent, with as many decimals as a small one needs.

    Examples:
        >>> share(0.01), share(0.4567), share(0.00042), share(0.0)
        ('1 %', '46 %', '0.042 %', '0 %')
    """
    percent = 100.0 * fraction
    if percent == 0.0 or abs(percent) >= 10.0:
        return f"{percent:.0f} %"
    return f"{percent:.2g} %"


def money_usd(amount: float) -> str:
    """Write an amount of US dollars.

    Examples:
        >>> money_usd(3.5), money_usd(12_345.67)
        ('USD 3.50', 'USD 12,346')
    """
    return f"USD {amount:,.2f}" if abs(amount) < 100 else f"USD {amount:,.0f}"


def minute(moment: datetime | None) -> str:
    """Write a moment in UTC, to the minute; a dash for none.

    Examples:
        >>> from datetime import UTC
        >>> minute(datetime(2026, 3, 6, 12, tzinfo=UTC)), minute(None)
        ('2026-03-06 12:00', '-')
    """
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def plural(number: int, noun: str) -> str:
    """Write a count with its noun.

    Examples:
        >>> plural(1, "campaign"), plural(1200, "party"), plural(0, "day")
        ('1 campaign', '1,200 parties', '0 days')
    """
    if number == 1:
        return f"1 {noun}"
    ending = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"
    return f"{count(number)} {ending}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with the 95 % interval around it."""

    estimate: float
    low: float
    high: float


def expected_members(confidences: Iterable[float]) -> Interval:
    """Estimate how many of a group's accounts belong to it.

    The number of true members is Poisson-binomial when the confidences are calibrated and
    independent; the interval is its normal approximation, cut to the possible range.

    Parameters:
        confidences: Posterior probability of each account, in [0, 1].

    Examples:
        >>> interval = expected_members([0.9] * 100)
        >>> round(interval.estimate), round(interval.low), round(interval.high)
        (90, 84, 96)
    """
    values = list(confidences)
    mean = math.fsum(values)
    half_width = _NORMAL_975 * math.sqrt(max(0.0, math.fsum(p * (1.0 - p) for p in values)))
    return Interval(
        estimate=mean,
        low=max(0.0, mean - half_width),
        high=min(float(len(values)), mean + half_width),
    )


def _one_decimal(number: float) -> str:
    text = f"{number:.1f}"
    return "0.0" if text == "-0.0" else text
