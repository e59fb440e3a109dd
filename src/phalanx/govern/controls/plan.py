"""Who mends what is not satisfied, and by when: TOML, one table a control."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from phalanx.govern.checked_toml import read_checked

SCHEMA = "phalanx.control-plan/1"
_Line = Annotated[str, StringConstraints(pattern=r"^[^\n]{1,1000}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What is done about a control that is not satisfied."""

    owner: str
    due: date
    action: str


class _Planned(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    owner: _Line
    due: date
    action: _Line


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    schema_: str = Field(alias="schema", pattern=f"^{SCHEMA}$")
    plan: dict[str, _Planned]


def read_plan(path: Path) -> dict[str, Planned]:
    """Read what is done about controls.

    Parameters:
        path: TOML of the schema `phalanx.control-plan/1`.

    Raises:
        InputError: If it cannot be read, or is not as the schema has it.
    """
    found, _ = read_checked(path, _File, "plan for controls")
    return {
        name: Planned(owner=each.owner, due=each.due, action=each.action)
        for name, each in found.plan.items()
    }
