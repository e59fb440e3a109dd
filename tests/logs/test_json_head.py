"""The first bytes of a JSON file, whatever they are."""

from __future__ import annotations

import json

import pytest

from phalanx.logs import json_head
from phalanx.logs.json_head import first_records


@pytest.mark.parametrize("line", ['{"a":', '{"a":[', '{"', '{"a": "', "[" * 50], ids=repr)
def test_broken_lines_are_tried_a_bounded_number_of_times(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many lines begin a record that never ends, only the first of them are tried."""
    tried = 0

    class Counting(json.JSONDecoder):
        def raw_decode(self, s: str, idx: int = 0) -> tuple[object, int]:
            nonlocal tried
            tried += 1
            return super().raw_decode(s, idx)

    monkeypatch.setattr(json_head, "_DECODER", Counting(strict=False))
    assert first_records(f"{line}\n".encode() * 20_000) == []
    assert 0 < tried <= 101


def test_a_record_behind_broken_lines_is_found() -> None:
    """A file that begins with some broken lines is still known by its records."""
    assert first_records(b'{"broken": \n' * 90 + b'{"a": 1}\n') == [{"a": 1}]
