"""Cases that are kept: what was acknowledged is on the disk, and in the ledger."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import Connection, select

from phalanx.errors import InputError, PolicyError, reason_of
from phalanx.govern.cases.acts import Act, Approved, Gathered, Opened
from phalanx.govern.cases.case import Case, case_of
from phalanx.govern.cases.database import CaseDatabase, open_database
from phalanx.govern.cases.entries import Entry
from phalanx.govern.cases.gathering import Found
from phalanx.govern.cases.listed import Listed, Pending
from phalanx.govern.cases.rows import add_act, keep_act, read_acts, row_of
from phalanx.govern.cases.rules import may_answer, refuse
from phalanx.govern.cases.tables import CASES, ITEMS, LOGGED
from phalanx.govern.cases.to_ledger import log_entries, refuse_unknown_events
from phalanx.govern.cases.vault import Vault
from phalanx.govern.ledger import Ledger
from phalanx.store.place import Place


@dataclass(frozen=True, slots=True)
class Cases:
    """All cases of a house. Threads and processes may use it together."""

    database: CaseDatabase
    vault: Vault
    clock: Callable[[], datetime]
    """Returns the present moment, with a time zone; read when the turn of an act has come."""

    ledger: Ledger | None = None
    """Where acts are recorded as well; null where there is none."""

    random: Callable[[int], bytes] = field(default=secrets.token_bytes)
    """Gives so many random bytes, for acts and the ledger."""

    def list(self, status: str | None = None) -> tuple[Listed, ...]:
        """Return all cases, or those of a status (`open` or `closed`), newest act first."""
        chosen = select(CASES).order_by(CASES.c.last_at.desc(), CASES.c.case_id)
        if status is not None:
            chosen = chosen.where(CASES.c.status == status)
        with self.database.reading() as connection:
            return tuple(
                Listed(
                    id=row["case_id"],
                    title=row["title"],
                    status=row["status"],
                    is_held=bool(row["is_held"]),
                    opened_at=datetime.fromisoformat(row["opened_at"]),
                    last_at=datetime.fromisoformat(row["last_at"]),
                    pending=row["pending"],
                )
                for row in connection.execute(chosen).mappings()
            )

    def case(self, name: str) -> Case:
        """Return a case as it is now.

        Raises:
            InputError: If there is none of this id.
            VerificationError: If an act is not as it was kept.
        """
        return case_of(self.entries(name))

    def entries(self, name: str) -> tuple[Entry, ...]:
        """Return what was done in a case, in order.

        Raises:
            InputError: If there is none of this id.
            VerificationError: If an act is not as it was kept.
        """
        with self.database.reading() as connection:
            return read_acts(connection, name)

    def events(self, name: str, ledger: str) -> dict[int, int]:
        """Return which event of a ledger each act of a case is, by number.

        Parameters:
            name: Of the case.
            ledger: Its origin.
        """
        chosen = select(LOGGED.c.number, LOGGED.c.event).where(
            LOGGED.c.case_id == name, LOGGED.c.ledger == ledger
        )
        with self.database.reading() as connection:
            rows = connection.execute(chosen).all()
        return {row.number: row.event for row in rows}

    def pending(self, login: str | None = None) -> tuple[Pending, ...]:
        """Return what waits for a second person, oldest first.

        Parameters:
            login: Only what this one may agree to.
        """
        waiting = select(CASES.c.case_id).where(CASES.c.pending > 0)
        found = []
        with self.database.reading() as connection:
            for name in connection.execute(waiting).scalars().all():
                case = case_of(read_acts(connection, name))
                person = None if login is None else case.person_of(login)
                found += [
                    Pending(case=case, request=each)
                    for each in case.pending
                    if login is None or (person is not None and may_answer(each, person))
                ]
        return tuple(sorted(found, key=lambda each: each.request.at))

    def open(self, name: str, act: Opened) -> Case:
        """Open a case.

        Parameters:
            name: Its id: small letters, digits and hyphens.
            act: What it is about, and who opens it.

        Raises:
            InputError: If there is one of this id, or the id is none.
        """
        with self.database.writing() as connection:
            there = select(CASES.c.case_id).where(CASES.c.case_id == name)
            if connection.execute(there).scalar() is not None:
                message = f"there is a case {name} already"
                raise InputError(message, next_step="Choose another id.")
            try:
                entry = Entry(
                    case=name, number=1, at=self.clock(), by=act.person.id, login=act.login,
                    salt=self._salt(), act=act,
                )  # fmt: skip
            except ValidationError as error:
                message = f"{name[:80]!r} is no id of a case"
                raise InputError(message, next_step="Use a-z, 0-9 and hyphens.") from error
            if act.person.id == name:
                message = f"{name} would name the case and a person"
                raise InputError(message, next_step="Choose another id.")
            case = case_of([entry])
            connection.execute(CASES.insert().values(case_id=name, **row_of(case)))
            keep_act(connection, entry)
        self.log()
        return case

    def act(self, name: str, login: str, act: Act) -> Case:
        """Do something in a case, and return what it is then. It is on the disk, and logged.

        Parameters:
            name: Of the case.
            login: Who is signed in.
            act: What is done.

        Raises:
            PolicyError: If this person may not do it now.
            InputError: If there is no such case, or nothing to do it to; or the ledger cannot be
                written: then the act is kept, and is logged with the next one.
            VerificationError: If an act is not as it was kept.
        """
        with self.database.writing() as connection:
            case, entry = self._next(connection, name, login, act)
            after = add_act(connection, case, entry)
        self.log()
        if isinstance(act, Approved):
            self.sweep()
        return after

    def refuse(self, name: str, login: str, act: Act) -> None:
        """Say that an act could not be done, before what goes before it is done.

        Raises:
            As `act`.
        """
        with self.database.writing() as connection:
            self._next(connection, name, login, act)

    def gather(self, name: str, login: str, found: Found) -> Case:
        """Take a file as evidence: a copy of it is kept under its digest.

        Parameters:
            name: Of the case.
            login: Who is signed in: the collector.
            found: The file.

        Raises:
            As `act`, and InputError if the file cannot be read or something of it is wrong.
        """
        try:
            with (
                self.vault.set_aside(found.file) as aside,
                self.database.writing() as connection,
            ):
                before = case_of(read_acts(connection, name))
                collector = _taking_part(before, login)
                item = found.record(
                    sha256=aside.sha256, size_bytes=aside.size_bytes, collector=collector
                )
                act = Gathered(item=item, of=found.of)
                case, entry = self._next(connection, name, login, act)
                if item.collected_at > entry.at:
                    message = f"{found.id} was collected after now"
                    raise InputError(message, next_step="Mend the moment, or the clock.")
                after = add_act(connection, case, entry)
                # Under the lock: nobody destroys what two cases share in between.
                self.vault.put(aside)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(each) for each in first["loc"])
            message = f"{found.file}: no item: {where}: {first['msg']}"
            raise InputError(message, next_step="Mend what is said of it.") from error
        except OSError as error:
            message = f"{found.file}: cannot be gathered: {reason_of(error)}"
            raise InputError(message, next_step="Free some space, or check permissions.") from error
        self.log()
        return after

    def file(self, case: Case, item: str) -> Path:
        """Return the file of an item, after comparing it with its digest.

        Raises:
            InputError: If there is no such item, or its file was destroyed.
            VerificationError: If the file is missing, or another.
        """
        there = case.items.get(item)
        if there is None or there.is_destroyed:
            message = f"{case.id} has no file of {item!r}"
            raise InputError(message, next_step=f"`phalanx govern case show {case.id}` lists them.")
        return self.vault.verify(there.record.sha256, f"{item} of {case.id}")

    def log(self) -> int:
        """Bring into the ledger what is not in it yet, and return how many acts that were.

        Raises:
            InputError: If it cannot be written.
            VerificationError: If it is damaged.
        """
        if self.ledger is None:
            return 0
        with self.database.writing() as connection:
            return log_entries(connection, self.ledger, self.clock(), self.random)

    def check(self) -> tuple[int, int, int]:
        """Verify all acts, all files, and that acts and ledger agree.

        Returns:
            How many cases, acts and files there are.

        Raises:
            VerificationError: If an act or a file is not as it was kept, or an event of the ledger
                is of an act that is not there; the message says which.
        """
        acts = files = 0
        digests = set()
        with self.database.reading() as connection:
            names = connection.execute(select(CASES.c.case_id).order_by(CASES.c.case_id))
            known = names.scalars().all()
            for name in known:
                entries = read_acts(connection, name)
                digests |= {each.digest for each in entries}
                acts += len(entries)
                case = case_of(entries)
                for item in case.items.values():
                    if not item.is_destroyed:
                        self.file(case, item.record.id)
                        files += 1
        if self.ledger is not None:
            refuse_unknown_events(self.ledger, digests)
        return len(known), acts, files

    def sweep(self) -> int:
        """Remove files of destroyed items that a break left behind, and return how many."""
        gone = 0
        with self.database.writing() as connection:
            destroyed = select(ITEMS.c.sha256).where(ITEMS.c.is_destroyed == 1).distinct()
            for sha256 in connection.execute(destroyed).scalars().all():
                if self.vault.path(sha256).exists() and self._remove(connection, sha256):
                    gone += 1
        return gone

    def _next(
        self, connection: Connection, name: str, login: str, act: Act
    ) -> tuple[tuple[Entry, ...], Entry]:
        entries = read_acts(connection, name)
        case = case_of(entries)
        by = _taking_part(case, login)
        now = self.clock()
        if now < case.last_at:
            message = f"the clock of this machine is behind the newest act in {name}"
            raise InputError(message, next_step="Set the clock.")
        refuse(case, case.people[by], act)
        entry = Entry(
            case=name, number=case.entries + 1, at=now, by=by, login=login, previous=case.head,
            salt=self._salt(), act=act,
        )  # fmt: skip
        return entries, entry

    def _salt(self) -> str:
        return self.random(16).hex()

    def _remove(self, connection: Connection, sha256: str) -> bool:
        needed = select(ITEMS.c.item_id).where(ITEMS.c.sha256 == sha256, ITEMS.c.is_destroyed == 0)
        if connection.execute(needed).first() is not None:
            return False
        try:
            self.vault.destroy(sha256)
        except OSError as error:
            message = f"{self.vault.path(sha256)}: cannot be destroyed: {reason_of(error)}"
            raise InputError(message, next_step="Mend it, and sweep again.") from error
        return True


@contextmanager
def open_cases(
    place: Place, clock: Callable[[], datetime], ledger: Ledger | None = None
) -> Iterator[Cases]:
    """Open the cases of a house, making their tables where there are none.

    Parameters:
        place: The database, and the folder of the files of items.
        clock: Returns the present moment, with a time zone.
        ledger: Where acts are recorded as well.

    Raises:
        InputError: If what lies there is something else.
        VerificationError: If a newer version of Phalanx wrote it.
        ServiceError: If the server cannot be reached.
    """
    database = open_database(place)
    try:
        yield Cases(database, Vault(place.folder), clock, ledger)
    finally:
        database.close()


def _taking_part(case: Case, login: str) -> str:
    person = case.person_of(login)
    if person is None:
        message = f"{login[:80]} does not take part in {case.id}"
        raise PolicyError(message, next_step="Counsel or an administrator can let you join.")
    return person.record.id
