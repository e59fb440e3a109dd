"""Sketches of known sets of prompts."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.sketches.prompts import CorpusSketch, KnownPrompts, sketch_corpus
from phalanx.sketches.prompts.corpus import RUN_WORDS
from phalanx.sketches.prompts.corpus_file import FORMAT, read_sketch, write_sketch

SEEDS = pa.array(
    [
        "Give three tips for staying healthy during a long winter in the mountains.",
        "Describe a time when you had to make a difficult decision at work.",
        "解释为什么天空是蓝色的并举一个例子来说明光的散射现象。",
    ]
)
words = st.text(alphabet="abcdefgh", min_size=1, max_size=8)


def test_every_prompt_of_a_set_is_known() -> None:
    """The set itself is recognised, in any script."""
    assert KnownPrompts([sketch_corpus("seeds", SEEDS)]).contain(SEEDS).all()


def test_a_light_rewording_is_still_known() -> None:
    """A lead-in and a swapped word leave most runs of words as they were."""
    reworded = pa.array(
        ["Please: suggest three tips for staying healthy during a long winter in the mountains"]
    )
    assert KnownPrompts([sketch_corpus("seeds", SEEDS)]).contain(reworded).all()


def test_the_same_subject_in_other_words_is_unknown() -> None:
    """Words in common do not make a prompt known, runs of words do."""
    others = pa.array(
        [
            "How do people in the mountains stay healthy in winter?",
            "Describe a time",
            "",
            "What was the most difficult decision that you made during a long day at work?",
        ]
    )
    assert not KnownPrompts([sketch_corpus("seeds", SEEDS)]).contain(others).any()


def test_few_strange_prompts_are_taken_for_known() -> None:
    """Random prompts of twelve words hit a table of 20,000 runs less than once in 10,000."""
    generator = np.random.default_rng(3)

    def texts(count: int) -> pa.Array:
        drawn = generator.integers(0, 26**3, (count, 12))
        return pa.array([" ".join(f"w{word:x}q" for word in row) for row in drawn])

    known = KnownPrompts([sketch_corpus("noise", texts(2_500))])
    assert np.count_nonzero(known.contain(texts(20_000))) <= 2


@given(st.lists(words, min_size=RUN_WORDS + 2, max_size=30))
def test_whatever_is_sketched_is_found(prompt: list[str]) -> None:
    """A prompt with three runs of words or more is known to its own sketch."""
    texts = pa.array([" ".join(prompt)])
    assert KnownPrompts([sketch_corpus("one", texts)]).contain(texts).all()


def test_numbers_alone_make_nothing_known() -> None:
    """Lists of numbers look all alike once masked, and say nothing."""
    lists = pa.array(["Add 4 5 6 7 8 9 10 11 12", "Add 1 2 3 4 5 6 7 8 9 10 11"])
    assert not KnownPrompts([sketch_corpus("sums", lists)]).contain(lists).any()


def test_several_sketches_work_as_one() -> None:
    """Prompts of any of the sets are known."""
    parts = [sketch_corpus(str(row), SEEDS.slice(row, 1)) for row in range(len(SEEDS))]
    assert KnownPrompts(parts).contain(SEEDS).all()
    assert np.count_nonzero(KnownPrompts(parts[:1]).contain(SEEDS)) == 1


def test_a_sketch_survives_its_file(tmp_path: Path) -> None:
    """What is written is read back, name, count and hashes."""
    sketch = sketch_corpus("seeds", SEEDS)
    write_sketch(sketch, tmp_path / "seeds.sketch")
    found = read_sketch(tmp_path / "seeds.sketch")
    assert (found.name, found.prompts) == ("seeds", len(SEEDS))
    assert np.array_equal(found.runs, sketch.runs)


def test_a_file_holds_no_words(tmp_path: Path) -> None:
    """No word of a prompt can be read in the bytes of its sketch."""
    write_sketch(sketch_corpus("seeds", SEEDS), tmp_path / "s")
    content = (tmp_path / "s").read_bytes()
    assert not any(word.encode() in content for word in ("healthy", "winter", "difficult"))


def _file(path: Path, runs: list[int], about: bytes) -> Path:
    schema = pa.schema([pa.field("run", pa.uint32(), nullable=False)]).with_metadata(
        {b"phalanx": about}
    )
    pq.write_table(pa.table({"run": pa.array(runs, pa.uint32())}, schema=schema), path)
    return path


GOOD = json.dumps({"format": FORMAT, "name": "x", "prompts": 3}).encode()


@pytest.mark.parametrize(
    ("runs", "about"),
    [
        ([3, 2], GOOD),
        ([2, 2], GOOD),
        ([1], b""),
        ([1], b"[" * 100_000),
        ([1], b"{}"),
        ([1], GOOD.replace(b"/1", b"/2")),
        ([1], GOOD.replace(b"3", b"-3")),
        ([1], GOOD.replace(b'"x"', b"7")),
    ],
)
def test_a_foreign_file_is_refused(tmp_path: Path, runs: list[int], about: bytes) -> None:
    """Hashes out of order, and metadata that is not ours, make no sketch."""
    with pytest.raises(InputError, match="not a corpus sketch"):
        read_sketch(_file(tmp_path / "s", runs, about))


def test_a_table_of_other_columns_is_refused(tmp_path: Path) -> None:
    """Any other Parquet file is no sketch."""
    pq.write_table(pa.table({"prompt": ["a"]}), tmp_path / "s")
    with pytest.raises(InputError, match="not a corpus sketch"):
        read_sketch(tmp_path / "s")


@given(st.binary(max_size=400), st.integers(0, 200))
def test_damaged_bytes_end_in_a_plain_error(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int
) -> None:
    """Whatever bytes a file holds, it is read or refused, and never crashes."""
    path = tmp_path_factory.mktemp("sketch") / "s"
    write_sketch(CorpusSketch("x", 1, np.arange(50, dtype=np.uint32)), path)
    content = bytearray(path.read_bytes())
    content[at : at + len(noise)] = noise
    path.write_bytes(content)
    with suppress(InputError):
        read_sketch(path)
