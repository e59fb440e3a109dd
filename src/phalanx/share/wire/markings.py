"""How an object may be passed on, acted on and used: TLP 2.0, PAP, permitted use.

All three are `marking-definition` objects, to which every object and observable refers. TLP 2.0
and PAP keep the identifiers under which FIRST and OASIS published them; no other instance of
them may be made. Permitted use is ours: what a receiver may do with the object, and the legal
basis on which it was shared.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from phalanx.share.wire.extension import FIRST_PUBLISHED, as_properties
from phalanx.share.wire.identifiers import Object, object_id, timestamp

Tlp = Literal["clear", "green", "amber", "amber+strict", "red"]
Pap = Literal["clear", "green", "amber", "red"]
PermittedUse = Literal["defence-only"]

TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
PAP_EXTENSION = "extension-definition--f8d78575-edfd-406e-8e84-6162a8450f5b"

TLP_IDS: dict[Tlp, str] = {
    "clear": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "amber+strict": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "red": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
"""Identifiers by which FIRST's five labels are known, laxest first."""

PAP_IDS: dict[Pap, str] = {
    # The published extension still calls it white.
    "clear": "marking-definition--a3bea94c-b469-41dc-9cfe-d6e7daba7730",
    "green": "marking-definition--c43594d1-4b11-4c59-93ab-1c9b14d53ce9",
    "amber": "marking-definition--60f8932b-e51e-4458-b265-a2e8be9a80ab",
    "red": "marking-definition--740d36e5-7714-4c30-961a-3ae632ceee0e",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """What the receivers of an object may do with it."""

    tlp: Tlp
    """With whom they may share it."""

    pap: Pap
    """Which actions they may take; RED: only such as nobody outside can see."""

    legal_basis: str
    """Identifier of the legal basis in the policy of the alliance."""

    permitted_use: PermittedUse = "defence-only"
    """Any other use, training and pricing first, is excluded."""

    @property
    def references(self) -> list[str]:
        """The `object_marking_refs` of an object that is handled so."""
        return [TLP_IDS[self.tlp], PAP_IDS[self.pap], use_id(self.permitted_use, self.legal_basis)]

    @property
    def definitions(self) -> list[Object]:
        """The marking definitions that `references` name."""
        return [
            tlp_marking(self.tlp),
            pap_marking(self.pap),
            use_marking(self.permitted_use, self.legal_basis),
        ]


def tlp_marking(level: Tlp) -> Object:
    """Return a label of the Traffic Light Protocol, version 2.0.

    Examples:
        >>> tlp_marking("amber+strict")["name"]
        'TLP:AMBER+STRICT'
    """
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": TLP_IDS[level],
        "created": "2022-10-01T00:00:00.000Z",
        "name": f"TLP:{level.upper()}",
        "extensions": {TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": level}},
    }


def pap_marking(level: Pap) -> Object:
    """Return a label of the Permissible Actions Protocol."""
    published = "white" if level == "clear" else level
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": PAP_IDS[level],
        "created": "2022-10-02T00:00:00.000Z",
        "name": f"PAP:{published.upper()}",
        "extensions": {PAP_EXTENSION: {"extension_type": "property-extension", "pap": published}},
    }


@lru_cache(maxsize=1024)
def use_id(permitted_use: PermittedUse, legal_basis: str) -> str:
    """Return the identifier of the marking that says use and basis, the same for all members."""
    return object_id("marking-definition", "use", permitted_use, legal_basis)


def use_marking(permitted_use: PermittedUse, legal_basis: str) -> Object:
    """Return the marking that says what an object may be used for, and on which basis."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": use_id(permitted_use, legal_basis),
        "created": timestamp(FIRST_PUBLISHED),
        "name": f"USE:{permitted_use.upper()}",
        "extensions": as_properties(permitted_use=permitted_use, legal_basis=legal_basis),
    }


def tlp_of(references: object) -> Tlp | None:
    """Return the strictest label among marking references, or nothing.

    Examples:
        >>> tlp_of([TLP_IDS["green"], TLP_IDS["red"]])
        'red'
    """
    if not isinstance(references, list):
        return None
    found = [level for level, identifier in TLP_IDS.items() if identifier in references]
    return found[-1] if found else None
