"""The index of what was served: look-ups a second, recall under edits, claims on what was not.

Served are the answers of one model to 805 instructions and essays of another; the rest of the index
is filled with entries of sixteen phrases each, nine in ten drawn at random and one in ten from the
phrases of all texts here, so that what is asked meets as many candidates as in a large index of
real text. Asked are edits of what was served, and texts that were written without it to the *same*
tasks: other models' answers, humans' essays. CPU seconds are those of the thread that asks.

datasketch's MinHashLSH (128 permutations, threshold 0.5, runs of three words) holds what it can,
and its size is named; it is asked the same edits.

Run `python bench/authorship_index.py --data ../shared/data`; `--smoke` takes made-up texts.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.authorship.served import Found, IndexWriter, ServedIndex, evidence_of, look_up
from phalanx.authorship.served.building import RUN_PHRASES
from phalanx.authorship.served.index import Listed, appending, open_index, take_in
from phalanx.authorship.served.merging import Piece, Shifted, write_run, write_segment
from phalanx.authorship.served.phrases import index_key, phrases_of
from phalanx.authorship.served.segment import open_segment
from phalanx.model import ExactEvidence
from phalanx.scratch import scratch_folder
from results import peak_memory_bytes, print_table, save

SECRET, KEY_ID = bytes(32), "key_0"
PHRASES = 16
"""Of an entry of the filling."""

FROM_TEXTS = 0.1
LEVEL = 0.01


def made_up(count: int, seed: int) -> list[str]:
    """Return texts of words that fall as in a language."""
    random = np.random.default_rng(seed)
    words = [a + b + c + d for a in "bdfgklmnprst" for b in "aeiou" for c in "lmnr" for d in "aeio"]
    shares = 1.0 / np.arange(20, 20 + len(words))
    return [" ".join(random.choice(words, 150, p=shares / shares.sum())) for _ in range(count)]


def texts(data: Path) -> dict[str, list[str]]:
    """Return what is served, and what is asked, by its name."""
    connection = duckdb.connect()
    answers = data / "aigc_text" / "alpaca_eval_model_outputs.parquet"
    essays = data / "aigc_text" / "outfox_essays.parquet"

    def rows(path: Path, condition: str) -> list[str]:
        query = f"select text from '{path}' where {condition} order by pair_id"  # noqa: S608 - ours
        return [text for (text,) in connection.execute(query).fetchall()]

    chosen = "model = 'gpt-3.5-turbo-0613'"
    both = f"{chosen} and attack is null and pair_id in (select pair_id from '{essays}' where "  # noqa: S608 - ours
    both += f"{chosen} and attack = 'dipper paraphrase')"
    return {
        "answers": rows(answers, "model = 'gpt4_0613'"),
        "essays": rows(essays, both),
        "paraphrased": rows(essays, f"{chosen} and attack = 'dipper paraphrase'"),
        "humans, same tasks": rows(essays, "label = 'human'"),
        "another model, same essays": rows(essays, "model = 'text-davinci-003' and attack is null"),
        "other models, same questions": rows(
            answers,
            "model in ('gpt-4o-2024-05-13', 'claude-3-opus-20240229', 'gemini-pro', "
            "'gpt-3.5-turbo-0301')",
        ),
    }


def build(folder: Path, served: Sequence[str], pool: Sequence[str], entries: int) -> ServedIndex:
    """Build an index of what was served and a filling."""
    with IndexWriter(folder, SECRET, KEY_ID) as writer:
        accounts = pa.array([f"acct_{at % 100}" for at in range(len(served))])
        writer.add(pa.array(served), accounts, np.arange(len(served), dtype=np.int64))
        writer.finish(["served"], lambda _stage, _share: None)
    filling = entries - len(served)
    if filling <= 0:
        return open_index(folder, KEY_ID)
    known = phrases_of(pa.array(pool), index_key(SECRET), overlapping=False).numbers
    random = np.random.default_rng(1)
    with appending(folder, KEY_ID) as listed, scratch_folder(folder) as scratch:
        first = open_segment(folder / listed.segments[0])
        pieces: list[Piece] = [Shifted(first, 0)]
        at_once = RUN_PHRASES // PHRASES
        for begin in range(0, filling, at_once):
            count = min(at_once, filling - begin)
            rows = np.repeat(np.arange(count, dtype=np.uint32), PHRASES)
            rows += np.uint32(first.rows + begin)
            numbers = random.integers(1 << 48, size=rows.size, dtype=np.uint64)
            taken = random.random(rows.size) < FROM_TEXTS
            numbers[taken] = known[random.integers(known.size, size=int(taken.sum()))]
            pieces.append(write_run(numbers, rows, scratch, f"run-{len(pieces)}"))
        made = scratch / "segment"
        made.mkdir()
        told: dict[str, npt.NDArray[Any]] = {
            "accounts": np.append(first.accounts, np.zeros(filling, dtype=np.int32)),
            "times": np.append(first.times, np.full(filling, -1, dtype=np.int64)),
            "sizes": np.append(first.sizes, np.full(filling, PHRASES, dtype=np.uint8)),
            "levels": np.append(first.levels, np.zeros(filling, dtype=np.uint8)),
        }
        write_segment(made, pieces, told, first.names, lambda _stage, _share: None)
        more = Listed(key_id=KEY_ID, documents=filling, inputs=("filling",))
        take_in(folder, listed, made, 1, more)
    return open_index(folder, KEY_ID)


def edits(pool: Sequence[str]) -> dict[str, Callable[[str, np.random.Generator], str]]:
    """Return what may be done to a text before it is found again."""
    vocabulary = " ".join(pool[:200]).split()

    def deleted(share: float) -> Callable[[str, np.random.Generator], str]:
        return lambda text, random: " ".join(
            word for word in text.split() if random.random() >= share
        )

    def replaced(share: float) -> Callable[[str, np.random.Generator], str]:
        return lambda text, random: " ".join(
            vocabulary[random.integers(len(vocabulary))] if random.random() < share else word
            for word in text.split()
        )

    def cut(share: float) -> Callable[[str, np.random.Generator], str]:
        return lambda text, _: " ".join(text.split()[: int(share * len(text.split()))])

    def pasted(text: str, random: np.random.Generator) -> str:
        before, after = (pool[at] for at in random.integers(len(pool), size=2))
        return f"{before}\n{text}\n{after}"

    return {
        "as served": lambda text, _: text,
        "10 % of words deleted": deleted(0.1),
        "30 % of words deleted": deleted(0.3),
        "10 % of words replaced": replaced(0.1),
        "30 % of words replaced": replaced(0.3),
        "first half": cut(0.5),
        "first quarter": cut(0.25),
        "between two other texts": pasted,
    }


def asked(
    index: ServedIndex, given: Sequence[str], true: Sequence[int] | None
) -> dict[str, float | int]:
    """Look texts up, and say how many are found and claimed."""
    column = pa.array(given)
    begin = time.thread_time()
    found = look_up(column, index, SECRET)
    seconds = time.thread_time() - begin
    said = [evidence_of(each, index) for each in found]
    claims = [
        isinstance(each, ExactEvidence) and each.log10_p <= math.log10(LEVEL) for each in said
    ]
    right = [False] * len(found)
    if true is not None:
        right = [
            bool(each.matches) and each.matches[0].time_us == time_us
            for each, time_us in zip(found, true, strict=True)
        ]
    return {
        "texts": len(given),
        "evaluable": sum(isinstance(each, ExactEvidence) for each in said),
        "first": sum(right),
        "claimed": sum(claims),
        "per_second": round(len(given) / max(seconds, 1e-9)),
        "candidates": float(np.mean([_candidates(each) for each in found])),
    }  # fmt: skip


def _candidates(found: Found) -> int:
    return found.matches[0].candidates if found.matches else 0


def datasketch_recall(
    served: Sequence[str], edited: dict[str, list[str]], filling: int
) -> dict[str, float]:
    """Ask datasketch the same, with as many random sketches as a filling."""
    from datasketch import MinHash, MinHashLSH

    def sketch(text: str) -> MinHash:
        words = text.lower().split()
        runs = {" ".join(words[at : at + 3]).encode() for at in range(len(words) - 2)}
        made = MinHash(num_perm=128)
        made.update_batch(list(runs))
        return made

    lsh = MinHashLSH(threshold=0.5, num_perm=128)
    for at, text in enumerate(served):
        lsh.insert(at, sketch(text))
    random = np.random.default_rng(2)
    scheme = sketch(served[0]).scheme
    for at in range(filling):
        values = random.integers(1 << 32, size=128, dtype=np.uint32)
        lsh.insert(len(served) + at, MinHash(num_perm=128, hashvalues=values, scheme=scheme))
    figures: dict[str, float] = {}
    count, begin = 0, time.thread_time()
    for name, given in edited.items():
        hits = [at in lsh.query(sketch(text)) for at, text in enumerate(given)]
        figures[name] = float(np.mean(hits))
        count += len(given)
    figures["per_second"] = round(count / (time.thread_time() - begin))
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--entries", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, help="where the index lies; some 5 GB")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    if options.smoke:
        served, others = made_up(100, 1), {"others": made_up(100, 2)}
        paraphrased: list[str] = []
        essays = served
        entries, peer = 5_000, 500
    else:
        given = texts(options.data)
        essays, paraphrased = given.pop("essays"), given.pop("paraphrased")
        served, others = essays + given.pop("answers"), given
        entries, peer = options.entries, 20_000
    pool = [text for each in others.values() for text in each]
    random = np.random.default_rng(3)
    edited = {name: [edit(text, random) for text in essays] for name, edit in edits(pool).items()}
    if paraphrased:
        edited["every sentence paraphrased (DIPPER)"] = paraphrased
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        begin = time.process_time()
        index = build(Path(folder) / "index", served, [*served, *pool], entries)
        build_seconds = time.process_time() - begin
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        asked(index, essays, None)  # compiles, and brings pages into memory
        found = {name: asked(index, each, range(len(essays))) for name, each in edited.items()}
        not_served = {name: asked(index, each, None) for name, each in others.items()}
    peers = datasketch_recall(served, edited, peer)
    print_table(
        f"{index.entries:,} entries, {size / 1e9:.2f} GB",
        ["asked", "texts", "served one first", "claimed at 1 %", "datasketch finds", "a second"],
        [
            [name, each["texts"], f"{each['first'] / each['texts']:.1%}",
             f"{each['claimed'] / each['texts']:.1%}", f"{peers[name]:.1%}", each["per_second"]]
            for name, each in found.items()
        ],
    )  # fmt: skip
    print_table(
        "Written without what was served, to the same tasks",
        ["asked", "texts", "evaluable", "claimed at 1 %", "candidates", "a second"],
        [
            [name, each["texts"], each["evaluable"],
             f"{each['claimed'] / max(each['evaluable'], 1):.2%}", f"{each['candidates']:.0f}",
             each["per_second"]]
            for name, each in not_served.items()
        ],
    )  # fmt: skip
    print(f"built in {build_seconds:,.0f} CPU seconds; datasketch holds {len(served) + peer:,} and "
          f"answers {peers['per_second']:,} a second")  # fmt: skip
    save(
        "authorship_index",
        {
            "smoke": options.smoke, "entries": index.entries, "bytes": size,
            "build_cpu_s": build_seconds, "peak_bytes": peak_memory_bytes(), "served": found,
            "not_served": not_served, "datasketch": peers,
            "datasketch_entries": len(served) + peer,
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
