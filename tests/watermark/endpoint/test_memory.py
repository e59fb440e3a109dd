"""What the endpoint remembers: never too few uses, no text, for its owner, over restarts."""

from __future__ import annotations

import stat
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.errors import ConfigError
from phalanx.watermark.draws import draw
from phalanx.watermark.endpoint.memory import Memory

TEXT = np.arange(500, dtype=np.uint64)


def _fresh(memory: Memory, text: list[int], limit: int = 2) -> int:
    drawn = draw([text], 4)
    return int(memory.fresh(drawn, "pair", limit).sum())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), min_size=6, max_size=60), max_size=12),
       st.integers(1, 5), st.sampled_from(["pair", "context"]))  # fmt: skip
def test_no_piece_of_evidence_is_counted_too_low(
    texts: list[list[int]], limit: int, unit: str
) -> None:
    """However many share a place: what is called fresh was used fewer times than the limit."""
    used: Counter[tuple[int, ...]] = Counter()
    with TemporaryDirectory() as folder:
        memory = Memory(Path(folder), 1 << 10, 1 << 10)
        for text in texts:
            drawn = draw([text], 2, unit)  # type: ignore[arg-type]
            fresh = memory.fresh(drawn, unit, limit)  # type: ignore[arg-type]
            more = 1 if unit == "pair" else 0
            pieces = [tuple(text[at - 2 : at + more]) for at in drawn.positions]
            for piece, is_fresh in zip(pieces, fresh, strict=True):
                assert not is_fresh or used[piece] < limit
            memory.use(drawn, unit)  # type: ignore[arg-type]
            used.update(pieces)
        memory.close()


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    """Neither uses nor answers; a new period forgets both, and a clock set back neither."""
    text = list(range(100, 160))
    memory = Memory(tmp_path, 1 << 12, 1 << 10)
    memory.turn_to(5)
    for _ in range(2):
        memory.use(draw([text], 4), "pair")
    memory.keep(TEXT, 2)
    assert _fresh(memory, text) == 0
    memory.close()
    memory = Memory(tmp_path, 1 << 12, 1 << 10)
    memory.turn_to(5)
    memory.turn_to(4)
    assert (_fresh(memory, text), memory.recall(TEXT)) == (0, 2)
    assert memory.filled() > 0
    memory.turn_to(6)
    assert (_fresh(memory, text), memory.recall(TEXT)) == (56, 0)
    assert memory.filled() == 0
    memory.close()


def test_an_answer_is_that_of_the_very_text(tmp_path: Path) -> None:
    """And a place that two share holds the later one."""
    memory = Memory(tmp_path, 1 << 10, 1 << 10)
    texts = [TEXT[: 100 + at] for at in range(300)]
    for at, text in enumerate(texts):
        memory.keep(text, 1 + at % 3)
    found = [memory.recall(text) for text in texts]
    assert all(answer in {0, 1 + at % 3} for at, answer in enumerate(found))
    assert sum(answer > 0 for answer in found) > 200
    assert memory.recall(TEXT[1:]) == 0
    assert all(0 <= memory.blur(text) < 1 for text in texts)
    assert memory.blur(texts[0]) == memory.blur(texts[0]) != memory.blur(texts[1])
    memory.close()


def test_files_are_for_their_owner_and_one_process(tmp_path: Path) -> None:
    """And of the size that was named when they were made."""
    memory = Memory(tmp_path / "m", 1 << 10, 1 << 10)
    for path in (tmp_path / "m").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(ConfigError, match="another endpoint"):
        Memory(tmp_path / "m", 1 << 10, 1 << 10)
    memory.close()
    with pytest.raises(ConfigError, match="another size"):
        Memory(tmp_path / "m", 1 << 11, 1 << 10)
    with pytest.raises(ConfigError, match="power of two"):
        Memory(tmp_path / "n", 1000, 1 << 10)


def test_tables_hold_no_token(tmp_path: Path) -> None:
    """A token that is easy to find is not found."""
    token = 0x1122334455667788
    memory = Memory(tmp_path, 1 << 10, 1 << 10)
    text = [token] * 10 + list(range(90))
    memory.use(draw([text], 4), "pair")
    memory.keep(np.array(text, dtype=np.uint64), 1)
    memory.close()
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert token.to_bytes(8, "little") not in content
        assert token.to_bytes(8, "big") not in content


def test_another_secret_gives_other_places(tmp_path: Path) -> None:
    """Nobody can prepare texts that share places without knowing the secret."""
    one, other = (Memory(tmp_path / name, 1 << 10, 1 << 10) for name in "ab")
    assert one.blur(TEXT) != other.blur(TEXT)
    assert repr(one.secret) == "Secret(32 bytes)"
    one.close()
    other.close()
