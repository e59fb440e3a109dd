"""What a model is made of, as far as its tensors' names and shapes say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from phalanx.provenance.roles.fused import Heads, heads_of, split_fused
from phalanx.provenance.roles.names import EXPERT, NAMINGS, SHARED_EXPERT, Naming
from phalanx.provenance.roles.ordered import numbered_coordinates, signed_up_rows
from phalanx.provenance.roles.part import Part
from phalanx.provenance.roles.stacked import apart
from phalanx.provenance.weights import Checkpoint, Tensor

_OF_NEURONS = ("gate", "up", "down", "gate and up", "gate and up, stacked")

DENSE = ""
"""Name of the only block of neurons of a layer, or of a layer's shared part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mlp:
    """One block of neurons."""

    expert: str
    """Which of the layer's: empty if it is the only one, `shared`, or the expert's number."""

    gate: Part | None
    """What lets a neuron's product through; null where there is none."""

    up: Part
    """What each neuron reads."""

    down: Part
    """What each neuron writes."""

    norm: Tensor | None
    """Weights of the norm before it, where it is known to be the one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """The heads of a layer."""

    heads: Heads
    """How many, and how wide."""

    query: Part
    """Rows of all heads, one head after the other."""

    key: Part
    """Rows of all key heads."""

    value: Part
    """Rows of all key heads."""

    output: Part
    """What each row of each head writes."""

    norm: Tensor | None
    """Weights of the norm before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer."""

    index: int
    """Its number in the model."""

    mlps: tuple[Mlp, ...]
    """Its blocks of neurons; several where there are experts."""

    attention: Attention | None
    """Its heads, where they could be told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """What could be recognised, and what not."""

    family: str
    """Way of naming; `unknown` if none fits."""

    hidden: int
    """Width of the residual stream, 0 if unknown."""

    layers: tuple[Layer, ...]
    """By their numbers, those with something to compare."""

    embedding: Part | None
    """Tokens that are read."""

    head: Part | None
    """Tokens that are written; null where the embedding serves."""

    final_norm: Tensor | None
    """Weights of the norm before the head, or before the embedding where it serves."""

    mirrored: bool
    """Whether a coordinate of the stream can change its sign in all weights and leave the model as
    it is: so under root-mean-square norms, not where a mean is taken off."""

    norm_offset: float
    """Added to the weights of norms: 1 for Gemma."""

    numbered_coordinates: bool
    """Whether coordinates of the stream have an order of their own."""

    signed_up_rows: bool
    """Whether up-rows have a sign of their own."""

    nameless: tuple[str, ...]
    """Names of tensors that no role was found for."""

    unread: float
    """Share of the model's bytes that these have, from 0 to 1."""


def view(checkpoint: Checkpoint, *, take_apart: bool = True) -> Architecture:
    """Return what a model is made of.

    The way of naming is that which fits most bytes; settings are believed only where they fit
    the shapes. Nothing is read but names, shapes and settings.

    Parameters:
        checkpoint: The model.
        take_apart: Whether experts that share a tensor become matrices with names of their own.
    """
    tensors = apart(checkpoint.tensors) if take_apart else checkpoint.tensors
    config = _of_language(checkpoint.config)
    naming, stack = _best(tensors)
    if naming is None:
        return Architecture(
            family="unknown", hidden=0, layers=(), embedding=None, head=None, final_norm=None,
            mirrored=False, norm_offset=0.0, numbered_coordinates=False, signed_up_rows=False,
            nameless=tuple(tensors), unread=1.0,
        )  # fmt: skip
    found: dict[int, dict[tuple[str, str], Tensor]] = {}
    used = set()
    for name, tensor in tensors.items():
        place = _place(name, naming, stack)
        if place is not None:
            layer, expert, role = place
            found.setdefault(layer, {})[expert, role] = tensor
            used.add(name)
    ends = {
        what: _ending(tensors, stack, endings)
        for what, endings in (
            ("in", naming.embedding), ("out", naming.head), ("norm", naming.final_norm)
        )
    }  # fmt: skip
    used.update(tensor.name for tensor in ends.values() if tensor is not None)
    used.update(name for name in tensors if name.endswith(naming.final_norm))
    hidden = _hidden(found, ends["in"], config)
    layers = tuple(_layer(index, parts, hidden, config) for index, parts in sorted(found.items()))
    used -= _left_out(found, layers)
    tokens = {what: _tokens(ends[what], hidden) for what in ("in", "out")}
    nameless = tuple(name for name in tensors if name not in used)
    return Architecture(
        family=naming.name,
        hidden=hidden,
        layers=tuple(each for each in layers if each.mlps or each.attention),
        embedding=tokens["in"],
        head=tokens["out"],
        final_norm=_vector(ends["norm"], hidden),
        mirrored="rms_norm_eps" in config,
        norm_offset=1.0 if str(config.get("model_type")).startswith("gemma") else 0.0,
        numbered_coordinates=numbered_coordinates(config),
        signed_up_rows=signed_up_rows(config),
        nameless=nameless,
        unread=sum(tensors[name].stored_bytes for name in nameless)
        / max(1, sum(each.stored_bytes for each in tensors.values())),
    )


