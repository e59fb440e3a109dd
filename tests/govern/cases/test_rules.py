"""Who may do what in a case, and when: two people, a hold, and a case that is closed."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.govern.cases.conftest import BEGUN, House, claim

from phalanx.errors import InputError, PolicyError
from phalanx.govern.cases import (
    Act,
    Approved,
    Asked,
    Claimed,
    Entry,
    Gathered,
    Handled,
    Held,
    Joined,
    Left,
    Noted,
    Opened,
    Rejected,
    Wish,
    case_of,
    refuse,
)
from phalanx.govern.cases.case import Case
from phalanx.govern.cases.rules import AGREES, ASKS, EVERYBODY
from phalanx.govern.packages.records import ItemRecord, PersonRecord, Role


def test_who_claims_cannot_agree(light: House) -> None:
    """Another person can, and the claim stands then."""
    light.open()
    light.gather("report", b"{}")
    number = light.claim("trained", -12.0).entries
    assert light.cases.case("case-7").judged == ()
    with pytest.raises(PolicyError, match="ana asked for it, and cannot agree to it"):
        light.agree("ana@lab", number)
    with pytest.raises(PolicyError, match="auditor, who may not agree"):
        light.agree("max@lab", number)
    case = light.agree("lee@lab", number)
    (judged,) = case.judged
    assert judged.holds
    with pytest.raises(InputError, match="waits for nobody"):
        light.agree("kim@lab", number)


@pytest.mark.parametrize("role", ["analyst", "counsel"])
def test_who_comes_back_under_another_id_is_no_second_person(light: House, role: Role) -> None:
    """Two people are two logins: to leave and to join again makes no second one of the first."""
    light.open()
    light.gather("report", b"{}")
    number = light.claim("trained", -12.0).entries
    light.cases.act("case-7", "lee@lab", Left(person="ana"))
    again = PersonRecord(id="anna", name="Anna Example", role=role)
    light.cases.act("case-7", "lee@lab", Joined(person=again, login="ana@lab"))
    assert not light.cases.pending("ana@lab")
    with pytest.raises(PolicyError, match="anna asked for it, and cannot agree to it"):
        light.agree("ana@lab", number)
    case = light.cases.act("case-7", "ana@lab", Rejected(number=number, reason="Taken back."))
    assert not case.pending


def test_a_rejected_claim_counts_in_the_budget(light: House) -> None:
    """Otherwise many could be put forward until one holds."""
    light.open()
    light.gather("report", b"{}")
    strong = light.claim("strong", -2.5).entries
    weak = light.claim("weak", -0.1).entries
    light.cases.act("case-7", "lee@lab", Rejected(number=weak, reason="Too weak."))
    for name in ("third", "fourth"):
        light.claim(name, -0.1)
    case = light.agree("lee@lab", strong)
    assert [each.id for each in case.approved_claims] == ["strong"]
    (judged,) = case.judged
    assert judged.log10_p_of_case == pytest.approx(-2.5 + 0.60206)
    assert not judged.holds


def test_nothing_is_closed_or_destroyed_under_a_hold(light: House) -> None:
    """Neither asked for, nor agreed to where it was asked for before."""
    light.open()
    light.gather("report", b"{}")
    close = light.ask("ana@lab", "close")
    hold = light.hold()
    with pytest.raises(PolicyError, match="under a legal hold"):
        light.agree("lee@lab", close)
    light.agree("kim@lab", light.ask("lee@lab", "release-hold", str(hold)))
    light.agree("lee@lab", close)
    destroy = light.ask("ana@lab", "destroy", "report")
    hold = light.hold()
    with pytest.raises(PolicyError, match="under a legal hold"):
        light.agree("lee@lab", destroy)
    with pytest.raises(PolicyError, match="under a legal hold"):
        light.ask("ana@lab", "destroy", "report")
    assert light.cases.file(light.cases.case("case-7"), "report").exists()


def test_two_people_release_a_hold_and_the_second_is_counsel(light: House) -> None:
    """While another hold is there, the case is held."""
    light.open()
    first, second = light.hold(), light.hold()
    with pytest.raises(PolicyError, match="who may not do this: release-hold"):
        light.ask("ana@lab", "release-hold", str(first))
    number = light.ask("lee@lab", "release-hold", str(first))
    with pytest.raises(PolicyError, match="cannot agree to it"):
        light.agree("lee@lab", number)
    with pytest.raises(PolicyError, match="who may not agree"):
        light.agree("ana@lab", number)
    case = light.agree("kim@lab", number)
    assert case.is_held
    assert case.holds[first].released_at is not None
    for about in (str(first), "99", "0", None, "report"):
        with pytest.raises(InputError, match="has no hold"):
            light.ask("lee@lab", "release-hold", about)
    case = light.agree("kim@lab", light.ask("lee@lab", "release-hold", str(second)))
    assert not case.is_held


def test_a_closed_case_takes_no_more_evidence(light: House) -> None:
    """It may be held still, and remarked on."""
    light.open()
    light.gather("report", b"{}")
    case = light.agree("lee@lab", light.ask("ana@lab", "close"))
    assert case.status == "closed"
    with pytest.raises(PolicyError, match="is closed"):
        light.gather("log", b"[]")
    with pytest.raises(PolicyError, match="is closed"):
        light.claim("late", -3.0)
    with pytest.raises(InputError, match="is closed"):
        light.ask("ana@lab", "close")
    light.cases.act("case-7", "max@lab", Noted(text="Seen."))
    light.hold()


def test_who_agrees_to_close_agrees_to_what_was_there(light: House) -> None:
    """What was gathered or claimed since is seen by both."""
    light.open()
    light.gather("report", b"{}")
    number = light.ask("ana@lab", "close")
    light.gather("log", b"[]")
    with pytest.raises(PolicyError, match="has changed since"):
        light.agree("lee@lab", number)
    light.cases.act("case-7", "ana@lab", Rejected(number=number, reason="Asked too early."))
    claim = light.claim("trained", -5.0).entries
    number = light.ask("ana@lab", "close")
    with pytest.raises(PolicyError, match="waits for a second person"):
        light.agree("lee@lab", number)
    light.agree("lee@lab", claim)
    assert light.agree("lee@lab", number).status == "closed"


def test_evidence_of_an_open_case_is_not_destroyed(light: House) -> None:
    """And what was destroyed is not handled any more, nor claimed on."""
    light.open()
    light.gather("report", b"{}")
    with pytest.raises(PolicyError, match="is open: its evidence stays"):
        light.ask("ana@lab", "destroy", "report")
    light.agree("lee@lab", light.ask("ana@lab", "close"))
    with pytest.raises(InputError, match="has no 'log'"):
        light.ask("ana@lab", "destroy", "log")
    number = light.ask("ana@lab", "destroy", "report")
    with pytest.raises(InputError, match="asks for it already"):
        light.ask("ana@lab", "destroy", "report")
    case = light.agree("lee@lab", number)
    assert [each.action for each in case.items["report"].custody] == ["collected", "destroyed"]
    with pytest.raises(PolicyError, match="was destroyed"):
        light.ask("ana@lab", "destroy", "report")


def test_each_person_has_a_login_and_an_id(light: House) -> None:
    """Nobody is two persons of a case, and no id names two things."""
    light.open()
    light.gather("report", b"{}")
    for name, login, why in (
        ("eve", "lee@lab", "takes part in case-7 already"),
        ("lee", "eve@lab", "names something in case-7 already"),
        ("report", "eve@lab", "names something in case-7 already"),
        ("case-7", "eve@lab", "names something in case-7 already"),
        ("custody-1", "eve@lab", "names something in case-7 already"),
    ):
        record = PersonRecord(id=name, name="Eve", role="counsel")
        with pytest.raises(InputError, match=why):
            light.cases.act("case-7", "ana@lab", Joined(person=record, login=login))


def test_who_left_does_nothing_more(light: House) -> None:
    """What was done stays; the last one cannot leave."""
    light.open()
    for name in ("kim", "max", "ana"):
        light.cases.act("case-7", "lee@lab", Left(person=name))
    with pytest.raises(PolicyError, match="does not take part"):
        light.cases.act("case-7", "kim@lab", Noted(text="Still here."))
    with pytest.raises(InputError, match="has no 'kim'"):
        light.cases.act("case-7", "lee@lab", Left(person="kim"))
    with pytest.raises(PolicyError, match="the last one"):
        light.cases.act("case-7", "lee@lab", Left(person="lee"))


def test_custody_is_noted_for_what_is_there(light: House) -> None:
    """With who, when, and to whom."""
    light.open()
    light.gather("report", b"{}")
    handed = Handled(item="report", action="handed over", note="To the expert of the court.")
    case = light.cases.act("case-7", "lee@lab", handed)
    last = case.items["report"].custody[-1]
    assert (last.action, last.by, last.note) == ("handed over", "lee", handed.note)
    with pytest.raises(InputError, match="has no 'log'"):
        light.cases.act("case-7", "lee@lab", Handled(item="log", action="sealed"))


def test_a_case_is_opened_once(light: House) -> None:
    """Under an id that is one."""
    light.open()
    with pytest.raises(InputError, match="there is a case case-7 already"):
        light.open()
    for name in ("Case 7", "", "a/b", "ana", "x" * 65):
        with pytest.raises(InputError, match=r"no id of a case|would name the case and a person"):
            light.open(name)
    with pytest.raises(InputError, match="there is no case"):
        light.cases.case("case-9")
    again = light.cases.entries("case-7")[0].act
    with pytest.raises(InputError, match="is open already"):
        light.cases.act("case-7", "ana@lab", again)


ROLES: tuple[Role, ...] = get_args(Role)


@given(asker=st.sampled_from(ROLES), second=st.sampled_from(ROLES),
       wish=st.sampled_from(get_args(Wish)), who=st.sampled_from(["first", "second"]))  # fmt: skip
def test_two_people_in_the_right_roles_are_needed_for_each_wish(
    asker: Role, second: Role, wish: Wish, who: str
) -> None:
    """In no other way does any of it come about."""
    case, number = _waiting(asker, second, wish)
    person = case.people[who]
    is_asked = asker in ASKS[wish]
    if not is_asked:
        assert number == 0
        return
    is_allowed = who == "second" and second in AGREES[wish]
    try:
        refuse(case, person, Approved(number=number))
        assert is_allowed
    except PolicyError:
        assert not is_allowed


def _waiting(asker: Role, second: Role, wish: Wish) -> tuple[Case, int]:
    """Return a case in which the first person asked for something, and the number of the act."""
    item = ItemRecord(
        id="report", title="Report", sha256="0" * 64, media_type="text/plain", size_bytes=1,
        source="own", collected_at=BEGUN, collector="opener", tool="phalanx", sensitivity="public",
    )  # fmt: skip
    acts: list[tuple[str, Act]] = [
        ("opener", Opened(
            title="T", provider="Lab", summary="S", level=0.01, login="opener",
            person=PersonRecord(id="opener", name="O", role="analyst"),
        )),
        *(("opener", Joined(person=PersonRecord(id=i, name=i, role=r), login=i))
          for i, r in (("first", asker), ("second", second), ("third", "counsel"))),
        ("opener", Gathered(item=item, of="file")),
    ]  # fmt: skip
    if wish == "destroy":
        acts += [
            ("opener", Asked(wish="close", reason="Done.")),
            ("third", Approved(number=len(acts) + 1)),
        ]
    if wish == "release-hold":
        acts.append(("third", Held(reason="Suit.")))
    wishes: dict[Wish, Act] = {
        "claim": Claimed(claim=claim("trained", -3.0)),
        "close": Asked(wish="close", reason="Done."),
        "destroy": Asked(wish="destroy", about="report", reason="Its time is over."),
        "release-hold": Asked(wish="release-hold", about=str(len(acts)), reason="Over."),
    }
    wanted = wishes[wish]
    entries: list[Entry] = []
    for by, act in acts:
        if entries:
            before = case_of(entries)
            refuse(before, before.people[by], act)
        entries.append(_entry(entries, by, act))
    case = case_of(entries)
    try:
        refuse(case, case.people["first"], wanted)
    except PolicyError:
        return case, 0
    entries.append(_entry(entries, "first", wanted))
    return case_of(entries), len(entries)


def _entry(entries: list[Entry], by: str, act: Act) -> Entry:
    previous = entries[-1].digest if entries else None
    return Entry(
        case="case-7", number=len(entries) + 1, at=BEGUN, by=by, login=by, previous=previous,
        act=act,
    )  # fmt: skip


def test_everybody_means_every_role() -> None:
    """Of those that records know."""
    assert frozenset(ROLES) == EVERYBODY
