"""Every class of bytes of a ledger, of a proof, and of a package: changed, it is found and named.

Random changes are drawn beside each room; here each class is taken by name, at its beginning, in
its middle and at its end, so that none is missing.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from tests.govern.packages.conftest import POLICY, SIGNER, Case, case

from phalanx.errors import PhalanxError
from phalanx.govern.ledger import begin_ledger, open_ledger, parse_proved_event
from phalanx.govern.packages import DocumentRecord, pack, verify_package
from phalanx.model.event import Event
from phalanx.transparency.policy import Policy

__all__ = ["case"]

AT = datetime(2026, 11, 27, 9, tzinfo=UTC)


def changed(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield a content with one byte changed, at its beginning, within it and at its end."""
    for at in sorted({0, 1, len(content) // 3, len(content) // 2, len(content) - 1}):
        yield at, content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of two full bundles and one that grows."""
    folder = tmp_path_factory.mktemp("kept") / "ledger"
    ledger = begin_ledger(folder, "lab.example/ledger", 1)
    events = [
        Event(kind="decision", at=AT, actor="ana", subject=f"campaign {n}", digest=f"{n:064x}")
        for n in range(600)
    ]
    ledger.record(events, Random(1).randbytes, 1)
    return folder


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("origin", "is a log of another key"),
        ("ledger.key", "is a log of another key"),
        ("events/000", r"event \d+ of the ledger|events/000"),
        ("events/001", r"event \d+ of the ledger|events/001"),
        ("events/002", r"event \d+ of the ledger|events/002"),
        ("public/checkpoint", "checkpoint|is a log of another key"),
        ("public/tile/0/000", r"entry \d+ of the log is not the one in its tree"),
        ("public/tile/0/001", r"entry \d+ of the log is not the one in its tree"),
        ("public/tile/0/002.p/88", "tiles of the log lab.example/ledger are not those"),
        ("public/tile/1/000.p/2", "tiles of the log lab.example/ledger are not those"),
        ("public/tile/entries/000", r"entry \d+ of the log|tile/entries/000"),
        ("public/tile/entries/001", r"entry \d+ of the log|tile/entries/001"),
        ("public/tile/entries/002.p/88", r"entry \d+ of the log|tile/entries/002"),
    ],
)
def test_a_changed_file_of_a_ledger_is_named(
    kept: Path, tmp_path: Path, name: str, says: str
) -> None:
    """With the event, the entry or the file."""
    shutil.copytree(kept, tmp_path / "ledger")
    path = tmp_path / "ledger" / name
    content = path.read_bytes()
    for _, other in changed(content):
        path.write_bytes(other)
        with pytest.raises(PhalanxError) as caught:
            open_ledger(tmp_path / "ledger").check()
        assert re.search(says, str(caught.value)), str(caught.value)
    path.unlink()
    with pytest.raises(PhalanxError):
        open_ledger(tmp_path / "ledger").check()


def test_the_classes_are_all_that_a_ledger_has(kept: Path) -> None:
    """But for the file that is locked, in which nothing stands."""
    (marked,) = (
        mark.args[1]
        for mark in test_a_changed_file_of_a_ledger_is_named.pytestmark  # type: ignore[attr-defined]
    )
    files = {path.relative_to(kept).as_posix() for path in kept.rglob("*") if path.is_file()}
    named = {name for name, _ in marked}
    assert {each for each in files - named if (kept / each).read_bytes()} == set()


def test_each_line_of_a_proved_event_counts(kept: Path) -> None:
    """Of the event, its salt, the way to the root, the root and the signature."""
    ledger = open_ledger(kept)
    policy = Policy(logs=(ledger.key,))
    text = ledger.prove(300).as_text()
    said = json.loads(text)
    parts = [*said["event"], *range(len(said["proof"].splitlines()))]
    assert len(parts) > 12
    for part in parts:
        other = json.loads(text)
        if isinstance(part, str):
            other["event"][part] = other["event"][part] + "0"
        else:
            lines = other["proof"].splitlines(keepends=True)
            line = lines[part]
            if line == "\n":
                lines[part] = "x\n"
            else:
                middle = len(line) // 2
                lines[part] = (
                    f"{line[:middle]}{'B' if line[middle] != 'B' else 'C'}" + (line[middle + 1 :])
                )
            other["proof"] = "".join(lines)
        with pytest.raises(PhalanxError):
            parse_proved_event(json.dumps(other).encode(), "it").verify(policy, "it")


@pytest.fixture
def package(case: Case, tmp_path: Path) -> Path:
    """A package with every kind of record, a report for people among them."""
    report = tmp_path / "report.pdf"
    report.write_bytes(b"%PDF-1.7 of the case")
    document = DocumentRecord(
        id="report-of-package", title="Report", media_type="application/pdf",
        sha256=sha256(report.read_bytes()).hexdigest(), size_bytes=report.stat().st_size,
        made_with="phalanx 1",
    )  # fmt: skip
    folder = tmp_path / "package"
    pack(
        [*case.records, document], {**case.files, document.id: report}, folder, SIGNER,
        random=Random(3).randbytes, time=1,
    )  # fmt: skip
    return folder


def test_a_changed_file_of_a_package_is_named(case: Case, package: Path) -> None:
    """The note, the leaves, each record, each file and the report."""
    files = sorted(path for path in package.rglob("*") if path.is_file())
    assert {path.parent.name for path in files} == {"package", "records", "items"}
    assert verify_package(package, POLICY, case.ledgers).missing_records == 0
    for path in files:
        content = path.read_bytes()
        for _, other in changed(content):
            path.write_bytes(other)
            with pytest.raises(PhalanxError) as caught:
                verify_package(package, POLICY, case.ledgers)
            assert path.name in str(caught.value)
        path.write_bytes(content)


def test_each_field_of_each_record_counts(case: Case, package: Path) -> None:
    """And so does its salt: written as a record is, and still not the one that was signed."""
    fields = 0
    for path in sorted((package / "records").iterdir()):
        content = path.read_bytes()
        said = json.loads(content)
        for name in [*said["record"], "salt"]:
            other = json.loads(content)
            if name == "salt":
                other["salt"] = "00" * 32
            elif isinstance(other["record"][name], str):
                other["record"][name] += "0"
            elif isinstance(other["record"][name], list):
                other["record"][name].append("more")
            else:
                other["record"][name] = 0
            path.write_bytes(json.dumps(other, sort_keys=True, separators=(",", ":")).encode())
            with pytest.raises(PhalanxError, match=path.name):
                verify_package(package, POLICY, case.ledgers)
            fields += 1
        path.write_bytes(content)
    assert fields > 80


def test_each_line_of_the_signed_note_counts(case: Case, package: Path) -> None:
    """Origin, size, root, what it is about, and the signature."""
    path = package / "package.note"
    lines = path.read_text().splitlines(keepends=True)
    assert len(lines) == 6
    for number in range(len(lines)):
        without = lines[:number] + lines[number + 1 :]
        path.write_text("".join(without))
        with pytest.raises(PhalanxError, match=r"package\.note|package"):
            verify_package(package, POLICY, case.ledgers)
    path.write_text("".join(lines))
