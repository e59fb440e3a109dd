"""How the reader of a file is found."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import ConfigError
from phalanx.logs import reader as discovery
from phalanx.logs.reader import reader_for, readers


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"PAR1....", "native"),
        (b"timestamp,account_id,model,prompt\n1,a,m,p\n", "native"),
        (b'{"timestamp": 1, "prompt": "gen_ai. resourceSpans class_uid"}\n', "native"),
        (b'{"timestamp": 1, "prompt": "a prompt that goes on beyond the head', "native"),
        (b'broken"}\n{"timestamp": 1, "prompt": "x"}\n', "native"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "cut', "otel"),
        (b'[{"traceId": "1", "spanId": "2", "startTimeUnixNano": "3"}]', "otel"),
        (b'{"id": "1", "startTime": 1, "model": "m", "call_type": "acompletion"}', "litellm"),
        (b'{"id": "1", "startTime": 1, "model": "m", "call_type": "x", "messages": "cu', "litellm"),
        (b'{"class_uid": 6003, "time": 1}', "ocsf"),
        (b'{"class_uid": 6003, "message_context": {"prompt_text": "cut', "ocsf"),
    ],
)
def test_content_tells_the_reader(head: bytes, name: str) -> None:
    """The first bytes suffice, even where they end inside the first record."""
    found = reader_for(head)
    assert found is not None
    assert found.name == name


def test_words_inside_a_prompt_do_not_mislead() -> None:
    """A native row that quotes another format stays native."""
    words: list[dict[str, object]] = [{"resourceSpans": []}, {"class_uid": 6003}, {"startTime": 1}]
    for inner in words:
        row = {"timestamp": 1, "account_id": "a", "model": "m", "prompt": json.dumps(inner)}
        found = reader_for(json.dumps(row).encode())
        assert found is not None
        assert found.name == "native"


@given(st.binary(max_size=400))
def test_certainties_are_in_range(head: bytes) -> None:
    """Whatever a file begins with, each reader answers with a number in [0, 1]."""
    for reader in readers():
        assert 0.0 <= reader.recognises(head) <= 1.0


@given(st.sampled_from(["{", "[", '{"', '[{"', '{"a":']), st.text(max_size=50))
def test_json_of_any_kind_is_looked_at(start: str, rest: str) -> None:
    """Half-written JSON never stops the search for a reader."""
    reader_for((start + rest).encode(errors="replace"))


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([], "no log reader is installed"),
        (
            [EntryPoint("bad", "phalanx.nowhere:Reader", discovery.ENTRY_POINTS)],
            r"log reader bad \(phalanx.nowhere:Reader\) cannot be loaded",
        ),
    ],
)
def test_broken_installations_are_told(
    points: list[EntryPoint], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that is missing or cannot be loaded is named."""
    monkeypatch.setattr(discovery, "entry_points", lambda **_: points)
    with pytest.raises(ConfigError, match=message) as caught:
        discovery.readers.__wrapped__()
    assert caught.value.next_step
