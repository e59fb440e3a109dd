"""`phalanx watermark audit`: what a plan fixes cannot be changed after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from phalanx.cli import ExitCode, main
from phalanx.cli.watermark_audit_verify import refuse_commitment
from phalanx.errors import VerificationError
from phalanx.watermark.audit import commitment_digest, read_plan
from phalanx.watermark.keys.commitment import commit
from phalanx.watermark.keys.sealed_place import Seal
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.vault import Act, Vault, make_vault
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

KEYS = ["--purpose", "campaign", "--key-file", "v.key"]
PLANNED = ["--scheme", "phalanx-gumbel-v1", *KEYS, "--suspect", "model-x", "--decoys", "30"]
RUN = ["--names", "names", *KEYS, "--signer", "sign.key", "--prompts", "prompts.jsonl"]
ACT = Act("x", datetime.now(UTC))
Writer = Callable[..., list[int]]


@pytest.fixture(autouse=True)
def _house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marked_tokens: Writer) -> None:
    monkeypatch.chdir(tmp_path)
    vault = make_vault(Path("watermark-vault"), "example.com", Seal(key_file=Path("v.key")), ACT)
    Path("names").write_text("C-1\nC-2\n")
    made = vault.derive("campaign", ["C-2"], PhalanxGumbel().setting, ACT)
    key = next(iter(made.keys)).reveal()
    prompts = [marked_tokens(None, 20, 100 + at) for at in range(6)]
    answers = [marked_tokens(key, 150, at) for at in range(6)]
    write("prompts.jsonl", [{"tokens": each} for each in prompts])
    write(
        "answers.jsonl",
        [
            {"tokens": said, "prompt_tokens": prompt, "log_p": [float(np.log(1 / 16))] * 150}
            for said, prompt in zip(answers, prompts, strict=True)
        ],
    )


def write(name: str, said: list[dict[str, Any]]) -> None:
    """Write lines of JSON."""
    Path(name).write_text("".join(json.dumps(each) + "\n" for each in said))


def given(name: str = "answers.jsonl") -> list[dict[str, Any]]:
    """Read lines of JSON."""
    return [json.loads(line) for line in Path(name).read_text().splitlines()]


def audit(*words: str) -> int:
    """Do what an auditor does."""
    return main(["watermark", "audit", *words])


def plan(*words: str) -> int:
    """Plan an audit of answers, or another one."""
    compared = [] if "sums" in words else ["--reference", "base model"]
    asked = ["--prompts", "prompts.jsonl", "--runs", "0", "-o", "plan.json"]
    return audit("plan", "names", *PLANNED, *asked, *compared, *words)


def run(*words: str) -> int:
    """Run the audit of the answers."""
    return audit("run", "plan.json", "answers.jsonl", *RUN, "-o", "report.json", *words)


def verify(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Verify the report as its signer says."""
    capsys.readouterr()
    signer = json.loads(Path("report.json").read_text())["public_key"]
    status = audit("verify", "report.json", "--signer", signer, "--plan", "plan.json", *words)
    said = capsys.readouterr()
    return status, " ".join((said.out + said.err).split())


def test_a_second_answer_to_a_prompt_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Which of them counts would be a choice; a plan may ask for several, and then wants them."""
    lines = given()
    write("answers.jsonl", [*lines, lines[0] | {"tokens": lines[1]["tokens"]}])
    assert plan() == ExitCode.CLEAN
    assert run() == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert "answers.jsonl:7: a prompt of the plan has more answers than the 1" in said
    assert not Path("report.json").exists()
    assert plan("--answers-each", "2", "--least-read", "0.5") == ExitCode.CLEAN
    assert "12 answers; with fewer than 6 of them" in capsys.readouterr().out
    assert run("-f", "json") == ExitCode.FINDINGS
    told = json.loads(capsys.readouterr().out)
    assert (told["documents"], told["asked"], told["evaluable"]) == (7, 12, True)
    assert plan("--answers-each", "2", "--mode", "weights") == ExitCode.BAD_INPUT
    assert "reads each document once" in capsys.readouterr().err


def test_with_too_few_answers_nothing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty one is missing as well; the report says so, and its reader."""
    lines = given()
    assert plan("--least-read", "0.8") == ExitCode.CLEAN
    write("answers.jsonl", lines[1:])
    assert run() == ExitCode.FINDINGS
    text = " ".join(capsys.readouterr().out.split())
    assert "5 of 6 answers" in text
    assert "1 of 6 planned answers are missing" in text
    assert "up to 10^0.8 times" in text
    status, text = verify(capsys)
    assert status == ExitCode.CLEAN
    assert "1 of 6 planned answers are missing" in text
    assert "read 5 of 6" in text
    empty = {"tokens": [], "prompt_tokens": lines[1]["prompt_tokens"], "log_p": []}
    write("answers.jsonl", [empty, *lines[2:]])
    assert run() == ExitCode.CLEAN
    said = capsys.readouterr()
    assert "has no token" in said.err
    assert "Not evaluable: the plan wants 5" in said.out
    assert "NAMED" not in said.out
    status, text = verify(capsys)
    assert status == ExitCode.CLEAN
    assert "not evaluable" in text


