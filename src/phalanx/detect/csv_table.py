"""Read a CSV, and say where it could not be read without a word of what stands there.

Arrow quotes the row that it stumbles on, and a row may hold a prompt.
"""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

_PLACE = re.compile(r"\b(column|row) #(\d+)", re.IGNORECASE)


def read_csv(path: Path, convert_options: pacsv.ConvertOptions) -> pa.Table:
    """Read a CSV whose cells may hold line breaks.

    Parameters:
        path: The file, with a header.
        convert_options: Which columns, and as what.

    Raises:
        OSError: If there is no such file.
        pa.ArrowException: If it is no CSV; `place_of` says where.
    """
    return pacsv.read_csv(
        path,
        # Threads do not know in which row they are.
        read_options=pacsv.ReadOptions(use_threads=False),
        parse_options=pacsv.ParseOptions(newlines_in_values=True),
        convert_options=convert_options,
    )


def place_of(error: BaseException) -> str:
    """Return the place in a CSV that an error of Arrow's reader names, in brackets.

    Parameters:
        error: As it was raised; only what stands before a quotation is looked at.

    Returns:
        Text to set behind a message, or nothing where no place is named.

    Examples:
        >>> place_of(ValueError("CSV parse error: Row #7: Expected 3 columns, got 1: Row #8"))
        ' (row 7)'
        >>> place_of(ValueError("In CSV column #0: Row #2: CSV conversion error: 'x'"))
        ' (column 1, row 2)'
        >>> place_of(ValueError("Invalid magic bytes"))
        ''
    """
    head = str(error).partition(": Expected")[0].partition("'")[0]
    # Arrow counts columns from 0, and rows from 1 with the header as the first.
    places = [
        f"{what.lower()} {int(number) + (what == 'column')}"
        for what, number in _PLACE.findall(head)
    ]
    return f" ({', '.join(places)})" if places else ""
