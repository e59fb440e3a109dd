"""Answers of people to controls that Phalanx cannot look up: TOML, one table a control."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from phalanx.govern.checked_toml import read_checked
from phalanx.govern.controls.assessing import Answer

SCHEMA = "phalanx.control-answers/1"
_Line = Annotated[str, StringConstraints(pattern=r"^[^\n]{1,1000}$")]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    is_so: bool
    said: _Line
    by: _Line


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    schema_: str = Field(alias="schema", pattern=f"^{SCHEMA}$")
    answers: dict[str, _Answer]


def read_answers(path: Path) -> dict[str, Answer]:
    """Read what people say of controls.

    Parameters:
        path: TOML of the schema `phalanx.control-answers/1`.

    Raises:
        InputError: If it cannot be read, or is not as the schema has it.
    """
    found, _ = read_checked(path, _File, "file of answers to controls")
    return {
        name: Answer(is_so=each.is_so, said=each.said, by=each.by)
        for name, each in found.answers.items()
    }
