"""The pool: campaigns split over providers, found by pooling beside scans of each and of all logs.

Each provider has honest accounts of its own; the accounts of a campaign are dealt to providers at
random, and its operator uses the same cards and recovery addresses everywhere. Every provider
scans its own log; groups are submitted to a pool that is served by a real hub, with tokens of a
real key server. Beside it stand the scans of each provider alone, and one of all logs together,
all at the same rate. A campaign counts as found by pooling if one of its tokens is told; a told
token that is not mostly a campaign's is false.

"With templates" is what could be added at most if tokens of templates were submitted as well: all
accounts of an operator, of campaigns and of honest pools, show one mark more, everywhere.

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
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from phalanx.detect import ScanResult
from phalanx.share.pool import SOURCES, Evaluation, Finding, Rule, findings_of
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


def findings_at(
    log: SplitLog, marks: Mapping[str, frozenset[Mark]], provider: int, result: ScanResult
) -> dict[Mark, Finding]:
    """Return what a provider's groups say of marks."""
    here = {account: each for account, each in marks.items() if log.provider[account] == provider}
    return findings_of(groups_in(result.groups), here)


def measure_split(plan: SplitPlan) -> dict[str, object]:
    """Compare pooling with scans of each log and of all logs."""
    begin = time.process_time()
    log = split_log(plan)
    names = names_of(plan.providers)
    together = listed_campaigns(scanned(log.exchanges, RATE, for_pool=False), log.campaign)
    union = {name for name in together if name}
    results = [scanned(log.at(number), RATE, for_pool=True) for number in range(plan.providers)]
    each_alone = [set(listed_campaigns(result, log.campaign)) - {None} for result in results]
    of_operators = log.marks_of_operators()
    with_templates = {
        account: marks | of_operators.get(account, frozenset())
        for account, marks in log.marks.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        alliance = Alliance(Path(folder), names)
        evaluation, told = pooled(alliance, "marks", log, log.marks, results)
        _, told_with = pooled(alliance, "templates", log, with_templates, results)
        alliance.close()
    found, found_with = ({name for name in each if name} for each in (told, told_with))
    return {
        "part": "split",
        "providers": plan.providers,
        "seed": plan.seed,
        "exchanges": log.exchanges.num_rows,
        "campaigns": len(plan.campaign_sizes),
        "found_by_one_scan_of_all": len(union),
        "found_by_any_alone": len(set().union(*each_alone)),
        "found_by_each_alone": [len(each) for each in each_alone],
        "found_by_pooling": len(found),
        "of_those_of_one_scan": len(found & union),
        "missed": sorted(union - found),
        "false_of_one_scan": together.count(None),
        "hedge": Rule().hedge,
        "tokens": evaluation.tokens,
        "common_tokens": evaluation.common,
        "told_tokens": told.total(),
        "false_tokens": told[None],
        "of_those_with_templates": len(found_with & union),
        "false_tokens_with_templates": told_with[None],
        "cpu_seconds": round(time.process_time() - begin),
    }


def pooled(
    alliance: Alliance,
    name: str,
    log: SplitLog,
    marks: Mapping[str, frozenset[Mark]],
    results: Sequence[ScanResult],
) -> tuple[Evaluation, Counter[str | None]]:
    """Hold a round; return what its operator learns, and whose the told tokens are."""
    members = names_of(len(results))
    findings = {
        member: findings_at(log, marks, number, results[number])
        for number, member in enumerate(members)
    }
    tokens = alliance.tokens({mark for said in findings.values() for mark in said})
    evaluation, told = alliance.hold_round(name, Rule(), SLOTS, blinded(findings, tokens))
    mark_of = {token: mark for mark, token in tokens.items()}
    whose = log.campaigns_of(marks)
    told_tokens = {token for of_member in told.values() for token in of_member}
    return evaluation, Counter(whose[mark_of[token]] for token in told_tokens)


def blinded(
    findings: Mapping[str, Mapping[Mark, Finding]], tokens: Mapping[Mark, str]
) -> dict[str, Mapping[str, Finding]]:
    """Put tokens in the place of marks."""
    return {
        member: {tokens[mark]: finding for mark, finding in of_member.items()}
        for member, of_member in findings.items()
    }


def measure_honest(plan: SplitPlan) -> list[dict[str, object]]:
    """Count what is told where there is no campaign, and what one lying member can do."""
    log = split_log(plan)
    names = names_of(plan.providers)
    results = [scanned(log.at(number), RATE, for_pool=True) for number in range(plan.providers)]
    findings = {name: findings_at(log, log.marks, n, results[n]) for n, name in enumerate(names)}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        alliance = Alliance(Path(folder), names)
        tokens = alliance.tokens({mark for said in findings.values() for mark in said})
        said = blinded(findings, tokens)
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
    caps = Finding((rule.cap_log10_apart,) * len(SOURCES), rule.cap_log10_use, 2)
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
        [
            "providers",
            "campaigns",
            "one scan of all",
            "pooled",
            "of those",
            "with templates",
            "any alone",
            "false",
        ],
        [
            [
                row["providers"],
                row["campaigns"],
                row["found_by_one_scan_of_all"],
                row["found_by_pooling"],
                row["of_those_of_one_scan"],
                row["of_those_with_templates"],
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
