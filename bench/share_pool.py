"""The pool: campaigns split over providers, found by pooling beside scans of each and of all logs.

Each provider has honest accounts of its own; the accounts of a campaign are dealt to providers at
random, and its operator uses the same cards and recovery addresses everywhere. Every provider
scans its own log; groups are submitted to a pool that is served by a real hub, with tokens of a
real key server. Beside it stand the scans of each provider alone, and one of all logs together,
all at the same rate. A campaign counts as found by pooling if one of its tokens is told; a told
token that is not mostly a campaign's is false.

Run `python bench/share_pool.py`; `--smoke` takes one small alliance. Parts: `split` (recall),
`honest` (populations without campaigns, at 1, 5 and 10 %, and one member of four that submits the
caps on everything it and others know).
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import structlog

from phalanx.detect import ScanResult
from phalanx.share.pool import Finding, Rule, findings_of
from phalanx.share.pool.scanned import groups_in
from pool_alliance import Alliance
from results import print_table, save
from split_logs import Mark, SplitLog, SplitPlan, listed_campaigns, scanned, split_log

RATE = 0.01
RATES = (0.01, 0.05, 0.1)
SLOTS = 1_024
PROVIDERS = (2, 3, 4, 6)

PLAN = SplitPlan(
    providers=4,
    honest_accounts=2_500,
    campaign_sizes=(24, 40, 60, 100) * 3,
    evasions=("E0", "E1", "E2"),
    pools=10,
    days=14,
    seed=1,
)
HONEST = replace(PLAN, campaign_sizes=(), pools=30)


def names_of(providers: int) -> list[str]:
    """Return the names of members."""
    return [f"provider-{number}" for number in range(providers)]


def findings_at(log: SplitLog, provider: int, result: ScanResult) -> dict[Mark, Finding]:
    """Return what a provider's groups say of marks."""
    marks = {
        account: marks for account, marks in log.marks.items() if log.provider[account] == provider
    }
    return findings_of(groups_in(result.groups), marks)


def measure_split(plan: SplitPlan) -> dict[str, object]:
    """Compare pooling with scans of each log and of all logs."""
    begin = time.process_time()
    log = split_log(plan)
    of_mark = log.campaigns_of_marks()
    together = listed_campaigns(scanned(log.exchanges, RATE, for_pool=False), log.campaign)
    alone: set[str | None] = set()
    each_alone, findings = [], {}
    for provider, name in enumerate(names_of(plan.providers)):
        result = scanned(log.at(provider), RATE, for_pool=True)
        found = set(listed_campaigns(result, log.campaign)) - {None}
        alone |= found
        each_alone.append(len(found))
        findings[name] = findings_at(log, provider, result)
    with tempfile.TemporaryDirectory() as folder:
        alliance = Alliance(Path(folder), names_of(plan.providers))
        tokens = alliance.tokens({mark for said in findings.values() for mark in said})
        said = {
            name: {tokens[mark]: finding for mark, finding in of_member.items()}
            for name, of_member in findings.items()
        }
        evaluation, told = alliance.hold_round("first", Rule(), SLOTS, said)
        alliance.close()
    mark_of = {token: mark for mark, token in tokens.items()}
    told_marks = {mark_of[token] for of_member in told.values() for token in of_member}
    whose = Counter(of_mark[mark] for mark in told_marks)
    pooled = {name for name in whose if name}
    union = {name for name in together if name}
    return {
        "part": "split",
        "providers": plan.providers,
        "seed": plan.seed,
        "exchanges": log.exchanges.num_rows,
        "campaigns": len(plan.campaign_sizes),
        "found_by_one_scan_of_all": len(union),
        "found_by_any_alone": len(alone),
        "found_by_each_alone": each_alone,
        "found_by_pooling": len(pooled),
        "of_those_of_one_scan": len(pooled & union),
        "missed": sorted(union - pooled),
        "false_of_one_scan": together.count(None),
        "hedge": Rule().hedge,
        "tokens": evaluation.tokens,
        "common_tokens": evaluation.common,
        "told_tokens": len(told_marks),
        "false_tokens": whose[None],
        "cpu_seconds": round(time.process_time() - begin),
    }


