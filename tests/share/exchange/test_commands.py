"""The commands, from two simulated logs to an acknowledged retraction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from phalanx.cli import ExitCode, main, share_exchange_work
from phalanx.cli.profile_files import read_profiles
from phalanx.cli.scan_key import key_of_scan
from phalanx.detect.simulate import CampaignPlan, SimulationConfig, simulate
from phalanx.errors import ServiceError
from phalanx.formats.folder import read_scan, write_scan
from phalanx.logs.pseudonym import pseudonymiser
from phalanx.model import Campaign, Harm
from phalanx.share.asking import Patience
from phalanx.share.client import Access, connected
from phalanx.share.exchange.house import public_key
from phalanx.share.exchange.publishing import join, prepared


@dataclass
class Providers:
    """Logs of two providers that one campaign uses, records of both, a scan of the first."""

    folder: Path
    planted_at_b: frozenset[str]


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Providers:
    """Return two logs, six accounts of one campaign in the second, and a scan of the first."""
    folder = tmp_path_factory.mktemp("providers")
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    plan = CampaignPlan(name="north", accounts=60, attack_class="reasoning")
    config = SimulationConfig(
        benign_accounts=500, days=7, campaigns=(plan,), evasion="E0", seed=1,
        start=day - timedelta(days=8),
    )  # fmt: skip
    log, labels = (pq.read_table(path) for path in simulate(config).write(folder))
    planted = sorted(labels.filter(pc.is_valid(labels["campaign"]))["account_id"].to_pylist())
    at_b = pa.array(planted[:6])
    honest = [each for each in labels["account_id"].to_pylist() if each not in set(planted)]
    for name, accounts in (("a", honest[:420] + planted[6:]), ("b", honest[420:] + planted[:6])):
        part = log.filter(pc.is_in(log["account_id"], pa.array(accounts)))
        pq.write_table(part, folder / f"{name}.parquet")
        cards = part.group_by(["account_id", "payment_fingerprint"]).aggregate([]).to_pylist()
        rows = [
            json.dumps({"account_id": r["account_id"], "kind": "payment", "value": value})
            for r in cards
            if (value := r["payment_fingerprint"])
        ]
        (folder / f"{name}.jsonl").write_text("\n".join(rows) + "\n")
    words = ["scan", str(folder / "a.parquet"), "--out", str(folder / "scan"), "-q"]
    main([*words, "--key", str(folder / "a.key"), "--fail-on", "never"])
    _list_as_campaign(folder / "scan")
    return Providers(folder, frozenset(at_b.to_pylist()))


def _list_as_campaign(scan: Path) -> None:
    """Let the largest group be a campaign: the reference of so small a log admits none."""
    result = read_scan(scan)
    groups = [(each.facts, each.judgement) for each in result.campaigns]
    groups += [(each.facts, each.judgement) for each in result.undeclared_pools]
    facts, judgement = max(groups, key=lambda group: len(group[0].members))
    harm = Harm(output_tokens=1, estimated_cost_usd=1.0, share_of_known_sets={})
    made = Campaign(
        campaign_id="campaign-0123456789ab", facts=facts, judgement=judgement,
        harm=harm, actions=(),
    )  # fmt: skip
    write_scan(replace(result, campaigns=(made,), undeclared_pools=()), scan)


def _words(alliance: Any, name: str, *words: str) -> list[str]:
    return ["share", *words, "--alliance-config", str(alliance.folder / name / "alliance.toml")]


@pytest.fixture
def with_keys(alliance: Any) -> Any:
    """Return the alliance, whose members share a group key."""
    keys = alliance.folder / "group.keys"
    # Which templates are told apart depends on the key, if little: here it is always the same.
    keys.write_text(f"1 {datetime.now(UTC):%Y-%m-%d} {'5e' * 32}\n")
    keys.chmod(0o600)
    for name in "ab":
        path = alliance.folder / name / "alliance.toml"
        path.write_text(path.read_text().replace("[hub]", 'group_keys = "../group.keys"\n[hub]'))
    return alliance


def test_from_a_scan_to_an_acknowledged_retraction(
    with_keys: Any, providers: Providers, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A publishes, B matches only the campaign's accounts and answers, A hears and takes back."""
    folder, alliance = providers.folder, with_keys
    scan = [str(folder / "scan"), "--key", str(folder / "a.key")]
    records = ["--identifiers", str(folder / "a.jsonl")]
    publish = _words(alliance, "a", "publish", *scan, *records)

    shown = tmp_path / "shown.json"
    assert main([*publish, "--dry-run", "-o", str(shown)]) == ExitCode.CLEAN
    assert "nothing was sent" in capsys.readouterr().out
    assert "llm-account-fingerprint" in shown.read_text()
    assert main(_words(alliance, "b", "pull")) == ExitCode.CLEAN
    assert "new: 0 objects" in capsys.readouterr().out

    assert main(publish) == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert "of 64 objects the hub took 64\n" in said
    campaign = next(line.split()[1] for line in said.splitlines() if line.startswith("campaign:"))
    assert main(publish) == ExitCode.CLEAN
    assert "left: nothing" in capsys.readouterr().out

    assert main(_words(alliance, "b", "pull")) == ExitCode.CLEAN
    assert f"campaign: {campaign}" in capsys.readouterr().out
    places = alliance.settings["b"].folder / "profiles"
    (profile,) = read_profiles(places) or pytest.fail(said)
    assert profile.name.endswith("of member-amber-falcon")

    matches = tmp_path / "alliance.parquet"
    words = ["match", str(folder / "b.parquet"), "--identifiers", str(folder / "b.jsonl")]
    assert main(_words(alliance, "b", *words, "-o", str(matches))) == ExitCode.CLEAN
    table = pq.read_table(matches)
    assert {"payment", "template"} <= set(table["kind"].to_pylist())
    by_card = table.filter(pc.equal(table["kind"], "payment"))
    assert set(by_card["account_id"].to_pylist()) == providers.planted_at_b
    strangers = set(table["account_id"].to_pylist()) - providers.planted_at_b
    assert strangers == set()
    words = ["match", str(folder / "b.parquet"), "-o", str(tmp_path / "less.parquet")]
    assert main(_words(alliance, "b", *words)) == ExitCode.CLEAN
    assert "for want of --identifiers" in capsys.readouterr().err

    opine = _words(alliance, "b", "opine", campaign, "--value", "agree")
    assert main(opine) == ExitCode.CLEAN
    capsys.readouterr()
    assert main(_words(alliance, "a", "pull")) == ExitCode.CLEAN
    assert "POSITIVE, 1 agree" in capsys.readouterr().out

    assert main(_words(alliance, "a", "retract", campaign)) == ExitCode.CLEAN
    assert main(_words(alliance, "b", "pull")) == ExitCode.CLEAN
    assert "match list: 0 values" in capsys.readouterr().out
    assert list(places.iterdir()) == []
    assert main(_words(alliance, "a", "pull")) == ExitCode.CLEAN
    assert "of 2 readers 1 removed it" in capsys.readouterr().out
    assert main(publish) == ExitCode.CLEAN
    out, err = capsys.readouterr()
    assert "left: nothing" in out
    assert "was taken back, and is not published again" in err