def _of_language(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of the language model, of one that sees or hears as well too.

    Examples:
        >>> _of_language({"model_type": "gemma3", "text_config": {"rms_norm_eps": 1e-6}})
        {'rms_norm_eps': 1e-06, 'model_type': 'gemma3', 'text_config': {'rms_norm_eps': 1e-06}}
    """
    inside = config.get("text_config")
    return {**inside, **config} if isinstance(inside, dict) else config


def _left_out(
    found: Mapping[int, Mapping[tuple[str, str], Tensor]], layers: tuple[Layer, ...]
) -> set[str]:
    """Return the names of neurons' matrices that no block could be made of."""
    made = {(layer.index, mlp.expert) for layer in layers for mlp in layer.mlps}
    return {
        tensor.name
        for index, parts in found.items()
        for (expert, role), tensor in parts.items()
        if role in _OF_NEURONS and (index, expert) not in made
    }


def _best(tensors: Mapping[str, Tensor]) -> tuple[Naming | None, str]:
    """Return the naming that fits most bytes, and what stands before a layer's number.

    By bytes: many small layers under another name would else hide the model behind them.
    """
    fits: Counter[tuple[int, str]] = Counter()
    for number, naming in enumerate(NAMINGS):
        for name, tensor in tensors.items():
            before, found, after = name.partition(f"{naming.stack}.")
            stack = before + found
            numbered = after.partition(".")[0].isdigit()
            at_its_place = found and (not before or before.endswith(".")) and numbered
            if at_its_place and _place(name, naming, stack) is not None:
                fits[number, stack] += tensor.stored_bytes
    if not fits or not max(fits.values()):
        return None, ""
    number, stack = max(fits, key=lambda each: (fits[each], -each[0]))
    return NAMINGS[number], stack


def _place(name: str, naming: Naming, stack: str) -> tuple[int, str, str] | None:
    """Return layer, expert and role of a tensor, if it has them."""
    if not name.startswith(stack):
        return None
    number, _, rest = name.removeprefix(stack).partition(".")
    if not number.isdecimal() or len(number) > 6:
        return None
    expert = DENSE
    if among := EXPERT.search(rest):
        expert, rest = among[1], EXPERT.sub("", rest)
    elif SHARED_EXPERT.search(rest):
        expert, rest = "shared", SHARED_EXPERT.sub("", rest)
    role = naming.layer.get(rest)
    return None if role is None else (int(number), expert, role)


def _ending(tensors: Mapping[str, Tensor], stack: str, endings: tuple[str, ...]) -> Tensor | None:
    """Return the tensor with such a name, next to the stack of layers where there are several."""
    names = [
        name for name in tensors if any(name == end or name.endswith(f".{end}") for end in endings)
    ]
    root = stack.rpartition(".")[0].rpartition(".")[0]
    names.sort(key=lambda name: (not name.startswith(root), len(name)))
    return tensors[names[0]] if names else None


def _hidden(
    found: Mapping[int, Mapping[tuple[str, str], Tensor]],
    embedding: Tensor | None,
    config: Mapping[str, Any],
) -> int:
    norms = Counter(
        tensor.shape[0]
        for parts in found.values()
        for (_, role), tensor in parts.items()
        if role.endswith("norm") and len(tensor.shape) == 1
    )
    if norms:
        return norms.most_common(1)[0][0]
    if embedding is not None and len(embedding.shape) == 2:
        return embedding.shape[1]
    said = config.get("hidden_size", config.get("n_embd"))
    return said if type(said) is int and said > 0 else 0


def _vector(tensor: Tensor | None, hidden: int) -> Tensor | None:
    return tensor if tensor is not None and tensor.shape == (hidden,) else None


def _tokens(tensor: Tensor | None, hidden: int) -> Part | None:
    fits = tensor is not None and len(tensor.shape) == 2 and 0 < tensor.shape[1] == hidden
    return Part(tensor, 1) if fits and tensor is not None else None


def _layer(
    index: int, parts: Mapping[tuple[str, str], Tensor], hidden: int, config: Mapping[str, Any]
) -> Layer:
    norms = {role: tensor for (_, role), tensor in parts.items() if role.endswith("norm")}
    # Where two norms surround the attention, the second may stand before or behind the addition.
    before_mlp = norms.get("mlp norm")
    if before_mlp is None and "attention norm" in norms:
        before_mlp = norms.get("plain norm")
    by_expert: dict[str, dict[str, Tensor]] = {}
    for (expert, role), tensor in parts.items():
        by_expert.setdefault(expert, {})[role] = tensor
    experts = sorted(
        (expert for expert, found in by_expert.items() if "down" in found),
        key=lambda expert: (expert.isdecimal(), int(expert) if expert.isdecimal() else 0),
    )
    mlps = (_mlp(expert, by_expert[expert], hidden, before_mlp, config) for expert in experts)
    dense = by_expert.get(DENSE, {})
    return Layer(
        index=index,
        mlps=tuple(each for each in mlps if each is not None),
        attention=_attention(dense, hidden, config),
    )


def _mlp(
    expert: str,
    parts: Mapping[str, Tensor],
    hidden: int,
    norm: Tensor | None,
    config: Mapping[str, Any],
) -> Mlp | None:
    found = split_fused(parts, hidden, config)
    up, down, gate = found.get("up"), found.get("down"), found.get("gate")
    if up is None or down is None or not 0 < up.units == down.units:
        return None
    if gate is not None and gate.units != up.units:
        return None
    return Mlp(expert=expert, gate=gate, up=up, down=down, norm=norm)


def _attention(
    parts: Mapping[str, Tensor], hidden: int, config: Mapping[str, Any]
) -> Attention | None:
    found = split_fused(parts, hidden, config)
    names = ("query", "key", "value", "output")
    query, key, value, output = (found.get(name) for name in names)
    if query is None or key is None or value is None or output is None:
        return None
    heads = heads_of(config, query.units, key.units)
    if heads is None or value.units != key.units or output.units != query.units:
        return None
    return Attention(
        heads=heads, query=query, key=key, value=value, output=output,
        norm=parts.get("attention norm"),
    )  # fmt: skip
