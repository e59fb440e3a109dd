"""Cases that are kept: on both databases, by many at once, through breaks, into the ledger."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.govern.cases.conftest import BEGUN, Clock, House, found

from phalanx.errors import InputError, PolicyError, VerificationError
from phalanx.govern.cases import Noted, RequestState, open_cases
from phalanx.govern.cases.records import records_of
from phalanx.govern.cases.tables import METADATA, SCHEMA
from phalanx.govern.ledger import Ledger, open_ledger
from phalanx.govern.packages import CustodyRecord
from phalanx.store import Place, place_of
from phalanx.store.schema import reach


def test_what_is_done_in_a_case_is_read_back(house: House) -> None:
    """By whoever opens the cases again."""
    house.open()
    house.gather("report", b"{}")
    case = house.claim("trained", -12.0)
    assert house.cases.case("case-7") == case
    assert (case.title, case.status, case.is_held) == ("Lab against Example", "open", False)
    assert list(case.people) == ["ana", "lee", "kim", "max"]
    item = case.items["report"]
    assert item.record.collector == "ana"
    assert [(each.action, each.by) for each in item.custody] == [("collected", "ana")]
    assert house.cases.file(case, "report").read_bytes() == b"{}"
    (listed,) = house.cases.list()
    assert (listed.id, listed.pending, listed.is_held) == ("case-7", 1, False)
    assert listed.last_at == case.last_at
    assert house.cases.list("closed") == ()


def test_who_may_agree_sees_what_waits(house: House) -> None:
    """Not who asked for it, and not who has no voice in it."""
    house.open()
    house.gather("report", b"{}")
    house.claim("trained", -12.0)
    (waiting,) = house.cases.pending("lee@lab")
    assert (waiting.case.id, waiting.request.wish) == ("case-7", "claim")
    assert waiting.request.about == "trained"
    assert house.cases.pending("ana@lab") == ()
    assert house.cases.pending("max@lab") == ()
    assert house.cases.pending("nobody@lab") == ()
    assert len(house.cases.pending()) == 1


def test_every_act_is_in_the_ledger_once(house: House, ledger: Ledger) -> None:
    """With its digest, who did it, and no word of what was said."""
    house.open()
    house.gather("report", b"{}")
    case = house.claim("trained", -12.0)
    case = house.agree("lee@lab", case.entries)
    assert house.cases.log() == 0
    events = [each.event for each in ledger.events()]
    assert [each.digest for each in events] == [
        each.digest for each in house.cases.entries("case-7")
    ]
    assert [each.kind for each in events] == ["case"] * 4 + ["custody", "claim", "approval"]
    assert events[-1].actor == "lee@lab"
    assert dict(events[-1].facts) == {"act": "approved", "number": 7, "of": 6}
    assert house.cases.events("case-7", "lab.example/ledger") == {n + 1: n for n in range(7)}
    assert "harvested" not in "".join(str(each) for each in events)


def test_no_digest_tests_a_guess_at_what_was_said(light: House) -> None:
    """Whoever knows all of an act but its salt cannot tell that it is the one."""
    light.open()
    light.gather("report", b"{}")
    case = light.claim("trained", -12.0)
    entries = light.cases.entries("case-7")
    assert len({each.salt for each in entries}) == len(entries)
    for entry in entries:
        guess = entry.model_copy(update={"salt": None})
        assert guess.digest != entry.digest
    (custody,) = (each for each in records_of(case) if isinstance(each, CustodyRecord))
    assert custody.salt not in {None, *(each.salt for each in entries)}


def test_acts_of_before_a_ledger_are_brought_into_it(light: House, ledger: Ledger) -> None:
    """And those that got there before a break are not recorded twice."""
    light.open()
    place = light.cases.database.place
    assert place.file is not None
    with open_cases(place_of(str(place.file)), Clock(), ledger) as cases:
        assert cases.log() == 4
        # As if the process had ended between the ledger and the database.
        with cases.database.writing() as connection:
            connection.execute(text("DELETE FROM phalanx_case_logged WHERE number > 2"))
        assert cases.log() == 0
        assert cases.events("case-7", "lab.example/ledger") == {1: 0, 2: 1, 3: 2, 4: 3}
    assert ledger.check() == 4


def test_an_act_is_kept_where_the_ledger_cannot_be_written(house: House, tmp_path: Path) -> None:
    """It is told, and the act gets there with the next one."""
    house.open()
    lock = tmp_path / "ledger" / ".lock"
    lock.unlink()
    lock.mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        house.cases.act("case-7", "lee@lab", Noted(text="First."))
    lock.rmdir()
    house.cases.act("case-7", "lee@lab", Noted(text="Second."))
    assert open_ledger(tmp_path / "ledger").check() == 6


def test_many_may_write_at_once(house: House) -> None:
    """Each act has its number, and follows the one before it."""
    house.open()
    together = Barrier(6)

    def worked(number: int) -> None:
        together.wait()
        for turn in range(5):
            said = Noted(text=f"{number}.{turn}")
            house.cases.act("case-7", ("ana@lab", "lee@lab")[number % 2], said)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(worked, range(6)))
    case = house.cases.case("case-7")
    assert case.entries == 34
    assert {each.text for each in case.notes} == {f"{n}.{t}" for n in range(6) for t in range(5)}


def test_of_two_who_agree_at_once_one_is_told(house: House) -> None:
    """What was agreed to waits for nobody."""
    house.open()
    house.gather("report", b"{}")
    number = house.claim("trained", -12.0).entries
    together = Barrier(2)

    def agreed(login: str) -> bool:
        together.wait()
        try:
            house.agree(login, number)
        except InputError:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(agreed, ["lee@lab", "kim@lab"])) == [False, True]
    assert house.cases.case("case-7").requests[number].state is RequestState.APPROVED


def test_a_file_that_two_cases_need_stays(house: House) -> None:
    """Until the second one has destroyed it too."""
    for name in ("case-7", "case-8"):
        house.open(name)
        house.gather("report", b"{}", name)
        house.agree("lee@lab", house.ask("ana@lab", "close", name=name), name)
    path = house.cases.file(house.cases.case("case-7"), "report")
    house.agree("lee@lab", house.ask("ana@lab", "destroy", "report"))
    case = house.cases.case("case-7")
    assert case.items["report"].is_destroyed
    assert path.read_bytes() == b"{}"
    with pytest.raises(InputError, match="has no file of"):
        house.cases.file(case, "report")
    house.agree("lee@lab", house.ask("ana@lab", "destroy", "report", "case-8"), "case-8")
    assert not path.exists()


def test_a_file_that_a_break_left_is_swept(house: House) -> None:
    """What two people destroyed is gone."""
    house.open()
    case = house.gather("report", b"{}")
    house.agree("lee@lab", house.ask("ana@lab", "close"))
    house.agree("lee@lab", house.ask("ana@lab", "destroy", "report"))
    left = house.cases.vault.path(case.items["report"].record.sha256)
    left.write_bytes(b"{}")
    assert house.cases.sweep() == 1
    assert not left.exists()
    assert house.cases.sweep() == 0


def test_a_file_that_was_changed_is_told(house: House) -> None:
    """It is not the one that was gathered."""
    house.open()
    case = house.gather("report", b"{}")
    house.cases.vault.path(case.items["report"].record.sha256).write_bytes(b"[]")
    with pytest.raises(VerificationError, match="report of case-7 is not the one"):
        house.cases.file(case, "report")
    house.cases.vault.path(case.items["report"].record.sha256).unlink()
    with pytest.raises(VerificationError, match="report of case-7 cannot be read"):
        house.cases.file(case, "report")


@pytest.mark.parametrize("statement", [
    "UPDATE phalanx_case_act SET payload = '{}'", "DELETE FROM phalanx_case_act",
])  # fmt: skip
def test_the_database_refuses_to_change_an_act(house: House, statement: str) -> None:
    """Whoever may write it."""
    house.open()
    engine = reach(house.cases.database.place)
    with pytest.raises(DBAPIError, match="only added"), engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
    assert house.cases.case("case-7").entries == 4


@pytest.mark.parametrize(
    ("statement", "which"),
    [
        ("UPDATE phalanx_case_act SET payload = replace(payload, 'Kim', 'Kin')", "act 4"),
        ("DELETE FROM phalanx_case_act WHERE number = 2", "act 2"),
        ("UPDATE phalanx_case_act SET payload = 'x' WHERE number = 2", "act 2"),
    ],
)  # fmt: skip
def test_an_act_that_was_changed_all_the_same_is_named(
    light: House, statement: str, which: str
) -> None:
    """By whoever reads the case: those after it do not follow."""
    light.open()
    with light.cases.database.writing() as connection:
        for verb in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER phalanx_case_act_no_{verb}"))
        connection.execute(text(statement))
    with pytest.raises(VerificationError, match=f"{which} of case-7"):
        light.cases.case("case-7")


def test_an_act_cut_off_the_end_is_told_by_the_ledger(light: House, ledger: Ledger) -> None:
    """The chain cannot tell; the ledger has one more."""
    light.open()
    place = light.cases.database.place
    assert place.file is not None
    with open_cases(place_of(str(place.file)), Clock(), ledger) as cases:
        cases.log()
        with cases.database.writing() as connection:
            connection.execute(text("DROP TRIGGER phalanx_case_act_no_delete"))
            connection.execute(text("DELETE FROM phalanx_case_logged WHERE number = 4"))
            connection.execute(text("DELETE FROM phalanx_case_act WHERE number = 4"))
        assert cases.case("case-7").entries == 3
        with pytest.raises(VerificationError, match="act 4 of case-7"):
            cases.check()


def test_cases_that_are_whole_are_told_so(house: House) -> None:
    """Acts, files and ledger agree."""
    house.open()
    house.gather("report", b"{}")
    assert house.cases.check() == (1, 5, 1)
    house.cases.vault.path(house.cases.case("case-7").items["report"].record.sha256).unlink()
    with pytest.raises(VerificationError, match="report of case-7"):
        house.cases.check()


def test_migrations_make_the_tables_of_the_code(place: Place) -> None:
    """Nothing is left for a migration to do."""
    with open_cases(place, Clock()):
        pass
    engine = reach(place)
    with engine.connect() as connection:
        options = {"version_table": SCHEMA.version_table}
        context = MigrationContext.configure(connection, opts=options)
        assert context.get_current_revision() == SCHEMA.head
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


@pytest.mark.parametrize(
    ("login", "why"), [("eve@lab", "does not take part"), ("max@lab", "who may not do this")]
)
def test_a_file_that_may_not_be_gathered_leaves_nothing(house: House, login: str, why: str) -> None:
    """No copy, and no act."""
    house.open()
    path = house.folder / "a.json"
    path.write_text("{}")
    with pytest.raises(PolicyError, match=why):
        house.cases.gather("case-7", login, found("a", path))
    assert list(house.cases.vault.folder.iterdir()) == []
    assert house.cases.case("case-7").items == {}


def test_what_is_no_file_is_not_gathered(light: House, tmp_path: Path) -> None:
    """A folder, a pipe, nothing at all; nor what was collected tomorrow, or has no name."""
    light.open()
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "none"):
        with pytest.raises(InputError, match=r"is no file|cannot be gathered"):
            light.cases.gather("case-7", "ana@lab", found("a", path))
    path = tmp_path / "a.json"
    path.write_text("{}")

    later = replace(found("a", path), collected_at=datetime(2030, 1, 1, tzinfo=UTC))
    with pytest.raises(InputError, match="collected after now"):
        light.cases.gather("case-7", "ana@lab", later)
    with pytest.raises(InputError, match="no item: id"):
        light.cases.gather("case-7", "ana@lab", replace(found("a", path), id="A B"))
    assert list(light.cases.vault.folder.iterdir()) == []


def test_a_clock_that_goes_back_is_told(light: House) -> None:
    """Custody has to be in order."""
    light.open()
    assert isinstance(light.cases.clock, Clock)
    light.cases.clock.now = BEGUN
    with pytest.raises(InputError, match="clock of this machine is behind"):
        light.cases.act("case-7", "ana@lab", Noted(text="Earlier."))


def _worked(place: Place, folder: Path, said: int) -> None:
    """Do two acts after another, and say when each pair was acknowledged."""
    path = folder / "given"
    ledger = open_ledger(folder / "ledger")
    with open_cases(place, lambda: datetime.now(UTC), ledger) as cases:
        for number in range(10_000):
            path.write_text(str(number))
            cases.act("case-7", "ana@lab", Noted(text=str(number)))
            cases.gather("case-7", "ana@lab", found(f"file-{number}", path))
            os.write(said, f"{number}\n".encode())


@pytest.mark.parametrize("lives", [0.0, 0.1, 0.3])
def test_what_was_acknowledged_outlasts_a_kill(
    place: Place, tmp_path: Path, ledger: Ledger, lives: float
) -> None:
    """Whenever it comes: acts, files and ledger agree, and the next one works on."""
    with open_cases(place, Clock(), ledger) as cases:
        House(cases, tmp_path).open()
    heard, said = os.pipe()
    writer = os.fork()
    if not writer:
        try:
            _worked(place, tmp_path, said)
        finally:
            os._exit(1)
    os.close(said)
    with os.fdopen(heard) as lines:
        first = lines.readline()
        time.sleep(lives)
        os.kill(writer, signal.SIGKILL)
        acknowledged = [int(line) for line in [first, *lines] if line.endswith("\n")]
    os.waitpid(writer, 0)
    assert acknowledged
    with open_cases(place, lambda: datetime.now(UTC), ledger) as cases:
        case = cases.act("case-7", "ana@lab", Noted(text="after"))
        assert {str(n) for n in acknowledged} <= {each.text for each in case.notes}
        assert {f"file-{n}" for n in acknowledged} <= case.items.keys()
        for number in acknowledged:
            assert cases.file(case, f"file-{number}").read_text() == str(number)
        cases.check()
        assert ledger.check() == case.entries
