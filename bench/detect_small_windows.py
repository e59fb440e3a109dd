"""Small windows: what can be seen of an attack when every account sends only 100 queries.

An attacker hides 5 % of extraction queries in 95 % of ordinary ones. Rows, each tuned to a false
alarm rate of at most 0.3 %: MMD on one account of 100 queries; MMD on one window of 1,500, as
much as that test asks for; and on a group of 20 accounts of 100 queries, whoever formed the group:
pooled MMD, Phalanx's sequential test of how alike accounts write (`Witness`), and the share of
queries that lie far from every honest one of the reference. As in the published
protocol (arXiv 2606.05725), the ordinary queries of an attacker come from the corpus that honest
windows come from, and the test knows a reference of it. The corpora are split at random many
times: a reference, a half for the threshold, and a held-out half for what is measured. The
threshold is one for all splits, so that it covers how halves differ. A test that asks for more
than half of a half is not evaluable there, because its windows would all be the same.

Run `python bench/detect_small_windows.py`; `--smoke` takes few windows, and without `--data`
two corpora of the project's grammar.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from math import sqrt
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from peers.embedding import embed
from peers.mmd import discrepancy, reference
from phalanx.detect.simulate import CampaignPlan, SimulationConfig, simulate
from phalanx.evidence import Witness, clopper_pearson_upper
from populations import ATTACK_FILES, BENIGN_FILES, real_corpora
from results import print_table, save

ATTACKER_SHARE = 0.05
MOST_FALSE_ALARMS = 0.003
REFERENCE = 500
SPLITS = 100
QUERIES_PER_ACCOUNT = 100
ACCOUNTS_PER_GROUP = 20
COHORT_ACCOUNTS = 200
FAR_SHARES = (0.01, 0.02, 0.05, 0.1)

Vectors = NDArray[np.float32]
Statistic = Callable[[Vectors], Callable[[list[Vectors]], float]]
"""From an honest reference to a statistic of the queries of a group, account by account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTest:
    """One test of a group of accounts; an account alone is a group of one."""

    name: str
    accounts: int
    queries: int
    """Of each account."""

    statistic: Statistic


def pooled_mmd(honest: Vectors) -> Callable[[list[Vectors]], float]:
    """Return the unbiased squared MMD of all queries of a group together."""
    known = reference(honest)
    return lambda accounts: discrepancy(np.concatenate(accounts), known)


def alike_accounts(honest: Vectors) -> Callable[[list[Vectors]], float]:
    """Return Phalanx's evidence that accounts write alike, against accounts of the reference."""
    rng = np.random.default_rng(len(honest))
    cohort = np.stack(
        [
            honest[rng.choice(len(honest), QUERIES_PER_ACCOUNT, replace=False)].mean(axis=0)
            for _ in range(COHORT_ACCOUNTS)
        ]
    )

    def log10_e(accounts: list[Vectors]) -> float:
        members = np.stack([account.mean(axis=0) for account in accounts])
        vectors = np.concatenate([members, cohort]).astype(np.float64)
        strata = np.zeros(len(vectors), dtype=np.int64)
        witness = Witness(vectors, strata, np.arange(len(vectors)))
        return witness.test_groups([np.arange(len(members))])[0].log10_e

    return log10_e


def far_queries(honest: Vectors) -> Callable[[list[Vectors]], float]:
    """Return how many more queries lie far from the reference than its own do from each other.

    Far is beyond the distance to the nearest that one in a hundred, fifty, twenty or ten of the
    reference has; the largest excess counts, in standard errors.
    """
    among = honest @ honest.T
    np.fill_diagonal(among, -1.0)
    nearest = np.quantile(among.max(axis=1), FAR_SHARES)

    def excess(accounts: list[Vectors]) -> float:
        queries = np.concatenate(accounts)
        found = (queries @ honest.T).max(axis=1)
        return max(
            (float((found < limit).mean()) - share) / sqrt(share * (1 - share) / len(queries))
            for limit, share in zip(nearest, FAR_SHARES, strict=True)
        )

    return excess


SINGLE_TESTS = (
    GroupTest(
        name="MMD, one account", accounts=1, queries=QUERIES_PER_ACCOUNT, statistic=pooled_mmd
    ),
    GroupTest(name="MMD, one window", accounts=1, queries=1_500, statistic=pooled_mmd),
)

