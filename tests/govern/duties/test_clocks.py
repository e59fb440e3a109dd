"""Which duties an incident triggers, and by when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.govern.duties import SHIPPED, Clock, Incident, State, clocks_of, read_duties
from phalanx.govern.duties.clocks import after_business_days

DUTIES = read_duties(SHIPPED)
FOUND = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
QUESTIONS = sorted(DUTIES.questions)
ANSWERS = st.dictionaries(st.sampled_from(QUESTIONS), st.booleans())


def clock_of(name: str, **said: object) -> Clock:
    """Return the first clock of a duty."""
    incident = Incident(**{"discovered_at": FOUND} | said)  # type: ignore[arg-type]
    return next(each for each in clocks_of(incident, DUTIES) if each.duty.id == name)


def test_a_harvest_of_outputs_alone_triggers_nothing() -> None:
    """No law names it: with every question answered by no, no clock runs."""
    incident = Incident(discovered_at=FOUND, answers=dict.fromkeys(QUESTIONS, False))
    assert {each.state for each in clocks_of(incident, DUTIES)} == {State.NOT_BINDING}


def test_without_an_answer_everything_is_open_and_clocks_are_shown() -> None:
    """Whoever does not know yet sees by when he would have to report."""
    for clock in clocks_of(Incident(discovered_at=FOUND), DUTIES):
        assert clock.state is State.UNDECIDED
        assert clock.because == clock.duty.questions
        assert (clock.due_at is None) == (clock.duty.start == "determined")


@pytest.mark.parametrize(
    ("name", "answers", "hours"),
    [
        ("ca-sb53-incident", ["frontier-developer", "catastrophic-harm"], 15 * 24),
        ("ca-sb53-imminent", ["frontier-developer", "catastrophic-harm", "imminent-danger"], 24),
        ("eu-code-infrastructure", ["systemic-risk-signatory", "infrastructure-disrupted"], 48),
        ("eu-code-cybersecurity", ["systemic-risk-signatory", "serious-cybersecurity-breach"], 120),
        ("eu-code-death", ["systemic-risk-signatory", "death"], 240),
        ("eu-code-harm", ["systemic-risk-signatory", "serious-harm"], 360),
        ("eu-nis2-warning", ["essential-entity", "significant-disruption"], 24),
        ("eu-nis2-notification", ["essential-entity", "significant-disruption"], 72),
    ],
)
def test_clocks_run_as_their_sources_say(name: str, answers: list[str], hours: int) -> None:
    """Each from the discovery of the incident."""
    clock = clock_of(name, answers=dict.fromkeys(answers, True))
    assert clock.state is State.DUE
    assert clock.due_at == FOUND + timedelta(hours=hours)
    assert clock.remaining(FOUND + timedelta(hours=hours + 1)) == timedelta(hours=-1)


def test_what_excludes_a_duty_has_to_be_answered_with_no() -> None:
    """An unlikely risk excludes the report of a breach; an unknown one leaves it open."""
    breach = {"data-controller": True, "personal-data-breach": True}
    assert clock_of("eu-gdpr-breach", answers=breach).state is State.UNDECIDED
    unlikely = clock_of("eu-gdpr-breach", answers=breach | {"risk-to-persons-unlikely": True})
    assert (unlikely.state, unlikely.because) == (
        State.NOT_TRIGGERED,
        ("risk-to-persons-unlikely",),
    )
    likely = clock_of("eu-gdpr-breach", answers=breach | {"risk-to-persons-unlikely": False})
    assert likely.state is State.DUE


def test_a_duty_from_a_determination_has_no_date_before_it() -> None:
    """Four business days: from a Friday to the Thursday after."""
    answers = {"sec-registrant": True, "material-to-investors": True}
    assert clock_of("us-sec-8k", answers=answers).due_at is None
    clock = clock_of("us-sec-8k", answers=answers, determined_at=FOUND)
    assert clock.due_at == datetime(2026, 12, 3, 9, 30, tzinfo=UTC)


def test_a_duty_binds_from_its_first_day_on() -> None:
    """The day is that of the discovery, in UTC."""
    said = {"frontier-developer": True, "catastrophic-harm": True}
    eve = datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert clock_of("ca-sb53-incident", discovered_at=eve, answers=said).state is State.NOT_IN_FORCE
    day = datetime(2026, 1, 1, tzinfo=UTC)
    assert clock_of("ca-sb53-incident", discovered_at=day, answers=said).state is State.DUE


def test_reports_follow_the_first_one_until_the_last() -> None:
    """Every four weeks while it lasts, and once within sixty days of its end."""
    answers = {"systemic-risk-signatory": True, "death": True}
    first, second = FOUND + timedelta(days=11), FOUND + timedelta(days=30)

    def clocks(*reports: datetime, end: datetime | None = None) -> list[Clock]:
        incident = Incident(
            discovered_at=FOUND,
            answers=answers,
            reported={"eu-code-death": reports},
            resolved_at=end,
        )
        found = clocks_of(incident, DUTIES)
        return [each for each in found if each.duty.id == "eu-code-death"]

    again, final, initial = clocks(first, second)
    assert (again.state, again.due_at) == (State.DUE, second + timedelta(days=28))
    assert (final.state, final.due_at) == (State.WAITING, None)
    assert (initial.state, initial.is_late) == (State.REPORTED, True)
    end = FOUND + timedelta(days=40)
    final, initial = clocks(first, second, end=end)
    assert (final.state, final.due_at) == (State.DUE, end + timedelta(days=60))
    states = {each.state for each in clocks(first, second, end, end=end)}
    assert states == {State.REPORTED}


def test_a_duty_without_a_report_of_the_end_runs_on_after_it() -> None:
    """The one month of NIS2 counts from the notification, whether the incident is over or not."""
    answers = {"essential-entity": True, "significant-disruption": True}

    def last_of(*reports: datetime, end: datetime) -> Clock:
        incident = Incident(
            discovered_at=FOUND,
            answers=answers,
            reported={"eu-nis2-notification": reports},
            resolved_at=end,
        )
        found = [each for each in clocks_of(incident, DUTIES) if each.title.startswith("Final")]
        assert len(found) == 1
        return found[0]

    sent, month = FOUND + timedelta(days=2), timedelta(days=28)
    for end in (FOUND + timedelta(days=1), FOUND + timedelta(days=9)):
        clock = last_of(sent, end=end)
        assert (clock.state, clock.due_at) == (State.DUE, sent + month)
    late = last_of(sent, sent + timedelta(days=40), end=FOUND + timedelta(days=9))
    assert (late.state, late.is_late) == (State.REPORTED, True)


def test_the_first_report_is_not_the_last_even_if_all_was_over() -> None:
    """A notification that is sent after the end still leaves the final report to be sent."""
    incident = Incident(
        discovered_at=FOUND,
        answers={"systemic-risk-signatory": True, "death": True},
        reported={"eu-code-death": (FOUND + timedelta(days=3),)},
        resolved_at=FOUND + timedelta(days=1),
    )
    final = next(each for each in clocks_of(incident, DUTIES) if each.title == "Final report")
    assert (final.state, final.due_at) == (State.DUE, FOUND + timedelta(days=61))


def test_an_hour_is_an_hour_where_clocks_are_set_back() -> None:
    """72 hours over a change of the clock end at another hour of the day."""
    found = datetime(2026, 10, 23, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    answers = {"essential-entity": True, "significant-disruption": True}
    due = clock_of("eu-nis2-notification", discovered_at=found, answers=answers).due_at
    assert due is not None
    assert due.astimezone(UTC) - found.astimezone(UTC) == timedelta(hours=72)


@pytest.mark.parametrize(
    "said",
    [
        {"resolved_at": FOUND - timedelta(hours=1)},
        {"determined_at": FOUND - timedelta(hours=1)},
        {"reported": {"eu-code-death": (FOUND - timedelta(hours=1),)}},
    ],
)
def test_nothing_comes_before_the_discovery(said: dict[str, Any]) -> None:
    """A moment that does would count a report as sent that never was."""
    with pytest.raises(InputError, match="before the incident was discovered"):
        Incident(discovered_at=FOUND, **said)


def test_reports_come_in_the_order_in_which_they_were_sent() -> None:
    """From the last one the next counts."""
    reports = (FOUND + timedelta(days=2), FOUND + timedelta(days=1))
    with pytest.raises(InputError, match="in the order in which they were sent"):
        Incident(discovered_at=FOUND, reported={"eu-code-death": reports})


@given(ANSWERS, st.sampled_from(QUESTIONS), st.booleans())
def test_a_further_answer_only_decides_what_was_open(
    answers: dict[str, bool],
    question: str,
    answer: bool,  # noqa: FBT001 - an answer
) -> None:
    """What was decided without an answer stays so, whatever it turns out to be."""

    def states(known: dict[str, bool]) -> dict[str, State]:
        incident = Incident(discovered_at=FOUND, answers=known)
        return {each.duty.id: each.state for each in clocks_of(incident, DUTIES)}

    known = {name: said for name, said in answers.items() if name != question}
    before, after = states(known), states(known | {question: answer})
    for name, state in before.items():
        if state is State.DUE:
            assert after[name] is State.DUE
        elif state is not State.UNDECIDED:
            assert after[name] not in {State.DUE, State.UNDECIDED}


@given(ANSWERS)
def test_soonest_first(answers: dict[str, bool]) -> None:
    """What is due stands before what is open, and that before what is neither."""
    clocks = clocks_of(Incident(discovered_at=FOUND, answers=answers), DUTIES)
    ranks = [list(State).index(each.state) for each in clocks]
    assert ranks == sorted(ranks)
    due = [each.due_at for each in clocks if each.state is State.DUE and each.due_at]
    assert due == sorted(due)


@given(st.datetimes(timezones=st.just(UTC), max_value=datetime(9000, 1, 1)), st.integers(1, 60))  # noqa: DTZ001 - the strategy adds the zone
def test_business_days_end_on_a_business_day(start: datetime, days: int) -> None:
    """And hold as many of them as were asked for."""
    end = after_business_days(start, days)
    passed = (start + timedelta(days=each) for each in range(1, (end - start).days + 1))
    assert sum(each.weekday() < 5 for each in passed) == days
    assert end.weekday() < 5


def test_moments_need_a_zone_and_answers_a_question() -> None:
    """An hour decides, and a misspelt question would decide nothing, silently."""
    with pytest.raises(InputError, match="needs its time zone"):
        Incident(discovered_at=FOUND.replace(tzinfo=None))
    with pytest.raises(InputError, match="no duty asks the question 'deaths'"):
        clocks_of(Incident(discovered_at=FOUND, answers={"deaths": True}), DUTIES)
    with pytest.raises(InputError, match="there is no duty 'sb53'"):
        clocks_of(Incident(discovered_at=FOUND, reported={"sb53": (FOUND,)}), DUTIES)
