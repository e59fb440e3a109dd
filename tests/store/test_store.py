"""A store: written as a whole, read as it was written, refused where it is not."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import (
    InputError,
    MissingExtraError,
    PhalanxError,
    ServiceError,
    VerificationError,
)
from phalanx.store import (
    KEPT_VERSION,
    GroupRow,
    ListedGroup,
    Manifest,
    Membership,
    Place,
    ScanRow,
    open_store,
    place_of,
)
from phalanx.store.manifest import parse_manifest
from phalanx.store.schema import reach
from phalanx.store.tables import METADATA, SCHEMA

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TABLE = pa.table({"a": [1, 2, 3]})
SECOND = """
import sys
from pathlib import Path
from phalanx.store.lock import locked
with locked(Path(sys.argv[1])):
    pass
"""

MANIFEST = Manifest(
    kept_version=KEPT_VERSION, store_id="", scan=0, versions={"phalanx": "1"}, key_id="key_1",
    parameters={"seed": "0"}, columns=["asn"], has_prompts=True, exchanges=3, last_step=82_000,
    formed_step=81_999, files=[],
)  # fmt: skip
SCAN = ScanRow(
    number=0, started_at=NOW, first_exchange=NOW - timedelta(days=1), last_exchange=NOW,
    kept_until=NOW, exchanges=3, exchanges_in_all=3, rejected=1, skipped=2, waiting=4,
    phalanx_version="1", key_id="key_1", parameters="{}", manifest_sha256="",
)  # fmt: skip
GROUP = GroupRow(
    number=0, route="content", formed_at=NOW, discovered_at=None, is_followed=True, parties=5,
    looks=2, log10_e_apart=1.5, log10_e_honest=float("-inf"),
)  # fmt: skip


def listed(*accounts: str) -> ListedGroup:
    """Return a campaign of these accounts."""
    return ListedGroup(
        campaign_id="campaign-1", verdict="campaign", formed_at=NOW, discovered_at=NOW,
        log10_e=3.0, exchanges=30, accounts=accounts,
    )  # fmt: skip


def keep(place: Place, *groups: ListedGroup) -> None:
    """Keep one scan."""
    with open_store(place, NOW) as store, store.draft() as draft:
        draft.write("table.parquet", TABLE)
        store.commit(draft, MANIFEST, SCAN, [GROUP], groups)


def test_what_was_kept_is_read(place: Place) -> None:
    """Rows, manifest and files come back as they were, numbered by the store."""
    keep(place)
    with open_store(place, NOW) as store:
        (scan,), (manifest,) = store.scans(), store.manifests()
        assert scan.number == manifest.scan == 1
        assert scan.kept_until == NOW
        assert manifest.store_id == store.store_id
        assert manifest.parameters == MANIFEST.parameters
        assert store.read(manifest, "table.parquet") == TABLE
        assert store.groups() == (GROUP,)


def test_accounts_come_and_go_under_one_name(place: Place) -> None:
    """Each membership says which scans named it first and last."""
    keep(place, listed("a", "b"))
    keep(place, listed("b", "c"))
    keep(place)
    keep(place, listed("c"))
    with open_store(place, NOW) as store:
        assert store.members("campaign-1") == (
            Membership(account_id="a", first_scan=1, last_scan=1),
            Membership(account_id="b", first_scan=1, last_scan=2),
            Membership(account_id="c", first_scan=2, last_scan=4),
        )
        assert len(store.scans()) == 4


def test_migrations_make_the_tables_of_the_code(place: Place) -> None:
    """Nothing is left for a migration to do."""
    with open_store(place, NOW):
        pass
    engine = reach(place)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": SCHEMA.version_table}
        )
        assert context.get_current_revision() == SCHEMA.head
        assert compare_metadata(context, METADATA) == []


def test_a_scan_that_fails_leaves_nothing(place: Place) -> None:
    """Files without a row do not count, and the next scan takes their number."""
    with pytest.raises(AttributeError), open_store(place, NOW) as store, store.draft() as draft:
        draft.write("table.parquet", None)
    assert {path.name for path in place.folder.iterdir()} == {"lock"}
    # A crash between the files and the row leaves a folder that no row names.
    (place.folder / "scan-00001").mkdir()
    (place.folder / "scan-00001" / "other").touch()
    (place.folder / ".scan-00001-x").mkdir()
    keep(place)
    assert {path.name for path in place.folder.iterdir()} == {"lock", "scan-00001"}
    assert not (place.folder / "scan-00001" / "other").exists()


def test_a_database_of_a_newer_version_is_refused(place: Place) -> None:
    """Its revision is not known here."""
    keep(place)
    engine = reach(place)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {SCHEMA.version_table} SET version_num = '9999'")  # noqa: S608
    with pytest.raises(VerificationError, match="newer version"), open_store(place, NOW):
        pass


def test_two_scans_at_once_are_refused(place: Place) -> None:
    """The second one says so, in this process and from another."""
    with open_store(place, NOW):
        with pytest.raises(InputError, match="another scan"), open_store(place, NOW):
            pass
        told = subprocess.run(
            [sys.executable, "-c", SECOND, place.folder],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "another scan is using this store" in told.stderr
    with open_store(place, NOW):
        pass


@pytest.fixture
def sqlite(tmp_path: Path) -> Place:
    """Return a store with one scan."""
    place = place_of(str(tmp_path / "a.store"))
    keep(place)
    return place


def read(place: Place) -> None:
    """Read all that a store keeps."""
    with open_store(place, NOW) as store:
        for manifest in store.manifests():
            store.read(manifest, "table.parquet")


def test_a_missing_file_is_refused(sqlite: Place) -> None:
    """With its path, and what can be done."""
    (sqlite.folder / "scan-00001" / "table.parquet").unlink()
    with pytest.raises(VerificationError, match=r"table\.parquet: missing") as error:
        read(sqlite)
    assert "backup" in error.value.next_step


@pytest.mark.parametrize("name", ["table.parquet", "manifest.json"])
@given(data=st.data())
def test_a_changed_file_is_refused(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever was changed, cut off or added."""
    place = place_of(str(tmp_path_factory.mktemp("changed") / "a.store"))
    keep(place)
    path = place.folder / "scan-00001" / name
    written = path.read_bytes()
    changed = data.draw(
        st.one_of(
            st.binary(max_size=80),
            st.integers(0, len(written) - 1).map(
                lambda n: written[:n] + bytes([written[n] ^ 1]) + written[n + 1 :]
            ),
            st.integers(0, len(written) - 1).map(lambda n: written[:n]),
        )
    )
    path.write_bytes(changed)
    with pytest.raises(VerificationError, match=r"not the file|changed since"):
        read(place)


