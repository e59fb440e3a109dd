"""Groups that were not judged, put together by reason, and what became of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from phalanx.formats.notation import count, plural
from phalanx.model import NotJudged


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason, and the groups that it holds for."""

    text: str
    """The reason, without the numbers of each group; in full where there is one group only."""

    groups: tuple[NotJudged, ...]

    @property
    def accounts(self) -> int:
        """Accounts in any of the groups; one that is in several counts once."""
        return len({account for group in self.groups for account in group.accounts})


def by_reason(groups: Sequence[NotJudged]) -> tuple[Reason, ...]:
    """Put groups together by what stands before the colon in their reason.

    Parameters:
        groups: Groups that were not judged.

    Returns:
        Reasons, the most frequent first.

    Examples:
        >>> def group(name, reason):
        ...     return NotJudged(group_id=name, accounts=("a",), reason=reason,
        ...         reachable_log10_e=1.0, log10_e_apart=0.0, log10_e_honest=0.0)
        >>> found = by_reason([group("x", "late"), group("y", "too few: 3"),
        ...     group("z", "too few: 4")])
        >>> [(reason.text, len(reason.groups), reason.accounts) for reason in found]
        [('too few', 2, 1), ('late', 1, 1)]
    """
    found: dict[str, list[NotJudged]] = {}
    for group in groups:
        found.setdefault(group.reason.partition(":")[0], []).append(group)
    reasons = [
        Reason(text=text if len(some) > 1 else some[0].reason, groups=tuple(some))
        for text, some in found.items()
    ]
    return tuple(sorted(reasons, key=lambda reason: -len(reason.groups)))


def became_of_the_others(opened: int, not_judged: int) -> str:
    """Say where the groups are that were opened and do not stand among those not judged.

    Parameters:
        opened: Groups ever opened.
        not_judged: Those on which the data could not decide.

    Examples:
        >>> became_of_the_others(355, 313)
        'The other 42 of 355 groups opened are about accounts of listed groups: several of them
        may have become one.'
        >>> became_of_the_others(3, 3)
        ''
    """
    listed = opened - not_judged
    if not listed:
        return ""
    verb = "is" if listed == 1 else "are"
    others = f"The other {count(listed)}" if not_judged else f"All {count(listed)}"
    return (
        f"{others} of {plural(opened, 'group')} opened {verb} about accounts of listed groups: "
        "several of them may have become one."
    )
