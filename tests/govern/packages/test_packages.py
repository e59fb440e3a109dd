"""Packages of cases: packed, verified, redacted, and tampered with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.govern.packages.conftest import AT, POLICY, SIGNER, Case, claim

from phalanx.errors import InputError, PhalanxError, VerificationError
from phalanx.govern.ledger import begin_ledger
from phalanx.govern.packages import CustodyRecord, pack, redact, verify_package
from phalanx.transparency.notes import signed_note
from phalanx.transparency.policy import Policy


def test_a_package_verifies_with_a_key_alone(case: Case, tmp_path: Path) -> None:
    """All of it is read back as it was packed."""
    found = verify_package(case.packed(tmp_path / "package"), POLICY, case.ledgers)
    assert list(found.records) == case.records
    assert (found.missing_records, found.missing_files) == (0, ())
    assert (found.signer, found.case.id) == ("lab.example/cases", "case-7")


def test_claims_are_judged_together(case: Case, tmp_path: Path) -> None:
    """By Holm's correction, at the level of the case: one that holds alone may not hold here."""
    found = verify_package(case.packed(tmp_path / "package"), POLICY, case.ledgers)
    judged = {each.claim.id: each for each in found.claims}
    assert judged["claim-strong"].holds
    assert judged["claim-strong"].log10_p_of_case == pytest.approx(-12.5 + 0.4771, abs=1e-3)
    assert judged["claim-e"].log10_p_of_case == pytest.approx(-2.6 + 0.3010, abs=1e-3)
    assert judged["claim-e"].holds
    assert not judged["claim-weak"].holds


def test_a_copy_without_claims_does_not_judge_the_others_more_gently(
    case: Case, tmp_path: Path
) -> None:
    """Whoever takes a weak claim away gains nothing: the case says how many there were."""
    whole = case.packed(tmp_path / "package")
    copy = redact(whole, tmp_path / "copy", POLICY, records={"claim-weak"}, ledgers=case.ledgers)
    before = {e.claim.id: e for e in verify_package(whole, POLICY, case.ledgers).claims}
    assert copy.missing_records == 1
    for each in copy.claims:
        assert each.log10_p_of_case >= before[each.claim.id].log10_p_of_case


def test_a_redacted_copy_verifies_and_does_not_say_what_is_missing(
    case: Case, tmp_path: Path
) -> None:
    """No word of it is left, and nobody can test a guess without its salt."""
    whole = case.packed(tmp_path / "package")
    copy = redact(
        whole,
        tmp_path / "copy",
        POLICY,
        records={"log", "custody-1", "custody-2", "lee"},
        files={"report"},
        ledgers=case.ledgers,
    )
    assert copy.missing_records == 4
    assert copy.missing_files == ("report",)
    content = b"".join(p.read_bytes() for p in (tmp_path / "copy").rglob("*") if p.is_file())
    for word in (b'"prompt"', b"A. Lee", b"handed over"):
        assert word not in content
    again = redact(
        tmp_path / "copy", tmp_path / "less", POLICY, records={"ana"}, ledgers=case.ledgers
    )
    assert again.missing_records == 5
    with pytest.raises(InputError, match="is the case"):
        redact(whole, tmp_path / "none", POLICY, records={"case-7"}, ledgers=case.ledgers)
    with pytest.raises(InputError, match="no record 'nobody'"):
        redact(whole, tmp_path / "none", POLICY, records={"nobody"}, ledgers=case.ledgers)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_is_found_and_its_file_is_named(
    case: Case, tmp_path: Path, data: st.DataObject
) -> None:
    """In the note, the hashes, every record and every file."""
    folder = tmp_path / "package"
    if not folder.exists():
        case.packed(folder)
    path = data.draw(st.sampled_from(sorted(p for p in folder.rglob("*") if p.is_file())))
    before = path.read_bytes()
    at = data.draw(st.integers(0, len(before) - 1))
    path.write_bytes(
        before[:at] + bytes([before[at] ^ data.draw(st.integers(1, 255))]) + before[at + 1 :]
    )
    try:
        with pytest.raises(PhalanxError) as caught:
            verify_package(folder, POLICY, case.ledgers)
        assert path.name in str(caught.value) or path.name == "package.note"
    finally:
        path.write_bytes(before)


def _swap(folder: Path) -> None:
    first, second = folder / "records/00001.json", folder / "records/00002.json"
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)


def _cut(folder: Path) -> None:
    path = folder / "leaves"
    path.write_bytes(path.read_bytes()[:-32])


