"""Whatever is handed in is read or refused, within bounds, and nothing is lost in silence."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.watermark.texts import Document, Reject, read_documents
from phalanx.watermark.texts import documents as module
from phalanx.watermark.texts.documents import MOST_TOKEN, parse_line

STDIN = [Path("-")]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
NAMES = st.sampled_from(["id", "text", "tokens", "prompt", "prompt_tokens", "other"])


@given(st.binary(max_size=80))
def test_any_bytes_are_a_document_or_a_reject(line: bytes) -> None:
    """Nothing is raised, whatever a line holds."""
    assert isinstance(parse_line(line, "f:1"), Document | Reject)


@given(st.dictionaries(NAMES, VALUES))
def test_what_is_taken_is_as_it_was_said(said: dict[str, object]) -> None:
    """Token numbers are whole and in range, letters are whole, names are short."""
    found = parse_line(json.dumps(said).encode(), "f:1")
    if isinstance(found, Reject):
        assert found.where == "f:1"
        return
    assert 0 < len(found.document_id) <= 200
    for tokens, name in ((found.tokens, "tokens"), (found.prompt_tokens, "prompt_tokens")):
        if tokens is not None:
            assert tokens.tolist() == said[name]
    for text in (found.text, found.prompt):
        assert text is None or text.encode().decode() == text


@given(st.binary(max_size=300))
def test_any_file_is_read_or_refused(content: bytes) -> None:
    """Lines of JSON, and a text: each line of the first is a document or a reject."""
    lines = [line for line in content.split(b"\n") if line.strip()]
    try:
        found = read_documents(STDIN, io.BytesIO(content), as_lines=True)
    except InputError:
        found = None
    if found is not None:
        assert len(found.documents) + len(found.rejects) == len(lines)
    try:
        (document,) = read_documents(STDIN, io.BytesIO(content)).documents
    except InputError:
        return
    assert document.text is not None
    assert document.text.encode() == content


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[1, 2]", "is no object"),
        (b"{", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"{}", "has neither text nor tokens"),
        (b'{"text": 5}', "text is no text"),
        (b'{"text": "\\ud800"}', "text holds half of a character"),
        (b'{"tokens": [true]}', "tokens is no list of whole numbers from 0 to 4,294,967,295"),
        (b'{"tokens": [1.0]}', "tokens is no list of whole numbers from 0 to 4,294,967,295"),
        (b'{"tokens": [4294967296]}', "tokens is no list of whole numbers from 0 to 4,294,967,295"),
        (b'{"tokens": [], "id": ""}', "id is no text of 1 to 200 characters"),
        (b'{"tokens": [], "id": true}', "id is no text of 1 to 200 characters"),
        (b'{"tokens": [], "id": 1e400}', "id is no text of 1 to 200 characters"),
    ],
)
def test_a_line_says_why_it_is_left_out(line: bytes, reason: str) -> None:
    """In words, and without what stands in it."""
    assert parse_line(line, "f:3") == Reject(where="f:3", reason=reason)


def test_the_largest_token_is_taken() -> None:
    """Schemes take what 32 bits hold."""
    found = parse_line(json.dumps({"id": 7, "tokens": [MOST_TOKEN]}).encode(), "f:1")
    assert isinstance(found, Document)
    assert found.tokens is not None
    assert (found.tokens.tolist(), found.document_id) == ([MOST_TOKEN], "7")


def test_a_huge_line_is_left_out_and_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ever being held whole."""
    monkeypatch.setattr(module, "MOST_LINE_BYTES", 50)
    content = b'{"text": "' + b"a" * 500 + b'"}\n{"text": "short"}\n'
    found = read_documents(STDIN, io.BytesIO(content), as_lines=True)
    assert [each.where for each in found.rejects] == ["-:1"]
    assert [(each.where, each.text) for each in found.documents] == [("-:2", "short")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"), (b" \n", "is empty"), (b"a\0b", "zero"), (b"\xff\xfe", "no UTF-8"),
        (b"a" * 100, "more than 50 bytes"),
    ],
)  # fmt: skip
def test_what_is_no_text_is_refused(
    content: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what is wrong with it."""
    monkeypatch.setattr(module, "MOST_LINE_BYTES", 50)
    with pytest.raises(InputError, match=reason):
        read_documents(STDIN, io.BytesIO(content))


def test_all_files_together_are_bounded(tmp_path: Path) -> None:
    """A second file that is too much is refused, and none is left half read."""
    for name in ("a.txt", "b.jsonl"):
        (tmp_path / name).write_text('{"text": "12345"}\n')
    both = [tmp_path / "a.txt", tmp_path / "b.jsonl"]
    with pytest.raises(InputError, match="more than 20 bytes"):
        read_documents(both, io.BytesIO(), most_bytes=20)
    assert len(read_documents(both, io.BytesIO(), most_bytes=40).documents) == 2


def test_a_real_letter_of_replacement_is_text() -> None:
    """U+FFFD itself may stand in a text."""
    (document,) = read_documents(STDIN, io.BytesIO("a\ufffdb".encode())).documents
    assert document.text == "a\ufffdb"
