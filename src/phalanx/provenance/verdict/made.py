"""How a suspect that shares weights was made, as far as they say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from phalanx.provenance.tests.changes import FEW_VALUES, Changes

_PRUNED_FROM = 0.05
"""Share of zeros, beyond ours, from which a suspect is called pruned."""

_MOST_NAMED = 8


class How(StrEnum):
    """Ways to make a model from another that weights show."""

    IDENTICAL = "identical"
    CHANGED = "tensors changed"
    PRUNED = "pruned"
    QUANTISED = "quantised"
    REORDERED = "units reordered"
    ROTATED = "coordinates changed"
    LAYERS = "layers dropped, repeated or moved"
    EXPERTS = "experts from one block"
    PARTS = "part of it not from ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What tests and map say of a suspect that shares weights."""

    in_place: bool
    """Whether units are alike in the same places."""

    by_parts: bool
    """Whether neurons are found by their parts, wherever they stand."""

    over_vocabulary: bool
    """Whether only coordinates over the vocabulary show anything."""

    origins: Mapping[str, str]
    """For each block of the suspect that is kin to one of ours, which."""

    blocks: tuple[str, ...]
    """All blocks of the suspect in the map."""

    our_blocks: tuple[str, ...]
    """All blocks of ours in the map."""


def how_made(seen: Seen, changes: Changes | None) -> tuple[tuple[How, str], ...]:
    """Return how a suspect was made, each way with what was seen of it.

    Only for one that shares weights with ours. What several ways would leave alike is not told
    apart: a fine-tune, a continued training, an adapter and a merge all change numbers.

    Parameters:
        seen: By tests and map.
        changes: Counted between the files; null if they were not read for it.
    """
    found: list[tuple[How, str]] = []
    if changes is not None:
        found += _by_numbers(changes)
    by_blocks = _by_blocks(seen)
    # Where layers were moved, neurons are in other places for that alone.
    moved = any(how is How.LAYERS for how, _ in by_blocks)
    if not seen.in_place and seen.by_parts and not moved:
        found.append((How.REORDERED, _REORDERED))
    if seen.over_vocabulary:
        found.append((How.ROTATED, _ROTATED))
    return (*found, *by_blocks)


_REORDERED = "neurons are found by their parts, and not in the places of ours"
_ROTATED = (
    "kin in coordinates over the vocabulary alone: the stream was rotated, or has another width"
)


def _by_numbers(changes: Changes) -> list[tuple[How, str]]:
    all_shared = not changes.ours_only and not changes.theirs_only
    if changes.shared and changes.identical == changes.shared and all_shared:
        return [(How.IDENTICAL, f"all {changes.shared:,} matrices hold the same numbers")]
    found = []
    zeros = (
        f"{changes.their_zeros:.0%} of the numbers of shared matrices are zero, "
        f"{changes.our_zeros:.0%} in ours"
    )
    if changes.their_grids > changes.our_grids:
        said = (
            f"{changes.their_grids:,} of {changes.shared:,} shared matrices take at most "
            f"{FEW_VALUES} different numbers a row, {changes.our_grids:,} in ours; {zeros}; "
            f"stored as {', '.join(changes.their_kinds)}"
        )
        found.append((How.QUANTISED, said))
    # Rounding makes zeros by itself.
    elif changes.their_zeros >= changes.our_zeros + _PRUNED_FROM:
        found.append((How.PRUNED, zeros))
    if changes.shared:
        said = (
            f"{changes.identical:,} of {changes.shared:,} matrices of one name and shape are the "
            f"same; {changes.ours_only:,} of ours are not in the suspect, "
            f"{changes.theirs_only:,} of its not in ours. Fine-tuned, continued, adapted and "
            "merged models look alike in this"
        )
        found.append((How.CHANGED, said))
    return found


def _by_blocks(seen: Seen) -> list[tuple[How, str]]:
    if not seen.origins:
        return []
    found = []
    came_from: dict[str, list[str]] = {}
    for theirs, ours in seen.origins.items():
        came_from.setdefault(ours, []).append(theirs)
    grown = [ours for ours, own in came_from.items() if len({*map(_layer, own)}) < len(own)]
    if grown:
        said = (
            f"blocks {_few(came_from[grown[0]])} of the suspect all come from our block {grown[0]}"
        )
        more = f"; likewise of our {_few(grown[1:])}" if len(grown) > 1 else ""
        found.append((How.EXPERTS, said + more))
    moved = [
        f"{own} from our {ours}"
        for own, ours in seen.origins.items()
        if _layer(own) != _layer(ours)
    ]
    layers, our_layers = {*map(_layer, seen.blocks)}, {*map(_layer, seen.our_blocks)}
    if moved or layers != our_layers:
        said = (
            f"{len(layers):,} layers with blocks that can be compared, {len(our_layers):,} in "
            f"ours; blocks that stand elsewhere: {_few(moved) or 'none'}"
        )
        found.append((How.LAYERS, said))
    unknown = [each for each in seen.blocks if each not in seen.origins]
    if unknown:
        said = (
            f"{len(unknown):,} of {len(seen.blocks):,} blocks are not shown to come from ours: "
            f"{_few(unknown)}"
        )
        found.append((How.PARTS, said))
    return found


def _layer(block: str) -> str:
    return block.partition("/")[0]


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
