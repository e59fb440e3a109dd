"""What a campaign took: figures with an interval, assumptions, and what nobody knows.

Two things are uncertain in what a scan says, and the interval is of both: whether an account
belongs to the campaign, and how much of a mixed account's use was harvest. What the scan cannot
say is named and not guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from phalanx.govern.impact.bounds import Span, weighted_span
from phalanx.govern.impact.prices import PriceList
from phalanx.model.campaign import GroupFacts, Member

METHOD = "impact/1: Chernoff bounds over accounts that belong with their stated probability"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure."""

    id: str
    title: str
    unit: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What a campaign took, as far as it can be said."""

    confidence: float
    """Of each interval by itself, in (0, 1)."""

    figures: tuple[Figure, ...]
    assumptions: tuple[str, ...]
    unknown: tuple[str, ...]
    """What is not in any figure, and why."""

    method: str = METHOD


def impact_of(
    facts: GroupFacts,
    *,
    confidence: float,
    training_sets: Mapping[str, int],
    prices: PriceList | None = None,
) -> Impact:
    """Estimate what a campaign took.

    The point counts harvesting accounts, each with the probability that it belongs. The lower end
    counts them alone, the upper end all use of all members.

    Parameters:
        facts: Of the campaign.
        confidence: Of each interval, in (0, 1).
        training_sets: Name of a known training set -> its examples, at least 1.
        prices: At which tokens are counted; without them no money is named.

    Raises:
        ValueError: If a value lies outside its range.

    Not valid:
        Where accounts belong or do not belong together as a block: the verdict on the campaign is
        what speaks of that, with its own error.
    """
    if any(size < 1 for size in training_sets.values()):
        message = "a training set has examples"
        raise ValueError(message)

    def span(weight: Callable[[Member], float]) -> Span:
        return _span(facts, weight, confidence)

    received = span(lambda each: each.output_tokens)
    sent = span(lambda each: each.input_tokens)
    exchanges = span(lambda each: each.exchanges)
    figures = [
        Figure(id="output-tokens", title="Tokens that it received", unit="tokens", span=received),
        Figure(id="input-tokens", title="Tokens that it sent", unit="tokens", span=sent),
        Figure(id="exchanges", title="Exchanges", unit="exchanges", span=exchanges),
    ]
    figures += [
        Figure(
            id=f"training-set-{number}",
            title=f"Exchanges against the {size:,} examples of {name}",
            unit="sets",
            span=_scaled(exchanges, 1 / size),
        )
        for number, (name, size) in enumerate(training_sets.items(), 1)
    ]
    figures += [
        Figure(
            id=f"capability-{number}",
            title=f"Exchanges that aim at {name}",
            unit="exchanges",
            span=_scaled(exchanges, share),
        )
        for number, (name, share) in enumerate(facts.capabilities.items(), 1)
    ]
    money, said, open_ones = _money(facts, sent, received, prices)
    return Impact(
        confidence=confidence,
        figures=(*figures, *money),
        assumptions=(*_ASSUMED, *said),
        unknown=(*_UNKNOWN, *open_ones),
    )


_ASSUMED = (
    "The campaign is one: the error of the scan's verdict is not in these intervals.",
    "Accounts belong to it independently of each other, as probably as the scan states.",
    "The lower end counts no use of mixed and dormant accounts, the upper end all of it.",
    "Tokens are as the log has them, or as the scan estimated them where it has none.",
    "Shares of capabilities hold alike for all accounts; one exchange may aim at several.",
)
_UNKNOWN = (
    "Accounts that the scan did not find, and use before or after the log.",
    "Whether answers were used for training, and how many survived its filters.",
    "What the capabilities that were aimed at are worth, and to whom.",
    "What a student gained: an audit of the student says that, not a count of tokens.",
)


def _span(facts: GroupFacts, weight: Callable[[Member], float], confidence: float) -> Span:
    members = facts.members
    harvesters = [each for each in members if each.role == "harvester"]
    least = weighted_span(
        [weight(each) for each in harvesters], [each.confidence for each in harvesters], confidence
    )
    most = weighted_span(
        [weight(each) for each in members], [each.confidence for each in members], confidence
    )
    return Span(low=least.low, point=least.point, high=most.high)


def _scaled(span: Span, by: float) -> Span:
    return Span(low=span.low * by, point=span.point * by, high=span.high * by)


def _money(
    facts: GroupFacts, sent: Span, received: Span, prices: PriceList | None
) -> tuple[list[Figure], list[str], list[str]]:
    """Return what the tokens cost, what that assumes, and what has no price."""
    if prices is None:
        return [], [], ["What it would have cost: no price list was named."]
    used = {name: count for name, count in facts.models.items() if count > 0}
    priced = {name: price for name in used if (price := prices.of(name)) is not None}
    if missing := sorted(used.keys() - priced.keys()):
        said = f"What it would have cost: the list has no price for {', '.join(missing)}."
        return [], [], [said]
    if not priced:
        return [], [], ["What it would have cost: the log names no model."]
    total = sum(used.values())
    paid = {name: (price.input / 1e6, price.output / 1e6) for name, price in priced.items()}
    mean = [sum(paid[name][n] * used[name] for name in paid) / total for n in (0, 1)]
    cheapest = [min(each[n] for each in paid.values()) for n in (0, 1)]
    dearest = [max(each[n] for each in paid.values()) for n in (0, 1)]
    point = sent.point * mean[0] + received.point * mean[1]
    # Of one model all three prices are the same, and differ by the rounding of their mean.
    span = Span(
        low=min(point, sent.low * cheapest[0] + received.low * cheapest[1]),
        point=point,
        high=max(point, sent.high * dearest[0] + received.high * dearest[1]),
    )
    title = f"Its tokens at the list of {prices.dated.isoformat()}"
    figure = Figure(id="list-price", title=title, unit=prices.currency, span=span)
    assumed = [
        f"Prices are of {prices.dated.isoformat()} ({prices.source}); no discount is counted.",
        "Tokens fall on models as exchanges do; the ends take the cheapest and the dearest model.",
    ]
    return [figure], assumed, ["What it did pay: list prices say what the same use costs others."]
