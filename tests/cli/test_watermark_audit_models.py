"""`phalanx watermark audit`: what models that are run here cannot read, or do not say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phalanx.cli import ExitCode, main
from phalanx.watermark.keys.sealed_place import Seal
from phalanx.watermark.keys.vault import Act, make_vault

KEYS = ["--purpose", "campaign", "--key-file", "v.key"]
LONGEST, VOCABULARY = 64, 50


@pytest.fixture(autouse=True)
def _house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    who = Act("x", datetime.now(UTC))
    make_vault(Path("watermark-vault"), "example.com", Seal(key_file=Path("v.key")), who)
    Path("names").write_text("C-1\n")
    random = np.random.default_rng(1)
    write("prompts.jsonl", [{"tokens": random.integers(0, 50, 20).tolist()} for _ in range(3)])


@pytest.fixture
def model(tmp_path: Path) -> str:
    """Return the folder of a small model, or skip without torch."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    torch.manual_seed(0)
    torch.set_num_threads(1)
    configuration = transformers.LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=16, intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=2, bos_token_id=0, eos_token_id=None, pad_token_id=0,
        max_position_embeddings=LONGEST,
    )  # fmt: skip
    transformers.LlamaForCausalLM(configuration).save_pretrained(tmp_path / "model")
    return "model"


def write(name: str, said: list[dict[str, Any]]) -> None:
    """Write lines of JSON."""
    Path(name).write_text("".join(json.dumps(each) + "\n" for each in said))


def prompts() -> list[list[int]]:
    """Return the prompts of the plan."""
    return [json.loads(line)["tokens"] for line in Path("prompts.jsonl").read_text().splitlines()]


def planned(mode: str, *words: str) -> None:
    """Plan an audit."""
    plan = ["--scheme", "phalanx-gumbel-v1", *KEYS, "--suspect", "x", "--decoys", "9", "-q"]
    compared = [] if mode == "sums" else ["--reference", "its base"]
    named = ["names", *plan, *compared, "--prompts", "prompts.jsonl", "--mode", mode]
    words = (*named, *words, "--runs", "0", "-o", "plan.json")
    assert main(["watermark", "audit", "plan", *words]) == ExitCode.CLEAN


def refused(capsys: pytest.CaptureFixture[str], given: str, *words: str) -> str:
    """Run an audit that is refused, and return why."""
    run = ["--names", "names", *KEYS, "--signer", "s.key", "--prompts", "prompts.jsonl"]
    asked = ["watermark", "audit", "run", "plan.json", given, *run, *words, "-o", "report.json"]
    assert main(asked) == ExitCode.BAD_INPUT
    assert not Path("report.json").exists()
    return capsys.readouterr().err


@pytest.mark.parametrize("mode", ["answers", "answers-gathered"])
def test_an_answer_that_no_model_reads_is_named(
    mode: str, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its prompt it is longer than the model reads, or has tokens of another one."""
    planned(mode)
    folders = ["--reference", model, *(["--marked", model] if mode != "answers" else [])]
    write("long.jsonl", [
        {"tokens": [1] * size, "prompt_tokens": each}
        for size, each in zip((30, 45, 30), prompts(), strict=True)
    ])  # fmt: skip
    said = refused(capsys, "long.jsonl", *folders)
    assert "long.jsonl:2: model reads 64 tokens, not 65" in said
    assert "counts as missing" in said
    write("wide.jsonl", [{"tokens": [1, 2, 50], "prompt_tokens": each} for each in prompts()])
    said = refused(capsys, "wide.jsonl", *folders)
    assert "wide.jsonl:1: model has tokens below 50, not 50" in said


def test_a_document_that_no_model_reads_is_named(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of the plan are read whole, or not at all."""
    write("prompts.jsonl", [{"tokens": [1] * size} for size in (20, 65)])
    planned("weights")
    said = refused(
        capsys, "prompts.jsonl", "--model", model, "--marked", model, "--reference", model
    )
    assert "prompts.jsonl:2: model reads 64 tokens, not 65" in said


def test_a_model_that_says_no_number_is_told(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As weights do that overflow: nothing follows from them."""
    from safetensors.torch import load_file, save_file

    path = Path(model) / "model.safetensors"
    tensors = load_file(path)
    tensors["lm_head.weight"][3] = float("nan")
    save_file(tensors, path, metadata={"format": "pt"})
    planned("weights")
    folders = ["--model", model, "--marked", model, "--reference", model]
    assert "model says what is no number" in refused(capsys, "prompts.jsonl", *folders)


def test_what_an_answer_takes_from_any_prompt_does_not_count(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From one that is not answered as well: all prompts are of the plan, and were asked."""
    planned("sums", "--least-read", "0.3")
    first, second, _ = prompts()
    write("answers.jsonl", [{"tokens": second, "prompt_tokens": first}])
    assert "nothing is left that counts" in refused(capsys, "answers.jsonl")
