"""What a member says of its marks: evidence of its groups, each mark once.

Null hypotheses of one mark at one member, as those of a scan: the parties of the groups that show
it are *operated apart*; whoever operates them *uses* the model as honest operators do.

What speaks against "operated apart" comes from several *sources*, and must stand whichever of them
is left out. Which one that is shows only when all members are put together. So a member says for
each source what all others amount to.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import floor
from typing import TypeVar

from phalanx.evidence import mean, product

Mark = TypeVar("Mark")

FEWEST_PARTIES = 2
"""Of a group that must show a mark, before anything is said of it."""

SOURCES = ("birth", "identity", "network", "routing", "software", "timing")
"""Of evidence against "operated apart", in the order in which members speak of them."""


@dataclass(frozen=True, slots=True)
class GroupEvidence:
    """A group that a scan tested, whether or not it was listed."""

    parties: tuple[tuple[str, ...], ...]
    """Accounts of each party."""

    log10_of_sources: Mapping[str, float]
    """Source -> what it says against "operated apart", of `SOURCES`; the others do not testify."""

    log10_use: float
    """Evidence against "used honestly"."""

    @property
    def log10_apart(self) -> tuple[float, ...]:
        """Evidence against "operated apart" without each source, in the order of `SOURCES`.

        Where a source does not testify, because it formed the group, the strongest is left out:
        else two groups of the same accounts, each formed by what testifies for the other, would
        make a campaign of strangers who share two things.
        """
        said = self.log10_of_sources
        strongest = max(said.values(), default=0.0)
        whole = product(list(said.values()))
        return tuple(whole - said.get(source, strongest) for source in SOURCES)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a member's groups say of one mark."""

    log10_apart: tuple[float, ...]
    """Evidence against "operated apart" without each source, in the order of `SOURCES`."""

    log10_use: float
    parties: int
    """Of them that show it."""


def findings_of(
    groups: Iterable[GroupEvidence], marks: Mapping[str, frozenset[Mark]]
) -> dict[Mark, Finding]:
    """Assign the evidence of groups to the marks that their parties share.

    A mark counts for a group if two of its parties show it, and most of the accounts that show it
    are the group's. Groups that share a mark look at the same accounts, so that their e-values
    depend on each other in ways that nobody knows: they are averaged, with the weight k²/n of a
    group of n parties of whom k show the mark. Neither the choice nor the weights look at
    evidence, so that each average is an e-value under the null of each group.

    Nothing is kept back for being weak: to say only what is strong would make the evidence of
    those who speak larger than one in the mean.

    Parameters:
        groups: All that were tested.
        marks: Account -> marks that it shows.

    Examples:
        >>> said = {"birth": 3.0, "timing": 1.0}
        >>> group = GroupEvidence((("a",), ("b", "c"), ("d",)), said, 1.0)
        >>> marks = {"a": frozenset({"card"}), "b": frozenset({"card", "phone"})}
        >>> finding = findings_of([group], marks)["card"]
        >>> dict(zip(SOURCES, finding.log10_apart, strict=True))["birth"], finding.parties
        (1.0, 2)
    """
    shown = Counter(mark for of_account in marks.values() for mark in of_account)
    found: defaultdict[Mark, list[tuple[float, int, GroupEvidence]]] = defaultdict(list)
    for group in groups:
        accounts: Counter[Mark] = Counter()
        parties: Counter[Mark] = Counter()
        for party in group.parties:
            of_party = [mark for account in party for mark in marks.get(account, ())]
            accounts.update(of_party)
            parties.update(set(of_party))
        for mark, count in parties.items():
            if count >= FEWEST_PARTIES and 2 * accounts[mark] >= shown[mark]:
                found[mark].append((count * count / len(group.parties), count, group))
    return {mark: _averaged(rows) for mark, rows in found.items()}


def _averaged(rows: list[tuple[float, int, GroupEvidence]]) -> Finding:
    weights = [weight for weight, _, _ in rows]
    return Finding(
        log10_apart=tuple(
            mean(values, weights)
            for values in zip(*(group.log10_apart for _, _, group in rows), strict=True)
        ),
        log10_use=mean([group.log10_use for _, _, group in rows], weights),
        parties=max(count for _, count, _ in rows),
    )


def rounded_down(log10_e: float) -> int:
    """Return hundredths of a logarithm, rounded down: a smaller e-value is one too.

    Examples:
        >>> rounded_down(2.349), rounded_down(-0.001)
        (234, -1)
    """
    return floor(100.0 * log10_e)
