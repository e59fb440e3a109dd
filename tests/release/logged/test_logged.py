"""A release is opened when grant and record are in the log that everybody sees, and not before."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from phalanx.errors import ConfigError, InputError, PhalanxError, PolicyError, VerificationError
from phalanx.release.demands import LOG, ROOTS, SAME_LOG, Trusted
from phalanx.release.grants.grant import accept_grant, issue_grant
from phalanx.release.logged.book import LogBook, begin_book, open_book
from phalanx.release.logged.proving import prove_release
from phalanx.release.open import Opener, open_release, verify_release
from phalanx.release.packages.package import PROOFS
from phalanx.release.seal import Sealing, seal_release
from phalanx.release.trust.roots import Roots, file_digest
from phalanx.transparency.policy import Policy

DRAW = random.Random(3).randbytes


@pytest.fixture
def book(tmp_path: Path) -> LogBook:
    """Return the lab's log, with an entry of somebody else in it."""
    made = begin_book(tmp_path / "log", "lab.example/releases", 1)
    made.enter(("ee" * 32,), DRAW, 2)
    return made


@pytest.fixture
def roots(deal: Any) -> Roots:
    """Return roots that list the lab."""
    lab = deal.lab.identity
    return Roots(
        parties={lab.fingerprint: file_digest(lab)}, expires_at=deal.now + timedelta(days=1)
    )


@pytest.fixture
def trusting(opener: Opener, book: LogBook, roots: Roots, tmp_path: Path) -> Opener:
    """Return who opens, with the log pinned."""
    trusted = Trusted(
        roots=roots,
        policy=Policy(logs=(book.signer.public,)),
        seen=tmp_path / "seen",
        readers={book.signer.name: book.log.reader},
    )
    return replace(opener, trusted=trusted)


def test_a_release_that_is_logged(
    release: Path, book: LogBook, trusting: Opener, tmp_path: Path
) -> None:
    """It opens, offline too, and the receipt says that roots and log were verified."""
    prove_release(release, book, DRAW, 3)
    offline = replace(trusting, trusted=replace(trusting.trusted, readers={}))  # type: ignore[type-var]
    verify_release(release, offline)
    made = open_release(release, tmp_path / "opened", tmp_path / "receipt", trusting)
    for each in (ROOTS, LOG, SAME_LOG):
        assert each.encode() in made.payload
    assert book.check() == 3
    assert prove_release(release, book, DRAW, 4).size == 3


def test_a_release_that_is_not_logged(release: Path, book: LogBook, trusting: Opener) -> None:
    """Without proofs it stays closed, and with those of another release too."""
    with pytest.raises(VerificationError, match="the grant has no proof"):
        verify_release(release, trusting)
    prove_release(release, book, DRAW, 3)
    shutil.copy(release / PROOFS[0], release / PROOFS[1])
    with pytest.raises(VerificationError, match="the record is not in the log"):
        verify_release(release, trusting)


@pytest.mark.parametrize("line", [1, 2, 3, 6, 7, 9])
def test_a_forged_proof(line: int, release: Path, book: LogBook, trusting: Opener) -> None:
    """A changed salt, place, hash, size, root or signature is told."""
    prove_release(release, book, DRAW, 3)
    path = release / PROOFS[1]
    lines = path.read_text().split("\n")
    word = lines[line]
    at = len(word) // 2 if line in {1, 3, 7, 9} else len(word) - 1
    lines[line] = word[:at] + ("7" if word[at] != "7" else "8") + word[at + 1 :]
    path.write_text("\n".join(lines))
    with pytest.raises(VerificationError):
        verify_release(release, trusting)


def test_a_proof_that_is_a_link(
    release: Path, book: LogBook, trusting: Opener, tmp_path: Path
) -> None:
    """A proof that is no file of the release does not belong to it."""
    prove_release(release, book, DRAW, 3)
    (release / PROOFS[0]).rename(tmp_path / "elsewhere")
    (release / PROOFS[0]).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(VerificationError, match="does not belong"):
        verify_release(release, trusting)


def test_a_log_of_another_key(release: Path, trusting: Opener, tmp_path: Path) -> None:
    """A log of the same name that somebody else keeps proves nothing."""
    forged = begin_book(tmp_path / "forged", "lab.example/releases", 1)
    prove_release(release, forged, DRAW, 3)
    with pytest.raises(VerificationError, match="not signed by a log of the policy"):
        verify_release(release, trusting)


def test_a_log_that_shows_the_recipient_another_tree(
    release: Path, book: LogBook, trusting: Opener, tmp_path: Path
) -> None:
    """A log that was forked for one recipient is told by what he saw before, online or not."""
    shutil.copytree(book.folder, tmp_path / "fork")
    fork = open_book(tmp_path / "fork")
    prove_release(release, book, DRAW, 3)
    verify_release(release, trusting)
    prove_release(release, fork, random.Random(8).randbytes, 3)
    for readers in ({}, {book.signer.name: fork.log.reader}):
        forked = replace(trusting, trusted=replace(trusting.trusted, readers=readers))  # type: ignore[type-var]
        with pytest.raises(VerificationError, match="shows two trees"):
            verify_release(release, forked)


