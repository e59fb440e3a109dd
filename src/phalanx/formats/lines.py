"""Lines of a terminal: a label with its text, a title with items, powers of ten."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from phalanx.formats.notation import e_value

_COLUMNS = 100


def power(log10_p: float) -> str:
    """Write a p-value or an e-value as a power of ten.

    Examples:
        >>> power(-12.34), power(0.0)
        ('10^-12.3', '1')
    """
    return "1" if log10_p == 0.0 else e_value(log10_p)


def labelled(label: str, text: str) -> list[str]:
    """Return a label with its text beside it, in lines of a terminal.

    Examples:
        >>> labelled("level", "0.001")
        ['level       0.001']
    """
    return textwrap.wrap(
        text, _COLUMNS, initial_indent=f"{label:<12}", subsequent_indent=" " * 12,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def bullets(title: str, items: Iterable[str]) -> list[str]:
    """Return a title with items below it."""
    lines = [title]
    for item in items:
        lines += textwrap.wrap(
            item, _COLUMNS, initial_indent="  - ", subsequent_indent="    ",
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
    return lines
