"""Two members find out what they have in common, and nothing more."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phalanx.errors import InputError, PolicyError
from phalanx.share.blinding.allowances import Allowances
from phalanx.share.blinding.group import IDENTITY, invert_each, random_element
from phalanx.share.blinding.psi import (
    LARGEST_SET,
    Asker,
    Counterparties,
    Found,
    Mode,
    Responder,
    Terms,
)
from phalanx.share.blinding.psi.elements import digests, filled_size, hidden_elements, hidden_items
from phalanx.share.blinding.psi.frames import EntryList, Part, from_frames, to_frames
from phalanx.share.blinding.tables import open_tables
from phalanx.store import place_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BOTH = Terms(frozenset(Mode), entries_per_day=10**9, sessions_per_day=10**6)
SESSION = bytes(range(16))
ITEMS = [b"a", b"b", b"c"]


@pytest.fixture
def allowances(tmp_path: Path) -> Allowances:
    """Return counts in a new database."""
    return Allowances(open_tables(place_of(str(tmp_path / "psi.db"))))


@pytest.fixture
def counterparties(allowances: Allowances) -> Counterparties:
    """Return one that may ask for anything, and one that may count."""
    return Counterparties({"north": BOTH, "south": Terms()}, allowances)


def _question(entries: list[bytes], mode: Mode = Mode.CARDINALITY) -> list[bytes]:
    return list(to_frames(EntryList(Part.QUESTION, mode, SESSION, entries)))


def _elements(count: int) -> list[bytes]:
    source = random.Random(count).randbytes
    return [random_element(source) for _ in range(count)]


def _found(asker: Asker, responder: Responder) -> Found:
    return asker.result(responder.answer("north", asker.question(), NOW))


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=3), max_size=30), st.lists(st.binary(max_size=3), max_size=30))
def test_the_asker_learns_what_both_have(
    counterparties: Counterparties, mine: list[bytes], theirs: list[bytes]
) -> None:
    """Or how many that are; empty and doubled items included."""
    common = set(mine) & set(theirs)
    responder = Responder(theirs, counterparties)
    found = _found(Asker(mine, Mode.INTERSECTION), responder)
    assert found.items is not None
    assert len(found.items) == found.cardinality
    assert set(found.items) == common
    counted = _found(Asker(mine, Mode.CARDINALITY), responder)
    assert counted == Found(len(common), None)


def test_threads_come_to_the_same_result(counterparties: Counterparties) -> None:
    """In the same order."""
    mine, theirs = ([b"%d" % i for i in range(first, first + 3000)] for first in (0, 2000))
    with ThreadPoolExecutor(2) as pool:
        responder = Responder(theirs, counterparties, pool=pool)
        found = _found(Asker(mine, Mode.INTERSECTION, pool=pool), responder)
    assert found.items == tuple(mine[2000:])


def test_only_a_rough_size_is_seen(counterparties: Counterparties) -> None:
    """Of either set: the rest is filling that looks like items."""
    for size in (0, 3, 1024):
        items = [b"%d" % i for i in range(size)]
        asker = Asker(items, Mode.CARDINALITY)
        assert len(from_frames(asker.question(), Part.QUESTION).entries) == 1024
        frames = iter(list(Responder(items, counterparties).answer("north", asker.question(), NOW)))
        assert len(from_frames(frames, Part.ANSWER).entries) == 1024
        assert len(from_frames(frames, Part.OWN).entries) == 1024
    assert filled_size(LARGEST_SET) == LARGEST_SET
    with pytest.raises(ValueError, match="at most"):
        filled_size(LARGEST_SET + 1)


def test_two_sessions_have_nothing_in_common(counterparties: Counterparties) -> None:
    """Whoever keeps what was sent cannot tell whether a set has changed."""
    responder = Responder(ITEMS, counterparties)
    seen: set[bytes] = set()
    for _ in range(2):
        asker = Asker(ITEMS, Mode.INTERSECTION)
        frames = iter(list(responder.answer("north", asker.question(), NOW)))
        sent = {
            *from_frames(asker.question(), Part.QUESTION).entries,
            *from_frames(frames, Part.ANSWER).entries,
            *from_frames(frames, Part.OWN).entries,
        }
        assert not seen & sent
        assert not sent & set(ITEMS)
        seen |= sent


def test_where_only_a_number_is_agreed_the_answers_are_shuffled(
    counterparties: Counterparties,
) -> None:
    """Their order is that of their bytes; otherwise it is that of the question."""
    entries = _elements(50)
    responder = Responder(ITEMS, counterparties)
    for mode, is_sorted in ((Mode.CARDINALITY, True), (Mode.INTERSECTION, False)):
        frames = responder.answer("north", _question(entries, mode), NOW)
        answers = from_frames(iter(list(frames)), Part.ANSWER).entries
        assert (list(answers) == sorted(answers)) == is_sorted


@pytest.mark.parametrize(
    "entry",
    [IDENTITY, b"\xff" * 32, b"\1" + bytes(31), (2**255 - 19).to_bytes(32, "little")],
)
def test_what_is_no_element_is_not_multiplied(counterparties: Counterparties, entry: bytes) -> None:
    """The identity, or another way to write an element, would tell about the key."""
    responder = Responder(ITEMS, counterparties)
    with pytest.raises(InputError, match="not an element"):
        responder.answer("north", _question([*_elements(3), entry]), NOW)


def test_an_item_is_not_asked_for_twice(counterparties: Counterparties) -> None:
    """Repeated 1, 2, 4... times, items would be told apart by their number."""
    element = _elements(1)
    with pytest.raises(InputError, match="once"):
        Responder(ITEMS, counterparties).answer("north", _question(element * 2), NOW)


def test_a_count_binds_the_honest_only(counterparties: Counterparties) -> None:
    """An asker with a key for each item finds out which were hit: a stated limit."""
    keys = {bytes([i]) + bytes(31): item for i, item in ((2, b"a"), (3, b"z"))}
    question = [hidden_items(key, [item], None)[0] for key, item in keys.items()]
    frames = Responder(ITEMS, counterparties).answer("north", _question(question), NOW)
    answers = from_frames(frames, Part.ANSWER).entries
    own = set(from_frames(frames, Part.OWN).entries)
    inverses = zip(invert_each(list(keys)), keys.values(), strict=True)
    tried = {item: digests(SESSION, hidden_elements(i, answers, None)) for i, item in inverses}
    assert [item for item, found in tried.items() if own.intersection(found)] == [b"a"]


def _unread() -> Iterator[bytes]:
    yield pytest.fail("the question was read")


def test_nobody_else_is_answered(counterparties: Counterparties) -> None:
    """Nothing of the question is read before."""
    with pytest.raises(PolicyError, match="anything"):
        Responder(ITEMS, counterparties).answer("west", _unread(), NOW)


def test_more_than_was_agreed_is_not_answered(counterparties: Counterparties) -> None:
    """Neither another mode, nor more sessions a day, and every one is on record."""
    responder = Responder(ITEMS, counterparties)
    with structlog.testing.capture_logs() as logged:
        with pytest.raises(PolicyError, match="this"):
            responder.answer("south", _question(_elements(3), Mode.INTERSECTION), NOW)
        for _ in range(4):
            responder.answer("south", _question(_elements(3)), NOW)
        with pytest.raises(PolicyError, match="limit"):
            responder.answer("south", _question(_elements(3)), NOW)
        responder.answer("south", _question(_elements(3)), NOW + timedelta(days=1))
    assert [each["event"].split()[1] for each in logged] == [
        "refused", *["answered"] * 4, "refused", "answered",
    ]  # fmt: skip
    assert {each["counterparty"] for each in logged} == {"south"}
    assert logged[1]["session"] == SESSION.hex()
    assert logged[1]["entries"] == 3


def test_a_question_is_as_large_as_was_agreed(allowances: Allowances) -> None:
    """A larger one is refused at its first frame."""
    responder = Responder(ITEMS, Counterparties({"a": Terms(entries_per_day=10)}, allowances))
    responder.answer("a", _question(_elements(6)), NOW)
    with pytest.raises(PolicyError, match="limit"):
        responder.answer("a", _question(_elements(5)), NOW)

    def frames() -> Iterator[bytes]:
        yield _question(_elements(20_000))[0]
        yield from _unread()

    with pytest.raises(InputError, match="at most 10 entries"):
        responder.answer("a", frames(), NOW)


@pytest.mark.parametrize(
    "terms", [{"modes": frozenset()}, {"entries_per_day": 0}, {"sessions_per_day": 0}]
)
def test_terms_allow_something(terms: dict[str, object]) -> None:
    """Whoever may ask nothing is not named."""
    with pytest.raises(ValueError, match="at least one"):
        Terms(**terms)  # type: ignore[arg-type]


def test_an_answer_to_another_question_is_none(counterparties: Counterparties) -> None:
    """Of another session, mode or size."""
    responder = Responder(ITEMS, counterparties)
    asker, other = (Asker(ITEMS, Mode.CARDINALITY) for _ in range(2))
    with pytest.raises(InputError, match="another question"):
        asker.result(responder.answer("north", other.question(), NOW))
    short = from_frames(asker.question(), Part.QUESTION)
    cut = EntryList(Part.QUESTION, short.mode, short.session, short.entries[:-1])
    with pytest.raises(InputError, match="another question"):
        asker.result(responder.answer("north", to_frames(cut), NOW))


ENTRIES = [i.to_bytes(16, "big") for i in range(40_000)]
LONG = EntryList(Part.OWN, Mode.CARDINALITY, SESSION, ENTRIES)
FRAMES = list(to_frames(LONG))


def test_a_long_list_is_cut_into_frames() -> None:
    """And read back, but not one frame more than it has."""
    rest = iter([*FRAMES, b"next"])
    assert from_frames(rest, Part.OWN) == LONG
    assert list(rest) == [b"next"]


@pytest.mark.parametrize(
    "frames",
    [
        [],
        FRAMES[:-1],
        FRAMES[1:],
        [FRAMES[0], FRAMES[2], FRAMES[1]],
        [FRAMES[0], FRAMES[0]],
        [FRAMES[0], FRAMES[1][:-1]],
        [FRAMES[0], FRAMES[1][:4] + b"\2" + FRAMES[1][5:]],
        [FRAMES[0] + bytes(16)],
        [bytes(2_000_000)],
    ],
)
def test_a_list_that_is_not_whole_is_refused(frames: list[bytes]) -> None:
    """Missing, doubled, foreign, swapped, cut."""
    with pytest.raises(InputError, match="not a message of a set intersection"):
        from_frames(frames, Part.OWN)


@given(
    st.lists(
        st.binary(max_size=80)
        | st.tuples(st.binary(max_size=30), st.binary(max_size=64)).map(
            lambda parts: b"PSI1\3\2" + parts[0] + parts[1]
        ),
        max_size=3,
    )
)
def test_any_bytes_are_a_list_or_refused(frames: list[bytes]) -> None:
    """Nothing else happens."""
    try:
        said = from_frames(frames, Part.OWN)
    except InputError:
        return
    assert list(to_frames(said)) == frames
