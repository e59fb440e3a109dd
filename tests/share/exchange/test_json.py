"""What the commands of the exchange say as JSON: the same as for people, for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from phalanx.cli import ExitCode, main


class Teller:
    """Runs commands of a member, and reads what they print as JSON."""

    def __init__(self, alliance: Any, capsys: pytest.CaptureFixture[str]) -> None:
        """Keep both."""
        self._alliance, self._capsys = alliance, capsys

    def words(self, name: str, *words: str) -> list[str]:
        """Return the words of a command."""
        config = self._alliance.folder / name / "alliance.toml"
        command, *rest = words
        return ["share", command, "--alliance-config", str(config), *rest]

    def said(self, name: str, *words: str) -> Any:
        """Return the document that a command prints, and nothing else."""
        self._capsys.readouterr()
        assert main(self.words(name, *words, "-f", "json")) == ExitCode.CLEAN
        return json.loads(self._capsys.readouterr().out)


@pytest.fixture
def teller(alliance: Any, capsys: pytest.CaptureFixture[str]) -> Teller:
    """Return who runs the commands."""
    return Teller(alliance, capsys)


def test_the_life_of_a_campaign_as_json(
    alliance: Any, teller: Teller, found: Any, tmp_path: Path
) -> None:
    """Pulled, matched, answered, read by its author, taken back, dropped: each is a document."""
    alliance.publish("a", found())
    pulled = teller.said("b", "pull")
    assert pulled["schema"] == "phalanx.share.pull/1"
    assert pulled["new"]["objects"] == sum(pulled["new"]["by_type"].values()) > 0
    assert pulled["rejected"] == pulled["taken_back"] == pulled["yours"] == []
    (campaign,) = pulled["campaigns"]
    assert (campaign["verdict"], campaign["agreeing"], campaign["attribution"]) == ("NONE", 0, None)
    listed = pq.read_table(pulled["match_list"]["path"])
    assert pulled["match_list"]["values"] == listed.num_rows > 0

    records, matches = tmp_path / "records.csv", tmp_path / "alliance.parquet"
    records.write_text("account_id,kind,value\nx,payment,card-0\ny,payment,card-9\n")
    matched = teller.said("b", "match", "--identifiers", str(records), "-o", str(matches))
    assert matched == {
        "schema": "phalanx.share.matches/1",
        "path": str(matches),
        "matches": [{"campaign": campaign["id"], "kind": "payment", "accounts": 1}],
    }
    assert pq.read_table(matches)["account_id"].to_pylist() == ["x"]

    answered = teller.said("b", "opine", campaign["id"], "--value", "agree")
    assert answered["schema"] == "phalanx.share.departure/1"
    assert answered["left"]["by_type"]["opinion"] == 1
    (mine,) = teller.said("a", "pull")["yours"]
    assert (mine["id"], mine["verdict"], mine["agreeing"]) == (campaign["id"], "POSITIVE", 1)

    gone = teller.said("a", "retract", campaign["id"])
    assert gone["schema"] == "phalanx.share.retraction/1"
    assert campaign["id"] in gone["taken_back"]
    assert (gone["hub"]["refused"], gone["staying"]) == ([], [])
    assert {name.partition("--")[0] for name in gone["deleted"]} >= {"llm-account-fingerprint"}
    assert teller.said("b", "pull")["taken_back"] == [campaign["id"]]
    (heard,) = teller.said("a", "pull")["taken_back_by_you"]
    assert (heard["id"], heard["removed"]) == (campaign["id"], 1)


def test_what_is_printed_goes_into_a_file(
    alliance: Any, teller: Teller, found: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file takes what would be printed; where it cannot be written, nothing is done before."""
    alliance.publish("a", found(identifiers=()))
    pull = teller.words("b", "pull", "-f", "json", "-o")
    assert main([*pull, str(tmp_path)]) == ExitCode.BAD_INPUT
    assert "it is a folder" in capsys.readouterr().err
    assert not (tmp_path / "b" / "alliance" / "match_list.parquet").exists()
    assert main([*pull, str(tmp_path / "pull.json")]) == ExitCode.CLEAN
    assert capsys.readouterr().out == ""
    (campaign,) = json.loads((tmp_path / "pull.json").read_text())["campaigns"]
    opine = teller.words("b", "opine", campaign["id"], "--value", "agree", "-o", str(tmp_path))
    assert main(opine) == ExitCode.BAD_INPUT
    assert teller.said("a", "pull")["yours"][0]["verdict"] == "NONE"
