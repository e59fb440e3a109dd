"""Which tokens are told, and what each contributor learns of them.

Every token that members of several circles submitted in a round is a hypothesis, decoys among them,
and e-BH for two nulls (`phalanx.evidence.two_nulls`) returns those of which at most the stated
share is expected to be wrong, however tokens depend on each other: one group shows several marks,
and several tokens may be about it. A token of one circle alone is never told, and not counted.

That it is not counted rests on this: which tokens are common follows from marks. For "used
honestly" they say nothing. For "operated apart" they do, where a card that brings a group to the
pool also testifies for it. But what counts there is the least of the products without one source
each, which is at most the product without the source of the marks: given all marks, that is an
e-value still. Were one source fixed to be left out, or none, all that anybody might have submitted
would have to be counted.

Which source is left out is settled for all members together, as a scan of all logs would do it.
Each product over members without one fixed source is an e-value, and the least of them is below
each.

No single member can bring a token up by itself, nor bury it. Each of its e-values is capped,
which leaves an e-value; and it is hedged: 0.1 + 0.9 e is an e-value too, costs who is sure a
twentieth of a decade, and takes no more than one decade from the others, whatever a member says.
And the other members together must show e of at least 10 against either null. The part that lacks
that is set to zero before e-BH looks, which again leaves an e-value. The other part is left as it
is: who is linked, and so asked about use, may not depend on what is said of use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.evidence import (
    LINKED_LOG10_E,
    e_benjamini_hochberg_two_nulls,
    first_levels_log10_e,
    mean,
)
from phalanx.share.pool.merging import (
    Circles,
    by_circle,
    least_without_one,
    merged,
    under_any_dependence,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What decides; members agree to it before a round begins."""

    false_discovery_rate: float = 0.01
    """Expected share of told tokens behind which no member sees a campaign, in (0, 1)."""

    cap_log10_apart: float = 6.0
    """Largest evidence of one member against "operated apart"."""

    cap_log10_use: float = 3.0
    """Largest evidence of one member against "used honestly"."""

    hedge: float = 0.1
    """Part of a member's factor that does not depend on what it says, in [0, 1)."""

    support_log10: float = 1.0
    """Evidence that all others must show against either null, whichever member is left out."""

    def __post_init__(self) -> None:
        """Check ranges once, where the mistake is made.

        Raises:
            ValueError: If a number lies outside its range.
        """
        if not 0.0 < self.false_discovery_rate < 1.0:
            message = f"false_discovery_rate must lie in (0, 1), not {self.false_discovery_rate}"
            raise ValueError(message)
        if not 0.0 <= self.hedge < 1.0:
            message = f"hedge must lie in [0, 1), not {self.hedge}"
            raise ValueError(message)
        for name in ("cap_log10_apart", "cap_log10_use", "support_log10"):
            if not 0.0 <= getattr(self, name) <= 100.0:
                message = f"{name} must lie in [0, 100], not {getattr(self, name)}"
                raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Said:
    """What one member says of one token."""

    log10_apart: tuple[float, ...]
    """Without each source, in the order of `phalanx.share.pool.findings.SOURCES`."""

    log10_use: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a contributor learns of a token that is told."""

    token: str
    member: str
    """Who is told."""

    without_you: bool
    """Whether it would be told if this member had said nothing of it."""

    without_any_one: bool
    """Whether it would be told whichever member had said nothing of it."""

    under_any_dependence: bool
    """Whether it is among the told tokens that e-BH returns of the averages over members: of
    these the rate holds though nothing is assumed of members' independence."""


@dataclass(frozen=True, slots=True)
class _Levels:
    apart: float
    use: float

    def reached_by(self, log10_apart: float, log10_use: float) -> bool:
        return log10_apart >= self.apart and log10_use >= self.use


@dataclass(frozen=True, slots=True)
class _Pooled:
    """Evidence of several members on one token, each capped."""

    apart: tuple[Mapping[str, float], ...]
    """Without each source."""

    use: Mapping[str, float]
    circles: Circles

    @property
    def is_common(self) -> bool:
        return len(by_circle(self.use, self.circles)) > 1

    def supported(self, least: float) -> tuple[float, float]:
        """Merge each part; what rests on one circle, or on one member, is set to zero."""
        if not self.is_common:
            return -np.inf, -np.inf
        apart, use = (
            min(merged(each, self.circles) for each in part)
            if min(least_without_one(each, self.circles) for each in part) >= least
            else -np.inf
            for part in (self.apart, (self.use,))
        )
        return apart, use

    def averaged(self) -> tuple[float, float]:
        return (
            min(under_any_dependence(each.values()) for each in self.apart),
            under_any_dependence(self.use.values()),
        )

    def without(self, member: str) -> _Pooled:
        *apart, use = (
            {name: value for name, value in each.items() if name != member}
            for each in (*self.apart, self.use)
        )
        return _Pooled(tuple(apart), use, self.circles)


