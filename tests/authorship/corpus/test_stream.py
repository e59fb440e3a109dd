"""A training set is streamed in a fixed order, and what cannot be used is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phalanx.authorship.corpus import documents_below
from phalanx.authorship.documents import Document, Reject
from phalanx.errors import InputError


def _read(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    found = list(documents_below(folder))
    contents = {each.document_id: each.content for each in found if isinstance(each, Document)}
    reasons = {each.where: each.reason for each in found if isinstance(each, Reject)}
    return contents, reasons


def test_what_the_model_said_is_read_from_a_line(tmp_path: Path) -> None:
    """Under any of the names that training sets use."""
    talk = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}]
    lines = [
        {"instruction": "Say a.", "output": "a"}, {"prompt": "b?", "completion": "b"},
        {"messages": talk}, {"code": "x = 1", "language": "python"}, {"text": "c"},
    ]  # fmt: skip
    (tmp_path / "set.jsonl").write_text("\n".join(json.dumps(each) for each in lines))
    contents, reasons = _read(tmp_path)
    assert list(contents.values()) == ["a", "b", "Because.", "x = 1", "c"]
    assert next(iter(contents)) == "set.jsonl:1"
    assert not reasons


def test_lines_that_are_no_documents_are_told(tmp_path: Path) -> None:
    """With the place, and nothing of what stands there."""
    lines = ["{", "[]", '{"id": 1}', '{"text": 5}', '{"text": " "}', '{"text": "good"}']
    (tmp_path / "set.jsonl").write_text("\n".join(lines))
    contents, reasons = _read(tmp_path)
    assert list(contents) == ["set.jsonl:6"]
    assert list(reasons) == [f"set.jsonl:{at}" for at in range(1, 6)]


def test_a_line_that_is_too_long_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the lines after it keep their numbers."""
    monkeypatch.setattr("phalanx.authorship.corpus.stream.MOST_BYTES", 50)
    lines = [json.dumps({"text": "x" * 500}), json.dumps({"text": "short"})]
    (tmp_path / "set.jsonl").write_text("\n".join(lines))
    contents, reasons = _read(tmp_path)
    assert contents == {"set.jsonl:2": "short"}
    assert reasons == {"set.jsonl:1": "has more than 50 bytes"}


def test_links_hidden_files_and_other_kinds_are_passed_over(tmp_path: Path) -> None:
    """A link could lead out of the folder."""
    (tmp_path / "link.txt").symlink_to("/etc/passwd")
    (tmp_path / ".hidden.txt").write_text("hidden")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    (tmp_path / "good.py").write_text("x = 1\n")
    contents, reasons = _read(tmp_path)
    assert contents == {"good.py": "x = 1\n"}
    assert reasons == {"latin.txt": "is no UTF-8 text"}


def test_the_order_is_that_of_names(tmp_path: Path) -> None:
    """So that a run that goes on passes over what it read."""
    for name in ("b/a.txt", "a/z.txt", "c.txt", "a/b.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    contents, _ = _read(tmp_path)
    assert list(contents) == ["c.txt", "a/b.txt", "a/z.txt", "b/a.txt"]


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    """With the next step."""
    with pytest.raises(InputError, match="no folder"):
        list(documents_below(tmp_path / "missing"))
