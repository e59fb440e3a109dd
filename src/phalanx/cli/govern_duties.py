"""What the commands about duties do."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from phalanx.errors import ConfigError
from phalanx.govern.duties import SHIPPED, Clock, Duties, State, clocks_of, draft_of, read_duties
from phalanx.govern.duties.incident_file import read_incident
from phalanx.printable import printable


def known_duties(path: Path | None, output_format: str) -> tuple[str, str]:
    """Return the duties and the questions that decide them, as text, and their version."""
    duties = read_duties(path or SHIPPED)
    if output_format == "json":
        said = {
            "version": duties.version,
            "sha256": duties.sha256,
            "questions": {name: each.text for name, each in duties.questions.items()},
            "duties": [
                {
                    "id": each.id,
                    "title": each.title,
                    "force": each.force,
                    "recipient": each.recipient,
                    "source": each.source,
                    "written": each.written.isoformat(),
                    "checked": None if each.checked is None else each.checked.isoformat(),
                    "questions": list(each.questions),
                }
                for each in duties.duties
            ],
        }
        return json.dumps(said, indent=2, ensure_ascii=False) + "\n", duties.version
    lines = []
    for each in duties.duties:
        lines.append(f"{each.id}\n  {each.title}. To: {each.recipient}.")
        lines.append(f"  {each.source}; {each.standing}")
        if each.remark:
            lines.append(f"  {each.remark}")
        lines.append(f"  depends on: {', '.join(each.questions)}")
    lines.append("\nQuestions")
    lines += [f"  {name}\n    {each.text}" for name, each in duties.questions.items()]
    return printable("\n".join(lines), keep="\n") + "\n", duties.version


def clocks(incident: Path, path: Path | None, output_format: str) -> tuple[str, str]:
    """Return the clocks of an incident as text, and the version of the duties."""
    duties = read_duties(path or SHIPPED)
    now = datetime.now(UTC)
    found = clocks_of(read_incident(incident).incident, duties)
    if output_format == "json":
        said = {
            "at": now.isoformat(timespec="seconds"),
            "duties_sha256": duties.sha256,
            "clocks": [_json(each) for each in found],
        }
        return json.dumps(said, indent=2, ensure_ascii=False) + "\n", duties.version
    lines = [line for each in found for line in _lines(each, duties, now)]
    return printable("\n".join(lines), keep="\n") + "\n", duties.version


def draft(incident: Path, duty: str, path: Path | None) -> tuple[str, int]:
    """Return the draft of a report, and how many items of it nobody has written.

    Raises:
        ConfigError: If there is no such duty, or it does not ask for a report.
    """
    duties = read_duties(path or SHIPPED)
    if duties.duty(duty) is None:
        message = f"there is no duty {printable(duty)!r}"
        raise ConfigError(message, next_step="See `phalanx govern duties`.")
    said = read_incident(incident)
    first = next(e for e in clocks_of(said.incident, duties) if e.duty.id == duty)
    if first.state not in {State.DUE, State.UNDECIDED, State.REPORTED}:
        message = f"{duty}: {first.state.value}"
        raise ConfigError(message, next_step=f"See `phalanx govern duties {incident}`.")
    made = draft_of(first, said.facts, duties)
    return made.as_text(), len(made.open)


def _json(clock: Clock) -> dict[str, object]:
    return {
        "duty": clock.duty.id,
        "title": clock.title,
        "state": clock.state.value,
        "because": list(clock.because),
        "due_at": None if clock.due_at is None else clock.due_at.isoformat(),
        "reported_at": None if clock.reported_at is None else clock.reported_at.isoformat(),
        "recipient": clock.duty.recipient,
        "source": clock.duty.source,
    }


def _lines(clock: Clock, duties: Duties, now: datetime) -> list[str]:
    due = "no date yet" if clock.due_at is None else clock.due_at.isoformat(timespec="minutes")
    left = clock.remaining(now)
    head = f"{clock.state.value.upper()}: {clock.title} ({clock.duty.id})"
    if clock.state in {State.NOT_TRIGGERED, State.NOT_BINDING, State.NOT_IN_FORCE}:
        return [head, *(f"  no: {duties.questions[each].text}" for each in clock.because), ""]
    lines = [head, f"  to {clock.duty.recipient}", f"  due {due}{_left(left)}"]
    if clock.reported_at is not None:
        late = ", late" if clock.is_late else ""
        lines.append(f"  reported {clock.reported_at.isoformat(timespec='minutes')}{late}")
    if clock.state is State.UNDECIDED:
        lines += [f"  open: {duties.questions[each].text}" for each in clock.because]
    if clock.duty.remark:
        lines.append(f"  {clock.duty.remark}")
    return [*lines, ""]


def _left(left: timedelta | None) -> str:
    if left is None:
        return ""
    hours = int(abs(left).total_seconds() // 3600)
    span = f"{hours // 24} days {hours % 24} hours"
    return f", {span} too late" if left < timedelta(0) else f", {span} left"
