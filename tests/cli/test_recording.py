"""What commands did is in the ledger, where one is named; and nothing is shown that is not."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from tests.cli.test_release import ASKED, ISSUER, LAB, PARTNER, RECIPIENT, TERMS

from phalanx.cli import ExitCode, main
from phalanx.cli.recording import recorder
from phalanx.errors import ConfigError
from phalanx.govern.ledger import begin_ledger, open_ledger


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger in `ledger`, that `phalanx.toml` names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGNAME", "ana")
    begin_ledger(Path("ledger"), "lab.example/ledger", 1)
    Path("phalanx.toml").write_text('ledger = "ledger"\n')
    return Path("ledger")


def test_nothing_is_recorded_where_no_ledger_is_named() -> None:
    """And nothing is asked for."""
    recorder(None).record("reveal", "scan 7", {})


def test_an_act_is_recorded_with_the_digest_of_what_it_made(ledger: Path) -> None:
    """Under the name of who did it."""
    recorder(ledger).record("report", "report a.json", {"keys": 2}, artefact=b"{}", actor="lee")
    recorder(ledger).record("reveal", "scan 7", {})
    first, second = (each.event for each in open_ledger(ledger).events())
    assert (first.kind, first.actor, first.digest) == ("report", "lee", sha256(b"{}").hexdigest())
    assert (second.actor, second.digest) == ("ana", None)


def test_a_ledger_that_is_not_there_is_told_before_anything_is_done(tmp_path: Path) -> None:
    """Not after it."""
    with pytest.raises(ConfigError):
        recorder(tmp_path / "none")


def test_a_setting_names_the_ledger_for_every_command_that_has_one(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And disturbs no other."""
    assert main(["govern", "assess", "-f", "json"]) == ExitCode.FINDINGS
    rows = {each["id"]: each for each in json.loads(capsys.readouterr().out)["controls"]}
    assert "nothing is recorded in it" in rows["phx-evd-1"]["said"]
    assert main(["govern", "duties"]) == ExitCode.CLEAN
    assert ledger.exists()


def test_a_grant_of_a_release_is_recorded_by_both_sides(ledger: Path) -> None:
    """Each with the digest of what was signed."""
    Path("terms.toml").write_text(TERMS)
    for name in ("lab", "partner"):
        words = ["release", "keygen", name, "--keys", f"{name}.keys", "-o", f"{name}.json"]
        assert main(words) == ExitCode.CLEAN
    assert main(["release", "request", *ASKED, *PARTNER, "-o", "request.json"]) == ExitCode.CLEAN
    granted = ["grant", "request.json", *RECIPIENT, *LAB, "--terms", "terms.toml"]
    assert main(["release", *granted, "-o", "issued.json"]) == ExitCode.CLEAN
    accepted = ["accept", "issued.json", "--request", "request.json", *ISSUER, *PARTNER]
    assert main(["release", *accepted, "-o", "grant.json"]) == ExitCode.CLEAN
    events = [each.event for each in open_ledger(ledger).events()]
    assert [each.facts["act"] for each in events] == ["granted", "accepted"]
    digests = [sha256(Path(n).read_bytes()).hexdigest() for n in ("issued.json", "grant.json")]
    assert [each.digest for each in events] == digests
