"""Cases on the command line: opened, gathered, claimed, held, closed and packed by two people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phalanx.cli import ExitCode, main

CLAIM = """
id = "trained"
statement = "The suspect was trained on what we served."
null_hypothesis = "It never saw it."
method = "radioactivity/4"
log10_p = -12.0
sample_size = 100
reference_size = 1000
assumptions = ["Keys are secret."]
limits = "It does not say who trained it."
items = ["report"]
"""


def case(*words: str) -> int:
    """Do what a person types."""
    return main(["govern", "case", *words])


@pytest.fixture
def as_person(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Let a test sign in as somebody: `as_person.setenv("LOGNAME", ...)`."""
    monkeypatch.setenv("LOGNAME", "ana")
    return monkeypatch


@pytest.fixture
def opened(
    tmp_path: Path, as_person: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A case with an analyst and counsel, and a ledger that all of it lands in."""
    as_person.chdir(tmp_path)
    as_person.setenv("PHALANX_GOVERN_CASE_LEDGER", "ledger")
    assert main(["govern", "ledger", "begin", "ledger", "--origin", "lab.example/ledger"]) == 0
    Path("ledger.policy").write_text(capsys.readouterr().out)
    words = (
        "--title", "Lab against Example", "--provider", "Lab", "--summary", "Harvested.",
        "--person", "ana", "--person-name", "Ana Example", "--role", "analyst",
    )  # fmt: skip
    assert case("open", "case-7", *words) == ExitCode.CLEAN
    lee = ("--login", "lee", "--person-name", "A. Lee", "--role", "counsel")
    assert case("join", "case-7", "lee", *lee) == ExitCode.CLEAN
    Path("report.json").write_text('{"format": "phalanx.provenance/1"}')
    Path("claim.toml").write_text(CLAIM)
    capsys.readouterr()


@pytest.mark.usefixtures("opened")
def test_a_case_goes_from_evidence_to_a_package(
    as_person: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which verifies with its policy, the ledger's, and nothing else."""
    assert case("add", "case-7", "report", "report.json") == ExitCode.CLEAN
    assert "report is provenance-verdict of 34 bytes" in capsys.readouterr().err
    assert case("custody", "case-7", "report", "handed-over", "--note", "To the expert.") == 0
    assert case("claim", "case-7", "claim.toml") == ExitCode.CLEAN
    assert "act 5, claimed; it waits for another person" in capsys.readouterr().err
    assert case("approve", "case-7", "5") == ExitCode.BAD_INPUT
    assert "ana asked for it, and cannot agree to it" in capsys.readouterr().err
    as_person.setenv("LOGNAME", "lee")
    assert case("list", "--waiting") == ExitCode.CLEAN
    assert "act 5: claim trained, ana asks" in capsys.readouterr().out
    assert case("approve", "case-7", "5") == ExitCode.CLEAN
    assert case("note", "case-7", "Privileged thoughts.") == ExitCode.CLEAN
    assert case("check") == ExitCode.CLEAN
    assert "1 cases, 7 acts and 1 files are as they were kept" in capsys.readouterr().err
    words = ("--key", "cases.key", "--signer", "lab.example/cases", "--out", "package")
    assert case("pack", "case-7", *words) == ExitCode.CLEAN
    Path("cases.policy").write_text(capsys.readouterr().out)
    believed = ["--policy", "cases.policy", "--ledgers", "ledger.policy"]
    assert main(["govern", "verify", "package", *believed]) == ExitCode.CLEAN
    out = capsys.readouterr().out
    assert "trained holds at the level 0.01 of the case: p = 10^-12.0 among 1 claims" in out
    assert "7 events of a ledger, 1 claims, 1 approvals" in out
    kept = b"".join(each.read_bytes() for each in Path("package").rglob("*") if each.is_file())
    assert b"Privileged" not in kept
    assert case("show", "case-7", "-f", "json") == ExitCode.CLEAN
    said = json.loads(capsys.readouterr().out)
    assert said["acts"][-1]["act"]["act"] == "packed"
    assert said["acts"][-1]["event"] == 7
    assert case("show", "case-7") == ExitCode.CLEAN
    assert "trained           holds: p = 10^-12.0" in capsys.readouterr().out


@pytest.mark.usefixtures("opened")
def test_a_hold_keeps_a_case_open_until_two_people_release_it(
    as_person: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And then two people close it."""
    as_person.setenv("LOGNAME", "lee")
    assert case("hold", "case-7", "--reason", "Suit was filed.") == ExitCode.CLEAN
    assert case("close", "case-7", "--reason", "Done.") == ExitCode.BAD_INPUT
    assert "under a legal hold" in capsys.readouterr().err
    kim = ("--login", "kim", "--person-name", "Kim", "--role", "counsel")
    assert case("join", "case-7", "kim", *kim) == ExitCode.CLEAN
    assert case("release-hold", "case-7", "3", "--reason", "Settled.") == ExitCode.CLEAN
    assert case("approve", "case-7", "5") == ExitCode.BAD_INPUT
    as_person.setenv("LOGNAME", "kim")
    assert case("approve", "case-7", "5") == ExitCode.CLEAN
    assert case("close", "case-7", "--reason", "Done.") == ExitCode.CLEAN
    assert case("reject", "case-7", "7", "--reason", "Not yet.") == ExitCode.CLEAN
    assert case("close", "case-7", "--reason", "Now.") == ExitCode.CLEAN
    as_person.setenv("LOGNAME", "lee")
    assert case("approve", "case-7", "9") == ExitCode.CLEAN
    assert case("leave", "case-7", "kim") == ExitCode.CLEAN
    assert case("list", "--status", "closed", "-f", "json") == ExitCode.CLEAN
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["id"], row["status"], row["is_held"]) == ("case-7", "closed", False)


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("show", "case-9"), "there is no case"),
        (("list", "--cases", "none.db"), "there is no database of cases"),
        (("add", "case-7", "A", "report.json"), "no item: id"),
        (("add", "case-7", "a", "none.json"), "none.json: cannot be gathered"),
        (("add", "case-7", "a", "report.json", "--of", "gossip"), "no item holds"),
        (("add", "case-7", "a", "report.json", "--sensitivity", "high"), "is no sensitivity"),
        (("add", "case-7", "a", "report.json", "--collected-at", "today"), "is no moment"),
        (("add", "case-7", "a", "report.json", "--collected-at", "2026-01-01"), "no time zone"),
        (("claim", "case-7", "report.json"), "no claim"),
        (("claim", "case-7", "claim.toml"), "has no 'report'"),
        (("hold", "case-7", "--reason", "Suit."), "who may not do this: held"),
        (("destroy", "case-7", "report", "--reason", "Old."), "its evidence stays"),
        (("approve", "case-7", "0"), "number"),
        (("note", "case-7", ""), "text"),
        (("pack", "case-7", "--key", "k", "--signer", "a b", "--out", "p"), "is no name"),
    ],
)  # fmt: skip
def test_bad_input_is_told_in_a_line(
    words: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to do next."""
    assert case(*words) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert why in said
    assert "Next: " in said


@pytest.mark.usefixtures("opened")
def test_who_takes_no_part_does_nothing(
    as_person: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor packs what others gathered."""
    as_person.setenv("LOGNAME", "eve")
    assert case("note", "case-7", "Here.") == ExitCode.BAD_INPUT
    assert "eve does not take part in case-7" in capsys.readouterr().err
    words = ("--key", "k", "--signer", "lab.example/cases", "--out", "package")
    assert case("pack", "case-7", *words) == ExitCode.BAD_INPUT
    assert not Path("package").exists()
