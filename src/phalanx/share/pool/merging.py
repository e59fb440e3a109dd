r"""What members say of one token, put together.

**The pooled null** of a token is that no campaign is behind it. It is that of a scan, for the
parties of all members' groups that show the token: all of them are operated apart (`apart`), or
all use the model as honest operators do (`use`). Each part is merged over the members by itself,
and a token is told only where both are rejected. As in a scan, a rejected null is about the whole:
which of its parties belong to a campaign each member judges for itself.

**Why evidence of members may be multiplied, and how far.** Their logs are disjoint, and which
tokens they have in common was settled by marks alone, which testify for no group. What is left
is that one customer is seen by several of them. What is known to be the same traffic or the same
customers (a cloud that sells another member's model) is declared beforehand as a *circle*: its
members are averaged, which holds under any dependence. Between circles nobody knows. An honest
operator's habits go with it from house to house, and its e-values with them, so that the plain
product of K of them would make an unusual honest customer a certainty. A scan faces the same with
the accounts of one house, and assumes that n of them behave like at least √n independent users.
The pool assumes the same of circles: K behave like at least √K independent ones. Then

$$e = \Big(\prod_{i=1}^{K} e_i\Big)^{1/\sqrt K}$$

is an e-value. If the circles fall into sets of at most √K that depend on each other in any way,
and sets are independent, the mean of each set's factor is at most the product of the
$E[e_i]^{1/\sqrt K}$ (Hölder, for the exponents of a set add up to at most one), and means of
independent factors multiply. For two and three circles this asks for independence, from four on
pairs may depend on each other, from nine on triples. The power is that of one scan over all logs,
which takes its own products to the powers √(2/n) and √n/n.

Where even this is not granted, the mean over all members stays valid. It never exceeds the
strongest member, so that it can only say what somebody knew alone; it is reported beside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from math import sqrt

from phalanx.evidence import mean, product

Circles = Mapping[str, str]
"""Member -> its circle, for those who are in one; all others stand for themselves."""


def by_circle(log10_es: Mapping[str, float], circles: Circles) -> list[float]:
    """Average the members of each circle.

    Parameters:
        log10_es: Member -> its evidence.
        circles: Which were declared before anything was seen.

    Examples:
        >>> by_circle({"a": 1.0, "b": 1.0, "c": 4.0}, {"a": "cloud", "b": "cloud"})
        [1.0, 4.0]
    """
    together: defaultdict[str, list[float]] = defaultdict(list)
    for member in sorted(log10_es):
        # A circle cannot be mistaken for a member of that name.
        circle = f"circle {circles[member]}" if member in circles else f"member {member}"
        together[circle].append(log10_es[member])
    return [mean(values) for values in together.values()]


def merged(log10_es: Mapping[str, float], circles: Circles) -> float:
    """Merge the evidence of members against one null.

    Null hypothesis: that part of the pooled null which the values test, with K circles that
    behave like at least √K independent ones (see above).

    Parameters:
        log10_es: Member -> its evidence, at least one.
        circles: Which were declared before anything was seen.

    Returns:
        log10 e.

    References:
        Vovk & Wang, "E-values: calibration, combination and applications", Annals of Statistics
        2021, propositions 3.1 and 4.1.

    Examples:
        >>> round(merged({"a": 2.0, "b": 2.0}, {}), 2), merged({"a": 2.0}, {})
        (2.83, 2.0)
        >>> merged({"a": 2.0, "b": 2.0}, {"a": "cloud", "b": "cloud"})
        2.0
    """
    values = by_circle(log10_es, circles)
    return product(values) / sqrt(len(values))


def under_any_dependence(log10_es: Collection[float]) -> float:
    """Merge the evidence of members of whom nothing is assumed.

    Examples:
        >>> round(under_any_dependence([2.0, 2.0, -300.0]), 2)
        1.82
    """
    return mean(list(log10_es))


def least_without_one(log10_es: Mapping[str, float], circles: Circles) -> float:
    """Return the least evidence that is left if any one member said nothing.

    Whatever a single member says, this is an e-value: it is below that of the others.

    Parameters:
        log10_es: Member -> its evidence, at least two.
        circles: Which were declared before anything was seen.

    Examples:
        >>> least_without_one({"a": 9.0, "b": 0.5}, {})
        0.5
    """
    return min(without(log10_es, member, circles) for member in log10_es)


def without(log10_es: Mapping[str, float], member: str, circles: Circles) -> float:
    """Return the evidence of all members but one.

    Parameters:
        log10_es: Member -> its evidence, at least two.
        member: Who is left out.
        circles: Which were declared before anything was seen.
    """
    others = {name: value for name, value in log10_es.items() if name != member}
    return merged(others, circles)