def _link(folder: Path) -> None:
    (path,) = (p for p in (folder / "items").iterdir() if b"found" in p.read_bytes())
    other = folder.parent / "elsewhere"
    shutil.copy(path, other)
    path.unlink()
    path.symlink_to(other)


def _pipe(folder: Path) -> None:
    path = next(iter((folder / "items").iterdir()))
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("tamper", "why"),
    [
        (_swap, "00001.json: is not the record that was signed"),
        (_cut, "leaves: is not what was signed"),
        (_link, "cannot be read"),
        (_pipe, "is not the file of the item"),
        (lambda f: (f / "records/00000.json").unlink(), "is not the case"),
        (lambda f: (f / "package.note").unlink(), "package.note"),
        (lambda f: (f / "records/00099.json").write_text("{}"), "does not belong"),
        (lambda f: (f / "run-me.sh").write_text("x"), "does not belong"),
        (lambda f: (f / "items" / ("0" * 64)).write_text("x"), "is no file of an item"),
        (lambda f: (f / "records/00003.json").write_text("[" * 100_000), "nested too deeply"),
        (lambda f: (f / "records/00003.json").write_text('{"record": 1, "salt": "00"}'), "record"),
    ],
)
def test_what_was_moved_added_or_taken_is_named(
    case: Case, tmp_path: Path, tamper: Callable[[Path], object], why: str
) -> None:
    """A file more or less, in another place, or of another kind."""
    folder = case.packed(tmp_path / "package")
    tamper(folder)
    with pytest.raises(PhalanxError, match=why):
        verify_package(folder, POLICY, case.ledgers)


def test_a_checkpoint_of_a_log_is_no_package(case: Case, tmp_path: Path) -> None:
    """Whoever signs a log with the key of packages has signed no package."""
    folder = case.packed(tmp_path / "package")
    text = (folder / "package.note").read_text()
    checkpoint = "\n".join(text.split("\n")[:3]) + "\n"
    note = signed_note(checkpoint, [SIGNER], 1)
    (folder / "package.note").write_text(note.as_text())
    with pytest.raises(VerificationError, match="is not about a package"):
        verify_package(folder, POLICY, case.ledgers)


def test_events_are_proved_by_a_ledger_that_is_believed(case: Case, tmp_path: Path) -> None:
    """Without one, a package that names events is not verified by halves."""
    folder = case.packed(tmp_path / "package")
    with pytest.raises(VerificationError, match="none is believed"):
        verify_package(folder, POLICY)
    other = begin_ledger(tmp_path / "other", "lab.example/ledger", 1)
    with pytest.raises(VerificationError):
        verify_package(folder, POLICY, Policy(logs=(other.key,)))


def test_records_that_do_not_agree_are_not_packed(case: Case, tmp_path: Path) -> None:
    """Each told by what it is about, and nothing is written."""
    records = case.records
    custody = [each for each in records if isinstance(each, CustodyRecord)]
    late = custody[1].model_copy(update={"at": AT - timedelta(days=1)})
    orphan = custody[1].model_copy(update={"previous": "ab" * 32})
    for changed, why in (
        (records[1:], "is not the case"),
        ([*records, records[0]], "has two cases"),
        ([*records, records[1]], "stands there 2 times"),
        ([*records, claim("claim-more", log10_p=-1.0)], "says that there are 3 claims, and 4 are"),
        ([each for each in records if each.id != "claim-weak"], "3 claims, and 2 are"),
        ([each for each in records if each.id != "report"], "rests on report"),
        ([each for each in records if each.id != "ana"], "collected by ana"),
        ([late if each is custody[1] else each for each in records], "is earlier than custody-1"),
        ([orphan if each is custody[1] else each for each in records], "does not name the record"),
    ):
        with pytest.raises(InputError, match=why):
            pack(changed, {}, tmp_path / "package", SIGNER, random=os.urandom, time=1)
    case.files["log"].write_text("another")
    with pytest.raises(InputError, match="is not the file that the item log names"):
        case.packed(tmp_path / "package")
    assert not [path for path in tmp_path.iterdir() if "package" in path.name]


def test_a_claim_has_one_number_and_says_what_it_rests_on() -> None:
    """A conclusion without error, assumption or item is none."""
    for said in (
        {},
        {"log10_p": -1.0, "log10_e": 1.0},
        {"log10_p": 0.5},
        {"log10_p": float("nan")},
        {"log10_p": -1.0, "assumptions": ()},
        {"log10_p": -1.0, "items": ()},
        {"log10_p": -1.0, "limits": ""},
    ):
        with pytest.raises(ValidationError):
            claim("claim-1", **said)
