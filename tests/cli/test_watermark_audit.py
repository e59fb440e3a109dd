"""`phalanx watermark audit`: planned, run as planned, signed, verified."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phalanx.cli import ExitCode, main
from phalanx.cli.watermark_audit_run import Done
from phalanx.cli.watermark_audit_view import as_json, as_text
from phalanx.watermark.audit import Field, Plan, conclude, winners
from phalanx.watermark.draws import Draws
from phalanx.watermark.keys.sealed_place import Seal
from phalanx.watermark.keys.vault import Act, Vault, make_vault
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
from phalanx.watermark.texts import Reject

SCHEME = PhalanxGumbel()
SEALED = ["--key-file", "v.key"]
KEYS = ["--purpose", "campaign", *SEALED]
WHICH = ["--scheme", "phalanx-gumbel-v1", *KEYS]
RUN = ["--names", "names", *KEYS, "--signer", "sign.key", "-o", "report.json"]
ASKED = [*RUN, "--prompts", "prompts.jsonl"]
Writer = Callable[..., list[int]]


@pytest.fixture(autouse=True)
def _house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marked_tokens: Writer) -> None:
    monkeypatch.chdir(tmp_path)
    who = Act("x", datetime.now(UTC))
    vault = make_vault(Path("watermark-vault"), "example.com", Seal(key_file=Path("v.key")), who)
    Path("names").write_text("C-1\nC-2\n")
    prompts = [marked_tokens(None, 20, 100 + at) for at in range(6)]
    lines("prompts.jsonl", [{"tokens": each} for each in prompts])
    answers = [marked_tokens(key(vault), 150, at) for at in range(6)]
    said = [
        {"tokens": answer, "prompt_tokens": prompt, "log_p": [float(np.log(1 / 16))] * 150}
        for answer, prompt in zip(answers, prompts, strict=True)
    ]
    lines("answers.jsonl", [*said, {"tokens": answers[0], "prompt_tokens": [1, 2, 3]}])


def key(vault: Vault) -> bytes:
    """Return the key of the second campaign."""
    made = vault.derive("campaign", ["C-2"], SCHEME.setting, Act("x", datetime.now(UTC)))
    return next(iter(made.keys)).reveal()


def lines(name: str, said: list[dict[str, Any]]) -> None:
    """Write lines of JSON."""
    Path(name).write_text("".join(json.dumps(each) + "\n" for each in said))


def audit(*words: str) -> int:
    """Do what an auditor does."""
    return main(["watermark", "audit", *words])


def planned(*words: str, scheme: str = "phalanx-gumbel-v1") -> int:
    """Plan."""
    options = ["--suspect", "model-x", "--prompts", "prompts.jsonl", "--decoys", "30", *words]
    which = ["--scheme", scheme, *KEYS]
    runs = [] if "--runs" in words else ["--runs", "0"]
    compared = [] if {"sums", "--reference"} & set(words) else ["--reference", "base model"]
    return audit("plan", "names", *which, *options, *runs, *compared, "-o", "plan.json")


def test_a_plan_says_what_it_compares_with(capsys: pytest.CaptureFixture[str]) -> None:
    """Never that nothing is asked where a reference is: what it says is signed later."""
    options = ["--suspect", "model-x", "--prompts", "prompts.jsonl", "-o", "plan.json"]
    for mode in ("answers", "weights", "answers-gathered", "weights-gathered"):
        assert audit("plan", "names", *WHICH, *options, "--mode", mode) == ExitCode.BAD_INPUT
        assert f"audit of {mode} compares with a reference" in capsys.readouterr().err
    assert planned("--mode", "sums", "--reference", "base model") == ExitCode.BAD_INPUT
    assert "of sums asks no reference" in capsys.readouterr().err
    assert planned("--mode", "sums") == ExitCode.CLEAN
    assert "compared    none: " in capsys.readouterr().out


def test_answers_name_the_campaign(capsys: pytest.CaptureFixture[str]) -> None:
    """As planned and committed to; the report is signed, and anybody verifies it."""
    assert planned("--reference", "base model") == ExitCode.CLEAN
    digest = hashlib.sha256(Path("plan.json").read_bytes()).hexdigest()
    assert digest in capsys.readouterr().out
    committed = ["keys", "commit", "names", *WHICH, "--plan", "plan.json", "--seed", "s", "-o", "c"]
    assert main(["watermark", *committed]) == ExitCode.CLEAN
    words = ["run", "plan.json", "answers.jsonl", *ASKED, "--commitment", "c"]
    assert audit(*words, "-f", "json") == ExitCode.FINDINGS
    said = json.loads(capsys.readouterr().out)
    assert [each["named"] for each in said["keys"]] == [False, True]
    evidence = said["keys"][1]["evidence"]
    assert evidence["rule_id"] == "PHX-W004"
    assert evidence["log10_p"] == -evidence["log10_e"] < -7
    assert said["rejects"]["first"][0]["reason"] == "answers no prompt of the plan"
    assert (said["plan_digest"], said["documents"]) == (digest, 6)
    verify = ["verify", "report.json", "--signer", said["signed_by"], "--plan", "plan.json"]
    assert audit(*verify, "--commitment", "c") == ExitCode.CLEAN
    assert "1 of 2 keys" in capsys.readouterr().out
    assert audit(*verify, "-f", "json") == ExitCode.CLEAN
    assert json.loads(capsys.readouterr().out)["report"]["plan_digest"] == digest
    assert audit(*words, "--fail-on", "never", "-q") == ExitCode.CLEAN


def test_a_report_that_was_changed_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """So is one of another signer, another plan, or another commitment."""
    planned()
    capsys.readouterr()
    audit("run", "plan.json", "answers.jsonl", *ASKED, "-f", "json")
    public = json.loads(capsys.readouterr().out)["signed_by"]
    report = Path("report.json").read_text()
    Path("changed.json").write_text(report.replace("model-x", "model-y"))
    Path("again.json").write_text(json.dumps(json.loads(Path("plan.json").read_text())))
    for words, reason in (
        (["changed.json", "--signer", public], "was changed"),
        (["report.json", "--signer", "A" * 42 + "I="], "signed by somebody else"),
        (["report.json", "--signer", "no key"], "no public key"),
        (["names", "--signer", public], "no signed report"),
        (["report.json", "--signer", public, "--plan", "again.json"], "as it was written"),
        (["report.json", "--signer", public, "--commitment", "names"], "commitment"),
    ):
        plan = [] if "--plan" in words else ["--plan", "plan.json"]
        assert audit("verify", *words, *plan) == ExitCode.BAD_INPUT
        assert reason in capsys.readouterr().err
    planned("--level", "0.5")
    assert audit("verify", "report.json", "--signer", public, "--plan", "plan.json") == 2
    assert "follows another plan" in capsys.readouterr().err


def test_sums_need_no_model(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody says how likely tokens are, for any scheme."""
    assert planned("--mode", "sums") == ExitCode.CLEAN
    assert audit("run", "plan.json", "answers.jsonl", *ASKED) == ExitCode.FINDINGS
    said = capsys.readouterr().out
    assert "Named: 1 key of 2" in said
    assert "sum of scores of answers" in said
    other = "kgw-transformers-v1?vocabulary=2000"
    assert planned("--mode", "sums", "--runs", "1", scheme=other) == ExitCode.CLEAN
    assert "not evaluable" in capsys.readouterr().out
    assert planned(scheme=other) == ExitCode.BAD_INPUT
    assert "--mode sums" in capsys.readouterr().err


