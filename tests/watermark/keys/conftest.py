"""A vault that is quick to open, custodians, and random bytes that repeat."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from phalanx.watermark.keys.custodian_keys import CustodianKeys
from phalanx.watermark.keys.custodians import Custodian
from phalanx.watermark.keys.sealed_place import Seal
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.stretching import Cost
from phalanx.watermark.keys.vault import Act, Vault, make_vault

START = datetime(2026, 3, 1, tzinfo=UTC)
CHEAP = Cost(memory_kib=19 * 1024, passes=1, lanes=1)


@dataclass
class House:
    """A vault and the three custodians of its audit keys."""

    folder: Path
    seal: Seal
    vault: Vault
    keys: tuple[CustodianKeys, ...]

    @property
    def custodians(self) -> tuple[Custodian, ...]:
        """What is known of them."""
        return tuple(each.public for each in self.keys)


def person(name: str, seed: int) -> CustodianKeys:
    """Return the keys of a custodian."""
    source = random.Random(seed).randbytes
    return CustodianKeys(name, Secret(source(32)), Secret(source(32)))


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., House]:
    """Make a house; keywords say how its vault is sealed."""

    def made(**seal: object) -> House:
        seal = seal or {"key_file": tmp_path / "secrets" / "vault.key"}
        sealed = Seal(cost=CHEAP, **seal)  # type: ignore[arg-type] # fields of a seal
        people = tuple(person(name, seed) for seed, name in enumerate(("Ada", "Grace", "Edith")))
        folder = tmp_path / "vault"
        vault = make_vault(
            folder,
            "example.com",
            sealed,
            Act("Mary", START),
            custodians=[each.public for each in people],
        )
        identity = vault.identity()
        trusting = tuple(
            each.trusting(identity, identity.fingerprint, anew=False) for each in people
        )
        return House(folder, sealed, vault, trusting)

    return made


@pytest.fixture
def house(make: Callable[..., House]) -> House:
    """Make one that a key file seals."""
    return make()
