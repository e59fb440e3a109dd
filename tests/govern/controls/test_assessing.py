"""A provider against the controls of a profile."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from tests.govern.ledger.authority import make_authority, serving

from phalanx.errors import InputError
from phalanx.govern.controls import (
    SHIPPED,
    Assessment,
    Observed,
    Outcome,
    assess,
    read_catalogue,
)
from phalanx.govern.controls.answers import read_answers
from phalanx.govern.controls.assessing import Answer
from phalanx.govern.duties import SHIPPED as DUTIES
from phalanx.govern.duties import read_duties
from phalanx.govern.ledger import Ledger, begin_ledger
from phalanx.govern.ledger.stamped import stamp_ledger
from phalanx.govern.ledger.stamps import read_roots
from phalanx.model.event import Event
from phalanx.share.gate.policy import load_policy
from phalanx.transparency.note_keys import NoteSigner
from phalanx.transparency.witness import cosign

CATALOGUE = read_catalogue(SHIPPED)
NOW = datetime.now(UTC)


def outcome(done: Assessment, control: str) -> tuple[Outcome, str]:
    """Return what was found of a control."""
    (found,) = (each for each in done.findings if each.control.id == control)
    return found.outcome, found.said


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A ledger with one event."""
    made = begin_ledger(tmp_path / "ledger", "lab.example/ledger", 1)
    event = Event(kind="report", at=NOW, actor="ana", subject="case 1")
    made.record([event], os.urandom, 1)
    return made


def test_what_nobody_looked_at_is_neither_satisfied_nor_not() -> None:
    """Shown nothing, an assessment says nothing, of every control."""
    done = assess(CATALOGUE, "frontier", Observed(at=NOW), {})
    assert done.count(Outcome.NOT_ASSESSED) == len(done.findings) == 42
    assert all(each.said for each in done.findings)


def test_each_check_of_the_catalogue_is_looked_up(ledger: Ledger) -> None:
    """A person's word does not stand in for what can be looked up."""
    answers = {each.id: Answer(is_so=True, said="It is so.", by="A. Lee") for each in CATALOGUE}
    done = assess(CATALOGUE, "frontier", Observed(at=NOW, ledger=ledger), answers)
    for each in done.findings:
        if each.control.check is None:
            assert (each.outcome, each.by) == (Outcome.SATISFIED, "A. Lee")
        elif each.control.rest is None:
            assert each.by is None
        else:
            assert each.by == "A. Lee"
            assert "Not looked up: No " in each.said
            assert not each.is_looked_up
    assert outcome(done, "phx-det-1") == (Outcome.NOT_ASSESSED, "No scan was named.")


def test_a_ledger_is_held_to_three_controls(ledger: Ledger, tmp_path: Path) -> None:
    """It verifies, others have seen it, and a clock of others has."""
    root = make_authority(tmp_path / "authority")
    roots = read_roots(root, "root")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
    )

    signer = NoteSigner(name="forum.example/w1", key=Ed25519PrivateKey.generate(), is_witness=True)
    shown = {"ledger": ledger, "witnesses": [signer.public], "stamp_roots": roots}

    def now(at: datetime = NOW) -> Assessment:
        return assess(CATALOGUE, "alliance", Observed(at=at, **shown), {})  # type: ignore[arg-type]

    done = now()
    assert outcome(done, "phx-evd-1")[0] is Outcome.SATISFIED
    assert outcome(done, "phx-evd-2")[0] is Outcome.NOT_SATISFIED
    assert outcome(done, "phx-evd-3") == (
        Outcome.NOT_SATISFIED, "No checkpoint of the ledger was stamped.",
    )  # fmt: skip
    note = cosign(ledger.log.reader, ledger.key, signer, tmp_path / "memory", 1)
    ledger.log.add_signatures(note, [signer.public])
    with serving(tmp_path / "authority") as url:
        stamp_ledger(ledger, url, roots)
    done = now()
    assert outcome(done, "phx-evd-2")[0] is Outcome.SATISFIED
    assert outcome(done, "phx-evd-3")[0] is Outcome.SATISFIED
    assert outcome(now(NOW + timedelta(days=8)), "phx-evd-3")[0] is Outcome.NOT_SATISFIED


def test_a_damaged_ledger_satisfies_nothing(ledger: Ledger) -> None:
    """It is told as that, and the assessment goes on."""
    (bundle,) = (path for path in (ledger.folder / "events").rglob("*") if path.is_file())
    bundle.write_bytes(bundle.read_bytes().replace(b"ana", b"bea"))
    done = assess(CATALOGUE, "baseline", Observed(at=NOW, ledger=ledger), {})
    found, said = outcome(done, "phx-evd-1")
    assert found is Outcome.NOT_SATISFIED
    assert "event 0 of the ledger is not the one that was logged" in said


def test_a_policy_is_in_force_on_its_days_only() -> None:
    """Before its first day, no rule of it holds."""
    policy = load_policy()
    for at, wanted in (
        (datetime(2026, 11, 27, tzinfo=UTC), Outcome.SATISFIED),
        (datetime(2020, 1, 1, tzinfo=UTC), Outcome.NOT_SATISFIED),
    ):
        done = assess(CATALOGUE, "alliance", Observed(at=at, policy=policy), {})
        assert outcome(done, "phx-shr-1")[0] is wanted


def test_duties_that_counsel_did_not_compare_are_told(tmp_path: Path) -> None:
    """Those that are shipped have not been; a file in which all are satisfies the control."""
    done = assess(CATALOGUE, "baseline", Observed(at=NOW, duties=read_duties(DUTIES)), {})
    found, said = outcome(done, "phx-evd-4")
    assert found is Outcome.NOT_SATISFIED
    assert said.startswith("Of 10 duties, 10 were not compared")
    path = tmp_path / "duties.toml"
    today = date.today().isoformat()  # noqa: DTZ011 - a day is enough
    checked = DUTIES.read_text(encoding="utf-8").replace(
        "written = 2026-11-27", f"written = 2026-11-27\nchecked = {today}"
    )
    path.write_text(checked, encoding="utf-8")
    done = assess(CATALOGUE, "baseline", Observed(at=NOW, duties=read_duties(path)), {})
    assert outcome(done, "phx-evd-4")[0] is Outcome.SATISFIED


def test_unknown_profiles_and_controls_are_told(tmp_path: Path) -> None:
    """A misspelt answer would count for nothing, silently."""
    with pytest.raises(InputError, match="no profile 'best'"):
        assess(CATALOGUE, "best", Observed(at=NOW), {})
    path = tmp_path / "answers.toml"
    path.write_text(
        'schema = "phalanx.control-answers/1"\n'
        '[answers.phx-det-33]\nis_so = true\nsaid = "so"\nby = "me"\n'
    )
    with pytest.raises(InputError, match="no control 'phx-det-33'"):
        assess(CATALOGUE, "baseline", Observed(at=NOW), read_answers(path))


@pytest.mark.parametrize(
    "text",
    ["", "schema = 1", 'schema = "phalanx.control-answers/1"\n[answers.a]\nis_so = "yes"', "["],
)
def test_answers_that_are_none_are_refused(tmp_path: Path, text: str) -> None:
    """Before anything is assessed."""
    path = tmp_path / "answers.toml"
    path.write_text(text)
    with pytest.raises(InputError, match="no file of answers"):
        read_answers(path)
