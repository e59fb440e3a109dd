"""Blocks of neurons in short coordinates, ready to be compared."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass

import numpy as np

from phalanx.provenance.roles import Architecture, Part
from phalanx.provenance.roles.architecture import Mlp
from phalanx.provenance.tests.clones import first_of_their_kind
from phalanx.provenance.tests.frame import WIDTH, Frame, fold_part, unit_length
from phalanx.provenance.tests.plan import Places, Plan
from phalanx.provenance.weights import Tensor
from phalanx.provenance.weights.numbers import Floats32


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One block of neurons; vectors have length one."""

    layer: int
    """Its layer's number."""

    expert: str
    """Which block of the layer."""

    units: int
    """Neurons that it has."""

    places: Places
    """Those that are compared in their places."""

    first: Floats32
    """By which neurons are matched: gates, or up-rows where there are none; shape (units, width),
    only those in `places` for ours."""

    second: Floats32
    """By which they are matched once more: up-rows, or down-columns; as `first`."""

    gated: bool
    """Whether `first` are gates."""

    standing: tuple[Floats32, ...]
    """All that belongs to the neurons in `places`, shape (places, width)."""

    @property
    def name(self) -> str:
        """Its name for people."""
        return f"{self.layer}/{self.expert}" if self.expert else str(self.layer)


class Reader:
    """Folds parts of one model, and counts what was no number."""

    def __init__(self, architecture: Architecture, frame: Frame) -> None:
        """Keep what folding needs."""
        self.architecture = architecture
        self.frame = frame
        self.not_finite: MutableMapping[str, int] = {}
        self._norms: dict[str, Floats32] = {}

    def fold(self, part: Part, norm: Tensor | None = None) -> Floats32:
        """Return a part in short coordinates; the weights of the norm before it are put in."""
        folded = fold_part(part, self.frame, None if norm is None else self._norm(norm))
        if folded.not_finite:
            self.not_finite[part.tensor.name] = folded.not_finite
        return folded.values

    def _norm(self, norm: Tensor) -> Floats32:
        if norm.name not in self._norms:
            values = norm.whole() + np.float32(self.architecture.norm_offset)
            good = np.abs(values) <= 1e18
            if not good.all():
                self.not_finite[norm.name] = int((~good).sum())
            self._norms[norm.name] = np.where(good, values, np.float32(0.0))
        return self._norms[norm.name]


def our_blocks(reader: Reader, plan: Plan) -> Iterator[Block]:
    """Yield our blocks, of which only the neurons that are looked for are read."""
    for layer, mlp in _mlps(reader.architecture, plan):
        places = plan.places(mlp.up.units, plan.neurons, "neurons")
        gate = None if mlp.gate is None else _rows(reader, mlp.gate.among(places), mlp)
        up = _rows(reader, mlp.up.among(places), mlp)
        down = unit_length(reader.fold(mlp.down.among(places)))
        # A neuron that repeats another is nothing, as those are that fill a matrix up.
        kept = first_of_their_kind([up, down] if gate is None else [gate, up, down])[:, None]
        gate = None if gate is None else gate * kept
        yield _block(layer, mlp, places, gate, up * kept, down * kept, (down * kept,))


def their_blocks(reader: Reader, plan: Plan) -> Iterator[Block]:
    """Yield the suspect's blocks, of which all neurons are read: ours may stand anywhere."""
    for layer, mlp in _mlps(reader.architecture, plan):
        places = plan.places(mlp.up.units, plan.neurons, "neurons")
        gate = None if mlp.gate is None else _rows(reader, mlp.gate, mlp)
        up = _rows(reader, mlp.up, mlp)
        down = unit_length(reader.fold(mlp.down if gate is None else mlp.down.among(places)))
        there = down if gate is not None else down[places]
        standing = [each[places] for each in (gate, up) if each is not None]
        yield _block(layer, mlp, places, gate, up, down, (*standing, there))


def experts_kept(architecture: Architecture, plan: Plan) -> int:
    """Return how many blocks of a layer are compared, so that all of them fit in memory."""
    layers = [layer.mlps for layer in architecture.layers if layer.mlps]
    most = max((len(mlps) for mlps in layers), default=0)
    per_unit = 2 * WIDTH * np.dtype(np.float32).itemsize
    units = np.zeros(most, dtype=np.float64)
    for mlps in layers:
        units[: len(mlps)] += [mlp.up.units for mlp in mlps]
    fitting = int((units.cumsum() * per_unit <= plan.experts_bytes).sum())
    return max(fitting, min(most, 1))


def _mlps(architecture: Architecture, plan: Plan) -> Iterator[tuple[int, Mlp]]:
    kept = experts_kept(architecture, plan)
    for layer in architecture.layers:
        for mlp in layer.mlps[:kept]:
            yield layer.index, mlp


def _rows(reader: Reader, part: Part, mlp: Mlp) -> Floats32:
    return unit_length(reader.fold(part, mlp.norm))


def _block(  # noqa: PLR0913, PLR0917 - what a block consists of
    layer: int,
    mlp: Mlp,
    places: Places,
    gate: Floats32 | None,
    up: Floats32,
    down: Floats32,
    standing: tuple[Floats32, ...],
) -> Block:
    gated = gate is not None
    first, second = (gate, up) if gate is not None else (up, down)
    if len(standing) == 1:
        standing = (gate, up, down) if gate is not None else (up, down)
    return Block(layer, mlp.expert, mlp.up.units, places, first, second, gated, standing)