def record(documents: list[Any], secret: bytes, width: int = 4) -> list[dict[str, Any]]:
    """Write down what three models say of four tokens, of which the suspect has learnt winners."""
    recorded = []
    for tokens in documents:
        at = np.arange(width, tokens.size)
        flat = np.full((at.size, 4), np.log(0.25))
        four = np.tile(np.arange(4), (at.size, 1))
        draws = Draws(tokens, at, tokens[at], width, 0)
        won = winners(Field(draws, four, flat), PhalanxGumbel(width), secret)
        said = flat.copy()
        said[np.arange(at.size), won] += 0.5
        said -= np.logaddexp.reduce(said, axis=1, keepdims=True)
        places = [
            {
                "at": int(place),
                "candidates": [0, 1, 2, 3],
                "marked": flat[row].tolist(),
                "suspect": said[row].tolist(),
                "reference": flat[row].tolist(),
            }
            for row, place in enumerate(at)
        ]
        recorded.append({"tokens": tokens.tolist(), "places": places})
    return recorded


def test_recorded_weights_name_the_campaign(capsys: pytest.CaptureFixture[str]) -> None:
    """What three models said of planned documents is enough; no model is here."""
    vault = Vault(Path("watermark-vault"), Seal(key_file=Path("v.key")))
    random = np.random.default_rng(3)
    documents = [random.integers(0, 1_900, 200) for _ in range(3)]
    lines("prompts.jsonl", [{"tokens": each.tolist()} for each in documents])
    recorded = record(documents, key(vault))
    strange: list[dict[str, Any]] = [{"tokens": [1, 2], "places": []}, {"no": 1}]
    lines("recorded.jsonl", [*recorded, *strange, recorded[0]])
    assert planned("--mode", "weights") == ExitCode.CLEAN
    capsys.readouterr()
    words = ["run", "plan.json", "recorded.jsonl", "--recorded", *ASKED, "-f", "json", "-q"]
    assert audit(*words) == ExitCode.FINDINGS
    told = json.loads(capsys.readouterr().out)
    assert [each["named"] for each in told["keys"]] == [False, True]
    assert (told["places"], told["documents"]) == (588, 3)
    assert [each["name"] for each in told["keys"]] == ["C-1", "C-2"]
    assert [each["reason"] for each in told["rejects"]["first"]] == [
        "is no document of the plan",
        "is no record of what three models said",
        "is a document of the plan that was given before",
    ]
    assert audit(*words, "--reference", "elsewhere") == ExitCode.BAD_INPUT
    assert "no model is run" in capsys.readouterr().err