def test_two_members_count_what_both_suspect(
    alliance: Any, providers: Providers, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Asked, answered from a scan, read as a step, as JSON, once; a stranger is not asked."""
    folder = providers.folder
    suspected = ["--identifiers", str(folder / "a.jsonl"), "--key", str(folder / "a.key")]
    question, answer = (str(tmp_path / name) for name in ("question.psi", "answer.psi"))
    scan = str(folder / "scan")

    def run(who: str, *words: str) -> int:
        config = str(alliance.folder / who / "alliance.toml")
        return main(["share", "compare", *words, "--alliance-config", config])

    ask = ["ask", scan, *suspected, "-o", question, "--member"]
    assert run("a", *ask, "member-red-fox") == ExitCode.BAD_INPUT
    assert "A14" in capsys.readouterr().err
    assert run("a", *ask, "member-quiet-river") == ExitCode.CLEAN
    assert run("c", "answer", question, scan, *suspected, "-o", answer) == ExitCode.BAD_INPUT
    assert "for another member" in capsys.readouterr().err
    assert run("b", "answer", question, scan, *suspected, "-o", answer) == ExitCode.CLEAN
    assert capsys.readouterr().out == ""
    assert run("a", "read", answer, "-f", "json") == ExitCode.CLEAN
    said = json.loads(capsys.readouterr().out)
    assert (said["schema"], said["member"]) == ("phalanx.share.counted/1", "member-quiet-river")
    # One card pays for several accounts of the campaign; both told the same of it.
    assert said["common"] in {"3-9", "10-29", "30-99"}
    assert run("a", "read", answer) == ExitCode.BAD_INPUT
    assert "read once" in capsys.readouterr().err


def test_a_record_that_is_not_named_again_takes_nothing_back(
    with_keys: Any, providers: Providers, capsys: pytest.CaptureFixture[str]
) -> None:
    """Accounts that were told are withdrawn when somebody says so, not when a word is forgotten."""
    folder, alliance = providers.folder, with_keys
    scan = [str(folder / "scan"), "--key", str(folder / "a.key")]
    publish = _words(alliance, "a", "publish", *scan)
    assert main([*publish, "--identifiers", str(folder / "a.jsonl")]) == ExitCode.CLEAN
    assert main(publish) == ExitCode.BAD_INPUT
    assert "would be taken back\nNext: Pass --identifiers" in capsys.readouterr().err


def test_a_record_of_the_campaign_alone_is_refused(
    with_keys: Any, providers: Providers, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A record that says what the campaign carries, and not what others do, tells too much."""
    folder, alliance = providers.folder, with_keys
    scan = [str(folder / "scan"), "--key", str(folder / "a.key"), "--dry-run"]
    publish = _words(alliance, "a", "publish", *scan)
    result = read_scan(folder / "scan")
    (campaign,) = result.campaigns
    key = key_of_scan(folder / "scan", folder / "a.key")
    assert key is not None
    hide = pseudonymiser(key, "account_id")
    rows = [json.loads(line) for line in (folder / "a.jsonl").read_text().splitlines()]
    inside = {each.account_id for each in campaign.facts.members}
    listed = [row for row in rows if hide([row["account_id"]])[0] in inside]
    others = [row for row in rows if row not in listed]
    assert listed
    assert others

    def record(*rows: dict[str, str | None]) -> list[str]:
        path = tmp_path / "record.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return ["--identifiers", str(path)]

    assert main([*publish, *record(*listed)]) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert "would be told of the campaign" in said
    assert "a row for each account" in said
    nobody: dict[str, str | None] = {"account_id": "nobody", "kind": "payment", "value": "card"}
    assert main([*publish, *record(nobody)]) == ExitCode.BAD_INPUT
    assert "names no account of the scan" in capsys.readouterr().err
    assert main([*publish, *record(*others, *listed[1:], nobody)]) == ExitCode.CLEAN
    said = capsys.readouterr().err
    assert "not in the scan: 1 account with rows" in said
    assert "1 listed account, of which no identifier is told" in said
    # Who carries nothing is not left out, but named with nothing.
    empty = ({**row, "value": None} for row in others)
    assert main([*publish, *record(*listed, *empty)]) == ExitCode.CLEAN


def test_a_log_that_changed_since_the_scan_is_refused(
    alliance: Any, providers: Providers, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What a scan rests on must be what it was; another log has to be named."""
    folder = providers.folder
    log, kept = folder / "a.parquet", (folder / "a.parquet").read_bytes()
    publish = _words(alliance, "a", "publish", str(folder / "scan"), "--key", str(folder / "a.key"))
    try:
        table = pq.read_table(log)
        pq.write_table(table.slice(1), log)
        assert main(publish) == ExitCode.BAD_INPUT
        assert "digest is another" in capsys.readouterr().err
        elsewhere = tmp_path / "elsewhere.parquet"
        elsewhere.write_bytes(kept)
        assert main([*publish, "--logs", str(elsewhere), "--dry-run"]) == ExitCode.CLEAN
        assert main([*publish, "--logs", str(log), "--dry-run"]) == ExitCode.BAD_INPUT
        assert "is not among the logs that are named" in capsys.readouterr().err
        both = [*publish, "--logs", str(elsewhere), "--logs", str(log), "--dry-run"]
        assert main(both) == ExitCode.BAD_INPUT
        assert "not a log of the scan" in capsys.readouterr().err
    finally:
        log.write_bytes(kept)
    assert main([*publish, "--campaign", "campaign-0"]) == ExitCode.BAD_INPUT
    assert "no campaign" in capsys.readouterr().err


def test_wrong_settings_are_named(
    alliance: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A missing file, a misspelt name and an open secret end with a message, not a traceback."""
    assert main(["share", "pull", "--alliance-config", str(tmp_path / "none.toml")]) == 2
    assert "No such file" in capsys.readouterr().err
    path = alliance.folder / "a" / "alliance.toml"
    good = path.read_text()
    for old, new, reason in (
        ("bases", "basis", "basis: there is no such setting\nNext: Did you mean `bases`?"),
        ("[hub]", 'purpsoe = "detect"\n[hub]', "Did you mean `purpose`?"),
        ("[hub]\n", "[hub]\napi_kee = 'x'\n", "hub.api_kee: there is no such setting"),
        ("phalanx.alliance/1", "phalanx.alliance/2", "schema"),
        ('bases = ["us-rule-of-reason", "eu-gdpr-6-1-f"]', "bases = []", "at least one"),
        ("member-amber-falcon", "member-red-fox", "no member"),
    ):
        path.write_text(good.replace(old, new))
        assert main(_words(alliance, "a", "pull")) == ExitCode.BAD_INPUT
        assert reason in capsys.readouterr().err
    path.write_text(good)
    (path.parent / "signing.key").chmod(0o644)
    assert main(_words(alliance, "a", "pull")) == ExitCode.BAD_INPUT
    assert "chmod 600" in capsys.readouterr().err
    (path.parent / "signing.key").chmod(0o600)
    assert main(_words(alliance, "a", "identity")) == ExitCode.CLEAN
    assert capsys.readouterr().out.strip() in (alliance.folder / "agreement.toml").read_text()


def test_what_could_not_be_sent_is_sent_as_it_is(
    alliance: Any, capsys: pytest.CaptureFixture[str], found: Any, monkeypatch: Any
) -> None:
    """A first publication that fails names what it keeps; the next one sends the same, and says."""
    house = alliance.house("a")
    made = prepared(house, [found(identifiers=())], {})
    reached = share_exchange_work.hub_of

    @contextmanager
    def nobody(_: Any) -> Iterator[Any]:
        with connected("http://127.0.0.1:9/", Access(), patience=Patience(attempts=1)) as server:
            yield server.collection("http://127.0.0.1:9/a/collections/c/")

    monkeypatch.setattr(share_exchange_work, "hub_of", nobody)
    with pytest.raises(ServiceError) as failed:
        share_exchange_work.let_leave(house, made, "")
    identity = next(each.item["id"] for each in made if each.item["type"] == "campaign")
    assert identity in failed.value.next_step
    monkeypatch.setattr(share_exchange_work, "hub_of", reached)
    assert main(_words(alliance, "a", "publish")) == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert "left: nothing" in said
    assert "signed in an earlier run, and sent now: 64 objects" in said
    assert "of 64 objects the hub took 64\n" in said
    assert f"campaign: {identity} (" in said
    assert main(_words(alliance, "b", "pull")) == ExitCode.CLEAN
    assert identity in capsys.readouterr().out


@pytest.mark.parametrize("who", ["a", "b"])
def test_what_left_is_what_the_hub_took_had_and_refused(
    alliance: Any, capsys: pytest.CaptureFixture[str], found: Any, who: str
) -> None:
    """The counts add up, for the first member and for one whose markings the hub had already."""
    house = alliance.house(who)
    if who == "b":
        alliance.publish("a", found(identifiers=()))
    join(house, prepared(house, [found(1, identifiers=())], {}))
    assert main(_words(alliance, who, "publish", "-f", "json")) == ExitCode.CLEAN
    said = json.loads(capsys.readouterr().out)
    left, hub = said["left"], said["hub"]
    assert sum(left["by_type"].values()) == left["objects"] > 0
    assert left["objects"] + left["padding"] + left["from_before"] == hub["offered"] == 64
    assert hub["took"] + hub["had"] + len(hub["refused"]) == hub["offered"]
    assert (hub["had"] > 0) == (who == "b")
    assert (said["waiting"]["objects"], said["staying"]) == (0, [])
    join(house, prepared(house, [found(2, identifiers=())], {}, "Accounts that wrangle prompts."))
    assert main(_words(alliance, who, "publish", "-f", "json")) == ExitCode.FINDINGS
    (held,) = json.loads(capsys.readouterr().out)["staying"]
    assert (held["action"], {each["rule"] for each in held["rules"]}) == ("hold", {"A15"})
    assert main(_words(alliance, who, "publish", "--dry-run", "-f", "json")) == ExitCode.FINDINGS
    judged = json.loads(capsys.readouterr().out)["judged"]
    assert held in judged


def test_a_pull_counts_neither_padding_nor_what_is_ones_own(
    alliance: Any, capsys: pytest.CaptureFixture[str], found: Any
) -> None:
    """New is what another member says of a campaign; the rest of its batch is called padding."""
    alliance.publish("a", found(identifiers=()))
    assert main(_words(alliance, "a", "pull")) == ExitCode.CLEAN
    assert capsys.readouterr().out.startswith("new: 0 objects\n")
    assert main(_words(alliance, "b", "pull")) == ExitCode.CLEAN
    new, padding, *_ = capsys.readouterr().out.splitlines()
    assert "llm-account-fingerprint" not in new
    assert padding.startswith("padding, or told of no campaign: ")


def test_what_a_removed_key_signed_is_told(
    alliance: Any, capsys: pytest.CaptureFixture[str], found: Any
) -> None:
    """Values that drop out with a key are told, with whose and why; what is new is rejected."""
    alliance.publish("a", found(identifiers=()))
    pull = _words(alliance, "b", "pull")
    assert main(pull) == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert "counts no longer" not in said
    values = int(said.partition("match list: ")[2].split()[0])
    assert values > 0
    agreement = alliance.folder / "agreement.toml"
    before = agreement.read_text()
    key, other = (public_key(alliance.settings[name]) for name in "ac")
    agreement.write_text(before.replace(f'keys = ["{key}"]', f'keys = ["{other}"]'))
    assert main(pull) == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert "match list: 0 values" in said
    (told,) = [line for line in said.splitlines() if line.startswith("counts no longer: ")]
    assert "objects of member-amber-falcon" in told
    assert f"with {values} values to match" in told
    assert told.endswith("the agreement no longer names the key that signed them")
    agreement.write_text(before)
    alliance.now += timedelta(hours=6)
    alliance.publish("a", found(2, identifiers=()))
    entries = before.split("[[member]]")
    without = [each for each in entries if "member-amber-falcon" not in each]
    agreement.write_text("[[member]]".join(without))
    assert main(pull) == ExitCode.FINDINGS
    said = capsys.readouterr().out
    assert "is no member at this time" in said
    assert "signed with a key that is not pinned for this member" in said
    agreement.write_text(before)
    assert main([*pull, "--from-start"]) == ExitCode.CLEAN
    assert "counts no longer" not in capsys.readouterr().out


def test_commands_say_what_is_missing(
    alliance: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Matching before a pull, answering without anything to say, taking back what never left."""
    records = tmp_path / "records.csv"
    records.write_text("account_id,kind,value\nx,payment,1\n")
    for words, reason in (
        (("match", "--identifiers", str(records)), "nothing was pulled yet"),
        (("match",), "neither logs nor identifiers"),
        (("opine", "campaign--1"), "nothing to say"),
        (("opine", "campaign--1", "--value", "agree"), "not among those"),
        (("opine", "campaign--1", "--value", "agree", "--ground", "own-scan"), "bears this out"),
        (("retract", "campaign--1"), "no object of yours"),
    ):
        assert main(_words(alliance, "b", *words)) == ExitCode.BAD_INPUT
        assert reason in capsys.readouterr().err
    records.write_text("account_id,kind\nx,payment\n")
    assert main(_words(alliance, "b", "pull")) == ExitCode.CLEAN
    assert main(_words(alliance, "b", "match", "--identifiers", str(records))) == 2
    said = capsys.readouterr().err
    assert "no column value" in said
    assert "account_id, kind and value" in said
    assert "none.csv" not in said
    assert main(_words(alliance, "b", "match", "--identifiers", "none.csv")) == 2
    assert "none.csv: cannot be read as identifiers: No such file" in capsys.readouterr().err


def test_a_rejected_request_is_told_from_one_that_waits(
    alliance: Any, capsys: pytest.CaptureFixture[str], found: Any
) -> None:
    """Who asks again for what was rejected reads so."""
    house = alliance.house("a")
    join(house, prepared(house, [found(identifiers=())], {}, "Accounts that wrangle prompts."))
    publish = _words(alliance, "a", "publish", "--submit", "eve")
    assert main(publish) == ExitCode.FINDINGS
    said = capsys.readouterr().out
    assert ", request 1\n" in said
    gate = ["--gate", str(alliance.settings["a"].gate), "--agreement"]
    reject = ["share", "reject", "1", "--person", "ada", "--role", "analyst"]
    assert main([*reject, *gate, str(alliance.folder / "agreement.toml")]) == ExitCode.CLEAN
    assert main(publish) == ExitCode.FINDINGS
    assert ", request 1 was rejected\n" in capsys.readouterr().out
