"""What can be done in a case. An act is checked when it is made and when it is read back."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from phalanx.govern.packages.records import (
    ClaimRecord,
    Digest,
    Id,
    ItemRecord,
    Line,
    PersonRecord,
    Text,
)

Login = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x20]{1,256}$")]
"""Name under which the machine, or the console, knows who is signed in."""

ItemKind = Literal[
    "campaign", "watermark-audit", "provenance-verdict", "trace", "sighting", "file"
]  # fmt: skip
"""What a file that is evidence holds."""

Wish = Literal["claim", "release-hold", "close", "destroy"]
"""What needs a second person."""


class _Act(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Opened(_Act):
    """A case is opened; its level is stated now, before anything is claimed."""

    act: Literal["opened"] = "opened"
    title: Line
    provider: Line
    summary: Text
    level: float = Field(gt=0, lt=1)
    person: PersonRecord
    """Who opens it."""

    login: Login


class Joined(_Act):
    """Somebody takes part from now on."""

    act: Literal["joined"] = "joined"
    person: PersonRecord
    login: Login


class Left(_Act):
    """Somebody takes part no longer; what was done stays under that name."""

    act: Literal["left"] = "left"
    person: Id


class Gathered(_Act):
    """A file became evidence, and a copy of it is kept."""

    act: Literal["gathered"] = "gathered"
    item: ItemRecord
    of: ItemKind


class Handled(_Act):
    """Something was done with an item."""

    act: Literal["handled"] = "handled"
    item: Id
    action: Literal["examined", "copied", "handed over", "sealed"]
    note: Line | None = None
    """To whom, from where or what for."""


class Claimed(_Act):
    """A conclusion is put forward; it stands when another person has approved it."""

    act: Literal["claimed"] = "claimed"
    claim: ClaimRecord


class Noted(_Act):
    """A remark for those who take part. It is in no package."""

    act: Literal["noted"] = "noted"
    text: Text


class Held(_Act):
    """A legal hold: until it is released, the case cannot be closed and nothing destroyed."""

    act: Literal["held"] = "held"
    reason: Text


class Asked(_Act):
    """Somebody asks for what a second person has to agree to."""

    act: Literal["asked"] = "asked"
    wish: Literal["release-hold", "close", "destroy"]
    about: Id | None = None
    """Of a hold its number, of what is to be destroyed the item; null for the case."""

    reason: Text


class Approved(_Act):
    """A second person agrees."""

    act: Literal["approved"] = "approved"
    number: int = Field(ge=1)
    """Of the act that is agreed to."""


class Rejected(_Act):
    """Somebody does not agree, or takes back what was asked."""

    act: Literal["rejected"] = "rejected"
    number: int = Field(ge=1)
    reason: Text


class Packed(_Act):
    """A package was made."""

    act: Literal["packed"] = "packed"
    root: Digest
    """Of the tree of its records."""


Act = (
    Opened | Joined | Left | Gathered | Handled | Claimed | Noted | Held | Asked | Approved
    | Rejected | Packed
)  # fmt: skip
