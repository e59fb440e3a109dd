"""The store: opened by one scan at a time, written as a whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, Engine, RowMapping, bindparam, select

from phalanx.errors import InputError, VerificationError, reason_of
from phalanx.store.lock import locked
from phalanx.store.manifest import Manifest, digest, read_manifest, verified, write_manifest
from phalanx.store.place import Place
from phalanx.store.rows import GroupRow, ListedGroup, Membership, ScanRow
from phalanx.store.schema import bring_up, reach, translated
from phalanx.store.tables import CAMPAIGNS, GROUPS, MEMBERS, SCANS, SCHEMA, STORE

_MOMENTS = frozenset(
    {"started_at", "first_exchange", "last_exchange", "kept_until", "formed_at", "discovered_at"}
)


@dataclass(frozen=True, slots=True)
class Draft:
    """The files of a scan that is not kept yet."""

    number: int
    """Of the scan."""

    folder: Path

    def write(self, name: str, table: pa.Table) -> None:
        """Write a table as the file `name`."""
        pq.write_table(table, self.folder / name, compression="zstd")


class Store:
    """An open store.

    Parameters:
        place: Where it lies.
        engine: Of its database.
        store_id: Its identifier.
    """

    def __init__(self, place: Place, engine: Engine, store_id: str) -> None:
        """Keep what `open_store` found."""
        self.place = place
        self.store_id = store_id
        self._engine = engine

    def scans(self) -> tuple[ScanRow, ...]:
        """Return the scans that were kept, in order."""
        with self._connection() as connection:
            rows = connection.execute(select(SCANS).order_by(SCANS.c.number)).mappings()
            return tuple(ScanRow(**_moments(row)) for row in rows)

    def groups(self) -> tuple[GroupRow, ...]:
        """Return the tracked groups, by number."""
        with self._connection() as connection:
            rows = connection.execute(select(GROUPS).order_by(GROUPS.c.number)).mappings()
            return tuple(
                GroupRow(**_moments(row) | {"is_followed": bool(row["is_followed"])})
                for row in rows
            )

    def members(self, campaign_id: str) -> tuple[Membership, ...]:
        """Return all accounts that a listed group has ever had, and when."""
        with self._connection() as connection:
            columns = (MEMBERS.c.account_id, MEMBERS.c.first_scan, MEMBERS.c.last_scan)
            chosen = select(*columns).where(MEMBERS.c.campaign_id == campaign_id)
            rows = connection.execute(chosen.order_by(MEMBERS.c.account_id)).mappings()
            return tuple(Membership(**row) for row in rows)

    def manifests(self) -> tuple[Manifest, ...]:
        """Return the manifests of all scans, in order.

        Raises:
            VerificationError: If one is missing, changed, or of a newer version.
        """
        return tuple(
            read_manifest(self._folder(scan.number), scan.manifest_sha256, self.store_id)
            for scan in self.scans()
        )

    def path(self, manifest: Manifest, name: str) -> Path:
        """Return where a file of a scan lies, after checking its digest.

        Raises:
            VerificationError: If it is missing, or is not the file that was written.
        """
        return verified(manifest, self._folder(manifest.scan), name)

    def read(self, manifest: Manifest, name: str) -> pa.Table:
        """Read a table of a scan.

        Raises:
            VerificationError: If it is missing, is not the file that was written, or no table.
        """
        path = self.path(manifest, name)
        try:
            return pq.read_table(path)
        except (OSError, pa.ArrowException) as error:
            message = f"{path}: not a table"
            raise VerificationError(message, next_step="Scan the log into a new store.") from error

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """Begin the files of the next scan; what is not committed is removed.

        Raises:
            InputError: If nothing can be written.
        """
        number = len(self.scans()) + 1
        try:
            folder = Path(tempfile.mkdtemp(prefix=f".scan-{number:05d}-", dir=self.place.folder))
            try:
                yield Draft(number, folder)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError as error:
            message = f"{self.place.folder}: cannot be written: {reason_of(error)}"
            raise InputError(message, next_step="Free some space, or check permissions.") from error

    def commit(
        self,
        draft: Draft,
        manifest: Manifest,
        scan: ScanRow,
        groups: Sequence[GroupRow],
        listed: Sequence[ListedGroup],
    ) -> None:
        """Keep a scan: first its files, then its row; the row is what counts.

        Parameters:
            draft: Its files, all written.
            manifest: About it; its store, its number and the files are filled in here.
            scan: Its row; number and digest are filled in here.
            groups: All groups ever opened.
            listed: Those that the scan lists.
        """
        kept = sorted(draft.folder.iterdir())
        manifest = replace(
            manifest,
            store_id=self.store_id,
            scan=draft.number,
            files=[digest(path) for path in kept],
        )
        sha256 = write_manifest(manifest, draft.folder)
        _flush(draft.folder)
        place = self._folder(draft.number)
        if place.exists():
            # Of a scan that ended before its row was written.
            shutil.rmtree(place)
        draft.folder.rename(place)
        _flush(place.parent)
        row = replace(scan, number=draft.number, manifest_sha256=sha256)
        with self._connection() as connection:
            connection.execute(SCANS.insert(), _values([row]))
            connection.execute(GROUPS.delete())
            if groups:
                connection.execute(GROUPS.insert(), _values(groups))
            for group in listed:
                _list(connection, group, draft.number)

    def _folder(self, number: int) -> Path:
        return self.place.folder / f"scan-{number:05d}"

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        with translated(self.place), self._engine.begin() as connection:
            yield connection


@contextmanager
def open_store(place: Place, now: datetime) -> Iterator[Store]:
    """Open a store for one scan, making it where there is none.

    Parameters:
        place: Where it lies.
        now: When it was made, if it is new.

    Raises:
        InputError: If another scan uses it, or what lies there is none.
        VerificationError: If a newer version of Phalanx wrote it.
        ServiceError: If the server cannot be reached.
    """
    try:
        place.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        message = f"{place.folder}: no files can be kept here: {error.strerror}"
        raise InputError(message, next_step="Name a folder that can be written.") from error
    with locked(place.folder):
        engine = reach(place)
        try:
            with translated(place), engine.begin() as connection:
                bring_up(connection, place, SCHEMA)
                store_id = _store_id(connection, now)
            for left in place.folder.glob(".scan-*"):
                shutil.rmtree(left, ignore_errors=True)
            yield Store(place, engine, store_id)
        finally:
            engine.dispose()


def _store_id(connection: Connection, now: datetime) -> str:
    """Return the identifier of a store; a new one gets it now."""
    store_id = connection.execute(select(STORE.c.store_id)).scalar()
    if store_id is None:
        store_id = secrets.token_hex(16)
        connection.execute(STORE.insert().values(store_id=store_id, created_at=now.isoformat()))
    return str(store_id)


def _list(connection: Connection, group: ListedGroup, scan: int) -> None:
    """Enter a listed group and its accounts, or bring them up to date."""
    entry = {n: v for n, v in _values([group])[0].items() if n != "accounts"} | {"last_scan": scan}
    mine = CAMPAIGNS.c.campaign_id == group.campaign_id
    if not connection.execute(CAMPAIGNS.update().where(mine).values(entry)).rowcount:
        connection.execute(CAMPAIGNS.insert().values(entry | {"first_scan": scan}))
    of_group = MEMBERS.c.campaign_id == group.campaign_id
    known = set(connection.execute(select(MEMBERS.c.account_id).where(of_group)).scalars())
    stay = [{"account": account} for account in group.accounts if account in known]
    if stay:
        one = of_group & (MEMBERS.c.account_id == bindparam("account"))
        connection.execute(MEMBERS.update().where(one).values(last_scan=scan), stay)
    new = [
        {"campaign_id": group.campaign_id, "account_id": a, "first_scan": scan, "last_scan": scan}
        for a in group.accounts
        if a not in known
    ]
    if new:
        connection.execute(MEMBERS.insert(), new)


def _moments(row: RowMapping) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value) if name in _MOMENTS and value else value
        for name, value in row.items()
    }


def _values(rows: Sequence[ScanRow | GroupRow | ListedGroup]) -> list[dict[str, object]]:
    """Return records as the database takes them: moments are text, as both databases order it."""
    return [
        {
            each.name: value.isoformat() if isinstance(value := getattr(row, each.name), datetime)
            else int(value) if isinstance(value, bool)
            else value
            for each in fields(row)
        }
        for row in rows
    ]  # fmt: skip


def _flush(folder: Path) -> None:
    """See that files and their names are on the disk before anything points to them."""
    for path in (*(each for each in folder.iterdir() if each.is_file()), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
