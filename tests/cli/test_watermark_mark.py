"""`phalanx watermark mark`: answers that `detect` and `trace` find again, and vLLM's settings."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phalanx import causal_model
from phalanx.cli import ExitCode, main
from phalanx.watermark.keys.sealed_place import Seal
from phalanx.watermark.keys.vault import Act, Vault, make_vault
from phalanx.watermark.schemes.vllm_gumbel import VllmGumbel, integer_key

SEALED = ["--key-file", "v.key"]
WHICH = ["--name", "model-2", "--scheme", "phalanx-gumbel-v1", *SEALED]


@pytest.fixture(autouse=True)
def _house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    who = Act("x", datetime.now(UTC))
    make_vault(Path("watermark-vault"), "example.com", Seal(key_file=Path("v.key")), who)
    Path("names").write_text("model-1\nmodel-2\n")
    prompts = [{"id": str(at), "tokens": [7 + at, 8, 9, 10, 11]} for at in range(3)]
    Path("prompts.jsonl").write_text("".join(json.dumps(each) + "\n" for each in prompts))


@pytest.fixture
def model(tmp_path: Path) -> str:
    """Return the folder of a small model whose every choice is free, or skip without torch."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    torch.manual_seed(0)
    torch.set_num_threads(1)
    configuration = transformers.LlamaConfig(
        vocab_size=500, hidden_size=16, intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=2, bos_token_id=0, eos_token_id=None, pad_token_id=0,
        max_position_embeddings=300,
    )  # fmt: skip
    made = transformers.LlamaForCausalLM(configuration).eval()
    for weights in made.parameters():
        weights.data.normal_(std=0.5)
    made.save_pretrained(tmp_path / "model")
    return "model"


def mark(*words: str) -> int:
    """Do what an operator does."""
    return main(["watermark", *words])


