"""What happens over weeks: opinions turn, and the key server begins an epoch."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import pyarrow.parquet as pq
import pytest

from phalanx.cli import ExitCode, main
from phalanx.errors import ConfigError
from phalanx.share.blinding.asking import KeyServer
from phalanx.share.exchange.answering import Answer, objects_of
from phalanx.share.exchange.found import FoundCampaign
from phalanx.share.exchange.publishing import prepared
from phalanx.share.exchange.tokens import blinded, epoch_for_sharing, pinned_epochs

Make = Callable[..., FoundCampaign]


def _words(alliance: Any, name: str, *words: str) -> list[str]:
    return ["share", *words, "--alliance-config", str(alliance.folder / name / "alliance.toml")]


def test_opinions_turn_and_a_campaign_that_nobody_bears_out_is_left_aside(
    alliance: Any, capsys: pytest.CaptureFixture[str], found: Make
) -> None:
    """NEGATIVE by one, DISPUTED by two, in quarantine where both disagree; the author reads it."""
    left = alliance.publish("a", found(identifiers=())).departure.leaving
    (campaign,) = (each.id for each in left if each.type == "campaign")

    def verdict_after(name: str, value: str) -> str:
        house = alliance.house(name)
        answer = Answer(campaign=campaign, value=value, ground="own-review")  # type: ignore[arg-type] # of two
        alliance.send(name, objects_of(answer, house))
        assert main(_words(alliance, "a", "pull")) == ExitCode.CLEAN
        told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("yours: ")]
        return told[0].partition("): ")[2]

    for name in "bc":
        alliance.pull(name)
    assert verdict_after("b", "disagree") == "NEGATIVE, 0 agree, 1 disagree, 0 saw it too"
    assert alliance.pull("c").matches.table.num_rows > 0
    assert verdict_after("c", "agree") == "DISPUTED, 1 agree, 1 disagree, 0 saw it too"
    alliance.now += timedelta(hours=6)
    assert verdict_after("c", "strongly-disagree").startswith("NEGATIVE, 0 agree, 2 disagree")
    pulled = alliance.pull("b")
    assert pulled.matches.table.num_rows == 0
    assert pulled.matches.quarantined > 0


def test_a_new_epoch_of_the_key_server_is_shared_and_the_old_one_still_matched(
    alliance: Any, turned: Any, capsys: pytest.CaptureFixture[str], found: Make
) -> None:
    """Tokens of both epochs are found by who pins both; who pins one is told of the other."""
    first, second = turned.commitments
    carried = [("payment", "card-1"), ("payment", "card-2")]
    with httpx2.Client(base_url=turned.url, timeout=60) as http:
        server = KeyServer(http, turned.api_key)
        with pytest.raises(ConfigError, match="no pinned epoch"):
            epoch_for_sharing(pinned_epochs(server, [first]), alliance.now)
        epochs = pinned_epochs(server, turned.commitments)
        assert epoch_for_sharing(epochs, alliance.now).commitment == second
        for number, value in enumerate(carried, start=1):
            campaign = found(number, identifiers=(value,), templates=(), places=())
            made = prepared(
                alliance.house("a"), [campaign], blinded(server, epochs[number], [value])
            )
            alliance.send("a", made)
            alliance.now += timedelta(hours=6)
    assert main(_words(alliance, "b", "pull")) == ExitCode.CLEAN
    rows = [{"account_id": f"ours-{n}", "kind": k, "value": v} for n, (k, v) in enumerate(carried)]
    record, found_here = alliance.folder / "record.jsonl", alliance.folder / "found.parquet"
    record.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (alliance.folder / "b" / "keys.key").write_text(turned.api_key)
    settings = alliance.folder / "b" / "alliance.toml"
    text = settings.read_text().replace(alliance.servers.keys_url, turned.url)
    match = _words(alliance, "b", "match", "--identifiers", str(record), "-o", str(found_here))
    for commitments, accounts in (
        ((first, second), {"ours-0", "ours-1"}),
        ((second,), {"ours-1"}),
    ):
        listed = json.dumps(list(commitments))
        settings.write_text(text.replace(f'["{alliance.servers.commitment}"]', listed))
        capsys.readouterr()
        assert main(match) == ExitCode.CLEAN
        said = capsys.readouterr().err
        assert set(pq.read_table(found_here)["account_id"].to_pylist()) == accounts
        assert ("epoch 1 is not pinned; its tokens were not compared" in said) == (
            len(commitments) == 1
        )
