"""Templates of a campaign at another provider: what is recognised, and what is taken for them.

Recall: campaigns of a hundred accounts are simulated, class by class and rung by rung, in the
project's grammar. One half of the accounts is the campaign as its finder sees it, from which
templates are chosen under the policy's k; the other half are accounts at another provider. An
account is recognised with one matching exchange, or with three.

False matches: honest accounts in the same simulations; and real prompts: each prompt of the real
seed sets is held as a template of its own, which is more than ever leaves, and all real prompts of
honest use are asked. Where one matches, the shingles that the two really share are counted: below
two fifths the match is an error of the estimate, above it the texts are alike.

Run `python bench/share_match_quality.py`; `--smoke` takes one rung and small campaigns.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from phalanx.detect.simulate import ATTACK_CLASSES, CampaignPlan, SimulationConfig, simulate
from phalanx.detect.simulate.config import Evasion
from phalanx.share.gate import SHIPPED, load_policy
from phalanx.sketches.templates import (
    GroupKey,
    GroupKeys,
    TemplateIndex,
    TemplateRows,
    choose_templates,
    log10_chance_of_match,
    match_prompts,
    sketch_of,
)
from phalanx.sketches.templates.spoken import spoken
from phalanx.text import tokens_of
from phalanx.text.tokens import ADDRESS
from results import clopper_pearson, print_table, save

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEY = GroupKey(1, date(2026, 1, 1), b"k" * 32)
KEYS = GroupKeys((KEY,))
RUNGS: tuple[Evasion, ...] = ("E0", "E1", "E2", "E3", "E4")


def held(minhash: npt.NDArray[np.uint8], campaign: npt.NDArray[np.int32]) -> TemplateRows:
    """Return rows of templates; the numbers of campaigns are their names."""
    count = len(minhash)
    uuids = np.stack([np.zeros(count), np.arange(count)], axis=1).astype(np.uint64)
    names = tuple(map(str, range(int(campaign.max(initial=0)) + 1)))
    return TemplateRows(1, minhash, uuids, campaign, names, np.full(count, 2**62))


def measure_rung(
    rung: Evasion, seed: int, accounts: int, honest: int
) -> tuple[list[list[object]], tuple[int, int]]:
    """Return a row for each class of campaign, and honest accounts: with a match, and all."""
    plans = tuple(
        CampaignPlan(name=name, accounts=accounts, attack_class=name, evasion=rung)
        for name in ATTACK_CLASSES
    )
    made = simulate(SimulationConfig(benign_accounts=honest, campaigns=plans, seed=seed, days=5))
    account = made.exchanges["account_id"].combine_chunks().dictionary_encode()
    labels = {row["account_id"]: row["campaign"] or "" for row in made.labels.to_pylist()}
    campaign = np.array([labels[name] for name in account.dictionary.to_pylist()])
    codes = account.indices.to_numpy().astype(np.int64)
    prompts = made.exchanges["prompt"].combine_chunks()
    digests = np.array([zlib.crc32(name.encode()) for name in account.dictionary.to_pylist()])
    finder = digests % 2 == 0
    least = int(load_policy(SHIPPED).in_force(NOW)["A8"].parameters["template_accounts"])
    rows: list[list[object]] = []
    parts: list[TemplateRows] = []
    for name in ATTACK_CLASSES:
        mine = ((campaign == name) & finder)[codes]
        chosen = choose_templates(prompts.filter(pa.array(mine)), codes[mine], KEY, least)
        count = len(chosen.accounts)
        if count:
            minhash = chosen.sketches.minhash
            parts.append(held(minhash, np.full(count, ATTACK_CLASSES.index(name), np.int32)))
        rows.append([rung, seed, name, count])
    snapshot = TemplateIndex(_numbered(parts)).snapshot
    others = ~finder | (campaign == "")
    asked = prompts.filter(pa.array(others[codes]))
    found = match_prompts(asked, snapshot, KEYS, NOW).table
    who = codes[others[codes]][found["prompt"].to_numpy()]
    named = np.array(found["campaign"].to_pylist(), dtype=object)
    for number, row in enumerate(rows):
        members = (campaign == ATTACK_CLASSES[number]) & ~finder
        hits = np.bincount(who[named == str(number)], minlength=campaign.size)
        sent = np.bincount(codes, minlength=campaign.size)
        row += [
            round(float(hits[members].sum() / sent[members].sum()), 3),
            round(float((hits[members] >= 1).mean()), 3),
            round(float((hits[members] >= 3).mean()), 3),
        ]
    seen = np.bincount(codes, minlength=campaign.size) > 0
    matched = np.bincount(who, minlength=campaign.size) > 0
    return rows, (int((matched & (campaign == "")).sum()), int((seen & (campaign == "")).sum()))


def _numbered(parts: list[TemplateRows]) -> Iterator[TemplateRows]:
    """Give the rows of each part indicators of their own."""
    for number, part in enumerate(parts):
        part.indicator[:, 0] = number
        yield part


def real_prompts(folder: Path, column: str = "prompt") -> pa.Array:
    """Return the distinct prompts of the files of a folder."""
    tables = [pq.read_table(path, columns=[column]) for path in sorted(folder.glob("*.parquet"))]
    return pa.concat_tables(tables)[column].drop_null().combine_chunks().unique()


def measure_real(data: Path) -> dict[str, object]:
    """Ask real prompts of honest use of an index of real seed sets."""
    templates, asked = (real_prompts(data / name) for name in ("distillation", "benign"))
    sketches = sketch_of(templates, KEY)
    usable = np.flatnonzero(sketches.tokens > 0)
    index = TemplateIndex([held(sketches.minhash[usable], np.arange(usable.size, dtype=np.int32))])
    found = match_prompts(asked, index.snapshot, KEYS, NOW).table
    shares = np.array(
        [
            true_share(asked[prompt].as_py(), templates[int(usable[int(template)])].as_py())
            for prompt, template in zip(
                found["prompt"].to_pylist(), found["campaign"].to_pylist(), strict=True
            )
        ]
    )
    matched = len(set(found["prompt"].to_pylist()))
    same = set(asked.to_pylist()) & set(templates.to_pylist())
    by_error = int((shares < 0.4).sum())
    comparisons = usable.size * len(asked)
    return {
        "templates": int(usable.size),
        "asked": len(asked),
        "in_both_sets": len(same),
        "matched": matched,
        "pairs": len(shares),
        "least_true_share": round(float(shares.min(initial=1.0)), 2),
        "by_error": by_error,
        "by_error_upper_95": clopper_pearson(by_error, comparisons)[1],
    }


def true_share(prompt: str, template: str) -> float:
    """Return the largest share of shingles that a view of a prompt and a template have."""
    wanted = _shingles(template, 1024)
    sizes = (16, 32, 64, 128, 256, 512, 1024)
    views = [_shingles(prompt, size) for size in sizes]
    return max(len(view & wanted) / max(1, len(view | wanted)) for view in views)


def _shingles(text: str, limit: int) -> set[tuple[int, ...]]:
    tokens = tokens_of(spoken(pa.array([text]))[0].as_py(), limit).tolist()
    runs = (tuple(tokens[at : at + 3]) for at in range(len(tokens) - 2))
    return {run for run in runs if sum(token <= int(ADDRESS) for token in run) < 2}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--accounts", type=int, default=100, help="of each campaign")
    parser.add_argument("--honest", type=int, default=2_000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--smoke", action="store_true")
    given = parser.parse_args()
    rungs = RUNGS
    if given.smoke:
        given.accounts, given.honest, given.seeds, rungs = 50, 100, 1, ("E0",)
    rows: list[list[object]] = []
    honest = [0, 0]
    for number, rung in enumerate(rungs):
        # Every rung has honest accounts of its own, so that they may be counted together.
        for seed in range(number * given.seeds, (number + 1) * given.seeds):
            measured, (matched, of) = measure_rung(rung, seed, given.accounts, given.honest)
            rows += measured
            honest = [honest[0] + matched, honest[1] + of]
    columns = ["rung", "seed", "class", "templates", "exchanges", "accounts >= 1", "accounts >= 3"]
    print_table("Matched at another provider, share of", columns, rows)
    upper = clopper_pearson(honest[0], honest[1])[1]
    print_table("Honest accounts", ["matched", "of", "upper 95 %"], [[*honest, round(upper, 5)]])
    chances = {share: round(log10_chance_of_match(share), 1) for share in (0.0, 0.1, 0.2, 0.3, 0.4)}
    print_table("log10 of the chance of a match", list(map(str, chances)), [list(chances.values())])
    real = measure_real(given.data) if given.data.exists() and not given.smoke else {}
    if real:
        print_table("Real prompts", list(real), [list(real.values())])
    save(
        "share_match_quality",
        {
            "smoke": given.smoke,
            "columns": columns,
            "rows": rows,
            "honest": {"matched": honest[0], "of": honest[1], "upper_95": upper},
            "log10_chance": {str(share): chance for share, chance in chances.items()},
            "real": real,
        },
    )


if __name__ == "__main__":
    main()
