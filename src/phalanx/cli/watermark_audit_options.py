"""Options of audits: how much would do, and which models are run here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter, validators

_POWER = Group.create_ordered("How the power curve is simulated")
_MODELS = Group.create_ordered("Models that are run here")
_One = Annotated[Path | None, Parameter(show_default=False)]


@Parameter(name="*", group=_POWER)
@dataclass(frozen=True, kw_only=True)
class PowerOptions:
    """An imagined model and student; both differ in nothing but the mark."""

    places: Annotated[
        tuple[int, ...],
        Parameter(negative_iterable=(), validator=validators.Number(gte=1, lte=200_000)),
    ] = (1_000, 10_000)
    """Tokens, or contexts, that count; may be given several times."""

    entropy_nats: Annotated[float, Parameter(validator=validators.Number(gt=0, lte=4.1))] = 1.5
    """Mean entropy of the model's choices per token."""

    runs: Annotated[int, Parameter(validator=validators.Number(gte=0, lte=10_000))] = 20
    """Simulated audits of each share; 0 for no power curve."""


@Parameter(name="*", group=_MODELS)
@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """Folders of models with safetensors, or what was recorded of them."""

    model: _One = None
    """The suspect; of an audit of weights."""

    marked: _One = None
    """The model whose outputs are marked; of an audit of weights, or that gathers."""

    reference: _One = None
    """One that knows nothing of any key; of an audit of weights, or of answers without `log_p`."""

    recorded: bool = False
    """Of an audit of weights, or that gathers: `given` holds what models said, and none is run."""