def told_tokens(
    said: Mapping[str, Mapping[str, Said]],
    rule: Rule,
    *,
    circles: Circles | None = None,
    decoys: frozenset[str] = frozenset(),
) -> list[Told]:
    """Decide what contributors are told.

    Null hypothesis of each token: as in `phalanx.share.pool.merging`.

    Parameters:
        said: Token -> member -> what it says, of at least one. All tokens that were submitted.
        rule: That members agreed to.
        circles: Members whose traffic or customers are known to overlap.
        decoys: Tokens that are counted and never told.

    Returns:
        One entry for each told token and contributor, by token and member; it does not depend on
        the order of anything.

    Examples:
        >>> strong = Said((3.5,) * 6, 2.0)
        >>> told = told_tokens({"t": {"a": strong, "b": strong}, "u": {"a": strong}}, Rule())
        >>> [(each.token, each.member, each.without_you) for each in told]
        [('t', 'a', False), ('t', 'b', False)]
    """
    circles = circles or {}
    bounded = {token: _bounded(said[token], rule, circles) for token in sorted(said)}
    tokens = [token for token, each in bounded.items() if each.is_common]
    pooled = [bounded[token] for token in tokens]
    apart, use = _columns(
        each.supported(rule.support_log10) if token not in decoys else (-np.inf, -np.inf)
        for token, each in zip(tokens, pooled, strict=True)
    )
    weights = np.ones(len(tokens))
    rate = rule.false_discovery_rate
    outcome = e_benjamini_hochberg_two_nulls(apart, use, rate, weights)
    found = np.flatnonzero(outcome.rejected)
    if not found.size:
        return []
    # What is not told is set to zero in its use alone, so that who is linked does not hang on it.
    apart_averaged, use_averaged = _columns(each.averaged() for each in pooled)
    any_dependence = e_benjamini_hochberg_two_nulls(
        np.where(np.isfinite(apart), apart_averaged, -np.inf),
        np.where(outcome.rejected, use_averaged, -np.inf),
        rate,
        weights,
    ).rejected
    levels_apart = first_levels_log10_e(weights, rate, found.size)
    told: list[Told] = []
    for place in found.tolist():
        levels = _Levels(
            max(float(levels_apart[place]), LINKED_LOG10_E),
            float(outcome.threshold_log10_e[place]),
        )
        each = pooled[place]
        stands = {
            member: levels.reached_by(*each.without(member).supported(rule.support_log10))
            for member in sorted(each.use)
        }
        told += [
            Told(
                token=tokens[place],
                member=member,
                without_you=stands[member],
                without_any_one=all(stands.values()),
                under_any_dependence=bool(any_dependence[place]),
            )
            for member in stands
        ]
    return told


def _columns(
    pairs: Iterable[tuple[float, float]],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    both = np.array(list(pairs), dtype=np.float64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _bounded(said: Mapping[str, Said], rule: Rule, circles: Circles) -> _Pooled:
    return _Pooled(
        tuple(
            {
                member: hedged(min(log10_e, rule.cap_log10_apart), rule.hedge)
                for member, log10_e in zip(said, of_source, strict=True)
            }
            # Sources that testify nowhere leave the same behind.
            for of_source in dict.fromkeys(
                zip(*(each.log10_apart for each in said.values()), strict=True)
            )
        ),
        {
            member: hedged(min(each.log10_use, rule.cap_log10_use), rule.hedge)
            for member, each in said.items()
        },
        circles,
    )


def hedged(log10_e: float, hedge: float) -> float:
    """Return an e-value that no small value makes much smaller than the hedge.

    Parameters:
        log10_e: Any e-value.
        hedge: In [0, 1); 0 changes nothing.

    Examples:
        >>> round(hedged(3.0, 0.1), 3), round(hedged(-300.0, 0.1), 3), hedged(2.0, 0.0)
        (2.954, -1.0, 2.0)
    """
    return mean([log10_e, 0.0], [1.0 - hedge, hedge])
