"""Counts in steps of about three: 1, 3, 10, 30 and so on, so that no volume is told.

What a bucket reveals of a count *n* is its logarithm, to half a decade. The lower end stands
for the bucket wherever STIX asks for a number.
"""

from __future__ import annotations

HIGHEST = 300_000_000
"""Lower end of the last bucket, which is open; a STIX sighting counts to 999,999,999."""

EDGES: tuple[int, ...] = tuple(
    step * 10**power for power in range(9) for step in (1, 3) if step * 10**power <= HIGHEST
)
"""Lower ends of all buckets, in order."""


def bucket_floor(count: int) -> int:
    """Return the lower end of the bucket that a count lies in.

    Parameters:
        count: At least 1.

    Raises:
        ValueError: If it is less.

    Examples:
        >>> [bucket_floor(count) for count in (1, 2, 3, 29, 30, 16_000_000)]
        [1, 1, 3, 10, 30, 10000000]
    """
    if count < 1:
        message = "a count of what was seen is at least 1"
        raise ValueError(message)
    return next(edge for edge in reversed(EDGES) if edge <= count)


def bucket_name(count: int) -> str:
    """Return the bucket of a count in words.

    Examples:
        >>> bucket_name(4_321), bucket_name(10**12)
        ('3000-9999', '300000000 and more')
    """
    floor = bucket_floor(count)
    if floor == HIGHEST:
        return f"{floor} and more"
    return f"{floor}-{EDGES[EDGES.index(floor) + 1] - 1}"
