"""One operator in two logs under different keys; strangers beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from phalanx.detect import ScanConfig, ScanResult, scan
from phalanx.detect.attribution.draft import draft_profile, with_clear_values
from phalanx.detect.simulate import (
    CampaignPlan,
    Evasion,
    PoolPlan,
    SimulationConfig,
    simulate,
)
from phalanx.logs import ReadOptions, open_log
from phalanx.logs.pseudonym import pseudonym
from phalanx.model import ActorProfile, Attribution, Campaign, ProfileSource, UndeclaredPool

KEYS = (b"first key of the provider" * 2, b"a key of another year" * 2)
DAYS = 8


@dataclass(frozen=True)
class TwoLogs:
    """Halves of one operator's accounts, each among strangers, a campaign and two pools."""

    exchanges: tuple[pa.Table, pa.Table]
    own: tuple[frozenset[str], frozenset[str]]
    """Accounts of the operator in each."""


def _two_logs(seed: int, rung: Evasion) -> TwoLogs:
    plan = CampaignPlan(name="x", accounts=120, attack_class="self_instruct", evasion=rung)
    made = simulate(
        SimulationConfig(benign_accounts=400, campaigns=(plan,), days=DAYS, seed=900 + seed)
    )
    labels = made.labels.filter(pc.is_valid(made.labels["campaign"]))
    accounts = sorted(labels["account_id"].to_pylist())
    logs, own = [], []
    for half in (0, 1):
        stranger = CampaignPlan(name="y", accounts=60, attack_class="rubric", evasion="E1")
        pools = tuple(
            PoolPlan(name=kind, kind=kind, accounts=20) for kind in ("organisation", "hobbyist")
        )
        around = simulate(
            SimulationConfig(
                benign_accounts=1_100, campaigns=(stranger,), pools=pools, days=DAYS,
                seed=2 * seed + half,
            )
        )  # fmt: skip
        chosen = accounts[half::2]
        rows = made.exchanges.filter(pc.is_in(made.exchanges["account_id"], pa.array(chosen)))
        logs.append(pa.concat_tables([around.exchanges, rows]).combine_chunks())
        own.append(frozenset(chosen))
    return TwoLogs((logs[0], logs[1]), (own[0], own[1]))


def _scan(exchanges: pa.Table, key: bytes, profiles: tuple[ActorProfile, ...] = ()) -> ScanResult:
    config = ScanConfig(false_discovery_rate=0.1, pseudonym_key=key, threads=1, profiles=profiles)
    return scan(exchanges, config)


def _groups(result: ScanResult) -> list[Campaign | UndeclaredPool]:
    return [*result.campaigns, *result.undeclared_pools]


def _is_own(group: Campaign | UndeclaredPool, own: frozenset[str], key: bytes) -> bool:
    hidden = {pseudonym(key, "account_id", account) for account in own}
    return 2 * sum(m.account_id in hidden for m in group.facts.members) > len(group.facts.members)


def _attribution(group: Campaign | UndeclaredPool) -> Attribution:
    assert group.judgement.attribution is not None
    return group.judgement.attribution


LONG_AGO = (date(2025, 1, 1), date(2025, 1, 14))
"""The simulator dates both logs alike; the profile is to be of another time."""


def _profile(two: TwoLogs, first: ScanResult) -> ActorProfile:
    (group,) = (g for g in first.campaigns if _is_own(g, two.own[0], KEYS[0]))
    draft = draft_profile(_attribution(group), first.run.key_id, LONG_AGO)
    assert not draft.name
    assert not draft.sources
    batches = open_log(two.exchanges[0], ReadOptions()).batches()
    return replace(
        with_clear_values(draft, batches, KEYS[0]),
        name="North Lab",
        sources=(ProfileSource(title="A test", date=date(2026, 3, 2)),),
    )


@pytest.fixture(scope="module")
def two() -> TwoLogs:
    """Return two logs of an operator that shares cards."""
    return _two_logs(1, "E1")


@pytest.fixture(scope="module")
def first(two: TwoLogs) -> ScanResult:
    """Return the scan of the first log, without profiles."""
    return _scan(two.exchanges[0], KEYS[0])


@pytest.fixture(scope="module")
def second(two: TwoLogs, first: ScanResult) -> ScanResult:
    """Return the scan of the second log with a profile drafted from the first."""
    return _scan(two.exchanges[1], KEYS[1], (_profile(two, first),))


def test_the_operator_is_recognised_under_another_key(two: TwoLogs, second: ScanResult) -> None:
    """The same operator is named, at grade C or better, by several sources of evidence."""
    (group,) = (g for g in second.campaigns if _is_own(g, two.own[1], KEYS[1]))
    found = _attribution(group)
    assert found.named == "North Lab"
    assert found.grade in "ABC"
    seen = {trait.source for trait in found.profiles[0].traits if trait.status == "seen"}
    assert seen >= {"software", "identity"}