def test_one_log_of_several_that_was_forked(
    release: Path, book: LogBook, trusting: Opener, tmp_path: Path
) -> None:
    """A second log in the policy does not keep the first one from being compared as it grows."""
    other = begin_book(tmp_path / "other", "lab.example/second", 1)
    readers = {each.signer.name: each.log.reader for each in (book, other)}
    policy = Policy(logs=(other.signer.public, book.signer.public))
    both = Trusted(
        roots=trusting.trusted.roots,  # type: ignore[union-attr]
        policy=policy, seen=tmp_path / "seen", readers=readers,
    )  # fmt: skip
    assert both.asks_logs
    assert not replace(both, readers={"lab.example/second": other.log.reader}).asks_logs
    shutil.copytree(book.folder, tmp_path / "fork")
    fork = open_book(tmp_path / "fork")
    prove_release(release, book, DRAW, 3)
    verify_release(release, replace(trusting, trusted=both))
    fork.enter(("ef" * 32,), random.Random(8).randbytes, 3)
    prove_release(release, fork, random.Random(8).randbytes, 3)
    forked = replace(both, readers={**readers, book.signer.name: fork.log.reader})
    with pytest.raises(VerificationError, match="shows two trees"):
        verify_release(release, replace(trusting, trusted=forked))


def test_a_grant_that_demands(
    deal: Any, model: Path, sealing: Sealing, opener: Opener, trusting: Opener, tmp_path: Path
) -> None:
    """What both signed has to be verified cannot be left out by whoever opens."""
    terms = deal.terms.model_copy(update={"demands": ("roots", "log")})
    lab, partner = deal.lab, deal.partner
    issued = issue_grant(deal.request, partner.identity, lab, terms, deal.now, commitment=None)
    grant = accept_grant(issued, lab.identity, partner, deal.request, deal.now)
    seal_release(model, tmp_path / "strict", replace(sealing, grant=grant))
    with pytest.raises(PolicyError, match="demands to verify roots and log"):
        verify_release(tmp_path / "strict", opener)
    no_log = replace(trusting, trusted=replace(trusting.trusted, policy=None))  # type: ignore[type-var]
    with pytest.raises(PolicyError, match="demands a log"):
        verify_release(tmp_path / "strict", no_log)


def test_stale_roots_open_nothing(
    release: Path, book: LogBook, trusting: Opener, tmp_path: Path
) -> None:
    """A day later the roots of today are refused, and nothing is written."""
    prove_release(release, book, DRAW, 3)
    late = replace(trusting, now=trusting.now + timedelta(days=2))
    with pytest.raises(PolicyError, match="the roots are stale"):
        open_release(release, tmp_path / "opened", tmp_path / "receipt", late)
    assert not (tmp_path / "opened").exists()


def test_roots_tell_a_clock_that_was_set_back(
    release: Path, book: LogBook, trusting: Opener
) -> None:
    """They count for a day: to a clock of last month they are of the future, and nothing opens."""
    prove_release(release, book, DRAW, 3)
    verify_release(release, replace(trusting, now=trusting.now + timedelta(hours=1)))
    assert trusting.trusted is not None
    ahead = replace(trusting.trusted.roots, expires_at=trusting.now + timedelta(days=1, hours=1))
    slow = replace(trusting, trusted=replace(trusting.trusted, roots=ahead))
    verify_release(release, slow)
    later = replace(ahead, expires_at=ahead.expires_at + timedelta(seconds=1))
    set_back = replace(trusting, trusted=replace(trusting.trusted, roots=later))
    with pytest.raises(PolicyError, match="the roots are of a later day"):
        verify_release(release, set_back)


def test_a_book_that_cannot_be_locked(book: LogBook) -> None:
    """It is told in words."""
    (book.folder / ".lock").unlink(missing_ok=True)
    (book.folder / ".lock").mkdir()
    with pytest.raises(InputError, match="the log cannot be written"):
        book.enter(("ab" * 32,), DRAW, 5)


def test_an_opening_that_was_lost_in_a_break(book: LogBook) -> None:
    """Killed after the entry and before its opening, a run enters the digest once more."""
    first = book.enter(("ab" * 32,), DRAW, 5)[0]
    (book.folder / "openings.db").unlink()
    again = book.enter(("ab" * 32, "cd" * 32, "ab" * 32), DRAW, 6)
    assert (again[0].index, again[1].index, again[2]) == (
        first.index + 1, first.index + 2, again[0],
    )  # fmt: skip
    assert book.enter(("ab" * 32,), DRAW, 7) == again[:1]
    assert book.openings.find(["ab" * 32, "ef" * 32]).keys() == {"ab" * 32}


def test_a_damaged_book(book: LogBook, tmp_path: Path) -> None:
    """Openings that are not those of the log are told, and no log is begun over another."""
    path = book.folder / "openings.db"
    assert path.stat().st_mode & 0o077 == 0
    for change in ("entry = entry + 5", "salt = x'00'", "entry = -1"):
        kept = path.read_bytes()
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(f"UPDATE opening SET {change}")  # noqa: S608 - of this test
        with pytest.raises(ConfigError, match="damaged"):
            book.check()
        path.write_bytes(kept)
    path.write_bytes(b"{}\n" * 999)
    with pytest.raises(ConfigError, match="damaged"):
        book.openings.find(["ab" * 32])
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="read by others"):
        book.enter(("ab" * 32,), DRAW, 9)
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError):
        book.openings.keep([])
    with pytest.raises(InputError, match="a log already"):
        begin_book(book.folder, "lab.example/releases", 1)
    with pytest.raises(PhalanxError, match="no name of a log"):
        begin_book(tmp_path / "new", "two words", 1)