def test_gathered_weights_name_the_campaign(capsys: pytest.CaptureFixture[str]) -> None:
    """By context, as planned, with a power curve before; verified after."""
    vault = Vault(Path("watermark-vault"), Seal(key_file=Path("v.key")))
    documents = [np.random.default_rng(at).integers(0, 4, 200) for at in range(3)]
    lines("prompts.jsonl", [{"tokens": each.tolist()} for each in documents])
    lines("recorded.jsonl", record(documents, key(vault)))
    mode = ["--mode", "weights-gathered", "--runs", "2", "--places", "500", "--candidates", "4"]
    assert planned(*mode) == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert "the most usual 50,000 contexts at most" in said
    assert "500 contexts\n" in said
    assert "Zipf" in said
    assert json.loads(Path("plan.json").read_text())["places"] == 50_000
    words = ["run", "plan.json", "recorded.jsonl", *ASKED, "--recorded"]
    assert audit(*words) == ExitCode.FINDINGS
    said = capsys.readouterr().out
    assert "Named: 1 key of 2" in said
    assert "C-2 (wmk_" in said
    assert "C-1" not in Path("report.json").read_text()
    first = sum(len({each[at - 4 : at].tobytes() for at in range(4, 200)}) for each in documents)
    assert f"of the {first:,} times" in said.replace("\n            ", " ")
    public = next(line.split()[-1] for line in said.splitlines() if "signed by" in line)
    verify = ["verify", "report.json", "--signer", public, "--plan", "plan.json"]
    assert audit(*verify) == ExitCode.CLEAN
    told = [json.loads(line)["tokens"] for line in Path("answers.jsonl").read_text().splitlines()]
    told = told[:6]
    lines("prompts.jsonl", [{"tokens": each} for each in told])
    lines("recorded.jsonl", record([np.array(each) for each in told], key(vault)))
    assert planned(*mode) == ExitCode.CLEAN
    assert audit(*words) == ExitCode.BAD_INPUT
    assert "shows the mark of a key" in capsys.readouterr().err


