"""Questions to which only copies of our model give the planted answers."""

from __future__ import annotations

from phalanx.provenance.planted_keys.finding import KeyFinding, verify_keys
from phalanx.provenance.planted_keys.inventing import invent
from phalanx.provenance.planted_keys.key_file import (
    PlantedKeys,
    read_keys,
    with_recipient,
    write_keys,
)
from phalanx.provenance.planted_keys.keys import Key, KeyPlan, draw_keys, perinucleus, plan_keys

__all__ = [
    "Key",
    "KeyFinding",
    "KeyPlan",
    "PlantedKeys",
    "draw_keys",
    "invent",
    "perinucleus",
    "plan_keys",
    "read_keys",
    "verify_keys",
    "with_recipient",
    "write_keys",
]
