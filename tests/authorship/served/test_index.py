"""An index is appended to, comes through being killed, and refuses what is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.authorship.served.conftest import KEY_ID, SECRET, text

from phalanx.authorship.served import (
    IndexWriter,
    ServedIndex,
    building,
    look_up,
    merging,
    open_index,
)
from phalanx.errors import InputError, VerificationError

Append = Callable[[Sequence[str | None]], ServedIndex]


def _first(index: ServedIndex, asked: str) -> str | None:
    (found,) = look_up(pa.array([asked]), index, SECRET)
    return found.matches[0].account if found.matches else None


def test_responses_of_every_append_are_found(append: Append) -> None:
    """Responses of every append are found."""
    append([text(1), text(2)])
    append([text(3)])
    index = append([text(4), None, "too short"])
    assert [_first(index, text(seed)) for seed in (1, 2, 3, 4)] == [
        "acct_0", "acct_1", "acct_0", "acct_0",
    ]  # fmt: skip
    assert (index.listed.documents, index.listed.too_short) == (5, 0)


def test_small_segments_are_merged_so_that_few_are_left(append: Append) -> None:
    """Small segments are merged so that few are left."""
    for seed in range(12):
        index = append([text(10 * seed + each) for each in range(3)])
    assert len(index.segments) <= 4
    assert index.entries == 36


def test_one_piece_and_many_give_the_same_answers(
    append: Append, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One piece and many give the same answers."""
    responses = [text(seed) for seed in range(30)]
    whole = append(responses)
    monkeypatch.setattr(building, "RUN_PHRASES", 100)
    monkeypatch.setattr(merging, "RANGE_ENTRIES", 64)
    with IndexWriter(tmp_path / "pieces", SECRET, KEY_ID) as writer:
        for at, response in enumerate(responses):
            writer.add(pa.array([response]), pa.array([f"acct_{at}"]), np.array([at * 1_000_000]))
        writer.finish(["a"], lambda _stage, _share: None)
    pieces = open_index(tmp_path / "pieces", KEY_ID)
    for one, other in zip(whole.segments, pieces.segments, strict=True):
        assert np.array_equal(one.entries, other.entries)
        assert np.array_equal(one.starts, other.starts)
        assert np.array_equal(one.times, other.times)


def test_an_append_that_ends_half_way_changes_nothing(append: Append, tmp_path: Path) -> None:
    """An append that ends half way changes nothing."""
    append([text(1)])
    with IndexWriter(tmp_path / "index", SECRET, KEY_ID) as writer:
        writer.add(pa.array([text(2)]), pa.array(["b"]), np.array([0]))
    index = open_index(tmp_path / "index", KEY_ID)
    assert index.entries == 1
    assert {path.name for path in (tmp_path / "index").iterdir()} == {
        "index.json", "lock", "segment-00000001",
    }  # fmt: skip


def test_a_segment_that_was_never_listed_is_removed_by_the_next_append(
    append: Append, tmp_path: Path
) -> None:
    """A segment that was never listed is removed by the next append."""
    append([text(1)])
    (tmp_path / "index" / "segment-00000009").mkdir()
    append([text(seed) for seed in range(2, 4)])
    assert not (tmp_path / "index" / "segment-00000009").exists()


def test_two_do_not_append_at_once(append: Append, tmp_path: Path) -> None:
    """Two do not append at once."""
    append([text(1)])
    with (
        IndexWriter(tmp_path / "index", SECRET, KEY_ID),
        pytest.raises(InputError, match="another process is appending"),
        IndexWriter(tmp_path / "index", SECRET, KEY_ID),
    ):
        pass


def test_another_key_finds_nothing_and_is_refused(append: Append, tmp_path: Path) -> None:
    """Another key finds nothing and is refused."""
    index = append([text(1)])
    (found,) = look_up(pa.array([text(1)]), index, b"another" * 5)
    assert not found.matches
    with pytest.raises(VerificationError, match="made with key key_0"):
        open_index(tmp_path / "index", "key_1")


def test_no_word_of_a_response_is_in_the_index(append: Append, tmp_path: Path) -> None:
    """No word of a response is in the index."""
    append(["The secret recipe needs saffron, cardamom and a patient cook who stirs slowly."])
    content = b"".join(
        path.read_bytes() for path in (tmp_path / "index").rglob("*") if path.is_file()
    )
    assert not [word for word in (b"saffron", b"cardamom", b"patient") if word in content]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "phalanx.served-index/9"}, "of another format"),
        ({"segments": ["../../etc"]}, "does not say what is in the index"),
        ({"documents": "many"}, "does not say what is in the index"),
        ({"segments": ["segment-00000099"]}, "not a part of an index"),
    ],
)
def test_a_list_that_says_what_is_not_so_is_refused(
    append: Append, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    """A list that says what is not so is refused."""
    append([text(1)])
    path = tmp_path / "index" / "index.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match=said):
        open_index(tmp_path / "index", KEY_ID)


@pytest.mark.parametrize("name", ["starts", "entries", "sizes", "levels", "accounts", "times"])
def test_arrays_that_do_not_fit_together_are_refused(
    append: Append, tmp_path: Path, name: str
) -> None:
    """Arrays that do not fit together are refused."""
    append([text(1), text(2)])
    path = tmp_path / "index" / "segment-00000001" / f"{name}.npy"
    array = np.load(path)
    np.save(path, array[:-1])
    with pytest.raises(InputError, match="not a part of an index"):
        open_index(tmp_path / "index", KEY_ID)


def test_entries_that_lead_nowhere_are_passed_over(append: Append, tmp_path: Path) -> None:
    """Entries that lead nowhere are passed over."""
    append([text(1), text(2)])
    folder = tmp_path / "index" / "segment-00000001"
    starts, entries = np.load(folder / "starts.npy"), np.load(folder / "entries.npy")
    starts[1:-1] = np.random.default_rng(1).integers(0, 1 << 63, starts.size - 2)
    np.save(folder / "starts.npy", starts)
    np.save(folder / "entries.npy", entries | np.uint64(0xFFFFFF00))
    index = open_index(tmp_path / "index", KEY_ID)
    (found,) = look_up(pa.array([text(1)]), index, SECRET)
    assert not found.matches


def test_accounts_and_sizes_that_are_none_harm_nobody(append: Append, tmp_path: Path) -> None:
    """What stands in the arrays is checked where it is used."""
    append([text(1), text(2)])
    folder = tmp_path / "index" / "segment-00000001"
    np.save(folder / "accounts.npy", np.array([7, -9], dtype=np.int32))
    np.save(folder / "sizes.npy", np.array([255, 0], dtype=np.uint8))
    np.save(folder / "levels.npy", np.array([255, 255], dtype=np.uint8))
    index = open_index(tmp_path / "index", KEY_ID)
    (found,) = look_up(pa.array([text(1)]), index, SECRET)
    assert all(match.account is None for match in found.matches)


def test_a_log_without_responses_makes_no_index(tmp_path: Path) -> None:
    """A log without responses makes no index."""
    with (
        pytest.raises(InputError, match="no response has text"),
        IndexWriter(tmp_path / "index", SECRET, KEY_ID) as writer,
    ):
        writer.finish([], lambda _stage, _share: None)
