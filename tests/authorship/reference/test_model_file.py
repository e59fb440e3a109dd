"""The file of a detector: what is written is read, what was changed is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from phalanx.authorship.detector import WithReadings
from phalanx.authorship.documents import Document
from phalanx.authorship.features.readings import Reading
from phalanx.authorship.judging import seen_of
from phalanx.authorship.reference import Calibrated, read_model, write_model
from phalanx.authorship.reference.model_file import from_bytes, to_bytes
from phalanx.errors import InputError

Author = Callable[..., list[Document]]


def test_a_detector_comes_back_as_it_was(model: Calibrated, author: Author, tmp_path: Path) -> None:
    """The same scores and strangeness to the last bit, the same cells, the digest of the file."""
    path = tmp_path / "a.detector"
    digest = write_model(model, path)
    back = read_model(path)
    seen = [seen_of(each) for each in author("model", 20, 31)]
    assert (back.detector.scores(seen) == model.detector.scores(seen)).all()
    assert (back.detector.strangeness(seen) == model.detector.strangeness(seen)).all()
    assert (back.digest, back.about) == (digest, model.about)
    assert [each.domain for each in back.cells] == ["made up"]
    assert (back.cells[0].scores == model.cells[0].scores).all()
    assert to_bytes(back) == to_bytes(model)


def test_readings_and_a_margin_come_back_as_they_were(model: Calibrated, author: Author) -> None:
    """How much each statistic counts, who read, what is taken from a score."""
    random = np.random.default_rng(2)
    joined = WithReadings(
        model.detector, "tiny beside small", "ab" * 32, random.normal(size=5),
        random.uniform(1.0, 2.0, size=5), random.uniform(size=5), -0.3,
    )  # fmt: skip
    back = from_bytes(to_bytes(replace(model, margin=1.25, joined=joined)), "a")
    assert back.margin == 1.25
    assert back.joined is not None
    assert (back.joined.reader, back.joined.reader_digest) == ("tiny beside small", "ab" * 32)
    readings = [Reading(*random.uniform(1.0, 2.0, size=(4, 9))) for _ in range(3)]
    seen = [seen_of(each) for each in author("human", 3, 32)]
    assert (back.joined.scores(seen, readings) == joined.scores(seen, readings)).all()
    with pytest.raises(InputError, match="joined with readings of tiny beside small"):
        back.scores(seen, [])


def test_any_change_is_refused(model: Calibrated) -> None:
    """A byte flipped anywhere in the numbers, or an end cut off, is told."""
    content = to_bytes(model)
    random = np.random.default_rng(1)
    begin = 8 + int.from_bytes(content[:8], "little")
    for at in random.integers(begin, len(content), 20):
        changed = bytearray(content)
        changed[at] ^= 64
        with pytest.raises(InputError):
            from_bytes(bytes(changed), "a.detector")
    for size in (0, 7, 100, len(content) - 1):
        with pytest.raises(InputError):
            from_bytes(content[:size], "a.detector")


def test_what_is_no_detector_is_refused(model: Calibrated, tmp_path: Path) -> None:
    """Another format, other shapes, numbers that are none: each with the file's name."""
    content = to_bytes(model)
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])

    def changed(**said: object) -> bytes:
        told = {**json.loads(header["__metadata__"]["phalanx"]), **said}
        text = json.dumps({**header, "__metadata__": {"phalanx": json.dumps(told)}}).encode()
        return len(text).to_bytes(8, "little") + text + content[8 + length :]

    assert from_bytes(changed(), "a").about == model.about
    for wrong in (
        changed(format="x/1"), changed(kind="music"), changed(cells=[["a", "b", 30]] * 9),
        changed(margin=-1.0), changed(margin="x"), changed(reader=["a", "b", 1.0]),
        changed(tokens=[-1.0, 2.0]), changed(body_sha256=""), changed(languages=3),
        changed(intercept=float("inf")), changed(tokens=[float("inf"), 2.0]),
        changed(cells=[[None, "en", 120]]), changed(cells=[["e" * 999, "en", 120]]),
        changed(cells=[["made up", "en", -3]]),
    ):  # fmt: skip
        with pytest.raises(InputError, match=r"a\.detector"):
            from_bytes(wrong, "a.detector")
    with pytest.raises(InputError, match=r"none\.detector: cannot be read"):
        read_model(tmp_path / "none.detector")
