"""`phalanx authorship join`, and `calibrate` and `detect` with a language model that reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phalanx.cli import ExitCode, main

WORDS = [f"{a}{b}{c}" for a in "bdgklm" for b in "aeiou" for c in "nrst"]


def save_model(folder: Path, seed: int) -> Any:
    """Write a model of one layer with sharp random weights, and its tokenizer."""
    torch = pytest.importorskip("torch", reason="torch is not installed: make torch")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    folder.mkdir()
    known = ["?", *WORDS]
    tokenizer = Tokenizer(WordLevel({word: at for at, word in enumerate(known)}, "?"))
    tokenizer.pre_tokenizer = Whitespace()
    torch.manual_seed(seed)
    model = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=len(known), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
            num_attention_heads=2, max_position_embeddings=64, bos_token_id=None,
            eos_token_id=None,
        )
    )  # fmt: skip
    with torch.no_grad():
        model.lm_head.weight *= 20.0
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return model.eval()


def write(path: Path, texts: list[str]) -> Path:
    """Write lines of JSON."""
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path


def by_humans(count: int, seed: int) -> list[str]:
    """Return texts whose words are drawn evenly."""
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, 40)) + "." for _ in range(count)]


def by_model(model: Any, count: int, seed: int) -> list[str]:
    """Return texts that the model wrote, word after word."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(seed)
    begun = torch.randint(1, len(WORDS) + 1, (count, 1))
    written = model.generate(
        begun, attention_mask=torch.ones_like(begun), do_sample=True, top_k=0, max_new_tokens=39,
        pad_token_id=0, suppress_tokens=[0],
    )  # fmt: skip
    return [" ".join(WORDS[int(token) - 1] for token in row) + "." for row in written]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a model, its texts, and a detector joined with its readings."""
    folder = tmp_path_factory.mktemp("readings")
    model = save_model(folder / "tiny", 1)
    # The detector is fitted to another model: it knows nothing of this one.
    other = save_model(folder / "other", 2)
    human = write(folder / "human.jsonl", by_humans(120, 1))
    wrong = write(folder / "other.jsonl", by_model(other, 120, 2))
    joining = write(folder / "joining.jsonl", by_humans(110, 3))
    ours = write(folder / "ours.jsonl", by_model(model, 110, 4))
    reference = write(folder / "reference.jsonl", by_humans(220, 5))
    write(folder / "asked.jsonl", by_model(model, 40, 6))
    raw, joined, ready = (folder / f"{name}.detector" for name in ("raw", "joined", "ready"))
    reader = ["--reader", str(folder / "tiny"), "-q"]
    for words in (
        ["fit", "--human", str(human), "--model", str(wrong), "--detector", str(raw), "-q"],
        ["join", "--human", str(joining), "--model", str(ours), "--detector", str(raw),
         "--joined", str(joined), *reader],
        ["calibrate", str(reference), "--domain", "mine", "--detector", str(joined),
         "--calibrated", str(ready), *reader],
    ):  # fmt: skip
        assert main(["authorship", *words]) == ExitCode.CLEAN
    return folder


def detect(house: Path, asked: str, *words: str) -> int:
    """Ask the detector that was joined."""
    named = ["--detector", str(house / "ready.detector"), "--domain", "mine"]
    return main(["authorship", "detect", str(house / asked), *named, *words])


def test_what_the_model_wrote_is_found_by_its_readings(
    house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Most of forty texts at 1 %, by a detector that was fitted to another model's."""
    reader = ["--reader", str(house / "tiny"), "-f", "json"]
    assert detect(house, "asked.jsonl", *reader) == ExitCode.FINDINGS
    said = json.loads(capsys.readouterr().out)
    assert said["together"]["consistent"] > 30
    (detector,) = said["detectors"]
    assert detector["readings_by"]["name"] == "tiny"
    assert len(detector["readings_by"]["sha256"]) == 64


def test_humans_keep_the_level_with_readings(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of 200 texts that nobody has seen, few at 5 %: within four deviations."""
    asked = write(tmp_path / "a.jsonl", by_humans(200, 7))
    words = ["--reader", str(house / "tiny"), "--level", "0.05", "-f", "json"]
    detect(house, str(asked), *words)
    said = json.loads(capsys.readouterr().out)["together"]
    deviation = np.sqrt(0.05 * 0.95 * (1 / said["judged"] + 1 / 221))
    assert said["consistent"] / said["judged"] < 0.05 + 4.0 * deviation


def test_a_corpus_and_passages_are_read_too(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same model reads what `--corpus` goes through."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.jsonl").write_text((house / "asked.jsonl").read_text())
    words = ["--detector", str(house / "ready.detector"), "--corpus", str(corpus)]
    words += ["--reader", str(house / "tiny"), "-f", "json"]
    assert main(["authorship", "detect", *words]) == ExitCode.FINDINGS
    assert '"a model\'s writing"' in capsys.readouterr().out


def test_mistakes_about_the_reader_are_told(
    house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No model, another model under any name, one that nobody asked for, a second alone."""
    tiny, other = str(house / "tiny"), str(house / "other")
    raw, joined = str(house / "raw.detector"), str(house / "ready.detector")
    asked = str(house / "asked.jsonl")
    people = ["--human", asked, "--model", asked, "--joined", str(house / "no")]
    for words, status, message in (
        (["detect", asked, "--detector", joined], ExitCode.BAD_INPUT, "readings of tiny"),
        (["detect", asked, "--detector", joined, "--reader", other], ExitCode.BAD_INPUT,
         "other is another model"),
        (["detect", asked, "--detector", joined, "--reader", tiny, "--second-reader", other],
         ExitCode.BAD_INPUT, "tiny beside other is another model"),
        (["detect", asked, "--detector", raw, "--reader", tiny], ExitCode.BAD_INPUT,
         "no detector was joined"),
        (["detect", asked, "--detector", joined, "--second-reader", tiny], ExitCode.BAD_INPUT,
         "without --reader"),
        (["join", *people, "--detector", raw], ExitCode.BAD_INPUT, "no model was named"),
        (["join", *people, "--detector", raw, "--reader", tiny], ExitCode.BAD_INPUT,
         "40 documents of humans and 0 of models"),
    ):  # fmt: skip
        assert main(["authorship", *words]) == status, words
        assert message in capsys.readouterr().err, words
