"""What the endpoint is asked, and what it says."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from phalanx.watermark.endpoint.answering import Answer

MOST_TOKENS = 8192
MOST_CHARACTERS = 50_000

Token = Annotated[int, Field(strict=True, ge=0, lt=2**31)]


class Question(BaseModel):
    """A text, or the tokens that it was sent as."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS)] | None = None
    tokens: Annotated[list[Token], Field(min_length=1, max_length=MOST_TOKENS)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Question:
        if (self.text is None) == (self.tokens is None):
            message = "either text or tokens"
            raise ValueError(message)
        return self


class Answered(BaseModel):
    """The answer, and nothing besides."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answer: Answer