def test_the_group_of_the_draft_is_not_named(two: TwoLogs, first: ScanResult) -> None:
    """A profile that comes from this very log matches it, and names nobody."""
    drafted = replace(
        _profile(two, first), drafted_from=date(2020, 1, 1), drafted_until=date(2030, 1, 1)
    )
    again = _scan(two.exchanges[0], KEYS[0], (drafted,))
    (group,) = (g for g in again.campaigns if _is_own(g, two.own[0], KEYS[0]))
    found = _attribution(group)
    assert found.named is None
    assert "which may be this one" in found.profiles[0].reason


def test_strangers_are_not_named(two: TwoLogs, second: ScanResult) -> None:
    """No unrelated campaign or pool carries the name, and the profile speaks against each."""
    strangers = [g for g in _groups(second) if not _is_own(g, two.own[1], KEYS[1])]
    assert strangers
    for group in strangers:
        found = _attribution(group)
        assert found.named is None
        assert found.grade in "DEF"
        assert found.profiles[0].log10_likelihood_ratio < 1.0


def test_without_profiles_nobody_is_ever_named(first: ScanResult) -> None:
    """A name comes from a profile, never from anything else."""
    for group in _groups(first):
        assert _attribution(group).named is None
        assert _attribution(group).profiles == ()


def test_roles_and_kinds_of_every_listed_group(two: TwoLogs, first: ScanResult) -> None:
    """Each listed group has odds that sum to one; the operator's has both roles."""
    for group in _groups(first):
        found = _attribution(group)
        assert sum(each.probability for each in found.hypotheses) == pytest.approx(1.0)
        listed = {member.account_id for member in group.facts.members}
        for role in found.roles:
            assert set(role.accounts) <= listed
    (own,) = (g for g in first.campaigns if _is_own(g, two.own[0], KEYS[0]))
    roles = {role.role: role for role in _attribution(own).roles}
    assert set(roles) == {"operator", "network"}
    assert len(roles["operator"].accounts) > 0.9 * len(own.facts.members)
    assert {value.family for value in roles["network"].values} >= {"payment", "email", "birth"}
    assert _attribution(own).hypotheses[0].kind == "distiller"


def test_attribution_changes_no_judgement(two: TwoLogs, second: ScanResult) -> None:
    """With and without profiles the same groups are listed on the same evidence."""
    bare = _scan(two.exchanges[1], KEYS[1])
    assert [replace(g.judgement, attribution=None) for g in _groups(bare)] == [
        replace(g.judgement, attribution=None) for g in _groups(second)
    ]


def test_a_prior_moves_the_odds(two: TwoLogs, first: ScanResult) -> None:
    """Who believes in resellers says so, and finds the belief in the output."""
    config = ScanConfig(
        false_discovery_rate=0.1, pseudonym_key=KEYS[0], threads=1, priors={"reseller": 0.9}
    )
    believed = scan(two.exchanges[0], config)
    for before, after in zip(_groups(first), _groups(believed), strict=True):
        prior = {each.kind: each.prior for each in _attribution(after).hypotheses}
        assert prior["reseller"] == pytest.approx(0.9)
        assert sum(prior.values()) == pytest.approx(1.0)
        odds = [
            next(h.probability for h in _attribution(g).hypotheses if h.kind == "reseller")
            for g in (before, after)
        ]
        assert odds[1] > odds[0]


@pytest.mark.slow
def test_names_are_right_over_several_seeds() -> None:
    """Over six pairs of logs and all profiles no stranger is named, and most operators are."""
    rungs: tuple[Evasion, ...] = ("E0", "E1", "E2")
    pairs = [_two_logs(seed, rungs[seed % 3]) for seed in range(2, 8)]
    profiles = []
    for number, pair in enumerate(pairs):
        listed = _scan(pair.exchanges[0], KEYS[0])
        if any(_is_own(g, pair.own[0], KEYS[0]) for g in listed.campaigns):
            profiles.append(replace(_profile(pair, listed), name=f"operator {number}"))
    right = wrong = compared = 0
    for number, pair in enumerate(pairs):
        for group in _groups(_scan(pair.exchanges[1], KEYS[1], tuple(profiles))):
            found = _attribution(group)
            compared += len(found.profiles)
            own = _is_own(group, pair.own[1], KEYS[1])
            right += own and found.named == f"operator {number}"
            wrong += found.named is not None and not (own and found.named == f"operator {number}")
    assert compared > 60
    assert wrong == 0
    assert right >= len(profiles) / 2


def test_priors_that_cannot_be_meant_are_refused() -> None:
    """Unknown kinds, and probabilities that leave nothing, are refused."""
    for priors in ({"wizard": 0.2}, {"reseller": 1.0}, {"reseller": 0.7, "distiller": 0.6}):
        with pytest.raises(ValueError, match="priors"):
            ScanConfig(priors=priors)