def test_a_part_of_another_store_is_refused(sqlite: Place, tmp_path: Path) -> None:
    """Even where its database came along."""
    other = place_of(str(tmp_path / "b.store"))
    keep(other)
    for name in ("table.parquet", "manifest.json"):
        (other.folder / "scan-00001" / name).replace(sqlite.folder / "scan-00001" / name)
    with pytest.raises(VerificationError, match="of another store"):
        read(sqlite)


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    """A file of something else is left as it is."""
    path = tmp_path / "a.store"
    path.write_text("not a database", encoding="utf-8")
    with pytest.raises(InputError, match="not a store"):
        read(place_of(str(path)))
    assert path.read_text(encoding="utf-8") == "not a database"


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    """No table is added to it."""
    path = tmp_path / "a.store"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE users (name TEXT)")
    with pytest.raises(InputError, match="a database of something else"):
        read(place_of(str(path)))


@given(data=st.data())
def test_a_damaged_database_is_refused(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A plain error, or the store as it was; never anything else."""
    place = place_of(str(tmp_path_factory.mktemp("damaged") / "a.store"))
    keep(place)
    assert place.file
    written = bytearray(place.file.read_bytes())
    first = data.draw(st.integers(16, len(written) - 1))
    length = data.draw(st.integers(1, 4_096))
    written[first : first + length] = data.draw(st.binary(min_size=1, max_size=length))
    place.file.write_bytes(written)
    with suppress(PhalanxError):
        read(place)


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    """A path that cannot hold a store is the user's to correct."""
    (tmp_path / "a.store").mkdir()
    with pytest.raises(InputError, match="no store can be kept here"):
        read(place_of(str(tmp_path / "a.store")))


def test_a_store_is_for_its_owner(sqlite: Place) -> None:
    """Others of the machine may not look into it."""
    assert sqlite.file
    assert not (sqlite.file.stat().st_mode | sqlite.folder.stat().st_mode) & 0o077


def test_a_server_that_is_not_there_failed(tmp_path: Path) -> None:
    """That is no mistake of the user: exit status 3."""
    place = place_of(
        f"postgresql://me@/days?unix_sock={tmp_path}/.s.PGSQL.5432", tmp_path / "parts"
    )
    with pytest.raises(ServiceError), open_store(place, NOW):
        pass


def test_the_driver_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install is said."""
    monkeypatch.setattr("phalanx.store.schema.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError) as error:
        reach(place_of("postgresql://db/days", Path("parts")))
    assert ".[postgres]" in error.value.next_step


@given(st.binary(max_size=200))
def test_any_bytes_are_a_manifest_or_refused(text: bytes) -> None:
    """Nothing else happens."""
    with pytest.raises(VerificationError):
        parse_manifest(text, "manifest.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'{{"kept_version": {KEPT_VERSION + 1}}}', "newer version of Phalanx"),
        ('{"kept_version": 0}', "another version of the method"),
        (f'{{"kept_version": {KEPT_VERSION}, "scan": "1"}}', "not a manifest"),
        ("[" * 100_000, "not a manifest"),
    ],
)
def test_manifests_of_other_versions_are_refused(text: str, said: str) -> None:
    """What a newer version kept may mean something else."""
    with pytest.raises(VerificationError, match=said):
        parse_manifest(text.encode(), "manifest.json")


def test_the_password_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands in no URL that a library may print."""
    monkeypatch.setitem(os.environ, "PGPASSWORD", "hunter2")
    engine = reach(place_of("postgresql://me@db/days", Path("parts")))
    assert "hunter2" not in repr(engine.url) + str(engine.url)
