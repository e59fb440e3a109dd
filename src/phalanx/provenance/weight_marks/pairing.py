"""Which numbers of a suspect may come from which of ours, as both models stand.

Tensors of the same name and shape are read side by side. Where names or shapes differ (another
format, fused matrices, a vocabulary that was extended) the roles of the tensors say which belong
together. Nothing here knows a key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from phalanx.errors import InputError
from phalanx.provenance.roles import Architecture, Part, view
from phalanx.provenance.weight_marks.mark import MOST
from phalanx.provenance.weight_marks.release import marked_names
from phalanx.provenance.weights import Checkpoint, Tensor

Floats = npt.NDArray[np.floating]

Role = tuple[int, str, str]
"""Layer (-1 outside of them), expert, and what a tensor does there."""

OUTSIDE = -1


@dataclass(frozen=True, slots=True)
class Piece:
    """Numbers of ours, and what of a suspect may come from them."""

    tensor: str
    """Name of the tensor of ours."""

    first: int
    """Number of the first weight in it."""

    ours: Floats
    """Rows of ours."""

    theirs: Floats
    """Of the same shape; zeros where the suspect has nothing."""


@dataclass(frozen=True, slots=True)
class Unread:
    """What of a suspect could not be read; it is filled while pieces are taken."""

    tensors: dict[str, str] = field(default_factory=dict)
    """Names of its tensors, and why."""

    not_finite: dict[str, int] = field(default_factory=dict)
    """Names of its tensors, and how many numbers counted as zero, because they are none."""

    def rows(self, tensor: Tensor, start: int, stop: int) -> Floats | None:
        """Return rows of a tensor of the suspect, or note why there are none."""
        try:
            return self.cleaned(tensor.name, tensor.read(start, stop))
        except InputError as error:
            self.tensors[tensor.name] = str(error)
            return None

    def whole(self, part: Part) -> Floats | None:
        """Return a part of the suspect, shape (units, hidden), or note why there is none."""
        try:
            return self.cleaned(part.tensor.name, part.whole())
        except InputError as error:
            self.tensors[part.tensor.name] = str(error)
            return None

    def cleaned(self, name: str, numbers: Floats) -> Floats:
        """Return numbers with zeros in place of those that are none: they must hide no mark."""
        good = np.abs(numbers) < MOST
        if good.all():
            return numbers
        self.not_finite[name] = max(self.not_finite.get(name, 0), int((~good).sum()))
        return np.where(good, numbers, np.float32(0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Our original and a suspect."""

    ours: Checkpoint
    """Our model, as it was before it was marked."""

    theirs: Checkpoint
    """The suspect."""

    marked: frozenset[str]
    """Tensors of ours that carry the mark in every copy."""

    our_view: Architecture
    """What ours is made of."""

    their_view: Architecture
    """What the suspect is made of."""

    @property
    def weights(self) -> int:
        """Weights of ours that carry the mark."""
        return sum(int(np.prod(self.ours.tensors[name].shape)) for name in self.marked)


def pair_up(ours: Checkpoint, theirs: Checkpoint) -> Pair:
    """Look at two models; no number is read.

    Raises:
        InputError: If ours is quantised, or has no matrices.
    """
    return Pair(
        ours=ours,
        theirs=theirs,
        marked=frozenset(marked_names(ours)),
        our_view=view(ours, take_apart=False),
        their_view=view(theirs, take_apart=False),
    )


def as_it_stands(pair: Pair, unread: Unread) -> Iterator[Piece]:
    """Yield what belongs together if nothing was moved: same name and shape, or same role.

    A block of rows, or one matrix, of both is in memory at a time.

    Parameters:
        pair: Both models.
        unread: Is told what could not be read.

    Raises:
        InputError: If ours cannot be read.
    """
    by_role = _marked_roles(pair, pair.our_view), roles_of(pair.their_view)
    done = set()
    for name in sorted(pair.marked):
        mine, other = pair.ours.tensors[name], pair.theirs.tensors.get(name)
        if other is not None and other.shape == mine.shape:
            done.add(name)
            yield from _side_by_side(mine, other, unread)
    for role, part in by_role[0].items():
        found = by_role[1].get(role)
        if part.tensor.name not in done and found is not None and found.hidden == part.hidden:
            yield from _same_role(role, part, found, unread)


def _side_by_side(mine: Tensor, other: Tensor, unread: Unread) -> Iterator[Piece]:
    row = int(np.prod(mine.shape[1:]))
    for start, block in mine.blocks():
        theirs = unread.rows(other, start, start + len(block))
        if theirs is None:
            return
        yield Piece(mine.name, start * row, block, theirs)


def _same_role(role: Role, part: Part, found: Part, unread: Unread) -> Iterator[Piece]:
    if part.units != found.units and role[0] != OUTSIDE:
        return
    theirs = unread.whole(found)
    if theirs is not None:
        # Tokens that were added stand behind those that were there.
        shared = min(part.units, found.units)
        mine = part.whole()
        filled = np.zeros(mine.shape, np.float32)
        filled[:shared] = theirs[:shared]
        yield from pieces_of(part, mine, filled)


def pieces_of(part: Part, ours: Floats, theirs: Floats) -> Iterator[Piece]:
    """Yield units of a part of ours, and what may come from them, at their places in the tensor.

    Parameters:
        part: The part.
        ours: Its numbers, shape (units, hidden).
        theirs: Of the same shape.
    """
    name, picked = part.tensor.name, part.picked
    if part.residual_axis == 1:
        places = np.arange(part.units) if picked is None else picked
        for run in np.split(np.arange(part.units), np.flatnonzero(np.diff(places) != 1) + 1):
            if run.size:
                first = int(places[run[0]]) * part.hidden
                inside = slice(int(run[0]), int(run[-1]) + 1)
                yield Piece(name, first, ours[inside], theirs[inside])
        return
    if picked is None:
        yield Piece(name, 0, ours.T, theirs.T)
        return
    # Rows of the matrix go through several parts: what is of the others counts as zero.
    wide = [np.zeros(part.tensor.shape, np.float32) for _ in range(2)]
    wide[0][:, picked], wide[1][:, picked] = ours.T, theirs.T
    yield Piece(name, 0, wide[0], wide[1])


def roles_of(found: Architecture) -> dict[Role, Part]:
    """Return all parts of a model, by what they do."""
    result: dict[Role, Part] = {}
    for what, end in (("embedding", found.embedding), ("head", found.head)):
        if end is not None:
            result[OUTSIDE, "", what] = end
    for layer in found.layers:
        for mlp in layer.mlps:
            parts = {"gate": mlp.gate, "up": mlp.up, "down": mlp.down}
            result |= {
                (layer.index, mlp.expert, what): part
                for what, part in parts.items()
                if part is not None
            }
        if layer.attention is not None:
            for what in ("query", "key", "value", "output"):
                result[layer.index, "", what] = getattr(layer.attention, what)
    return result


def _marked_roles(pair: Pair, found: Architecture) -> Mapping[Role, Part]:
    return {role: part for role, part in roles_of(found).items() if part.tensor.name in pair.marked}
