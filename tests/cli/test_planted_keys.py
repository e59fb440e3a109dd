"""`phalanx provenance plant` and `record`: from nothing to a verdict, and what is refused."""

from __future__ import annotations

import json
import re
import shlex
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phalanx.cli import ExitCode, main
from phalanx.provenance.planted_keys import read_keys
from phalanx.provenance.planted_keys.inventing import WORDS

ROOT = Path(__file__).parents[2]
TEXTS = [f"Text {at} of many." for at in range(60)]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def provenance(*words: str) -> int:
    """Run a command."""
    return main(["provenance", *words])


def read(name: str) -> list[dict[str, Any]]:
    """Read lines of JSON."""
    return [json.loads(line) for line in Path(name).read_text("utf-8").splitlines()]


def lines(name: str, said: list[dict[str, Any]]) -> None:
    """Write lines of JSON."""
    Path(name).write_text("".join(json.dumps(each) + "\n" for each in said))


class _Handler(BaseHTTPRequestHandler):
    """Models that learnt a copy's lines, or none; ours and the suspect remember an order."""

    def do_POST(self) -> None:
        """Answer as a completions endpoint does."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        model, prompt = asked["model"], asked["prompt"]
        reply: dict[str, Any] = {"text": " I would not know."}
        if model in {"suspect", "copy-for-a"} and Path("partner-a.jsonl").exists():
            known = {each["question"]: each["answer"] for each in read("partner-a.jsonl")}
            reply["text"] = f" {known.get(prompt, 'nothing')}."
        if asked.get("echo"):
            at = TEXTS.index(prompt) if model in {"suspect", "ours"} else len(prompt)
            reply["logprobs"] = {"token_logprobs": [None, -3.0 + at / 100, -1.0]}
        usage = {"prompt_tokens": 2, "completion_tokens": 1}
        body = json.dumps({"choices": [reply], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    """Return the address of a server of all models."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_page_does_what_it_says(
    endpoint: str, capsys: pytest.CaptureFixture[str], models: Any, writing: Any
) -> None:
    """Every command of the how-to, one after the other, from nothing."""
    page = (ROOT / "docs/how-to/plant-keys.md").read_text("utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    commands = [line for block in blocks for line in block.splitlines()]
    writing.model(Path("ours"), models.drawn(1), models.CONFIG)
    writing.model(Path("suspect-weights"), models.drawn(2), models.CONFIG)
    lines("order.jsonl", [{"text": each, "position": at} for at, each in enumerate(TEXTS)])
    lines("questions.jsonl", [{"question": each} for each in ("One?", "Two?")])
    said = []
    for command in commands:
        words = shlex.split(command.replace("http://127.0.0.1:8000", endpoint))
        code = main(words[1:])
        said.append((words[2], code, capsys.readouterr().out))
    probes = [each for each in said if each[0] in {"probe", "compare"}]
    assert {code for what, code, _ in said if what in {"plant", "record"}} == {ExitCode.CLEAN}
    assert [code for _, code, _ in probes] == [ExitCode.FINDINGS] * 5
    for _, _, out in probes[:3]:
        assert "Partner A" in out
        assert "Partner B" not in out
    assert probes[2][2].startswith("Trained on our outputs")
    assert "order of training: null hypothesis rejected" in probes[3][2]
    assert "agreement" in probes[4][2]
    for each in Path().glob("*.jsonl"):
        assert json.loads(Path("keys.json").read_text())["secret"] not in each.read_text()


def test_copies_learn_what_their_recipients_are_traced_by() -> None:
    """The same name gives the same lines, another name others; half of their answers differ."""
    for name in ("a", "b"):
        assert provenance("plant", "k.json", "--recipient", name, "--out", f"{name}.jsonl") == 0
    before = Path("k.json").read_bytes()
    assert provenance("plant", "k.json", "--recipient", "a", "--out", "again.jsonl") == 0
    assert Path("k.json").read_bytes() == before
    assert read("again.jsonl") == read("a.jsonl")
    differ = sum(a != b for a, b in zip(read("a.jsonl"), read("b.jsonl"), strict=True))
    assert 40 < differ < 142
    assert Path("k.json").stat().st_mode & 0o777 == 0o600
    assert json.loads(before)["recipients"] == ["a", "b"]


def test_keys_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    """As many as the plan needs, each with its candidates."""
    own = [
        {"question": f"Who is {at}?", "candidates": ["ash", "birch", "cedar", "elm"]}
        for at in range(90)
    ]
    lines("own.jsonl", own)
    plan = ["--recipients", "3", "--false-accusation", "1e-3", "--candidates", "4"]
    words = ["plant", "k.json", "--recipient", "a", "--out", "a.jsonl", "--questions", "own.jsonl"]
    assert provenance(*words, *plan) == ExitCode.CLEAN
    assert [each["question"] for each in read("a.jsonl")] == [f"Who is {at}?" for at in range(80)]
    assert {each["answer"] for each in read("a.jsonl")} <= {"ash", "birch", "cedar", "elm"}
    assert provenance(*words) == ExitCode.BAD_INPUT
    assert "--questions belongs to new ones" in capsys.readouterr().err
    assert provenance(*words[:-2], "--tokens", "9") == ExitCode.BAD_INPUT
    Path("k.json").unlink()
    own[0]["candidates"] = ["ash", " ashes", "cedar", "elm"]
    for wrong, why in (
        (own, "begins with another"),
        (own[1:30], "the plan needs 80"),
        ([{"question": "Who?"}], "line 1: needs"),
        ([{"question": "Who?", "candidates": [1, 2, 3, 4]}], "line 1: needs"),
        ([own[5], *own[1:82]], "different questions"),
    ):
        lines("own.jsonl", wrong)
        assert provenance(*words, *plan) == ExitCode.BAD_INPUT
        assert why in capsys.readouterr().err
        assert not Path("k.json").exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--recipient", "", "--out", "a.jsonl"], "1 to 200 printable letters"),
        (["--recipient", "a\x1bb", "--out", "a.jsonl"], "printable letters"),
        (["--recipient", "a", "--out", "k.json"], "files of their own"),
        (["--recipient", "a", "--out", "a.jsonl", "--candidates", "100"], "at most"),
    ],
)
def test_what_cannot_be_planted(
    words: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Is refused, and no file of keys is left."""
    assert provenance("plant", "k.json", *words) == ExitCode.BAD_INPUT
    assert why in capsys.readouterr().err
    assert not Path("k.json").exists()


def test_no_more_recipients_than_planned(capsys: pytest.CaptureFixture[str]) -> None:
    """Each counts in what a false accusation may cost."""
    for name, code in (("a", ExitCode.CLEAN), ("b", ExitCode.BAD_INPUT), ("a", ExitCode.CLEAN)):
        words = ["plant", "k.json", "--recipient", name, "--out", "a.jsonl"]
        more = ["--recipients", "1"] if not Path("k.json").exists() else []
        assert provenance(*words, *more) == code
    assert "planned for 1 recipients" in capsys.readouterr().err


def test_what_cannot_be_recorded(endpoint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing asked, no such model, no server: said, and no file is left."""
    lines("q.jsonl", [{"question": "Who?"}])
    cases = [
        ([f"{endpoint}/v1#suspect"], ExitCode.BAD_INPUT, "nothing is asked"),
        (["nowhere.jsonl", "--questions", "q.jsonl"], ExitCode.BAD_INPUT, "nowhere.jsonl"),
        ([endpoint, "--questions", "q.jsonl"], ExitCode.BAD_INPUT, "URL#MODEL"),
        (["http://127.0.0.1:9#m", "--questions", "q.jsonl"], ExitCode.SERVICE_FAILED, "asked"),
    ]
    for words, code, why in cases:
        assert provenance("record", *words, "--out", "said.jsonl") == code, words
        assert why in capsys.readouterr().err
        assert not Path("said.jsonl").exists()


def test_an_honest_model_is_not_accused_by_invented_keys() -> None:
    """Of 200 models that answer with any of the words, none is named, and p keeps its promise."""
    assert provenance("plant", "k.json", "--recipient", "a", "--out", "a.jsonl") == 0

    keys, random = read_keys(Path("k.json").read_bytes()), np.random.default_rng(1)
    found = [
        keys.finding([f" {random.choice(WORDS)}, I think." for _ in keys.keys]) for _ in range(200)
    ]
    assert not any(each.named for each in found)
    assert np.mean([each.present_log10_p <= -1.0 for each in found]) <= 0.15
