"""What of two models was not compared, in words."""

from __future__ import annotations

from phalanx.provenance.roles import Architecture
from phalanx.provenance.tests.blocks import experts_kept
from phalanx.provenance.tests.layer_map import LayerMap
from phalanx.provenance.tests.plan import Plan


def what_was_left(
    ours: Architecture, theirs: Architecture, plan: Plan, layers: LayerMap | None
) -> tuple[str, ...]:
    """Return notes for people about what no test looked at.

    Parameters:
        ours: Our model.
        theirs: The suspect.
        plan: How much was looked at.
        layers: The map of blocks, if there is one.
    """
    notes = []
    for whose, found in (("our model", ours), ("the suspect", theirs)):
        if found.family == "unknown":
            notes.append(f"The way that {whose} names its tensors is not known.")
        elif found.nameless:
            some = ", ".join(found.nameless[:3])
            count = len(found.nameless)
            notes.append(
                f"{count:,} tensors of {whose}, {found.unread:.0%} of its bytes, have no known "
                f"role: {some}"
            )
        kept = experts_kept(found, plan)
        unread = sum(max(0, len(layer.mlps) - kept) for layer in found.layers)
        if unread:
            notes.append(f"{unread:,} experts of {whose} were not read, for memory.")
    if layers is not None and layers.left_out:
        notes.append(f"{layers.left_out:,} blocks of experts are not in the map.")
    return tuple(notes)
