"""Reading an incident: TOML with what is known of it, and what a case says for its reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from phalanx.govern.checked_toml import read_checked
from phalanx.govern.duties.clocks import Incident

SCHEMA = "phalanx.incident/1"
_Fact = Annotated[str, StringConstraints(max_length=100_000)]


@dataclass(frozen=True, slots=True)
class IncidentFile:
    """An incident, and the facts that fill drafts of reports."""

    incident: Incident
    facts: dict[str, str]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    schema_: str = Field(alias="schema", pattern=f"^{SCHEMA}$")
    discovered_at: AwareDatetime
    determined_at: AwareDatetime | None = None
    resolved_at: AwareDatetime | None = None
    answers: dict[str, bool] = {}
    reported: dict[str, list[AwareDatetime]] = {}
    facts: dict[str, _Fact] = {}


def read_incident(path: Path) -> IncidentFile:
    """Read an incident.

    Parameters:
        path: TOML of the schema `phalanx.incident/1`.

    Raises:
        InputError: If it cannot be read, or is none.
    """
    found, _ = read_checked(path, _File, "incident")
    reported = {name: _in_order(sent) for name, sent in found.reported.items() if sent}
    incident = Incident(
        discovered_at=found.discovered_at,
        determined_at=found.determined_at,
        resolved_at=found.resolved_at,
        answers=found.answers,
        reported=reported,
    )
    return IncidentFile(incident, found.facts)


def _in_order(moments: list[datetime]) -> tuple[datetime, ...]:
    return tuple(sorted(moments))
