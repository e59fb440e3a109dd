"""A model says the same through a folder, an endpoint and a file, and what is broken is refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phalanx.errors import InputError, ServiceError
from phalanx.provenance.sources import (
    CompletionsEndpoint,
    LogprobSource,
    RecordedAnswers,
    TransformersFolder,
    record,
)

Serve = Callable[[Callable[[dict[str, Any]], Any]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return what starts a server on this machine that answers with a function."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Callable[[dict[str, Any]], Any]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                asked["path"], asked["key"] = self.path, self.headers.get("authorization", "")
                said = answer(asked)
                body = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(500 if said == b"broken" else 200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/v1"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def _letters(asked: dict[str, Any]) -> dict[str, Any]:
    """Answer as a model of letters does that serves `echo` as vLLM does."""
    prompt, tokens = asked["prompt"], asked["max_tokens"]
    usage = {"prompt_tokens": len(prompt), "completion_tokens": tokens}
    said: dict[str, Any] = {"text": "z" * tokens}
    if asked.get("echo"):
        letters = [-0.01 * ord(letter) for letter in prompt[1:]]
        said["logprobs"] = {"token_logprobs": [None, *letters, *[-0.5] * tokens]}
    return {"choices": [said], "usage": usage}


def test_an_endpoint_is_read_token_by_token(serve: Serve) -> None:
    """Each token of the prompt after the first has its number; the token written has none."""
    asked: list[dict[str, Any]] = []

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        asked.append(request)
        return _letters(request)

    source = CompletionsEndpoint(serve(answer), "letters", key="k")
    assert isinstance(source, LogprobSource)
    first, second = source.log_probabilities(["abc", "d"])
    assert np.allclose(first, [-0.98, -0.99])
    assert second.size == 0
    assert source.answers(["abc"], 3) == ["zzz"]
    assert {each["path"] for each in asked} == {"/v1/completions"}
    assert {each["key"] for each in asked} == {"Bearer k"}
    assert all(each["temperature"] == 0 for each in asked)


def _without(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], Any]:
    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        said = _letters(asked)
        change(said)
        return said

    return answer


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said["choices"][0]["logprobs"].update(token_logprobs=[-0.5]),
        lambda said: said["choices"][0]["logprobs"].update(token_logprobs=[-1.0] * 4),
        lambda said: said["choices"][0].update(logprobs=None),
        lambda said: said.update(usage={"prompt_tokens": "many"}),
        lambda said: said.update(choices=[]),
        lambda said: said["choices"][0]["logprobs"]["token_logprobs"].__setitem__(1, 3.0),
        lambda said: said["choices"][0]["logprobs"]["token_logprobs"].__setitem__(1, "-1"),
    ],
)
def test_a_server_that_ignores_echo_is_noticed(
    serve: Serve, change: Callable[[dict[str, Any]], None]
) -> None:
    """Too few numbers, no null for the first token, or no number at all, is an error."""
    source = CompletionsEndpoint(serve(_without(change)), "letters")
    with pytest.raises(InputError, match="no log-probabilities of the prompt"):
        source.log_probabilities(["abc"])


def test_servers_that_fail_are_named(serve: Serve) -> None:
    """A status, an answer that is no JSON, and silence are errors with the address."""
    with pytest.raises(ServiceError, match="status 500"):
        CompletionsEndpoint(serve(lambda _: b"broken"), "m").log_probabilities(["a"])
    with pytest.raises(ServiceError, match="not answer in JSON"):
        CompletionsEndpoint(serve(lambda _: b"<html>"), "m").answers(["a"], 1)
    with pytest.raises(InputError, match="without a text"):
        CompletionsEndpoint(serve(lambda _: {"choices": []}), "m").answers(["a"], 1)
    with pytest.raises(ServiceError, match="cannot be asked"):
        CompletionsEndpoint("http://127.0.0.1:1/v1", "m").answers(["a"], 1)


def test_a_recording_says_what_the_model_said(serve: Serve, tmp_path: Path) -> None:
    """Numbers and answers come back as they were; what was not recorded is named."""
    source = CompletionsEndpoint(serve(_letters), "letters")
    path = tmp_path / "said.jsonl"
    texts, questions = ["abc", "späte\nZeile"], ["who?", "why?"]
    record(source, path, texts, {2: questions})
    again = RecordedAnswers(path)
    assert isinstance(again, LogprobSource)
    for one, two in zip(
        source.log_probabilities(texts), again.log_probabilities(texts), strict=True
    ):
        assert np.array_equal(one, two)
    assert again.answers(questions, 2) == ["zz", "zz"]
    assert again.name == "said.jsonl"
    assert [each.name for each in tmp_path.iterdir()] == ["said.jsonl"]
    with pytest.raises(InputError, match="lacks 1 texts, first 'other'"):
        again.log_probabilities(["abc", "other"])
    with pytest.raises(InputError, match="answers of 3 tokens"):
        again.answers(["who?"], 3)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "3",
        '{"text": "a"}',
        '{"text": "a", "log_probabilities": [1.0]}',
        '{"text": "a", "log_probabilities": [NaN]}',
        '{"text": "a", "log_probabilities": "-1"}',
        '{"text": ["a"], "log_probabilities": []}',
        '{"question": "a", "tokens": 1, "answer": 3}',
        '{"question": "a", "answer": "b"}',
        "[" * 100_000,
    ],
)
def test_a_broken_recording_is_refused(tmp_path: Path, line: str) -> None:
    """A line that is no answer is named by its number."""
    path = tmp_path / "said.jsonl"
    path.write_text('{"text": "b", "log_probabilities": []}\n' + line + "\n", "utf-8")
    with pytest.raises(InputError, match="line 2 of"):
        RecordedAnswers(path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Neither bytes that are no UTF-8 nor a missing file gives an empty recording."""
    path = tmp_path / "said.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    for each in (path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match="cannot be read"):
            RecordedAnswers(each)


def test_a_folder_is_read_as_torch_reads_it(tmp_path: Path) -> None:
    """Log-probabilities are those of the model's logits; an answer is the likeliest."""
    torch = pytest.importorskip("torch", reason="torch is not installed: make torch")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    words = ["<unk>", *"abcdefg"]
    tokenizer = Tokenizer(WordLevel({word: at for at, word in enumerate(words)}, "<unk>"))
    tokenizer.pre_tokenizer = Whitespace()
    torch.manual_seed(0)
    model = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=8,
            hidden_size=8,
            intermediate_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=16,
            bos_token_id=None,
            eos_token_id=None,
        )
    )
    model.save_pretrained(tmp_path)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    source = TransformersFolder(tmp_path)
    assert isinstance(source, LogprobSource)
    said, none, long = source.log_probabilities(["a b c", "", "a " * 40])
    with torch.no_grad():
        logits = model.eval()(torch.tensor([[1, 2, 3]])).logits[0].double().log_softmax(-1)
    assert np.allclose(said, [logits[0, 2], logits[1, 3]])
    assert (none.size, long.size) == (0, 15)
    assert source.answers(["a b c", ""], 1) == [words[int(logits[2].argmax())], None]


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    """An empty folder and a pickled checkpoint are errors that say what is missing."""
    pytest.importorskip("torch", reason="torch is not installed: make torch")
    pytest.importorskip("transformers", reason="transformers is not installed")
    with pytest.raises(InputError, match=r"has no config\.json"):
        TransformersFolder(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "llama"}', "utf-8")
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x02.")
    with pytest.raises(InputError, match="no safetensors"):
        TransformersFolder(tmp_path)
