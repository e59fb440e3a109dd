"""A scan finds planted campaigns, keeps them apart, and accuses nobody else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from phalanx.detect import ScanResult
from phalanx.detect.simulate import CampaignPlan, SimulationConfig, simulate
from phalanx.model import Campaign, UndeclaredPool


def accounts_of(group: Campaign | UndeclaredPool) -> set[str]:
    """Return the accounts of one campaign or pool."""
    return {member.account_id for member in group.facts.members}


@pytest.mark.parametrize("rung", ["naive", "evasive"])
def test_a_planted_campaign_is_found(
    rung: str, request: pytest.FixtureRequest, scanned: Any
) -> None:
    """One campaign is reported, nearly all of it, and nearly nobody else."""
    log = request.getfixturevalue(rung)
    result = scanned(log.exchanges)
    assert len(result.campaigns) == 1
    found, truth = accounts_of(result.campaigns[0]), log.members()
    assert len(found & truth) >= 0.95 * len(truth)
    assert len(found & truth) >= 0.95 * len(found)


def test_an_honest_population_holds_no_campaign(honest: Any, scanned: Any) -> None:
    """Classrooms, resellers, frameworks and benchmark runs are not campaigns."""
    result = scanned(honest.exchanges)
    assert result.campaigns == ()
    assert result.authorised == ()
    assert result.population.groups_opened > 0
    assert set(result.accounts["verdict"].to_pylist()) <= {None, "undeclared_pool"}
    assert result.not_judged
    assert not [group.reason for group in result.not_judged if "inf" in group.reason]


def test_two_campaigns_stay_two(scanned: Any) -> None:
    """Campaigns of two operators are not merged, and no account is in both."""
    plans = tuple(
        CampaignPlan(name=name, accounts=60, attack_class=kind, evasion="E2")
        for name, kind in (("north", "self_instruct"), ("south", "evolved"))
    )
    made = simulate(SimulationConfig(benign_accounts=800, campaigns=plans, days=10, seed=1))
    label = dict(
        zip(made.labels["account_id"].to_pylist(), made.labels["campaign"].to_pylist(), strict=True)
    )
    result = scanned(made.exchanges)
    groups = [accounts_of(group) for group in (*result.campaigns, *result.undeclared_pools)]
    everyone = [account for group in groups for account in group]
    assert len(everyone) == len(set(everyone))
    for name in ("north", "south"):
        truth = {account for account, campaign in label.items() if campaign == name}
        best = max(groups, key=lambda group: len(group & truth))
        assert len(best & truth) >= 0.9 * len(truth)
        assert len(best & truth) >= 0.9 * len(best)


def test_a_judgement_says_what_it_rests_on(evasive_result: ScanResult) -> None:
    """Both nulls were rejected, after the group was formed, with the families that testified."""
    judgement = evasive_result.campaigns[0].judgement
    assert judgement.log10_e == min(judgement.log10_e_apart, judgement.log10_e_honest)
    assert judgement.log10_e_honest >= judgement.threshold_log10_e
    assert judgement.discovered_at is not None
    assert judgement.discovered_at >= judgement.formed_at
    assert judgement.served_before_discovery is not None
    assert 0 < judgement.served_before_discovery < evasive_result.campaigns[0].facts.exchanges
    lines = judgement.evidence
    assert {line.rule_id for line in lines} > {"PHX-D008", "PHX-D020"}
    assert [line.log10_e for line in lines] == sorted(
        (line.log10_e for line in lines), reverse=True
    )
    assert all(line.assumptions and line.null_hypothesis for line in lines)


def test_what_formed_a_group_does_not_testify(evasive_result: ScanResult) -> None:
    """Content, identity or birth formed a group: that side is absent from its evidence."""
    sides = (
        {"PHX-D001", "PHX-D004", "PHX-D006"},
        {"PHX-D002", "PHX-D003", "PHX-D005"},
        {"PHX-D007"},
    )
    judgements = [campaign.judgement for campaign in evasive_result.campaigns]
    judgements += [pool.judgement for pool in evasive_result.undeclared_pools]
    for judgement in judgements:
        rules = {line.rule_id for line in judgement.evidence}
        assert any(not rules & side for side in sides)


def test_tables_agree_with_the_lists(evasive_result: ScanResult) -> None:
    """Account, day and link tables tell the same story as the campaigns."""
    campaign = evasive_result.campaigns[0]
    accounts = evasive_result.accounts
    listed = accounts.filter(pc.is_valid(accounts["campaign_id"]))
    assert set(listed["account_id"].to_pylist()) == accounts_of(campaign)
    assert set(listed["verdict"].to_pylist()) == {"campaign"}
    facts = campaign.facts
    assert pc.sum(listed["exchanges"]).as_py() == facts.exchanges
    assert sum(facts.daily_exchanges.values()) == facts.exchanges
    daily = evasive_result.daily
    assert pc.sum(daily["campaign_exchanges"]).as_py() == facts.exchanges
    assert pc.sum(daily["exchanges"]).as_py() == evasive_result.population.exchanges
    assert sum(facts.models.values()) == facts.exchanges
    links = evasive_result.links
    inside = links.filter(pc.equal(links["group_id"], campaign.campaign_id))
    assert inside.num_rows > 0
    ends = set(inside["a"].to_pylist()) | set(inside["b"].to_pylist())
    assert ends <= accounts_of(campaign)
    assert all(member.confidence >= 0.9 for member in facts.members)


def test_every_signal_is_on_and_every_row_counted(evasive: Any, evasive_result: ScanResult) -> None:
    """A full log switches on all signals that need nothing else, and loses no row."""
    off = {signal.rule_id: signal.reason for signal in evasive_result.signals if signal.reason}
    assert off == {
        "PHX-D014": "no marks of other providers were given (--alliance)",
        "PHX-D028": "no sketch of a known set was given",
    }
    population = evasive_result.population
    assert population.exchanges == evasive.exchanges.num_rows
    assert population.accounts == len(evasive.exchanges["account_id"].unique())
    assert population.rejected_rows == 0
    assert population.days == 10


SDK_USERS = 150


def with_popular_kit(exchanges: pa.Table, users: set[str]) -> pa.Table:
    """Let unrelated accounts use one client program and one published template."""
    chosen = np.isin(exchanges["account_id"].to_numpy(zero_copy_only=False), sorted(users))
    shared = {
        "user_agent": "popular-kit/3.1",
        "tls_fingerprint": "t13d-popular",
        "temperature": 0.7,
        "top_p": 0.9,
        "max_tokens": 1024,
        "tools_hash": "popular-tools",
        "endpoint": "/v1/messages",
        "system_prompt": "You are the friendly helper of the popular kit. Answer in short lines.",
    }
    for name, value in shared.items():
        position = exchanges.schema.get_field_index(name)
        kind = exchanges.schema.field(name).type
        column = pc.if_else(pa.array(chosen), pa.scalar(value, kind), exchanges[name])
        exchanges = exchanges.set_column(position, name, column)
    opening = "Using the house style of the popular kit, with care and in short lines, do this: "
    prompts = [
        opening + prompt if yes else prompt
        for prompt, yes in zip(exchanges["prompt"].to_pylist(), chosen, strict=True)
    ]
    position = exchanges.schema.get_field_index("prompt")
    return exchanges.set_column(position, "prompt", pa.array(prompts, pa.string()))


def test_users_of_a_popular_program_are_no_group(honest: Any, scanned: Any) -> None:
    """Settings, TLS client and template in common do not make strangers an operator."""
    users = set(np.random.default_rng(6).permutation(sorted(honest.campaign_of))[:SDK_USERS])
    result = scanned(with_popular_kit(honest.exchanges, users))
    assert any(len(users.intersection(group.accounts)) > 50 for group in result.not_judged)
    assert result.campaigns == ()
    for pool in result.undeclared_pools:
        assert len(accounts_of(pool) & users) < SDK_USERS / 10
