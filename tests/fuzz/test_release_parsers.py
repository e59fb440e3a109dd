"""Every parser of a release ends in words, whatever bytes it is given; a short run of the fuzzing.

The long one, with coverage as guide, is `fuzz_release.py` beside this file.
"""

from __future__ import annotations

import base64
import importlib.util
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.errors import PhalanxError


def _module() -> Any:
    path = Path(__file__).with_name("release_parsers.py")
    spec = importlib.util.spec_from_file_location("release_parsers", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PARSERS = _module().parsers()


@pytest.mark.parametrize("name", PARSERS)
def test_what_was_made_is_taken(name: str) -> None:
    """The first document to begin from is a good one, or the fuzzing would begin in the dark."""
    parse, seeds = PARSERS[name]
    parse(seeds[0])


def test_a_key_of_a_kind_that_nobody_knows() -> None:
    """Found by fuzzing: a key whose kind is no known one is refused in words as any other."""
    parse, (seed,) = PARSERS["identity"]
    said = json.loads(seed)
    whole = base64.b64decode("".join(said["manifests"].splitlines()[1:-1]))
    other = whole.replace(bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8219ce3d0201"))
    text = base64.encodebytes(other).decode()
    said["manifests"] = f"-----BEGIN PUBLIC KEY-----\n{text}-----END PUBLIC KEY-----\n"
    with pytest.raises(PhalanxError, match="a key in it is none"):
        parse(json.dumps(said).encode())


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=150)
@given(data=st.data())
def test_whatever_is_changed_ends_in_words(name: str, data: st.DataObject) -> None:
    """Bytes that were changed, cut, doubled or put in are refused in words, or mean the same."""
    parse, seeds = PARSERS[name]
    raw = bytearray(data.draw(st.sampled_from(seeds)))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(raw)))
        stop = data.draw(st.integers(start, min(len(raw), start + 20)))
        raw[start:stop] = data.draw(st.one_of(st.binary(max_size=9), st.just(bytes(raw[:stop]))))
    with suppress(PhalanxError):  # any other error fails the test
        parse(bytes(raw))
