"""The report of a package for people follows from the records, and takes no orders from them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
import typst
from hypothesis import given
from hypothesis import strategies as st
from tests.govern.packages.conftest import SIGNER, Case

from phalanx.errors import InputError, VerificationError
from phalanx.govern.packages import DocumentRecord, pack, redact, verify_package
from phalanx.govern.packages.court import _SHOWN, TEMPLATE, court_report, shown_text
from phalanx.transparency.policy import Policy

AT = datetime(2026, 11, 27, 9, tzinfo=UTC)
HOSTILE = (
    '#panic("run")', '#read("/etc/passwd")', "$ x $", "*bold* _em_ = head", "]", "[", "\\u{41}",
    '#import "@preview/x:1.0.0"', "// comment", "/* open", "`raw", "<label>", "@ref", "#{",
    "x" * 900,
    "\u202egnp.exe", "\x1b[2J", "\u4e00\u0301\U0001f600", "a\u00adb", "\\", '"', "#show: it => []",
)  # fmt: skip


def rendered(case: Case, **changes: object) -> bytes:
    """Return the report of a case of which the first record says something else."""
    first = case.records[0].model_copy(update=changes)
    return court_report(
        [first, *case.records[1:]], signer="lab.example/cases", at=AT, tool="phalanx 1"
    )


def test_the_same_records_and_moment_give_the_same_bytes(case: Case) -> None:
    """Another moment, or another word, gives others."""
    made = rendered(case)
    assert made.startswith(b"%PDF-")
    assert rendered(case) == made
    assert rendered(case, title="Another") != made
    later = court_report(
        case.records, signer="lab.example/cases", at=datetime(2026, 11, 28, tzinfo=UTC),
        tool="phalanx 1",
    )  # fmt: skip
    assert later != made


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_of_a_case_is_put_out_and_never_run(case: Case, text: str) -> None:
    """As markup each of these would fail, or change what stands beside it."""
    assert rendered(case, title=text, summary=f"{text}\n{text}").startswith(b"%PDF-")


def test_a_hostile_text_stands_on_the_page_as_it_is() -> None:
    """What the template makes of a text is the text: asked of the typesetter itself."""
    source = "#let said = json(bytes(sys.inputs.said))\n#metadata(repr([#said.text])) <seen>"

    for text in HOSTILE:
        shown = shown_text(text)
        inputs = {"said": json.dumps({"text": shown})}
        found = json.loads(typst.query(source.encode(), "<seen>", sys_inputs=inputs, field="value"))
        expected = typst.query(
            b"#metadata(repr(text(json(bytes(sys.inputs.said)).text))) <seen>", "<seen>",
            sys_inputs=inputs, field="value",
        )  # fmt: skip
        assert found == json.loads(expected)


def test_the_template_reads_nothing_but_what_it_is_given() -> None:
    """No file, no package, no evaluation of a text."""
    template = TEMPLATE.read_text()
    for word in ("eval", "#import", "#include", "read(", "plugin("):
        assert word not in template
    assert template.count("sys.inputs") == 1


@given(st.text(max_size=300))
def test_any_text_becomes_one_that_can_be_set(text: str) -> None:
    """With characters that the fonts lack written by their number."""
    shown = shown_text(text)
    assert all(
        each == "\n" or any(first <= ord(each) <= last for first, last in _SHOWN) for each in shown
    )


def test_every_character_that_is_shown_is_in_both_fonts() -> None:
    """The archive standard refuses a page on which one is missing."""
    every = "".join(chr(n) for first, last in _SHOWN for n in range(first, last + 1))
    fonts = ("Libertinus Serif", "DejaVu Sans Mono")
    source = "".join(f'#text(font: "{each}", sys.inputs.t)\n' for each in fonts).encode()
    assert typst.compile(
        source, format="pdf", ignore_system_fonts=True, sys_inputs={"t": every},
        pdf_standards=["a-2a"],
    )  # fmt: skip
    assert shown_text(every) == every


def test_a_report_is_of_a_case(case: Case) -> None:
    """And of nothing else."""
    for records in ([], case.records[1:]):
        with pytest.raises(InputError, match="is of a case"):
            court_report(records, signer="lab.example/cases", at=AT, tool="phalanx 1")


@pytest.fixture
def package(case: Case, tmp_path: Path) -> tuple[Path, Policy, DocumentRecord]:
    """A package with a report, whom to believe, and the record of the report."""
    made = rendered(case)
    path = tmp_path / "report.pdf"
    path.write_bytes(made)
    document = DocumentRecord(
        id="report-of-package", title="Report", media_type="application/pdf",
        sha256=sha256(made).hexdigest(), size_bytes=len(made), made_with="phalanx 1",
    )  # fmt: skip
    folder = tmp_path / "package"
    pack(
        [*case.records, document], {**case.files, document.id: path}, folder, SIGNER,
        random=os.urandom, time=1,
    )  # fmt: skip
    return folder, Policy(logs=(SIGNER.public,)), document


def test_a_report_is_under_the_signature(
    case: Case, package: tuple[Path, Policy, DocumentRecord]
) -> None:
    """One that was changed is named."""
    folder, policy, document = package
    assert verify_package(folder, policy, case.ledgers).missing_files == ()
    path = folder / "items" / document.sha256
    path.write_bytes(path.read_bytes().replace(b"PDF", b"PDG", 1))
    with pytest.raises(VerificationError, match="not the file of the item report-of-package"):
        verify_package(folder, policy, case.ledgers)


def test_a_redacted_copy_has_no_report(
    case: Case, package: tuple[Path, Policy, DocumentRecord], tmp_path: Path
) -> None:
    """It would show what was taken away."""
    folder, policy, document = package
    copy = redact(folder, tmp_path / "copy", policy, files=["log"], ledgers=case.ledgers)
    assert set(copy.missing_files) == {"log", document.id}
    assert not (tmp_path / "copy" / "items" / document.sha256).exists()