def test_marked_answers_are_found_again(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The lines that go out are those that `detect` reads, prompts and all."""
    words = ["mark", "prompts.jsonl", *WHICH, "--model", model, "--most-tokens", "80"]
    assert mark(*words, "-o", "answers.jsonl") == ExitCode.CLEAN
    rows = [json.loads(line) for line in Path("answers.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == ["0", "1", "2"]
    assert [len(row["tokens"]) for row in rows] == [80, 80, 80]
    assert rows[0]["prompt_tokens"] == [7, 8, 9, 10, 11]
    asked = ["--names", "names", "--scheme", "phalanx-gumbel-v1", *SEALED, "-f", "json"]
    assert mark("detect", "answers.jsonl", *asked) == ExitCode.FINDINGS
    said = json.loads(capsys.readouterr().out)
    assert said["corpus"]["findings"][0]["key"] == "model-2"
    assert {each["verdict"] for each in said["documents"]} == {"marked"}


def test_a_prompt_that_is_too_long_is_named(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Before any is answered: with its answer it must fit into what the model reads."""
    prompts = [{"tokens": [7, 8, 9]}, {"tokens": [7] * 290}, {"tokens": [500]}]
    Path("prompts.jsonl").write_text("".join(json.dumps(each) + "\n" for each in prompts))
    words = ["mark", "prompts.jsonl", *WHICH, "--model", model, "--most-tokens"]
    assert mark(*words, "20", "-o", "answers.jsonl") == ExitCode.BAD_INPUT
    assert "prompts.jsonl:2: model reads 300 tokens, not 310" in capsys.readouterr().err
    assert mark(*words, "5", "-o", "answers.jsonl") == ExitCode.BAD_INPUT
    assert "prompts.jsonl:3: model has tokens below 500, not 500" in capsys.readouterr().err
    assert not Path("answers.jsonl").exists()


def test_a_codeword_is_traced(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Answers for an account of a code lead to it."""
    Path("accounts").write_text("a\nb\nc\n")
    made = ["--name", "c1", "--scheme", "phalanx-gumbel-v1", "--collusion", "1", *SEALED]
    assert mark("code", "accounts", *made, "-o", "code.json") == ExitCode.CLEAN
    prompts = [{"tokens": [at, 2 * at % 400, 9, 10, 11]} for at in range(12)]
    Path("prompts.jsonl").write_text("".join(json.dumps(each) + "\n" for each in prompts))
    words = ["mark", "prompts.jsonl", *WHICH[2:], "--code", "code.json", "--model", model]
    long = ["--most-tokens", "200", "-o", "coded.jsonl"]
    assert mark(*words, "--name", "b", *long) == ExitCode.CLEAN
    asked = ["trace", "coded.jsonl", "--code", "code.json", *SEALED, "-f", "json"]
    assert mark(*asked) == ExitCode.FINDINGS
    told = json.loads(capsys.readouterr().out)
    assert [each["account"] for each in told["accounts"] if each["accused"]] == ["b"]
    assert mark(*words, "--name", "d") == ExitCode.BAD_INPUT
    assert "has no codeword" in capsys.readouterr().err


def test_weights_are_audited_where_they_lie(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A suspect that is the reference itself leans nowhere, and no key is named."""
    random = np.random.default_rng(1)
    documents = [{"tokens": random.integers(0, 500, 60).tolist()} for _ in range(3)]
    Path("read.jsonl").write_text("".join(json.dumps(each) + "\n" for each in documents))
    which = ["--scheme", "phalanx-gumbel-v1", *SEALED]
    plan = ["audit", "plan", "names", *which, "--suspect", "s", "--prompts", "read.jsonl"]
    options = ["--mode", "weights", "--decoys", "5", "--runs", "0", "--reference", "r"]
    assert mark(*plan, *options, "-o", "plan.json") == ExitCode.CLEAN
    Path("given.jsonl").write_text("".join(json.dumps(documents[at]) + "\n" for at in (2, 0, 1, 0)))
    run = ["audit", "run", "plan.json", "given.jsonl", "--names", "names", "--prompts",
           "read.jsonl", "--signer", "s.key", "-o", "report.json", *SEALED]  # fmt: skip
    capsys.readouterr()
    assert mark(*run, "--model", model, "--marked", model) == ExitCode.BAD_INPUT
    assert "three models" in capsys.readouterr().err
    three = ["--model", model, "--marked", model, "--reference", model, "-f", "json"]
    assert mark(*run, *three) == ExitCode.CLEAN
    said = json.loads(capsys.readouterr().out)
    assert (said["places"], said["documents"]) == (168, 3)
    assert "given before" in said["rejects"]["first"][0]["reason"]
    one_of = float(np.log10(len(said["keys"])))
    assert all(abs(each["evidence"]["log10_e"] + one_of) < 1e-9 for each in said["keys"])


def test_answers_are_held_against_a_reference(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reference reads prompt and answer; the marked model's own answers name its key."""
    words = ["mark", "prompts.jsonl", *WHICH, "--model", model, "--most-tokens", "80"]
    assert mark(*words, "-o", "answers.jsonl") == ExitCode.CLEAN
    which = ["--scheme", "phalanx-gumbel-v1", *SEALED]
    plan = ["audit", "plan", "names", *which, "--suspect", "s", "--prompts", "prompts.jsonl"]
    plan += ["--reference", "r", "--decoys", "5", "--runs", "0", "-o", "plan.json"]
    assert mark(*plan) == ExitCode.CLEAN
    run = ["audit", "run", "plan.json", "answers.jsonl", "--names", "names", "--prompts",
           "prompts.jsonl", "--signer", "s.key", "-o", "report.json", *SEALED]  # fmt: skip
    capsys.readouterr()
    assert mark(*run, "--reference", model, "-f", "json") == ExitCode.FINDINGS
    said = json.loads(capsys.readouterr().out)
    assert [each["named"] for each in said["keys"]] == [False, True]


def test_a_model_is_bounded(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Too long an answer, tokens of another vocabulary, a folder that holds something else."""
    words = ["mark", "prompts.jsonl", *WHICH, "--model"]
    assert mark(*words, model, "--most-tokens", "400") == ExitCode.BAD_INPUT
    assert "reads 300 tokens" in capsys.readouterr().err
    Path("prompts.jsonl").write_text('{"tokens": [500]}\n')
    assert mark(*words, model) == ExitCode.BAD_INPUT
    assert "tokens below 500" in capsys.readouterr().err
    Path("broken").mkdir()
    Path("broken/config.json").write_text("{}")
    assert mark(*words, "broken") == ExitCode.BAD_INPUT
    assert "cannot be opened" in capsys.readouterr().err


def test_a_missing_extra_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to install, as status 2."""
    monkeypatch.setattr(causal_model, "find_spec", lambda name: None if name == "torch" else name)
    assert mark("mark", "prompts.jsonl", *WHICH, "--model", "m") == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert "a model needs torch, which is not installed" in said
    assert "pip install '.[torch]'" in said


def test_vllm_is_told_its_key_in_a_file_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed hides it; the file is new, and for its owner."""
    words = ["mark", "--name", "m", "--scheme", "vllm-gumbel-v1", "--engine", "vllm", *SEALED]
    assert mark(*words) == ExitCode.CLEAN
    shown = json.loads(capsys.readouterr().out)
    assert (shown["algorithm"], shown["key"]) == ("gumbel", "hidden")
    assert mark(*words, "-o", "vllm.json") == ExitCode.CLEAN
    assert Path("vllm.json").stat().st_mode & 0o777 == 0o600
    vault = Vault(Path("watermark-vault"), Seal(key_file=Path("v.key")))
    made = vault.derive("serve", ["m"], VllmGumbel().setting, Act("x", datetime.now(UTC)))
    (key,) = made.keys
    written: dict[str, Any] = json.loads(Path("vllm.json").read_text())
    assert written["key"] == integer_key("vllm-gumbel-v1", key.reveal())
    assert str(written["key"]) not in capsys.readouterr().out
    assert mark(*words, "-o", "vllm.json") == ExitCode.BAD_INPUT


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([*WHICH, "--engine", "vllm"], "vLLM sets"),
        ([*WHICH, "--engine", "vllm", "--code", "c"], "one key"),
        (WHICH, "needs prompts and a model"),
        (["prompts.jsonl", *WHICH], "needs prompts and a model"),
        (["none", *WHICH, "--model", "m"], "cannot be read"),
        (["names", *WHICH, "--model", "m"], "is no JSON"),
        (["texts.jsonl", *WHICH, "--model", "m"], "no tokenizer is named"),
        (["prompts.jsonl", *WHICH[:2], *SEALED, "--scheme", "vllm-gumbel-v1", "--model", "m"],
         "set by its engine"),
        (["prompts.jsonl", *WHICH, "--model", "m", "--temperature", "0"], "--temperature"),
    ],
)  # fmt: skip
def test_mistakes_are_told(
    words: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By what is wrong, with status 2, and nothing is generated."""
    Path("texts.jsonl").write_text('{"text": "a"}\n')
    assert mark("mark", *words) == ExitCode.BAD_INPUT
    said = capsys.readouterr()
    assert reason in said.err
    assert "Traceback" not in said.err
    assert not said.out
