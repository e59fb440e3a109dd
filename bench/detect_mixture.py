"""Accounts that many principals use: how many resellers are listed, and who else is.

Honest populations of every class, in which users change programs: each account has one to five
clients of its own, some of which it uses more than others. The simulator's resellers carry the
traffic of 240 customers each. Lists are drawn at 1, 5 and 10 %. Everybody who is no reseller and
is listed counts as false.

Run `python bench/detect_mixture.py`; `--smoke` takes one small population.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pyarrow as pa

from phalanx.detect import tables
from phalanx.detect.mixture import rank_mixtures
from phalanx.detect.narrow import Narrowing, narrow
from phalanx.detect.simulate import SimulationConfig, simulate
from phalanx.logs import open_log
from phalanx.logs.engine import DuckDBEngine
from results import clopper_pearson, print_table, save

RATES = (0.01, 0.05, 0.1)
MOST_CLIENTS = 5


def with_several_programs(exchanges: pa.Table, seed: int) -> pa.Table:
    """Let each account use one to five clients, some more than others."""
    generator = np.random.default_rng(seed)
    account = exchanges["account_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    clients = 1 + generator.integers(0, MOST_CLIENTS, account.max() + 1)
    evenly = generator.uniform(0.3, 4.0, account.max() + 1)
    chosen = (generator.random(account.size) ** evenly[account] * clients[account]).astype(int)
    pairs = zip(exchanges["user_agent"].to_pylist(), chosen.tolist(), strict=True)
    at = exchanges.schema.get_field_index("user_agent")
    return exchanges.set_column(at, "user_agent", pa.array([f"{a} ({n})" for a, n in pairs]))


def listed_of(accounts: int, seed: int) -> dict[float, tuple[int, int, int]]:
    """Return resellers, those listed, and others listed, at each rate."""
    made = simulate(SimulationConfig(benign_accounts=accounts, campaigns=(), days=14, seed=seed))
    labels = made.labels
    pairs = zip(labels["account_id"].to_pylist(), labels["traffic_class"].to_pylist(), strict=True)
    resellers = {name for name, of in pairs if of == "reseller"}
    kernel = Narrowing(key=None, keep_excerpts=False, step_hours=6)
    with DuckDBEngine(memory_limit_bytes=10**9, threads=1) as engine:
        log = open_log(with_several_programs(made.exchanges, seed))
        table, names = narrow(engine, log, kernel)
        programs = tables.programs(table)
    of_hash = names.values["account"]
    is_reseller = np.array([of_hash[h] in resellers for h in programs["account"].to_pylist()])
    counts = [programs[name].to_numpy().astype(np.float64) for name in ("exchanges", "alike")]
    found = {}
    for rate in RATES:
        listed = rank_mixtures(counts[0], counts[1], rate).listed
        of_them = int(np.count_nonzero(listed & is_reseller))
        found[rate] = len(resellers), of_them, int(np.count_nonzero(listed)) - of_them
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--accounts", type=int, default=3_000)
    parser.add_argument("--populations", type=int, default=20)
    given = parser.parse_args()
    accounts, populations = (500, 1) if given.smoke else (given.accounts, given.populations)
    begin = time.process_time()
    runs = [listed_of(accounts, 3_000 + number) for number in range(populations)]
    rows, kept = [], []
    for rate in RATES:
        resellers, of_them, others = np.array([run[rate] for run in runs]).T
        false_share = float(np.mean(others / np.maximum(of_them + others, 1)))
        interval = clopper_pearson(int(of_them.sum()), int(resellers.sum()))
        kept.append(
            {
                "rate": rate,
                "resellers": int(resellers.sum()),
                "listed": int(of_them.sum()),
                "interval": interval,
                "others": int(others.sum()),
                "false_share": false_share,
            }
        )
        rows.append(
            (
                f"{rate:.0%}",
                f"{of_them.sum()} of {resellers.sum()} ({interval[0]:.0%} to {interval[1]:.0%})",
                int(others.sum()),
                f"{false_share:.1%}",
            )
        )
    title = f"{populations} populations of {accounts:,} accounts"
    print_table(title, ("rate", "resellers listed", "others listed", "mean false share"), rows)
    figures = {"smoke": given.smoke, "accounts": accounts, "populations": populations}
    seconds = round(time.process_time() - begin)
    save("detect_mixture", figures | {"cpu_seconds": seconds, "levels": kept})


if __name__ == "__main__":
    main()
