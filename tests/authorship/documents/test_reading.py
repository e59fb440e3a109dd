"""Documents come from files, folders and lines of JSON; what cannot be used is told."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from phalanx.authorship.documents import read_documents
from phalanx.errors import InputError

NOTHING = io.BytesIO()


def test_a_folder_is_read_in_order(tmp_path: Path) -> None:
    """Prose and code below it, by suffix; hidden files, links and others are passed over."""
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    for name in ("b/x.py", "a.txt", ".hidden.txt", "c.png", ".git/d.txt"):
        (tmp_path / name).write_text("It is one of the things that we have.")
    (tmp_path / "l.txt").symlink_to(tmp_path / "a.txt")
    found = read_documents([tmp_path], NOTHING).documents
    assert [(Path(each.document_id).name, each.kind, each.language) for each in found] == [
        ("a.txt", "text", "en"), ("x.py", "code", "python"),
    ]  # fmt: skip


def test_lines_name_what_they_are(tmp_path: Path) -> None:
    """Id, language and group of a line; where it stands if it says nothing."""
    path = tmp_path / "d.jsonl"
    lines = [{"id": 7, "text": "das", "group": "g"}, {"code": "x", "language": "Rust"}]
    path.write_text("\n".join(json.dumps(each) for each in lines))
    first, second = read_documents([path], NOTHING).documents
    assert (first.document_id, first.language, first.group) == ("7", "other", "g")
    assert (second.document_id, second.kind, second.language) == (f"{path}:2", "code", "rust")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{no", "is no JSON"),
        ("[]", "is no object"),
        ("{}", "has neither text nor code"),
        ('{"text": "a", "code": "b"}', "has both text and code"),
        ('{"text": 5}', "text is no text"),
        ('{"text": " "}', "is empty"),
        ('{"text": "a\\u0000b"}', "holds characters that are zero, and is no text"),
        ('{"code": "x"}', "is code and names no language"),
        ('{"text": "a", "id": ""}', "id is no text of 1 to 200 characters"),
    ],
)
def test_a_line_that_cannot_be_used_is_told(tmp_path: Path, line: str, reason: str) -> None:
    """The others are read."""
    path = tmp_path / "d.jsonl"
    path.write_text(f'{line}\n{{"text": "so it is"}}\n')
    given = read_documents([path], NOTHING)
    assert len(given.documents) == 1
    assert [(each.where, each.reason) for each in given.rejects] == [(f"{path}:1", reason)]


def test_what_cannot_be_read_at_all_is_refused(tmp_path: Path) -> None:
    """No file, nothing usable, too much."""
    with pytest.raises(InputError, match="cannot be read"):
        read_documents([tmp_path / "none.txt"], NOTHING)
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is no UTF-8 text"):
        read_documents([tmp_path / "a.txt"], NOTHING)
    with pytest.raises(InputError, match="more than 3 bytes"):
        read_documents([Path("-")], io.BytesIO(b"four"), most_bytes=3)


def test_standard_input_is_one_text() -> None:
    """A hyphen reads it."""
    (found,) = read_documents([Path("-")], io.BytesIO(b"so it is")).documents
    assert (found.content, found.kind) == ("so it is", "text")
