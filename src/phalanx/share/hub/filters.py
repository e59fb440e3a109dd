"""Which objects are asked for, and where in the list: the parameters of a TAXII request.

A list that does not fit one page goes on with `next`. The hub keeps nothing for it: the text
holds the place where the page ended and the filters of the first request, signed. A request
for a later page may repeat its filters or leave them out; it may not change them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from phalanx.errors import InputError
from phalanx.share.hub.moments import parse_moment
from phalanx.share.hub.signing import opened, signed
from phalanx.share.hub.structure import IDENTIFIER

MOST_CHARACTERS = 12_000
"""Of all filters of a request together; their signed form is half as long again."""

MOST_RUNS = 32
"""Types, or versions, that are asked for at once: each is a run of an index by itself."""

_NAMES = frozenset(
    {"match[id]", "match[type]", "match[version]", "match[spec_version]", "added_after"}
)
_WORDS = frozenset({"first", "last", "all"})
_BEFORE_ALL = -(2**62)
_AFTER_ALL = 2**62


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for; empty means that it does not matter."""

    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    versions: tuple[str, ...] = ()
    """`first`, `last`, `all`, or timestamps as they were written."""

    spec_versions: tuple[str, ...] = ()
    """Empty means the newest specification that each object has."""

    added_after: str = ""

    @property
    def moments(self) -> tuple[int, ...]:
        """Versions that are named by their timestamps, in microseconds."""
        return tuple(parse_moment(each) for each in self.versions if each not in _WORDS)


@dataclass(frozen=True, slots=True)
class Asked:
    """A page of a list."""

    filters: Filters
    limit: int

    after: tuple[int, int]
    """Moment and number of what stands right before the page."""

    what: str
    """The list: which endpoint of which collection."""


def asked(parameters: Mapping[str, str | None], *, key: bytes, what: str, most: int) -> Asked:
    """Understand the parameters of a request.

    Parameters:
        parameters: As they stand in its URL.
        key: Of the hub.
        what: The list; a `next` of another list is not taken.
        most: Objects on a page.

    Raises:
        InputError: If a value is none, or `next` stands beside other filters than its own.
        VerificationError: If `next` was not made by this hub.
    """
    given = {name: value for name, value in parameters.items() if value and name in _NAMES}
    if sum(map(len, given.values())) > MOST_CHARACTERS:
        message = f"the filters have more than {MOST_CHARACTERS:,} characters"
        raise InputError(message, next_step="Ask several times.")
    filters = _filters(given)
    limit = _limit(parameters.get("limit"), most)
    token = parameters.get("next")
    if not token:
        start = parse_moment(filters.added_after) if filters.added_after else _BEFORE_ALL
        return Asked(filters, limit or most, (start, _AFTER_ALL), what)
    said = opened(key, "next", token)
    if said["what"] != what:
        message = "`next` belongs to another list"
        raise InputError(message, next_step="Use it where it was given.")
    own = _filters(said["given"])
    if any(getattr(own, name) != value for name, value in asdict(filters).items() if value):
        message = "a filter was changed between two pages of one list"
        raise InputError(
            message, next_step="Repeat the filters of the first page, or leave them out."
        )
    moment, number = said["after"]
    return Asked(own, min(limit or said["limit"], most), (moment, number), what)


def next_page(key: bytes, page: Asked, after: tuple[int, int]) -> str:
    """Return the text with which the page after this one is asked for.

    Examples:
        >>> page = Asked(Filters(types=("indicator",)), 10, (0, 0), "objects 1")
        >>> token = next_page(bytes(32), page, (5, 7))
        >>> again = asked({"next": token}, key=bytes(32), what="objects 1", most=99)
        >>> again == replace(page, after=(5, 7))
        True
    """
    filters = page.filters
    given = {
        "match[id]": ",".join(filters.ids),
        "match[type]": ",".join(filters.types),
        "match[version]": ",".join(filters.versions),
        "match[spec_version]": ",".join(filters.spec_versions),
        "added_after": filters.added_after,
    }
    kept = {name: value for name, value in given.items() if value}
    return signed(
        key, "next", {"what": page.what, "given": kept, "limit": page.limit, "after": after}
    )


def narrowed(page: Asked, object_id: str) -> Asked:
    """Return the same page of one object's versions only."""
    return replace(page, filters=replace(page.filters, ids=(object_id,)))


def _filters(given: Mapping[str, str]) -> Filters:
    filters = Filters(
        ids=_values(given.get("match[id]")),
        types=_values(given.get("match[type]")),
        versions=_values(given.get("match[version]")),
        spec_versions=_values(given.get("match[spec_version]")),
        added_after=given.get("added_after", ""),
    )
    wrong = [each for each in filters.ids if not IDENTIFIER.fullmatch(each)]
    wrong += [each for each in filters.types + filters.spec_versions if not _is_word(each)]
    if wrong:
        message = f"{wrong[0][:60]!r} can match nothing"
        raise InputError(message, next_step="Correct the filter.")
    if max(len(filters.types), len(filters.versions)) > MOST_RUNS:
        message = f"more than {MOST_RUNS} types or versions"
        raise InputError(message, next_step="Ask several times.")
    # Read here, so that what is no timestamp is told now.
    _ = filters.moments, filters.added_after and parse_moment(filters.added_after)
    return filters


def _values(text: str | None) -> tuple[str, ...]:
    return tuple(sorted({value.strip() for value in text.split(",")} - {""})) if text else ()


def _is_word(text: str) -> bool:
    return len(text) <= 64 and text.isascii() and text.replace("-", "").replace(".", "").isalnum()


def _limit(text: str | None, most: int) -> int:
    """Return how many are asked for, 0 where nothing is said."""
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0):
        message = "`limit` is not a number above zero"
        raise InputError(message, next_step="Correct it, or leave it out.")
    return most if len(text) > 9 else min(int(text), most)
