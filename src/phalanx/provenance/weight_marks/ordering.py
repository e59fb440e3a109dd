"""Which numbers of a suspect may come from which of ours, wherever they were put.

Layers may have been dropped, doubled, moved or grown into experts, neurons and rows of heads put
into another order, the residual stream rotated. All of it is found from the two models alone: a
wrong guess costs a mark that is there, and never brings one about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from phalanx.provenance.roles import Layer as Place
from phalanx.provenance.roles import Part
from phalanx.provenance.roles.architecture import Mlp
from phalanx.provenance.weight_marks.alignment import (
    Layer,
    aligned_layer,
    aligned_rows,
    likeness,
    some_rows,
)
from phalanx.provenance.weight_marks.pairing import Floats, Pair, Piece, Unread, pieces_of
from phalanx.provenance.weight_marks.rotation import (
    reads_stream,
    stream_turn,
    with_fitted_columns,
    writes_stream,
)
from phalanx.provenance.weights import Tensor

_KIN = 0.5
"""Blocks that are so alike in the same place are not looked for elsewhere."""

_TOKENS = 8192
"""Embeddings by which a rotation is found, at least twice the width of the stream."""

_ATTENTION = ("query", "key", "value", "output")


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """A block of neurons, and the layer that it is in."""

    layer: Place
    mlp: Mlp

    @property
    def seen_by(self) -> Part:
        return self.mlp.up if self.mlp.gate is None else self.mlp.gate


@dataclass(frozen=True, slots=True, eq=False)
class _Suspect:
    """A suspect whose stream is turned back as it is read."""

    pair: Pair
    unread: Unread
    turn: Floats | None

    def reading(self, part: Part, theirs: Tensor | None, ours: Tensor | None) -> Floats | None:
        """Return units that read the stream, shape (units, hidden), behind norms of both."""
        found = self.unread.whole(part)
        if found is None or self.turn is None:
            return found
        views = self.pair.their_view, self.pair.our_view
        norms = [
            np.ones(part.hidden, np.float32)
            if norm is None
            else self.unread.cleaned(norm.name, norm.whole()) + np.float32(of.norm_offset)
            for norm, of in zip((theirs, ours), views, strict=True)
        ]
        return reads_stream(found, self.turn, norms[0], norms[1])

    def writing(self, part: Part) -> Floats | None:
        """Return units that write into the stream, shape (units, hidden)."""
        found = self.unread.whole(part)
        return found if found is None or self.turn is None else writes_stream(found.T, self.turn).T


def put_in_order(pair: Pair, unread: Unread) -> Iterator[Piece]:
    """Yield what belongs together once a suspect's parts are put back into our order.

    A block of neurons of both is in memory at a time, besides how alike its neurons are: about
    2 GB for 11,008 neurons of 4,096 numbers.

    Parameters:
        pair: Both models; what has no role in either is left out.
        unread: Is told what could not be read.

    Raises:
        InputError: If ours cannot be read.
    """
    if pair.our_view.hidden != pair.their_view.hidden:
        return
    suspect = _Suspect(pair, unread, _turn(pair, unread))
    yield from _ends(pair, suspect)
    ours = [_Block(layer, mlp) for layer in pair.our_view.layers for mlp in layer.mlps]
    theirs = [_Block(layer, mlp) for layer in pair.their_view.layers for mlp in layer.mlps]
    homes = {layer.index: layer for layer in pair.our_view.layers if not layer.mlps}
    for block, home in zip(theirs, _homes(ours, theirs, suspect), strict=True):
        if home is not None:
            homes.setdefault(block.layer.index, home.layer)
            yield from _neurons(home, block, suspect)
    for layer in pair.their_view.layers:
        if layer.index in homes:
            yield from _heads(homes[layer.index], layer, suspect)


def _turn(pair: Pair, unread: Unread) -> Floats | None:
    ours, theirs = pair.our_view.embedding, pair.their_view.embedding
    if ours is None or theirs is None:
        return None
    tokens = min(ours.units, theirs.units, max(_TOKENS, 2 * ours.hidden))
    places = np.arange(tokens)
    found = unread.whole(theirs.among(places))
    return None if found is None else stream_turn(ours.among(places).whole(), found)


def _ends(pair: Pair, suspect: _Suspect) -> Iterator[Piece]:
    ours, theirs = pair.our_view, pair.their_view
    found: list[tuple[Part, Floats | None]] = []
    if ours.embedding is not None and theirs.embedding is not None:
        found.append((ours.embedding, suspect.writing(theirs.embedding)))
    if ours.head is not None and theirs.head is not None:
        read = suspect.reading(theirs.head, theirs.final_norm, ours.final_norm)
        found.append((ours.head, read))
    for part, numbers in found:
        if numbers is not None and part.tensor.name in pair.marked:
            shared = min(part.units, len(numbers))
            mine = part.whole()
            filled = np.zeros(mine.shape, np.float32)
            filled[:shared] = numbers[:shared]
            yield from pieces_of(part, mine, filled)


def _homes(ours: list[_Block], theirs: list[_Block], suspect: _Suspect) -> list[_Block | None]:
    """Return for each block of the suspect that of ours which it is most like."""
    looked_at = [
        suspect.unread.whole(block.seen_by.among(some_rows(block.seen_by.units)))
        for block in theirs
    ]
    best: list[tuple[float, _Block | None]] = [(-1.0, None)] * len(theirs)

    def compare(mine: _Block, at: int, numbers: Floats) -> None:
        rows = looked_at[at]
        if rows is not None:
            here, there = _comparable(numbers, mine, rows, theirs[at], suspect)
            found = likeness(here, there)
            best[at] = max(best[at], (found, mine), key=lambda each: each[0])

    for at, block in enumerate(theirs):
        same = next((mine for mine in ours if _place(mine) == _place(block)), None)
        if same is not None:
            compare(same, at, same.seen_by.whole())
    lost = [at for at in range(len(theirs)) if best[at][0] < _KIN]
    for mine in ours if lost else []:
        numbers = mine.seen_by.whole()
        for at in lost:
            compare(mine, at, numbers)
    return [block for _, block in best]


def _place(block: _Block) -> tuple[int, str]:
    return block.layer.index, block.mlp.expert


def _comparable(
    ours: Floats, mine: _Block, theirs: Floats, block: _Block, suspect: _Suspect
) -> tuple[Floats, Floats]:
    """Return rows of both as they stand; of a turned stream in our directions, norms in them."""
    if suspect.turn is None:
        return ours, theirs
    pair = suspect.pair
    here = _with_norm(ours, mine, pair.our_view.norm_offset, suspect)
    there = _with_norm(theirs, block, pair.their_view.norm_offset, suspect)
    return here, there @ suspect.turn


def _with_norm(rows: Floats, block: _Block, offset: float, suspect: _Suspect) -> Floats:
    norm = block.mlp.norm
    if norm is None:
        return rows
    return rows * (suspect.unread.cleaned(norm.name, norm.whole()) + np.float32(offset))


def _neurons(home: _Block, block: _Block, suspect: _Suspect) -> Iterator[Piece]:
    mine, other = home.mlp, block.mlp
    if (mine.gate is None) != (other.gate is None):
        return
    gate = None if other.gate is None else suspect.reading(other.gate, other.norm, mine.norm)
    up = suspect.reading(other.up, other.norm, mine.norm)
    down = suspect.writing(other.down)
    if up is None or down is None or (gate is None) != (other.gate is None):
        return
    original = Layer(
        None if mine.gate is None else mine.gate.whole(), mine.up.whole(), mine.down.whole().T
    )
    back = aligned_layer(original, Layer(gate, up, down.T))
    triples = [(mine.up, original.up, back.up), (mine.down, original.down.T, back.down.T)]
    if mine.gate is not None and original.gate is not None and back.gate is not None:
        triples.append((mine.gate, original.gate, back.gate))
    for part, ours, theirs in triples:
        if part.tensor.name in suspect.pair.marked:
            yield from pieces_of(part, ours, theirs)


def _heads(home: Place, layer: Place, suspect: _Suspect) -> Iterator[Piece]:
    mine, other = home.attention, layer.attention
    if mine is None or other is None:
        return
    for what in _ATTENTION:
        part, there = getattr(mine, what), getattr(other, what)
        writes = what == "output"
        found = suspect.writing(there) if writes else suspect.reading(there, other.norm, mine.norm)
        if found is not None and part.tensor.name in suspect.pair.marked:
            ours = part.whole()
            back = aligned_rows(ours, found)
            fitted = with_fitted_columns(ours.T, back.T).T if writes else back
            yield from pieces_of(part, ours, fitted)
