"""Reading an incident: TOML with what is known of it, and what a case says for its reports."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from phalanx.errors import InputError, reason_of
from phalanx.govern.duties.clocks import Incident
from phalanx.printable import printable

SCHEMA = "phalanx.incident/1"
MOST_BYTES = 1_000_000
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
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Check the path.") from error
    if len(content) > MOST_BYTES:
        raise _wrong(path, f"has more than {MOST_BYTES:,} bytes")
    try:
        found = _File.model_validate(tomllib.loads(content.decode()))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(each) for each in first["loc"])
        raise _wrong(path, f"{where}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise _wrong(path, f"is no TOML: {str(error)[:200]}") from error
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


def _wrong(path: Path, why: str) -> InputError:
    message = f"{path}: no incident: {printable(why)}"
    return InputError(message, next_step="Mend it; the form is in docs/how-to/report-an-incident.")
