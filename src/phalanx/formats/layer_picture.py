"""The layer map as a picture: where the cells of a grid stand, and how strong each is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from phalanx.formats.provenance_wording import p_power
from phalanx.provenance.verdict import Record

_LARGEST_CELL = 26.0
_WIDEST = 660.0
_MARGIN = 46.0
_LABEL_ROOM = 30.0
_FULL_LOG10_P = 50.0
"""Evidence from which a cell is drawn at full strength."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One pair of blocks."""

    x: float
    y: float
    kind: str
    """`kin` within the budget, `some` where p is at most 0.001 and no more, `none`, or `unknown`
    where the two cannot be compared."""

    opacity: float
    """Of kin: from 0.35 to 1 by the strength of the evidence."""

    said: str
    """What it shows, in words; empty where it shows nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Name of a row or column."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerPicture:
    """A drawing, in its own units."""

    width: float
    height: float
    cell: float
    """Side of a cell."""

    left: float
    top: float
    grid_width: float
    grid_height: float
    cells: tuple[Cell, ...]
    rows: tuple[Label, ...]
    columns: tuple[Label, ...]
    kin: int
    """Blocks of the suspect that come from ours."""

    blocks: int
    """Blocks of the suspect."""

    level: str
    """At which a pair is called kin, in words."""


def picture_of(record: Record) -> LayerPicture | None:
    """Return the map of a record as a drawing, or nothing where no blocks could be compared.

    Rows are our blocks, columns the suspect's. Only cells that show something are drawn one by
    one: a map of 4,096 pairs stays small.
    """
    layers = record.layers
    if layers is None or not layers.ours or not layers.theirs:
        return None
    kin_level = record.origin_log10_level
    accused = bool(record.origins)
    side = min(_LARGEST_CELL, _WIDEST / max(len(layers.theirs), len(layers.ours)))
    left, top = _MARGIN + _LABEL_ROOM, _MARGIN
    cells = []
    for row, values in enumerate(layers.log10_p.tolist()):
        for column, log10_p in enumerate(values):
            kind = _kind(log10_p, kin_level if accused else -math.inf)
            if kind == "none":
                continue
            pair = f"block {layers.theirs[column]} of the suspect, block {layers.ours[row]} of ours"
            strength = min(1.0, -log10_p / _FULL_LOG10_P) if kind == "kin" else 0.0
            cells.append(
                Cell(
                    x=left + column * side,
                    y=top + row * side,
                    kind=kind,
                    opacity=round(0.35 + 0.65 * strength, 2),
                    said="" if kind == "unknown" else f"{pair}: p {p_power(log10_p)}",
                )
            )
    every = max(1, math.ceil(14.0 / side))
    return LayerPicture(
        width=left + len(layers.theirs) * side + 8.0,
        height=top + len(layers.ours) * side + 8.0,
        cell=side,
        left=left,
        top=top,
        grid_width=len(layers.theirs) * side,
        grid_height=len(layers.ours) * side,
        cells=tuple(cells),
        rows=tuple(
            Label(x=left - 6.0, y=top + (at + 0.5) * side, text=name)
            for at, name in enumerate(layers.ours)
            if at % every == 0
        ),
        columns=tuple(
            Label(x=left + (at + 0.5) * side, y=top - 7.0, text=name)
            for at, name in enumerate(layers.theirs)
            if at % every == 0
        ),
        kin=len(record.origins),
        blocks=len(layers.theirs),
        level=p_power(kin_level),
    )


def _kind(log10_p: float, kin_log10_level: float) -> str:
    if math.isnan(log10_p):
        return "unknown"
    if log10_p <= kin_log10_level:
        return "kin"
    return "some" if log10_p <= -3.0 else "none"
