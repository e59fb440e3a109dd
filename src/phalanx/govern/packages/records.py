"""What a package holds: eight kinds of records, each checked when made and when read."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self

import rfc8785
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from phalanx.errors import InputError, VerificationError

MOST_BYTES = 256 * 1024
"""Of one record."""

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,500}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Salt = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Role = Literal["analyst", "counsel", "release manager", "auditor", "administrator", "expert"]
Sensitivity = Literal["public", "alliance", "confidential", "privileged"]
CustodyAction = Literal["collected", "examined", "copied", "handed over", "sealed", "destroyed"]
_LARGEST = (1 << 53) - 1


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Id

    def payload(self) -> bytes:
        """Return the record as its digest is made of: canonical JSON (RFC 8785).

        Raises:
            InputError: If it is too large.
        """
        payload = rfc8785.dumps(json.loads(self.model_dump_json(exclude_none=True)))
        if len(payload) > MOST_BYTES:
            message = f"the record {self.id} has more than {MOST_BYTES:,} bytes"
            raise InputError(message, next_step="Put what is long into a file of the package.")
        return payload


class CaseRecord(_Record):
    """The case itself: the first record, which no copy may lack."""

    kind: Literal["case"] = "case"
    title: Line
    provider: Line
    opened_at: AwareDatetime
    summary: Text
    claims: int = Field(ge=0, le=10_000)
    """How many claims the package holds: they are judged together, also where a copy lacks some."""

    claims_not_upheld: int | None = Field(default=None, ge=0, le=10_000)
    """How many more were put forward and not agreed to by a second person. They are in no package,
    and count among those that are judged together; null where none is known."""

    level: float = Field(gt=0, lt=1)
    """Chance, stated beforehand, that any claim of the case is held although its null is true."""

    @property
    def claims_put_forward(self) -> int:
        """How many claims share the level: those of the package, and those not agreed to."""
        return self.claims + (self.claims_not_upheld or 0)


class PersonRecord(_Record):
    """Somebody who took part."""

    kind: Literal["person"] = "person"
    name: Line
    role: Role


class ItemRecord(_Record):
    """A file that is evidence."""

    kind: Literal["item"] = "item"
    title: Line
    sha256: Digest
    media_type: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$")]
    size_bytes: int = Field(ge=0, le=_LARGEST)
    source: Line
    collected_at: AwareDatetime
    collector: Id
    """Person."""

    tool: Line
    """What it was collected or made with, and its version."""

    sensitivity: Sensitivity


class CustodyRecord(_Record):
    """Who did what with an item, in an order that cannot be changed: each names the one before."""

    kind: Literal["custody"] = "custody"
    item: Id
    action: CustodyAction
    by: Id
    """Person."""

    at: AwareDatetime
    note: Line | None = None
    """To whom, from where or what for."""

    previous: Digest | None = None
    """SHA-256 of the payload of the record before it on the same item; null for the first."""

    salt: Salt | None = None
    """Random: where this record is taken away, `previous` of the next one tests no guess at it.
    Null in what was kept before there were salts."""


class ClaimRecord(_Record):
    """A conclusion with its error: how unlikely what was seen is if nothing wrong happened."""

    kind: Literal["claim"] = "claim"
    statement: Text
    null_hypothesis: Text
    method: Line
    """Name and version of the test."""

    log10_p: float | None = Field(default=None, le=0, allow_inf_nan=False)
    log10_e: float | None = Field(default=None, allow_inf_nan=False)
    sample_size: int = Field(ge=0, le=_LARGEST)
    reference_size: int = Field(ge=0, le=_LARGEST)
    assumptions: tuple[Text, ...] = Field(min_length=1)
    limits: Text
    """What it does not say."""

    items: tuple[Id, ...] = Field(min_length=1)
    """That it rests on."""

    @model_validator(mode="after")
    def _has_one_number(self) -> Self:
        if (self.log10_p is None) == (self.log10_e is None):
            message = "a claim has a p-value or an e-value, and one of them"
            raise ValueError(message)
        return self

    @property
    def log10_p_at_most(self) -> float:
        """Base-10 logarithm of its p-value, that of an e-value being min(1, 1/e)."""
        if self.log10_p is not None:
            return self.log10_p
        return min(0.0, -(self.log10_e or 0.0))


class ApprovalRecord(_Record):
    """A second person agreed to a claim."""

    kind: Literal["approval"] = "approval"
    claim: Id
    claimed_by: Id
    """Person."""

    approved_by: Id
    """Another person."""

    at: AwareDatetime

    @model_validator(mode="after")
    def _has_two_people(self) -> Self:
        if self.claimed_by == self.approved_by:
            message = "nobody approves a claim of their own"
            raise ValueError(message)
        return self


class DocumentRecord(_Record):
    """A rendering of the other records, for people. It is no evidence, and says nothing more."""

    kind: Literal["document"] = "document"
    title: Line
    sha256: Digest
    media_type: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$")]
    size_bytes: int = Field(ge=0, le=_LARGEST)
    made_with: Line


class EventRecord(_Record):
    """An event of the ledger, with its proof."""

    kind: Literal["event"] = "event"
    proved: Annotated[str, StringConstraints(max_length=MOST_BYTES)]
    """The file that `govern ledger prove` wrote."""


Record = (
    CaseRecord | PersonRecord | ItemRecord | CustodyRecord | ClaimRecord | ApprovalRecord
    | DocumentRecord | EventRecord
)  # fmt: skip
_ADAPTER: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="kind")])


def record_of(said: Any, what: str) -> Record:  # noqa: ANN401 - JSON of any shape
    """Return the record that a piece of JSON holds.

    Parameters:
        said: As parsed.
        what: What messages call it.

    Raises:
        VerificationError: If it is none, or is written in another way than `payload` writes it.
    """
    try:
        record = _ADAPTER.validate_python(said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(each) for each in first["loc"])
        message = f"{what} is no record: {where}: {first['msg']}"
        raise VerificationError(message, next_step="Ask whoever packed it.") from error
    if rfc8785.dumps(said) != record.payload():
        message = f"{what} is not written as a record is"
        raise VerificationError(message, next_step="Ask whoever packed it.")
    return record