def test_gathered_answers_need_two_models(capsys: pytest.CaptureFixture[str]) -> None:
    """And a scheme that races; other modes fix no marked model."""
    assert planned("--mode", "answers-gathered") == ExitCode.CLEAN
    assert audit("run", "plan.json", "answers.jsonl", *ASKED) == ExitCode.BAD_INPUT
    assert "--marked and --reference" in capsys.readouterr().err
    assert planned("--marked-model", ".") == ExitCode.BAD_INPUT
    assert "fixes no marked model" in capsys.readouterr().err
    too_many = ["--mode", "answers-gathered", "--most-places", "1000000"]
    assert planned(*too_many) == ExitCode.BAD_INPUT
    assert "--most-places times" in capsys.readouterr().err
    kgw = "kgw-transformers-v1?vocabulary=2000"
    assert planned("--mode", "answers-gathered", scheme=kgw) == ExitCode.BAD_INPUT
    assert "lets no tokens race" in capsys.readouterr().err


def test_the_power_is_told_before(capsys: pytest.CaptureFixture[str]) -> None:
    """More of the mark and more text are found more often; without a mark nothing is."""
    assert planned("--runs", "6", "--places", "300", "--places", "3000") == ExitCode.CLEAN
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if "(10^" in line]
    assert [rows[0][at] for at in (0, 1, 3)] == ["0%", "0%", "0%"]
    assert [rows[-1][at] for at in (0, 3)] == ["50%", "100%"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["run", "names", "answers.jsonl", *ASKED], "as it was written"),
        (["run", "plan.json", "none", *ASKED], "cannot be read"),
        (["run", "plan.json", "names", *ASKED], "is no JSON"),
        (["run", "plan.json", "strange.jsonl", *ASKED], "answers no prompt"),
        (["run", "plan.json", "bare.jsonl", *ASKED], "no log_p of the reference"),
        (
            ["run", "plan.json", "answers.jsonl", *RUN, "--prompts", "names"],
            "not the documents",
        ),
        (["run", "plan.json", "answers.jsonl", *ASKED, "--epoch", "9"], "no epoch 9"),
        (["run", "plan.json", "answers.jsonl", *ASKED, "--names", "others"], "other keys"),
        (["run", "plan.json", "answers.jsonl", *ASKED, "--commitment", "names"], "commitment"),
        (["run", "plan.json", "answers.jsonl", *ASKED, "--reference", "none"], "Next: "),
        (["run", "plan.json", "answers.jsonl", *ASKED, "--recorded"], "takes no records"),
        (["plan", "names", *WHICH, "--suspect", " ", "--reference", "r", "--prompts", "names",
          "-o", "x"], "one line"),
        (["plan", "names", *WHICH, "--suspect", "a", "--reference", "r", "--prompts", "empty",
          "-o", "x"], "is empty"),
    ],
)  # fmt: skip
def test_mistakes_are_told(
    words: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By what is wrong, with status 2, and no report is written."""
    planned()
    answer = json.loads(Path("answers.jsonl").read_text().splitlines()[0])
    lines("bare.jsonl", [{name: answer[name] for name in ("tokens", "prompt_tokens")}])
    lines("strange.jsonl", [answer | {"prompt_tokens": [1]}])
    Path("others").write_text("C-2\nC-1\n")
    Path("empty").touch()
    if "others" in words:
        words = [each for each in words if each not in {"--names", "names"}]
        words[words.index("others") : words.index("others")] = ["--names"]
    capsys.readouterr()
    assert audit(*words) == ExitCode.BAD_INPUT
    said = capsys.readouterr()
    assert reason in said.err
    assert "Traceback" not in said.err
    assert not Path("report.json").exists()
    assert not Path("x").exists()


def test_golden(check_golden: Any) -> None:
    """What people and programs read."""
    plan = Plan(
        suspect="model-x", mode="answers", scheme=SCHEME.setting.name, key_ids=("wmk_1", "wmk_2"),
        key_commitment="", prompts_digest="1" * 64, prompts=10, reference="the base model",
        reference_digest="", level=1e-6, decoys=2, decoy_seed=7, candidates=64, places=1_000,
        made_at="2026-11-25T12:00:00Z",
    )  # fmt: skip
    done = Done(
        audit=conclude(plan, 900, np.array([0.4, 12.25]), np.array([0.1, -3.0]), read=10),
        repeats=4, rejects=(Reject(where="a.jsonl:3", reason="is no JSON"),),
    )  # fmt: skip
    check_golden("watermark_audit.txt", as_text(done, "cHVibGlj"))
    check_golden("watermark_audit.json", as_json(done, "cHVibGlj"))