def measure_honest(plan: SplitPlan) -> list[dict[str, object]]:
    """Count what is told where there is no campaign, and what one lying member can do."""
    log = split_log(plan)
    names = names_of(plan.providers)
    results = [scanned(log.at(number), RATE, for_pool=True) for number in range(plan.providers)]
    findings = {name: findings_at(log, n, results[n]) for n, name in enumerate(names)}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        alliance = Alliance(Path(folder), names)
        tokens = alliance.tokens({mark for said in findings.values() for mark in said})
        said = {
            name: {tokens[mark]: finding for mark, finding in of_member.items()}
            for name, of_member in findings.items()
        }
        for rate in RATES:
            rule = Rule(false_discovery_rate=rate)
            for who in ("honest", "liar"):
                sent = said if who == "honest" else lying(said, rule)
                evaluation, _ = alliance.hold_round(f"{who}-{round(100 * rate)}", rule, SLOTS, sent)
                rows.append(
                    {
                        "part": who,
                        "providers": plan.providers,
                        "seed": plan.seed,
                        "exchanges": log.exchanges.num_rows,
                        "rate": rate,
                        "hedge": rule.hedge,
                        "common_tokens": evaluation.common,
                        "told_tokens": evaluation.told,
                    }
                )
        # As if some of the honest pools were the auditors', who use models as others do.
        decoys = sorted({token for of_member in said.values() for token in of_member})[::20]
        alliance.add_decoys(decoys)
        evaluation, _ = alliance.hold_round("audit", Rule(), SLOTS, lying(said, Rule()))
        rows.append(
            {
                "part": "audit",
                "providers": plan.providers,
                "seed": plan.seed,
                "decoys": len(decoys),
                "left_out": list(evaluation.left_out),
                "log10_e": {name: round(e, 2) for name, e in evaluation.audits.items()},
            }
        )
        alliance.close()
    return rows


def lying(
    said: Mapping[str, Mapping[str, Finding]], rule: Rule
) -> dict[str, Mapping[str, Finding]]:
    """Let the first member submit the caps on every token that anybody knows."""
    everything = {token for of_member in said.values() for token in of_member}
    caps = Finding(rule.cap_log10_apart, rule.cap_log10_use, 2)
    first, *others = said
    return {first: dict.fromkeys(everything, caps), **{name: said[name] for name in others}}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("split", "honest", "all"), default="all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--providers", type=int, nargs="+", default=list(PROVIDERS))
    parser.add_argument("--smoke", action="store_true", help="one small alliance")
    given = parser.parse_args()
    quiet = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=quiet)
    plan, honest = PLAN, HONEST
    if given.smoke:
        plan = replace(plan, honest_accounts=300, campaign_sizes=(60,), pools=2, days=6)
        honest = replace(honest, honest_accounts=300, pools=4, days=6, providers=3)
        given.seeds, given.providers = [1], [2]
    split, told = [], []
    for seed in given.seeds:
        for providers in given.providers if given.part != "honest" else ():
            row = measure_split(replace(plan, providers=providers, seed=seed))
            save("share_pool", {**row, "smoke": given.smoke})
            split.append(row)
        for row in measure_honest(replace(honest, seed=seed)) if given.part != "split" else ():
            save("share_pool", {**row, "smoke": given.smoke})
            told.append(row)
    print_table(
        "Campaigns split over providers",
        ["providers", "campaigns", "one scan of all", "pooled", "of those", "any alone", "false"],
        [
            [
                row["providers"],
                row["campaigns"],
                row["found_by_one_scan_of_all"],
                row["found_by_pooling"],
                row["of_those_of_one_scan"],
                row["found_by_any_alone"],
                f"{row['false_tokens']} of {row['told_tokens']} tokens",
            ]
            for row in split
        ],
    )
    print_table(
        "No campaigns at all",
        ["members", "rate", "common tokens", "told"],
        [
            [row["part"], row["rate"], row["common_tokens"], row["told_tokens"]]
            for row in told
            if "rate" in row
        ],
    )


if __name__ == "__main__":
    main()
