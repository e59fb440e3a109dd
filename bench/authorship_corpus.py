"""Documents of humans and of models for the benchmarks of authorship, and for the shipped detector.

What of a source may be fitted on for a release follows from the licence of each row. Known label
leaks are removed here or in the view: marks of anonymised names, tokenised punctuation, capitals,
docstrings that set a task, prompts in front of answers, the same human text cut to several lengths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from phalanx.authorship.features import KINDS, Seen, see
from phalanx.authorship.fitting import Labelled
from phalanx.authorship.views import View, code_view, prose_view

PERMISSIVE = frozenset({"MIT", "Apache-2.0", "BSD-3-Clause"})
"""Licences of rows that a shipped detector may be fitted on."""

BASE_MODELS = frozenset({"gpt2-xl", "opt-2.7b", "gpt-neox-20b", "davinci", "falcon-7b"})
"""Continue a human's text without having been taught to answer: not whom we ask about."""

DOMAINS = {
    "xsum": "news", "writing": "story", "squad": "encyclopaedia", "pubmed": "medical answer",
    "student essay": "essay", "pubmed article": "medical article",
    "school essay (ASAP prompts)": "school essay",
}  # fmt: skip
_OPENING_WORDS = 8
_WORD = re.compile(rb"\S+")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """One document."""

    view: View
    label: str
    """`human`, `ai` or `human_ai_edited`."""

    model: str
    attack: str
    """Empty where there is none."""

    domain: str
    group: str
    """Of documents that answer one task, or begin alike."""

    language: str
    licence: str
    whole: bool = True
    """Whether it is more than the beginning of another."""


def texts(data: Path, names: Sequence[str]) -> list[Row]:
    """Return the texts of some sources, none twice and of one human text one length only.

    Parameters:
        data: Folder of the data sets.
        names: Of files in its folder `aigc_text`, without their ending.
    """
    found: list[Row] = []
    for name in names:
        path = data / "aigc_text" / f"{name}.parquet"
        query = f"select text, label, model, attack, domain, pair_id, licence from '{path}'"  # noqa: S608 - a path of ours
        for text, label, model, attack, domain, pair, licence in (
            duckdb.connect().execute(query).fetchall()
        ):
            view = prose_view(text)
            opening = b" ".join(_WORD.findall(view.content)[:_OPENING_WORDS]).decode()
            paired = name == "outfox_essays"
            found.append(
                Row(
                    view=view, label=label, model=model, attack=attack or "",
                    domain=DOMAINS.get(domain, domain),
                    group=f"{name}:{pair}" if paired else f"{name}:{opening}",
                    language="en", licence=licence,
                )
            )  # fmt: skip
    return list(_once(found))


def codes(data: Path, names: Sequence[str]) -> list[Row]:
    """Return the Python code of some sources, none twice.

    Parameters:
        data: Folder of the data sets.
        names: Of files in its folder `aigc_code`, without their ending.
    """
    found: list[Row] = []
    for name in names:
        path = data / "aigc_code" / f"{name}.parquet"
        query = (
            f"select code, label, model, task_id, licence from '{path}' "  # noqa: S608 - a path of ours
            "where language = 'python'"
        )
        for code, label, model, task, licence in duckdb.connect().execute(query).fetchall():
            found.append(
                Row(
                    view=code_view(code, "python"), label=label, model=model, attack="",
                    domain=name, group=f"{name}:{task}", language="python", licence=licence,
                )
            )  # fmt: skip
    return list(_once(found))


def _once(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield rows that are long enough, none whose view was seen, one of each human's opening."""
    views, openings = set(), set()
    for row in rows:
        if row.view.size < KINDS[row.view.kind].least or row.view.content in views:
            continue
        if row.label == "human" and row.view.kind == "text":
            opening = row.group if ":" in row.group else ""
            if opening in openings and not row.group.startswith("outfox"):
                continue
            openings.add(opening)
        views.add(row.view.content)
        yield row


def cut(row: Row, words: int) -> Row:
    """Return the beginning of a text."""
    view = prose_view(_beginning(row.view.content.decode(), words))
    return replace(row, view=view, whole=False)


def _beginning(text: str, words: int) -> str:
    ends = [found.end() for found in re.finditer(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+", text)]
    return text if len(ends) <= words else text[: ends[words - 1]]


def at_lengths(rows: Sequence[Row], seed: int = 1) -> list[Row]:
    """Return beginnings of each text, one in each shorter cell of length, beside all of it."""
    random = np.random.default_rng(seed)
    borders = KINDS["text"].sizes
    found = list(rows)
    for row in rows:
        for low, high in pairwise(borders):
            if row.view.size >= high:
                found.append(cut(row, int(random.integers(low, high))))
    return found


def seen_of(rows: Sequence[Row]) -> list[Seen]:
    """Return what is counted of each row."""
    return [see(row.view) for row in rows]


def labelled(rows: Sequence[Row]) -> Labelled:
    """Return rows as they are fitted to; each domain is a source, and a beginning is no whole."""
    return Labelled(
        seen_of(rows),
        np.array([row.label == "ai" for row in rows]),
        _numbers([row.group for row in rows]),
        _numbers([row.domain for row in rows]),
        np.array([row.whole for row in rows]),
    )


def _numbers(names: Sequence[str]) -> npt.NDArray[np.int64]:
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def parted(rows: Sequence[Row], share: float, seed: int) -> tuple[list[Row], list[Row]]:
    """Part rows by their groups.

    Parameters:
        rows: To be parted.
        share: Of groups on the second side.
        seed: Of the choice.
    """
    random = np.random.default_rng(seed)
    groups = sorted({row.group for row in rows})
    second = {group for group, drawn in zip(groups, random.random(len(groups)), strict=True)
              if drawn < share}  # fmt: skip
    return (
        [row for row in rows if row.group not in second],
        [row for row in rows if row.group in second],
    )