POOLED_TESTS = (
    GroupTest(
        name="MMD, pooled",
        accounts=ACCOUNTS_PER_GROUP,
        queries=QUERIES_PER_ACCOUNT,
        statistic=pooled_mmd,
    ),
    GroupTest(
        name="alike accounts",
        accounts=ACCOUNTS_PER_GROUP,
        queries=QUERIES_PER_ACCOUNT,
        statistic=alike_accounts,
    ),
    GroupTest(
        name="far queries",
        accounts=ACCOUNTS_PER_GROUP,
        queries=QUERIES_PER_ACCOUNT,
        statistic=far_queries,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one test did on one pair of corpora."""

    test: str
    pair: str
    accounts: int
    queries: int
    detected: float
    """Share of the attack's groups at the tuned threshold."""

    false_alarms: float
    """Share of honest groups of the held-out half at that threshold."""

    false_alarms_upper: float
    detected_at_95: float
    """At the published protocol's threshold, the 95th percentile of honest windows."""

    false_alarms_at_95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpora:
    """Texts as vectors."""

    benign: Mapping[str, Vectors]
    attacks: Mapping[str, Vectors]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Values of a statistic."""

    calibration: NDArray[np.float64]
    innocent: NDArray[np.float64]
    guilty: Mapping[str, NDArray[np.float64]]
    """By attack corpus."""


def draw(
    honest: Vectors, attacks: Mapping[str, Vectors], test: GroupTest, groups: int, seed: int
) -> Draws:
    """Draw groups and compute their statistics.

    Parameters:
        honest: Benign corpus.
        attacks: Attack corpora; the test never sees them before.
        test: What to run.
        groups: Honest groups for the threshold, as many for the false alarms, and a quarter of
            that with attackers, for each attack.
        seed: Of the splits and draws.
    """
    rng = np.random.default_rng(seed)
    calibration, innocent = [], []
    guilty: dict[str, list[float]] = {name: [] for name in attacks}
    each = max(4, groups // SPLITS)
    for _ in range(max(1, groups // each)):
        mixed = rng.permutation(honest)
        known, rest = mixed[:REFERENCE], mixed[REFERENCE:]
        half = len(rest) // 2
        statistic = test.statistic(known)
        calibration += [statistic(_group(rest[:half], None, test, rng)) for _ in range(each)]
        innocent += [statistic(_group(rest[half:], None, test, rng)) for _ in range(each)]
        for name, attack in attacks.items():
            guilty[name] += [
                statistic(_group(rest[half:], attack, test, rng)) for _ in range(each // 4)
            ]
    return Draws(
        calibration=np.array(calibration),
        innocent=np.array(innocent),
        guilty={name: np.array(values) for name, values in guilty.items()},
    )


def outcomes_of(benign: str, test: GroupTest, draws: Draws) -> list[Outcome]:
    """Measure each attack in one benign corpus."""
    size = draws.calibration.size
    # At most this many of the calibration groups may lie above.
    allowed = int(MOST_FALSE_ALARMS * size)
    strict = float(np.sort(draws.calibration)[::-1][allowed])
    loose = float(np.quantile(draws.calibration, 0.95))
    alarms = int((draws.innocent > strict).sum())
    return [
        Outcome(
            test=test.name,
            pair=f"{attack} in {benign}",
            accounts=test.accounts,
            queries=test.queries,
            detected=float((values > strict).mean()),
            false_alarms=alarms / draws.innocent.size,
            false_alarms_upper=clopper_pearson_upper(alarms, draws.innocent.size),
            detected_at_95=float((values > loose).mean()),
            false_alarms_at_95=float((draws.innocent > loose).mean()),
        )
        for attack, values in draws.guilty.items()
    ]


def evaluable(honest: Vectors, test: GroupTest) -> bool:
    """Return whether a group's queries fill at most half of each half of the corpus."""
    return 4 * test.accounts * test.queries <= len(honest) - REFERENCE


def _group(
    honest: Vectors, attack: Vectors | None, test: GroupTest, rng: np.random.Generator
) -> list[Vectors]:
    """Draw the queries of a group, no text twice, and deal them to its accounts."""
    size = test.accounts * test.queries
    bad = 0 if attack is None else int(rng.binomial(size, ATTACKER_SHARE))
    queries = honest[rng.choice(len(honest), size - bad, replace=False)]
    if attack is not None:
        queries = np.concatenate([queries, attack[rng.choice(len(attack), bad, replace=False)]])
    return np.split(rng.permutation(queries), test.accounts)


def corpora(data: Path, folder: Path) -> Corpora:
    """Return the corpora: three of one kind of use, and all honest prompts together."""
    if not data.exists():
        return _from_grammar()
    files = real_corpora(data, folder)
    vectors = {name: embed(pq.read_table(path)["prompt"]) for name, path in files.items()}
    kinds = {name: vectors[name] for name in BENIGN_FILES}
    benign = {"all honest": np.concatenate(list(kinds.values()))}
    benign |= {name: kinds[name] for name in ("chat", "evaluation", "agent")}
    return Corpora(benign=benign, attacks={name: vectors[name] for name in ATTACK_FILES})


def _from_grammar() -> Corpora:
    """Write small corpora where no real ones are at hand."""
    plan = CampaignPlan(name="one", accounts=20, attack_class="reasoning")
    made = simulate(SimulationConfig(benign_accounts=300, days=7, campaigns=(plan,)))
    label = dict(
        zip(
            made.labels["account_id"].to_pylist(),
            made.labels["campaign"].to_pylist(),
            strict=True,
        )
    )
    planted = np.array([bool(label[a]) for a in made.exchanges["account_id"].to_pylist()])
    vectors = embed(made.exchanges["prompt"])
    return Corpora(
        benign={"all honest": vectors[~planted]}, attacks={"reasoning": vectors[planted]}
    )


def summary(outcomes: list[Outcome]) -> list[list[object]]:
    """Return one line for each test, mean over the pairs on which every test is evaluable."""
    tests = dict.fromkeys(outcome.test for outcome in outcomes)
    shared = set.intersection(*({o.pair for o in outcomes if o.test == name} for name in tests))
    lines: list[list[object]] = []
    for name in tests:
        rows = [o for o in outcomes if o.test == name and o.pair in shared]
        lines.append(
            [
                name,
                f"{rows[0].accounts} x {rows[0].queries:,}",
                len(rows),
                f"{np.mean([r.detected for r in rows]):.1%}",
                f"{np.mean([r.false_alarms for r in rows]):.2%}",
                f"{np.mean([r.detected_at_95 for r in rows]):.1%}",
                f"{np.mean([r.false_alarms_at_95 for r in rows]):.2%}",
            ]
        )
    return lines


def main() -> None:
    """Run every test on every pair and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--groups", type=int, default=1_000, help="honest groups of each pair")
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--smoke", action="store_true", help="few groups")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        texts = corpora(arguments.data, Path(name))
    if arguments.smoke:
        arguments.groups = 20
    outcomes, left_out = [], []
    for benign, honest in texts.benign.items():
        for test in (*SINGLE_TESTS, *POOLED_TESTS):
            if evaluable(honest, test):
                draws = draw(honest, texts.attacks, test, arguments.groups, arguments.seed)
                outcomes += outcomes_of(benign, test, draws)
            else:
                left_out.append([test.name, benign, len(honest)])
    print_table(
        "Detection at 5 % attacker share",
        [
            "test",
            "queries",
            "pairs",
            "detected",
            "false alarms",
            "detected at 95th percentile",
            "false alarms there",
        ],
        summary(outcomes),
    )
    print_table(
        "Pairs",
        ["test", "pair", "detected", "false alarms (upper 95 %)"],
        [
            [
                o.test,
                o.pair,
                f"{o.detected:.1%}",
                f"{o.false_alarms:.2%} ({o.false_alarms_upper:.2%})",
            ]
            for o in outcomes
        ],
    )
    print_table("Not evaluable: too few texts", ["test", "honest corpus", "texts"], left_out)
    save(
        "detect_small_windows",
        {
            "smoke": arguments.smoke,
            "seed": arguments.seed,
            "groups": arguments.groups,
            "outcomes": [asdict(outcome) for outcome in outcomes],
        },
    )


if __name__ == "__main__":
    main()