def test_what_an_answer_says_of_its_prompt_only_finds_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Other numbers beside the planned text leave nothing out that the plan counts."""
    asked = given("prompts.jsonl")
    write("prompts.jsonl", [each | {"text": f"p{at}"} for at, each in enumerate(asked)])
    assert plan() == ExitCode.CLEAN
    capsys.readouterr()
    run("-f", "json")
    before = json.loads(capsys.readouterr().out)
    lines = [each | {"prompt": f"p{at}"} for at, each in enumerate(given())]
    write("answers.jsonl", [each | {"prompt_tokens": each["tokens"]} for each in lines])
    run("-f", "json")
    after = json.loads(capsys.readouterr().out)
    assert after["places"] == before["places"]


def test_gathered_answers_are_taken_as_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    """Every place of them; what leaves some out is missing, and a second one refused."""
    random = np.random.default_rng(2)
    flat = [float(np.log(0.25))] * 4
    prompts = [random.integers(0, 4, 6).tolist() for _ in range(5)]
    answers = [random.integers(0, 4, 80).tolist() for _ in range(5)]
    place = {"candidates": [0, 1, 2, 3], "marked": flat, "reference": flat}
    lines: list[dict[str, Any]] = [
        {
            "prompt_tokens": prompt,
            "tokens": said,
            "places": [{"at": at, **place} for at in range(80)],
        }
        for prompt, said in zip(prompts, answers, strict=True)
    ]
    write("prompts.jsonl", [{"tokens": each} for each in prompts])
    mode = ["--mode", "answers-gathered", "--candidates", "4", "--least-read", "0.8"]
    assert plan(*mode) == ExitCode.CLEAN
    write("answers.jsonl", lines)
    capsys.readouterr()
    assert run("--recorded", "-f", "json") == ExitCode.CLEAN
    told = json.loads(capsys.readouterr().out)
    assert (told["documents"], told["evaluable"], told["rejects"]["count"]) == (5, True, 0)
    few = lines[0] | {"places": lines[0]["places"][:-1]}
    strange = lines[1] | {"prompt_tokens": [9]}
    write("answers.jsonl", [few, *lines[1:], strange, {"tokens": [1]}])
    assert run("--recorded", "-f", "json") == ExitCode.CLEAN
    told = json.loads(capsys.readouterr().out)
    assert (told["documents"], told["asked"]) == (4, 5)
    assert [each["reason"] for each in told["rejects"]["first"]] == [
        "lacks places: each token with a whole context before it is recorded",
        "answers no prompt of the plan",
        "is no record of what two models said",
    ]
    write("answers.jsonl", [*lines, lines[3]])
    assert run("--recorded") == ExitCode.BAD_INPUT
    assert "answers.jsonl:6: a prompt of the plan has more answers" in capsys.readouterr().err
    assert run("--recorded", "--marked", "model") == ExitCode.BAD_INPUT
    assert "no model is run" in capsys.readouterr().err


def tokenizer(path: str, turn: int) -> None:
    """Write a tokenizer that calls word *n* by the number *n*, or by another one."""
    words = {f"w{at}": (at + turn) % 1_900 for at in range(1_900)}
    made: Any = Tokenizer(WordLevel(words, unk_token="w0"))
    made.pre_tokenizer = Whitespace()
    made.save(path)


def test_the_tokenizer_is_the_one_that_was_planned(capsys: pytest.CaptureFixture[str]) -> None:
    """At run and at verify; token numbers where none was; and texts need one from the first."""
    texts = [
        {"text": " ".join(f"w{at}" for at in each["tokens"])} for each in given("prompts.jsonl")
    ]
    answers, tokens = given(), given("prompts.jsonl")
    said = [" ".join(f"w{at}" for at in each["tokens"]) for each in answers]
    write("prompts.jsonl", texts)
    pairs = zip(said, texts, strict=True)
    write("answers.jsonl", [{"text": one, "prompt": other["text"]} for one, other in pairs])
    tokenizer("right.json", 0)
    tokenizer("other.json", 1)
    assert plan("--mode", "sums") == ExitCode.BAD_INPUT
    assert "prompts.jsonl:1: is a text, and no tokenizer cuts it" in capsys.readouterr().err
    assert plan("--mode", "sums", "--tokenizer", "right.json") == ExitCode.CLEAN
    for words, reason in (
        ([], "fixes the tokenizer that cuts texts, which is not named"),
        (["--tokenizer", "other.json"], "not the tokenizer of the plan"),
    ):
        assert run(*words) == ExitCode.BAD_INPUT
        assert reason in capsys.readouterr().err
    assert run("--tokenizer", "right.json") == ExitCode.FINDINGS
    assert "names no tokenizer" not in capsys.readouterr().out
    checked = ["--prompts", "prompts.jsonl", "--tokenizer"]
    assert verify(capsys, *checked, "right.json")[0] == ExitCode.CLEAN
    status, text = verify(capsys, *checked, "other.json")
    assert (status, "not the tokenizer of the plan" in text) == (ExitCode.BAD_INPUT, True)
    status, text = verify(capsys, "--prompts", "answers.jsonl")
    assert (status, "not the documents" in text) == (ExitCode.BAD_INPUT, True)
    write(
        "answers.jsonl",
        [
            each | {"text": one, "prompt": other["text"], "tokens": each["tokens"][::-1]}
            for each, one, other in zip(answers, said, texts, strict=True)
        ],
    )
    assert plan("--tokenizer", "right.json") == ExitCode.CLEAN
    assert run("--tokenizer", "right.json") == ExitCode.BAD_INPUT
    assert "log_p is of other tokens" in capsys.readouterr().err
    write("prompts.jsonl", tokens)
    assert plan("--mode", "sums") == ExitCode.CLEAN
    assert run("--tokenizer", "right.json") == ExitCode.BAD_INPUT
    assert "the plan takes token numbers" in capsys.readouterr().err


def test_a_plan_outlives_the_epoch_of_its_keys(capsys: pytest.CaptureFixture[str]) -> None:
    """The next one derives others, and it is said how to name that of the plan."""
    assert plan() == ExitCode.CLEAN
    assert main(["watermark", "keys", "rotate", "--key-file", "v.key"]) == ExitCode.CLEAN
    capsys.readouterr()
    assert run() == ExitCode.BAD_INPUT
    assert "with --epoch the one of that time" in " ".join(capsys.readouterr().err.split())
    assert run("--epoch", "1") == ExitCode.FINDINGS


def test_the_vaults_own_key_signs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Its file is as long as one that signs."""
    assert plan() == ExitCode.CLEAN
    words = ["./v.key" if each == "sign.key" else each for each in RUN]
    given = ["run", "plan.json", "answers.jsonl", *words, "-o", "report.json"]
    assert audit(*given) == ExitCode.BAD_INPUT
    assert "opens the vault, and signs no report" in capsys.readouterr().err


