"""What the key server and its clients say to each other, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from phalanx.share.blinding.epochs import EpochKey
from phalanx.share.blinding.identifiers import EPOCHS

LARGEST_BATCH = 1024
"""Elements of one request."""

Epoch = Annotated[int, Field(strict=True, ge=0, lt=EPOCHS, description="Number of an epoch.")]
Element = Annotated[
    str,
    Field(
        min_length=43,
        max_length=43,
        pattern="^[A-Za-z0-9_-]{43}$",
        description="An element of ristretto255, base64url without padding.",
    ),
]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EvaluationRequest(_Message):
    """Blinded elements, to be multiplied by the key of an epoch."""

    epoch: Epoch
    elements: Annotated[list[Element], Field(min_length=1, max_length=LARGEST_BATCH)]


class EvaluationResponse(_Message):
    """The answers, in order, and one proof for all of them."""

    epoch: Epoch
    elements: Annotated[list[Element], Field(min_length=1, max_length=LARGEST_BATCH)]
    proof: Annotated[str, Field(min_length=86, max_length=86)]
    """Challenge and response, base64url."""


class PublishedEpoch(_Message):
    """An epoch with the commitment that follows from it."""

    epoch: Epoch
    valid_from: datetime
    valid_until: datetime
    evaluates_until: datetime
    public_key: Element
    previous: Annotated[str, Field(max_length=43)]
    commitment: Annotated[str, Field(min_length=43, max_length=43)]

    def key(self) -> EpochKey:
        """Return what was published, without the commitment: that is computed again."""
        return EpochKey(**self.model_dump(exclude={"commitment"}))


class EpochsResponse(_Message):
    """All epochs, in order, and the one in use."""

    scheme: Literal["voprf-r255-v1"] = "voprf-r255-v1"
    current: Epoch | None
    epochs: Annotated[list[PublishedEpoch], Field(max_length=4096)]


def published(epoch: EpochKey) -> PublishedEpoch:
    """Return an epoch as it is published."""
    return PublishedEpoch(
        epoch=epoch.epoch,
        valid_from=epoch.valid_from,
        valid_until=epoch.valid_until,
        evaluates_until=epoch.evaluates_until,
        public_key=epoch.public_key,
        previous=epoch.previous,
        commitment=epoch.commitment,
    )
