"""Tests of single facts, as a policy file writes them."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Capability = Literal[
    "reasoning", "grading", "task generation", "rewriting", "tool use", "coding", "translation"
]
"""As `phalanx.sketches.prompts.CAPABILITIES` names them."""

Number = Annotated[float, Field(allow_inf_nan=False)]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Patterns = Annotated[tuple[Pattern, ...], Field(strict=False, min_length=1, max_length=1_000)]
Names = Annotated[tuple[Capability, ...], Field(strict=False, min_length=1)]


class Part(BaseModel):
    """A table of a policy file: nothing in it is unknown, and nothing is converted."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )


class NumberTest(Part):
    """Where a number lies; all that is said must hold."""

    at_least: Number | None = None
    """It is that or more."""

    above: Number | None = None
    """It is more."""

    at_most: Number | None = None
    """It is that or less."""

    below: Number | None = None
    """It is less."""

    @model_validator(mode="after")
    def _can_hold(self) -> NumberTest:
        low, high = self.bounds
        if (low, high) == (-math.inf, math.inf):
            message = "say at_least, above, at_most or below"
            raise ValueError(message)
        if low > high:
            message = "no number lies there"
            raise ValueError(message)
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """Return the smallest and the largest number that pass.

        Examples:
            >>> NumberTest(at_least=2, below=3).bounds
            (2.0, 2.9999999999999996)
        """
        lows = [-math.inf]
        highs = [math.inf]
        if self.at_least is not None:
            lows.append(self.at_least)
        if self.above is not None:
            lows.append(math.nextafter(self.above, math.inf))
        if self.at_most is not None:
            highs.append(self.at_most)
        if self.below is not None:
            highs.append(math.nextafter(self.below, -math.inf))
        return max(lows), min(highs)


class TextTest(Part):
    """What a text is like; `*` stands for any characters, `?` for one, and case counts."""

    one_of: Patterns | None = None
    """It is like one of these patterns."""

    none_of: Patterns | None = None
    """It is known, and like none of these patterns."""

    @model_validator(mode="after")
    def _says_something(self) -> TextTest:
        if self.one_of is None and self.none_of is None:
            message = "say one_of or none_of"
            raise ValueError(message)
        return self


class SetTest(Part):
    """What a set holds."""

    any_of: Names | None = None
    """It holds one of these."""

    all_of: Names | None = None
    """It holds all of these."""

    none_of: Names | None = None
    """It is known, and holds none of these."""

    @model_validator(mode="after")
    def _can_hold(self) -> SetTest:
        if not (self.any_of or self.all_of or self.none_of):
            message = "say any_of, all_of or none_of"
            raise ValueError(message)
        without = set(self.none_of or ())
        if without & set(self.all_of or ()) or (self.any_of and not set(self.any_of) - without):
            message = "no set is like that"
            raise ValueError(message)
        return self


Test = NumberTest | TextTest | SetTest | bool
"""What a rule may ask of a fact; a flag is written as true or false."""
