"""What is handed on is data: names promise a kind, and contents have to keep it."""

from __future__ import annotations

import io
import pickle
import zipfile
from io import FileIO
from pathlib import Path

import pytest

from phalanx.errors import PolicyError
from phalanx.release.contents.kinds import refuse_unfit
from phalanx.release.contents.pickled import LOOKED_AT_BYTES, pickle_in
from phalanx.release.sealing.suite import CHUNK_BYTES


class _Program:
    """What a pickle can do to whoever loads it."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("1 + 1",)


def _zip() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(_Program()))
    return made.getvalue()


HEADER = b'{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}'
FIT = {
    "model.safetensors": len(HEADER).to_bytes(8, "little") + HEADER + b"ab",
    "config.json": b' {"a": 1}',
    "list.json": b"[]",
    "tokenizer.model": b"\n\x0e\n\x05<unk>\x15\0\0\0\0\x18\x02",
    "vocab.txt": "the\nçe\n".encode(),
    "LICENSE": b"Apache",
    "README.md": b"# Model\n",
    "a/chat_template.jinja": b"{% for each in messages %}",
}


@pytest.mark.parametrize("name", FIT)
def test_what_a_model_consists_of(name: str, tmp_path: Path) -> None:
    """Weights, settings, tokenizers and texts pass."""
    (tmp_path / "it").write_bytes(FIT[name])
    with FileIO(tmp_path / "it") as file:
        refuse_unfit(name, file)


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("model.bin", b"any", "kind that is not handed on"),
        ("modeling.py", b"import os", "kind that is not handed on"),
        ("model.gguf", b"GGUF", "kind that is not handed on"),
        ("LICENSE.exe", b"MZ", "kind that is not handed on"),
        ("vocab.txt", b"a\0b", "zero bytes"),
        ("vocab.txt", b"\xff\xfe", "no text in UTF-8"),
        ("vocab.txt", b"a" * CHUNK_BYTES + b"\xc3", "no text in UTF-8"),
        ("config.json", b"import os", "no JSON document"),
        ("config.json", b"", "no JSON document"),
        ("tokenizer.model", b"any", "no SentencePiece"),
        ("model.safetensors", FIT["model.safetensors"] + b"c", "behind its last tensor"),
        ("model.safetensors", b"", "takes 8"),
        ("model.safetensors", (2**40).to_bytes(8, "little") + b"{}", "at most"),
    ],
)
def test_what_no_model_consists_of(name: str, content: bytes, match: str, tmp_path: Path) -> None:
    """Everything else is refused, and said why."""
    (tmp_path / "it").write_bytes(content)
    with FileIO(tmp_path / "it") as file, pytest.raises(PolicyError, match=match):
        refuse_unfit(name, file)


@pytest.mark.parametrize("name", [*FIT, "model.pt"])
@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5, "zip"])
def test_pickles_under_any_name(name: str, protocol: int | str, tmp_path: Path) -> None:
    """A pickle of every protocol, and an archive with one, is refused whatever it is called."""
    content = _zip() if protocol == "zip" else pickle.dumps(_Program(), int(protocol))
    (tmp_path / "it").write_bytes(content)
    with FileIO(tmp_path / "it") as file, pytest.raises(PolicyError):
        refuse_unfit(name, file)
    assert pickle_in(content)


def test_a_string_of_a_pickle_may_hold_what_is_no_escape() -> None:
    """Python warns of it, and the pickle is told all the same."""
    assert pickle_in(b"cos\nsystem\n(S'\\o'\ntR.")


def test_a_long_pickle_in_letters() -> None:
    """A pickle whose end lies far behind is told by its beginning."""
    start = pickle.dumps(_Program(), 0)[:-1]
    assert pickle_in(start + b"I1\n" * LOOKED_AT_BYTES + b".")


@pytest.mark.parametrize("text", [b".", b"cat\n", b"(a text)\n", b"N.\n", b"I am\n", b"# c\n."])
def test_texts_are_not_taken_for_pickles(text: bytes) -> None:
    """Texts that begin with what a pickle could begin with are texts."""
    assert not pickle_in(text)