def test_no_prompt_is_planned_twice(capsys: pytest.CaptureFixture[str]) -> None:
    """Of answers nobody could say which of both they answer."""
    lines = given("prompts.jsonl")
    write("prompts.jsonl", [*lines, lines[2]])
    assert plan() == ExitCode.BAD_INPUT
    assert "prompts.jsonl:7: says the same as prompts.jsonl:3" in capsys.readouterr().err


def test_a_model_with_another_setting_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The same weights with another `config.json` are another model."""
    Path("base").mkdir()
    Path("base/config.json").write_text('{"rope_theta": 10000}')
    Path("base/model.safetensors").write_bytes(b"weights")
    assert plan("--reference-model", "base") == ExitCode.CLEAN
    Path("base/config.json").write_text('{"rope_theta": 20000}')
    assert run("--reference", "base") == ExitCode.BAD_INPUT
    assert "base: not the reference of the plan" in capsys.readouterr().err
    assert run() == ExitCode.BAD_INPUT
    assert "the plan fixes its reference, which is not named" in capsys.readouterr().err


def test_plan_and_commitment_may_name_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    """The commitment names the plan without its commitment; the plan no other one."""
    assert plan() == ExitCode.CLEAN
    first = read_plan(Path("plan.json").read_bytes())
    vault = Vault(Path("watermark-vault"), Seal(key_file=Path("v.key")))
    keys = vault.derive("campaign", ["C-1", "C-2"], PhalanxGumbel().setting, ACT)
    made, other = (commit(keys, first.digest(), Secret(bytes([at]) * 32)) for at in (1, 2))
    for name, each in (("made", made), ("other", other)):
        Path(name).write_text(json.dumps(each.as_json()))
    bound = replace(first, key_commitment=commitment_digest(made))
    refuse_commitment(Path("made"), bound)
    refuse_commitment(Path("other"), first)
    with pytest.raises(VerificationError, match="not a commitment to this plan"):
        refuse_commitment(Path("other"), bound)
    capsys.readouterr()
