"""Which duties an incident triggers, and when each report is due.

Answers have three values: yes, no, and not known yet. A duty is *due* only if every answer that it
rests on says so, and *not triggered* only if one says so; everything else is *undecided*, with the
questions that would decide it. Its clock is shown all the same: it may be running.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from phalanx.errors import InputError
from phalanx.govern.duties.duty import Duties, Duty

_SATURDAY = 5


class State(StrEnum):
    """What an incident means for a duty."""

    DUE = "due"
    UNDECIDED = "undecided"
    WAITING = "waits until the incident is resolved"
    REPORTED = "reported"
    NOT_TRIGGERED = "not triggered"
    NOT_BINDING = "does not bind this provider"
    NOT_IN_FORCE = "not in force"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What is known of an incident. Moments have a time zone."""

    discovered_at: datetime
    answers: Mapping[str, bool] = field(default_factory=dict)
    """By question; one that is missing is not known yet."""

    determined_at: datetime | None = None
    """When it was determined to be material, where a duty asks for that."""

    resolved_at: datetime | None = None
    reported: Mapping[str, tuple[datetime, ...]] = field(default_factory=dict)
    """By duty, when each report was sent, in order."""

    def __post_init__(self) -> None:
        """Refuse moments without a time zone, an hour decides, and those before the discovery."""
        sent = tuple(each for reports in self.reported.values() for each in reports)
        later = [each for each in (self.determined_at, self.resolved_at, *sent) if each is not None]
        for each in (self.discovered_at, *later):
            if each.tzinfo is None:
                message = f"{each.isoformat()}: a moment of an incident needs its time zone"
                raise InputError(message, next_step="Write it like 2026-11-27T09:30:00+00:00.")
        for each in later:
            if each < self.discovered_at:
                message = f"{each.isoformat()}: before the incident was discovered"
                raise InputError(message, next_step="Look at the moments of the incident.")
        for reports in self.reported.values():
            if list(reports) != sorted(reports):
                message = "the reports of a duty are not in the order in which they were sent"
                raise InputError(message, next_step="Put the earliest first.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One report, and by when it has to be there."""

    duty: Duty
    title: str
    state: State
    because: tuple[str, ...]
    """Questions: those that triggered it, that excluded it, or that are open."""

    due_at: datetime | None
    """Null where the moment that it runs from is not known."""

    reported_at: datetime | None = None

    @property
    def is_late(self) -> bool:
        """Whether the report was sent, and after it was due."""
        return (
            self.reported_at is not None
            and self.due_at is not None
            and self.reported_at > self.due_at
        )

    def remaining(self, now: datetime) -> timedelta | None:
        """Return the time that is left, negative where it is too late; null where none runs."""
        running = self.state in {State.DUE, State.UNDECIDED}
        return self.due_at - now if running and self.due_at is not None else None


def clocks_of(incident: Incident, duties: Duties) -> tuple[Clock, ...]:
    """Return the clocks of all duties, those that are due soonest first.

    Parameters:
        incident: What is known of it.
        duties: That may apply.

    Raises:
        InputError: If an answer is to a question that the duties do not ask.

    Examples:
        >>> from phalanx.govern.duties.reading import SHIPPED, read_duties
        >>> found = Incident(
        ...     discovered_at=datetime(2026, 11, 27, 9, tzinfo=UTC),
        ...     answers={"frontier-developer": True, "weights-taken-with-injury": True},
        ... )
        >>> first = clocks_of(found, read_duties(SHIPPED))[0]
        >>> first.duty.id, first.state.value, first.due_at.date().isoformat()
        ('ca-sb53-incident', 'due', '2026-12-12')
    """
    if unknown := sorted(incident.answers.keys() - duties.questions.keys()):
        message = f"no duty asks the question {unknown[0]!r}"
        raise InputError(message, next_step="See `phalanx govern duties` for the questions.")
    if unknown := sorted(incident.reported.keys() - {each.id for each in duties.duties}):
        message = f"there is no duty {unknown[0]!r}"
        raise InputError(message, next_step="See `phalanx govern duties` for the duties.")
    clocks = [clock for duty in duties.duties for clock in _clocks_of_duty(incident, duty)]
    ranks = list(State)
    latest = datetime.max.replace(tzinfo=UTC)
    return tuple(sorted(clocks, key=lambda each: (ranks.index(each.state), each.due_at or latest)))


def _clocks_of_duty(incident: Incident, duty: Duty) -> list[Clock]:
    state, because = _state(incident, duty)
    reports = incident.reported.get(duty.id, ())
    if state is State.DUE and reports:
        state = State.REPORTED
    first = Clock(
        duty=duty,
        title=duty.title,
        state=state,
        because=because,
        due_at=_due(incident, duty),
        reported_at=reports[0] if reports else None,
    )
    if state is not State.REPORTED:
        return [first]
    return [first, *_follow_ups(incident, duty, because)]


def _state(incident: Incident, duty: Duty) -> tuple[State, tuple[str, ...]]:
    day = incident.discovered_at.astimezone(UTC).date()
    if day < duty.in_force_from or (duty.in_force_until and day >= duty.in_force_until):
        return State.NOT_IN_FORCE, ()
    answers = incident.answers
    if against := tuple(each for each in duty.binds if answers.get(each) is False):
        return State.NOT_BINDING, against
    against = (
        *(each for each in duty.all_of if answers.get(each) is False),
        *(each for each in duty.none_of if answers.get(each) is True),
    )
    if duty.any_of and all(answers.get(each) is False for each in duty.any_of):
        against = (*against, *duty.any_of)
    if against:
        return State.NOT_TRIGGERED, against
    said_yes = tuple(each for each in duty.any_of if answers.get(each) is True)
    open_questions = tuple(
        each
        for each in duty.questions
        if each not in answers and not (said_yes and each in duty.any_of)
    )
    if open_questions:
        return State.UNDECIDED, open_questions
    return State.DUE, (*duty.all_of, *said_yes)


def _due(incident: Incident, duty: Duty) -> datetime | None:
    start = {
        "discovered": incident.discovered_at,
        "determined": incident.determined_at,
        "resolved": incident.resolved_at,
    }[duty.start]
    if start is None:
        return None
    if duty.business_days is not None:
        return after_business_days(start, duty.business_days)
    return _after(start, duty.within)


def _after(start: datetime, time: timedelta) -> datetime:
    """Return the moment so much later: clocks that are set do not change how long an hour is."""
    return (start.astimezone(UTC) + time).astimezone(start.tzinfo)


def _follow_ups(incident: Incident, duty: Duty, because: tuple[str, ...]) -> list[Clock]:
    reports, end = incident.reported[duty.id], incident.resolved_at
    # The last of all is one that follows another and was sent when the incident was over.
    is_closed = end is not None and len(reports) > 1 and reports[-1] >= end
    has_final = any(each.start == "resolved" for each in duty.follow_ups)
    found = []
    for each in duty.follow_ups:
        is_final = each.start == "resolved"
        if not is_final and has_final and end is not None:
            # What is reported again and again gives way to the report of the end, if there is one.
            continue
        start = end if is_final else reports[-2 if is_closed else -1]
        state = State.REPORTED if is_closed else State.WAITING if start is None else State.DUE
        found.append(
            Clock(
                duty=duty,
                title=each.title,
                state=state,
                because=because,
                due_at=None if start is None else _after(start, each.within),
                reported_at=reports[-1] if is_closed else None,
            )
        )
    return found


def after_business_days(start: datetime, days: int) -> datetime:
    """Return the moment some days without weekends later.

    Holidays are counted as business days, so that a clock may run out too early and never too
    late.

    Examples:
        >>> after_business_days(datetime(2026, 11, 27, 9, tzinfo=UTC), 4).isoformat()
        '2026-12-03T09:00:00+00:00'
    """
    moment = start
    while days:
        moment += timedelta(days=1)
        days -= moment.weekday() < _SATURDAY
    return moment
