"""What a campaign is still taught before it is stopped, beside rate limits that harm as much.

On each rung of the evasion ladder campaigns are hidden in an honest population. A scan every
midnight keeps its findings in a store; the gateway knows them an hour later and refuses accounts
that are listed, by `examples/gateway_policy.toml` with every rule enforced. Online detection is
calibrated on another honest population, from the other half of the real prompts, and watches
the undeclared pools of the last scan. Its statistics were settled on the population of seed
20261201. What counts is the information value of a campaign's
harvest, cover traffic left out: the share of it that is served.

Rate limits (requests a day, output tokens a day, for each account) are set as tight as they can be
without touching a larger share of the requests, or of the accounts, of any honest class than the
gateway touches. They are told once more where they may refuse 1 % of all honest requests.

Run `python bench/gateway_effect.py`; `--smoke` has one small population at E0.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from evasion_run import Population, populate
from phalanx.detect import ScanConfig, scan
from phalanx.detect.simulate import simulate
from phalanx.logs import open_log
from phalanx.prevent.knowledge.campaigns import read_campaigns
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.knowledge.pools import read_pools
from phalanx.prevent.online.alerts import Alert
from phalanx.prevent.online.budget import Budget
from phalanx.prevent.online.reference import Reference
from phalanx.prevent.online.signs import Watched
from phalanx.prevent.online.watch import Watch
from phalanx.prevent.policy.actions import Action
from phalanx.prevent.policy.document import ValueWeights
from phalanx.prevent.policy.loading import read_policy
from phalanx.prevent.replay.calibrating import calibrated
from phalanx.prevent.replay.gathering import gather
from phalanx.prevent.replay.observing import Ended, ended
from phalanx.prevent.replay.running import enforced, replay
from phalanx.prevent.state.online import OnlineState
from phalanx.store import database_of
from populations import Material, PopulationPlan, chosen_plan, material, population_options
from results import print_table, save

KEY = bytes(32)
DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
STEPS = ("E0", "E1", "E2", "E3", "E4", "E5")
VALUE = ValueWeights()
POLICY = enforced(read_policy(Path(__file__).parents[1] / "examples" / "gateway_policy.toml"))
BUDGET = Budget(false_discovery_rate=0.01, share=0.2, epochs=1, accounts=20_000, pools=50)
LENIENT = 0.01
"""Share of honest requests that rate limits may refuse where they need not harm as little."""

_IN_FULL = 0.999
_REFERENCE_ACCOUNTS = 2_500
"""Honest accounts that a reference is made of, at least."""

ARMS = ("scans", "scans and online", "requests a day", "tokens a day", "requests 1 %", "tokens 1 %")
Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """Requests of a population in the order of the log; arrays of one length."""

    at_us: Integers
    account: Integers
    value: npt.NDArray[np.float64]
    tokens: Integers
    is_harvest: Flags
    traffic_class: Sequence[str]
    """Of each account."""

    campaign: Sequence[str | None]
    """Of each account."""

    @property
    def is_honest(self) -> Flags:
        """Return of each account whether it is in no campaign."""
        return np.array([each is None for each in self.campaign])


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What became of one campaign."""

    step: str
    seed: int
    campaign: str
    accounts: int
    share: Mapping[str, float]
    """Arm -> share of its harvest's information value that was served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """What became of the honest accounts of one population."""

    step: str
    seed: int
    accounts: int
    touched: Mapping[str, int]
    """Arm -> accounts with a refused request."""

    refused: Mapping[str, float]
    """Arm -> share of their requests that are refused."""

    touched_by_class: Mapping[str, Mapping[str, int]]
    pools_raised: int
    honest_pools_raised: int
    """Of them, those whose accounts are mostly of no campaign."""


def progress(_: float) -> None:
    """Tell nothing."""


def honest_reference(plan: PopulationPlan, texts: Material, folder: Path) -> Reference:
    """Calibrate on honest accounts of their own."""
    accounts = max(plan.accounts, _REFERENCE_ACCOUNTS)
    honest = replace(
        plan,
        accounts=accounts,
        campaigns=0,
        seed=plan.seed + 1_000,
        days=plan.days + 1,
    )
    log, _ = simulate(honest.configuration(texts)).write(folder)
    answers = ended(open_log(log).batches(), VALUE, Knowledge(), KEY, progress)
    return calibrated(answers, Knowledge(), VALUE, BUDGET)


def requests_of(population: Population, answers: Ended) -> Requests:
    """Put together what is known of each request, labels included."""
    table = pq.read_table(population.log, columns=["account_id", "timestamp", "output_tokens"])
    place = {name: number for number, name in enumerate(answers.accounts)}
    account = np.array([place[name] for name in table["account_id"].to_pylist()])
    at_us = table["timestamp"].cast(pa.int64()).to_numpy()
    value = np.zeros(len(account))
    value[answers.row] = answers.value
    labels = pq.read_table(population.labels)
    of_class = dict(zip(labels["account_id"].to_pylist(), labels["traffic_class"].to_pylist(),
                        strict=True))  # fmt: skip
    of_campaign = dict(zip(labels["account_id"].to_pylist(), labels["campaign"].to_pylist(),
                           strict=True))  # fmt: skip
    campaign = [of_campaign[name] for name in answers.accounts]
    is_harvest = np.zeros(len(account), dtype=np.bool_)
    owner = np.array([each or "" for each in campaign])[account]
    for name, times in population.harvest_us.items():
        is_harvest |= (owner == name) & np.isin(at_us, times)
    return Requests(
        at_us=at_us,
        account=account,
        value=value,
        tokens=table["output_tokens"].fill_null(0).to_numpy(),
        is_harvest=is_harvest,
        traffic_class=[of_class[name] for name in answers.accounts],
        campaign=campaign,
    )


def midnights(at_us: Integers) -> Iterator[tuple[int, int]]:
    """Yield the begin and the end of each day."""
    begin = int(at_us.min()) // DAY_US * DAY_US
    while begin <= at_us.max():
        yield begin, begin + DAY_US
        begin += DAY_US


def knowledge_by_day(
    population: Population, requests: Requests, folder: Path
) -> list[tuple[int, Knowledge]]:
    """Scan every midnight; return from when on what is known, an hour after each scan."""
    log = pq.read_table(population.log)
    store = folder / "days.store"
    known = [(0, Knowledge())]
    for begin, end in midnights(requests.at_us):
        part = folder / "day.parquet"
        # The last step of the day before was not over when it was scanned.
        rows = (requests.at_us >= begin - DAY_US) & (requests.at_us < end)
        pq.write_table(log.filter(pa.array(rows)), part)
        scan(
            part,
            ScanConfig(
                store=str(store), since="last", false_discovery_rate=BUDGET.scan_rate,
                now=datetime.fromtimestamp(end / 1e6, tz=UTC),
            ),
        )  # fmt: skip
        place = database_of(str(store))
        held = Knowledge(campaigns=read_campaigns(place), pools=read_pools(place))
        known.append((end + HOUR_US, held))
    return known


def refused_by_scans(
    population: Population, requests: Requests, known: Sequence[tuple[int, Knowledge]]
) -> Flags:
    """Replay the policy between one scan and the next; return which requests get no answer."""
    batch = open_log(population.log)
    table = pa.Table.from_batches(list(batch.batches()))
    state = OnlineState(1 << 16, 1 << 12)
    refused = np.zeros(requests.at_us.size, dtype=np.bool_)
    ends = [begin for begin, _ in known[1:]] + [int(requests.at_us.max()) + 1]
    for (begin, knowledge), end in zip(known, ends, strict=True):
        rows = np.flatnonzero((requests.at_us >= begin) & (requests.at_us < end))
        if not rows.size:
            continue
        part = table.take(pa.array(rows)).combine_chunks().to_batches()
        traffic = gather(part, POLICY, knowledge, KEY)
        made = replay(traffic, POLICY, state, progress)
        refused[rows[traffic.row]] = made.done >= Action.VERIFY
    return refused


def refused_online(
    requests: Requests,
    answers: Ended,
    known: Sequence[tuple[int, Knowledge]],
    reference: Reference,
    is_refused: Flags,
) -> tuple[Flags, list[Alert]]:
    """Watch what is served; return which requests come after their account, or pool, was raised."""
    alerts: list[Alert] = []
    watch = Watch(reference, VALUE.model_dump(mode="json"), alerts.append)
    from_us = np.array([begin for begin, _ in known])
    places = np.searchsorted(from_us, answers.end_us, side="right") - 1
    identities = [(int(first), int(second)) for first, second in answers.identities]
    for row in range(answers.account.size):
        if not is_refused[answers.row[row]]:
            who = int(answers.account[row])
            watch.observe(
                Watched(
                    answers.accounts[who], identities[who], int(answers.signs[row]),
                    int(answers.asked_tokens[row]), float(answers.weight[row]),
                ),
                int(answers.tokens[row]), float(answers.value[row]), int(answers.end_us[row]),
                known[places[row]][1].pools,
            )  # fmt: skip
    refused = np.zeros(requests.at_us.size, dtype=np.bool_)
    name = np.array(answers.accounts)[requests.account]
    when = np.searchsorted(from_us, requests.at_us, side="right") - 1
    for alert in alerts:
        raised_us = int(alert.at.timestamp() * 1e6)
        for place in np.unique(when[requests.at_us > raised_us]):
            pools = known[place][1].pools.members
            named = [alert.name] if alert.kind == "account" else pools.get(alert.name, ())
            refused |= (requests.at_us > raised_us) & (when == place) & np.isin(name, list(named))
    return refused, alerts


def spent_before(requests: Requests, amount: Integers) -> Integers:
    """Return what the account of each request was given on its day before it."""
    day = requests.at_us // DAY_US
    order = np.lexsort((requests.at_us, day, requests.account))
    sums = np.cumsum(amount[order]) - amount[order]
    new = np.ones(order.size, dtype=np.bool_)
    new[1:] = (requests.account[order][1:] != requests.account[order][:-1]) | (
        day[order][1:] != day[order][:-1]
    )
    begins = np.maximum.accumulate(np.where(new, np.arange(order.size), 0))
    spent = np.empty(order.size, dtype=np.int64)
    spent[order] = sums - sums[begins]
    return spent


def by_class(requests: Requests, refused: Flags) -> dict[str, tuple[float, int]]:
    """Return of each honest class the share of refused requests, and how many are touched."""
    classes = np.array(requests.traffic_class)
    honest = requests.is_honest
    found = {}
    for name in sorted(set(classes[honest].tolist())):
        own = (honest & (classes == name))[requests.account]
        touched = np.unique(requests.account[own & refused]).size
        found[name] = (float(refused[own].mean()), int(touched))
    return found


def tightest(requests: Requests, amount: Integers, is_borne: Callable[[Flags], bool]) -> Flags:
    """Return what the smallest limit refuses whose harm is borne."""
    spent = spent_before(requests, amount)
    limits = np.unique(spent)
    low, high = 0, limits.size
    while low < high:
        middle = (low + high) // 2
        if is_borne(spent >= limits[middle]):
            high = middle
        else:
            low = middle + 1
    return spent >= (limits[low] if low < limits.size else np.inf)


def rate_limits(requests: Requests, ours: Flags) -> dict[str, Flags]:
    """Return what rate limits refuse, at equal harm and at that of `LENIENT`."""
    harm = by_class(requests, ours)
    honest = requests.is_honest[requests.account]

    def as_little(refused: Flags) -> bool:
        theirs = by_class(requests, refused)
        return all(
            theirs[name][0] <= share and theirs[name][1] <= touched
            for name, (share, touched) in harm.items()
        )

    def leniently(refused: Flags) -> bool:
        return bool(refused[honest].mean() <= LENIENT)

    one = np.ones(requests.at_us.size, dtype=np.int64)
    return {
        "requests a day": tightest(requests, one, as_little),
        "tokens a day": tightest(requests, requests.tokens, as_little),
        "requests 1 %": tightest(requests, one, leniently),
        "tokens 1 %": tightest(requests, requests.tokens, leniently),
    }


def measured(
    step: str, plan: PopulationPlan, texts: Material, reference: Reference, folder: Path
) -> tuple[list[Served], Harm]:
    """Measure one population."""
    population = populate(step, plan.configuration(texts), folder / "population")
    answers = ended(open_log(population.log).batches(), VALUE, Knowledge(), KEY, progress)
    requests = requests_of(population, answers)
    known = knowledge_by_day(population, requests, folder)
    scans = refused_by_scans(population, requests, known)
    online, alerts = refused_online(requests, answers, known, reference, scans)
    refused = {"scans": scans, "scans and online": scans | online}
    refused |= rate_limits(requests, refused["scans and online"])
    honest = requests.is_honest
    own = honest[requests.account]
    campaigns = np.array([each or "" for each in requests.campaign])
    served = []
    for name in sorted(population.harvest_us):
        rows = (campaigns == name)[requests.account] & requests.is_harvest
        whole = requests.value[rows].sum()
        share = {arm: float(requests.value[rows & ~refused[arm]].sum() / whole) for arm in ARMS}
        served.append(
            Served(
                step=step, seed=plan.seed, campaign=name,
                accounts=int((campaigns == name).sum()), share=share,
            )
        )  # fmt: skip
    of_account = dict(zip(answers.accounts, requests.campaign, strict=True))
    raised = [alert for alert in alerts if alert.kind == "pool"]
    members = {name: accounts for _, each in known for name, accounts in each.pools.members.items()}
    honest_raised = sum(
        2 * sum(of_account[name] is None for name in members[alert.name]) > len(members[alert.name])
        for alert in raised
    )
    harm = Harm(
        step=step,
        seed=plan.seed,
        accounts=int(honest.sum()),
        touched={arm: int(np.unique(requests.account[own & refused[arm]]).size) for arm in ARMS},
        refused={arm: float(refused[arm][own].mean()) for arm in ARMS},
        touched_by_class={
            arm: {
                name: each[1] for name, each in by_class(requests, refused[arm]).items() if each[1]
            }
            for arm in ARMS
        },
        pools_raised=len(raised),
        honest_pools_raised=int(honest_raised),
    )
    return served, harm


def interval(served: Sequence[Served], arm: str) -> tuple[float, float, float]:
    """Return the mean over campaigns, and the 95 % interval of a bootstrap over seeds."""
    seeds = sorted({each.seed for each in served})
    by_seed = [np.array([e.share[arm] for e in served if e.seed == seed]) for seed in seeds]
    generator = np.random.default_rng(1)
    means = []
    for _ in range(2_000):
        drawn = [by_seed[each] for each in generator.integers(len(seeds), size=len(seeds))]
        means.append(np.concatenate([generator.choice(each, each.size) for each in drawn]).mean())
    low, high = np.quantile(means, [0.025, 0.975])
    return float(np.concatenate(by_seed).mean()), float(low), float(high)


def table(served: Sequence[Served], harms: Sequence[Harm]) -> None:
    """Print what was served under each arm, and whom it harmed."""
    rows = []
    for step in sorted({each.step for each in served}):
        own = [each for each in served if each.step == step]
        of_step = [each for each in harms if each.step == step]
        accounts = sum(each.accounts for each in of_step)
        for arm in ARMS:
            mean, low, high = interval(own, arm)
            whole = sum(each.share[arm] >= _IN_FULL for each in own)
            touched = sum(each.touched[arm] for each in of_step)
            refused = np.mean([each.refused[arm] for each in of_step])
            rows.append(
                (
                    step, arm, f"{mean:.0%}", f"{low:.0%} to {high:.0%}", f"{whole} of {len(own)}",
                    f"{touched:,} of {accounts:,}", f"{refused:.2%}",
                )
            )  # fmt: skip
    raised, honest = (
        sum(each.pools_raised for each in harms), sum(each.honest_pools_raised for each in harms)
    )  # fmt: skip
    print_table(
        f"Value of the harvest that is served; of {raised} pools raised online {honest} "
        "are mostly of no campaign",
        ("rung", "by", "served", "95 %", "in full", "honest accounts refused", "requests"), rows,
    )  # fmt: skip


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    population_options(parser, accounts=3_000, campaigns=4, seed=20261210)
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument("--seeds", type=int, default=3, help="populations of each rung")
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--largest", type=int, default=200, help="accounts of a campaign")
    parser.add_argument("--smoke", action="store_true", help="one small population")
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.accounts, arguments.campaigns, arguments.days = 900, 1, 3
        arguments.steps, arguments.seeds = ["E0"], 1
    served: list[Served] = []
    harms: list[Harm] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("test", "development"):
            (folder / part).mkdir()
        texts = material(arguments.data, folder / "test", arguments.seed, "test")
        others = material(arguments.data, folder / "development", arguments.seed, "development")
        for seed in range(arguments.seed, arguments.seed + arguments.seeds):
            plan = replace(
                chosen_plan(arguments, ("E0",)), seed=seed, days=arguments.days,
                largest=arguments.largest,
            )  # fmt: skip
            reference = honest_reference(plan, others, folder / f"reference {seed}")
            for step in arguments.steps:
                with tempfile.TemporaryDirectory() as scratch:
                    found, harm = measured(
                        step, replace(plan, evasions=(step,)), texts, reference, Path(scratch)
                    )
                served += found
                harms.append(harm)
                print(f"{step} {seed}: done", file=sys.stderr)
    table(served, harms)
    save(
        "gateway_effect",
        {
            "smoke": arguments.smoke, "accounts": arguments.accounts, "days": arguments.days,
            "campaigns": arguments.campaigns, "largest": arguments.largest,
            "reference": reference.size, "budget": asdict(BUDGET),
            "real_text": bool(texts.real),
            "served": [asdict(each) for each in served], "harm": [asdict(each) for each in harms],
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
