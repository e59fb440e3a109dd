"""`phalanx simulate`, `evaluate` and `demo`: measuring one's own detection power."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from phalanx.cli import ExitCode, main
from phalanx.cli.simulate_options import SimulateOptions, simulation_config
from phalanx.errors import ConfigError

SMALL = ["--accounts", "40", "--days", "3", "--campaigns", "1", "--campaign-accounts", "6"]


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_writes_traffic_and_labels() -> None:
    """Every account of the log has one label, and the campaign has the size that was asked for."""
    assert main(["simulate", "--out", "sim", *SMALL]) == ExitCode.CLEAN
    log, labels = pq.read_table("sim/exchanges.parquet"), pq.read_table("sim/labels.parquet")
    labelled = labels.column("account_id").to_pylist()
    assert set(log.column("account_id").to_pylist()) <= set(labelled)
    assert len(labelled) == len(set(labelled)) == 46
    assert labels.column("campaign").null_count == 40


def test_same_seed_same_bytes() -> None:
    """A simulation repeats itself byte for byte, and another seed does not."""
    for out, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        main(["simulate", "--out", out, "--seed", seed, *SMALL])
    first, again, other = (Path(out, "exchanges.parquet").read_bytes() for out in "abc")
    assert first == again != other


def test_leak_test_prints_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    """`--leak-test` prints how well each field alone gives the label away."""
    main(["simulate", "--out", "sim", "--leak-test", "--evasion", "E6", *SMALL])
    printed = dict(line.split() for line in capsys.readouterr().out.splitlines()[1:])
    assert set(printed) == set(pq.read_schema("sim/exchanges.parquet").names)
    assert all(0.5 <= float(area) <= 1.0 for area in printed.values())


def test_into_a_log(log: Path) -> None:
    """`--into` keeps the log's exchanges and adds those of the campaigns."""
    before = pq.read_table(log)
    main(["simulate", "--into", str(log), "--out", "more", *SMALL])
    after = pq.read_table("more/exchanges.parquet")
    kept = set(before.column("exchange_id").to_pylist())
    assert kept < set(after.column("exchange_id").to_pylist())
    assert after.schema.names == before.schema.names
    modes = {path.stat().st_mode & 0o777 for path in Path("more").iterdir()}
    assert modes == {0o600}


def test_a_folder_that_cannot_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    """A file where the folder should be is told before anything is made."""
    Path("taken").write_text("mine")
    assert main(["simulate", "--out", "taken/sub", *SMALL]) == ExitCode.BAD_INPUT
    assert "taken is a file" in capsys.readouterr().err


def test_into_a_log_that_is_absent(capsys: pytest.CaptureFixture[str]) -> None:
    """A log that cannot be read is told."""
    assert main(["simulate", "--into", "absent.parquet", *SMALL]) == ExitCode.BAD_INPUT
    assert "absent.parquet" in capsys.readouterr().err


def test_campaigns_differ() -> None:
    """Planted campaigns take every aim in turn, under names of their own."""
    plans = simulation_config(SimulateOptions(campaigns=8)).campaigns
    assert len({plan.name for plan in plans}) == 8
    assert len({plan.attack_class for plan in plans}) == 6


def test_corpora(tmp_path: Path) -> None:
    """A corpus serves all classes of its kind, or the one that is named."""
    corpus = tmp_path / "prompts.jsonl"
    corpus.write_text('{"prompt": "hello"}\n')
    options = SimulateOptions(
        benign_prompts=(f"chat={corpus}",), attack_prompts=(str(corpus), f"rubric={corpus}")
    )
    corpora = simulation_config(options).prompt_corpora
    assert set(corpora) >= {"chat", "rubric", "reasoning"}
    assert "coding" not in corpora


@pytest.mark.parametrize("text", ["absent.jsonl", "chat=absent.jsonl", "nobody=prompts.jsonl"])
def test_corpus_that_is_absent(text: str) -> None:
    """A corpus that does not exist, or a class that does not, is told with the classes."""
    with pytest.raises(ConfigError, match="no such file") as caught:
        simulation_config(SimulateOptions(benign_prompts=(text,)))
    assert "chat" in caught.value.next_step


def test_evaluate_prints_the_measures(
    scan_folder: Path, labels: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`-f json` has at least the measures that the documentation names."""
    words = ["evaluate", str(scan_folder), "--labels", str(labels), "--key", str(key)]
    assert main([*words, "-f", "json"]) == ExitCode.CLEAN
    measures = json.loads(capsys.readouterr().out)
    assert measures.keys() >= {
        "campaign_recall",
        "account_recall",
        "account_fpr",
        "account_fpr_upper",
        "false_discovery_proportion",
        "b_cubed_precision",
        "b_cubed_recall",
        "served_before_alert",
        "harm_by_class",
    }
    assert measures["accounts_without_label"] == 0
    assert main(words) == ExitCode.CLEAN
    assert "campaign_recall" in capsys.readouterr().out


def test_evaluate_without_the_key(
    scan_folder: Path, labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Labels name accounts as the log does, so the key of the scan is needed."""
    words = ["evaluate", str(scan_folder), "--labels", str(labels), "--key", "absent.key"]
    assert main(words) == ExitCode.BAD_INPUT
    assert "--key" in capsys.readouterr().err


def test_demo_tells_the_whole_story(capsys: pytest.CaptureFixture[str]) -> None:
    """`phalanx demo` leaves traffic, labels, scan and evaluation, and names what it missed."""
    assert main(["demo", "--accounts", "150", "--out", "story"]) == ExitCode.CLEAN
    story = capsys.readouterr().out
    written = {path.relative_to("story").as_posix() for path in Path("story").rglob("*")}
    assert written >= {"exchanges.parquet", "labels.parquet", "evaluation.json"}
    assert written >= {"scan/report.html", "scan/campaigns.json"}
    assert "of 3 planted campaigns" in story
    assert "simulated" in story
    assert story.count("campaign-") == 3
