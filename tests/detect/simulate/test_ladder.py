"""The evasion ladder: what each rung hides, and what it leaves."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean
from typing import Any

import pytest

from phalanx.detect.simulate import Simulation

Ask = Callable[[Simulation, str], list[tuple[Any, ...]]]
CAMPAIGN_ACCOUNTS = 90
SUBNETS = """SELECT count(DISTINCT regexp_replace(client_ip, '[.][0-9]+$', '')) FROM x
WHERE campaign IS NOT NULL"""
CARDS = "SELECT count(DISTINCT payment_fingerprint) FROM x WHERE campaign IS NOT NULL"
AGENTS = (
    "SELECT count(DISTINCT (user_agent, temperature, max_tokens)) FROM x WHERE campaign = 'only'"
)
SHARED_OPENINGS = """
SELECT avg((accounts > 20)::INT) FROM (
  SELECT count(DISTINCT account_id) OVER (PARTITION BY left(prompt, 60)) AS accounts
  FROM x WHERE campaign IS NOT NULL)"""
BUSY_QUARTERS = """
SELECT max(n) / sum(n) FROM (
  SELECT hour(timestamp) AS h, count(*) AS n FROM x WHERE campaign IS NOT NULL GROUP BY 1)"""
BIRTH_HOURS = """SELECT count(DISTINCT date_trunc('hour', account_created_at)) FROM x
WHERE campaign IS NOT NULL"""


def number(ask: Ask, simulation: Simulation, query: str) -> float:
    """Return the one number that a query gives."""
    return float(ask(simulation, query)[0][0])


def test_e0_shares_subnets_and_cards(ladder: dict[str, Simulation], ask: Ask) -> None:
    """A naive operator has a few subnets and one card for several accounts."""
    assert number(ask, ladder["E0"], SUBNETS) <= 5
    assert number(ask, ladder["E0"], CARDS) <= CAMPAIGN_ACCOUNTS / 6


def test_e1_spreads_addresses_and_keeps_cards(ladder: dict[str, Simulation], ask: Ask) -> None:
    """From E1 on, addresses are those of many subnets; cards are still shared."""
    assert number(ask, ladder["E1"], SUBNETS) > 0.5 * CAMPAIGN_ACCOUNTS
    assert number(ask, ladder["E1"], CARDS) <= CAMPAIGN_ACCOUNTS / 6


def test_e2_has_a_payment_for_each_account(ladder: dict[str, Simulation], ask: Ask) -> None:
    """From E2 on, no two accounts of the campaign share a payment."""
    shared = """SELECT count(*) FROM (SELECT payment_fingerprint FROM x
    WHERE campaign IS NOT NULL AND payment_fingerprint IS NOT NULL
    GROUP BY 1 HAVING count(DISTINCT account_id) > 1)"""
    for evasion in ("E2", "E3", "E4", "E5", "E6"):
        assert number(ask, ladder[evasion], shared) == 0


def test_the_scheduler_shows_until_e3(ladder: dict[str, Simulation], ask: Ask) -> None:
    """Up to E2 a few hours hold the traffic; from E3 on it is spread over the day."""
    scheduled = [number(ask, ladder[evasion], BUSY_QUARTERS) for evasion in ("E0", "E1", "E2")]
    jittered = [number(ask, ladder[evasion], BUSY_QUARTERS) for evasion in ("E3", "E4", "E5")]
    assert min(scheduled) > 1.3 * max(jittered)


def test_templates_show_until_e4(ladder: dict[str, Simulation], ask: Ask) -> None:
    """Up to E3 many accounts open prompts with the same words; from E4 on few do."""
    shared = {evasion: number(ask, ladder[evasion], SHARED_OPENINGS) for evasion in ladder}
    assert min(shared["E0"], shared["E3"]) > 0.8
    assert max(shared["E4"], shared["E5"], shared["E6"]) < 0.4


def test_e5_is_ninety_five_percent_cover(ladder: dict[str, Simulation], ask: Ask) -> None:
    """Under E5 about one exchange in twenty carries the campaign's own system prompt."""
    own = """SELECT avg((system_prompt IN (SELECT system_prompt FROM x
    WHERE campaign IS NULL AND system_prompt IS NOT NULL) OR system_prompt IS NULL)::INT)
    FROM x WHERE campaign IS NOT NULL"""
    assert number(ask, ladder["E4"], own) == 0
    harvest = """SELECT avg(regexp_matches(prompt, 'Keep instructions|task|instruction')::INT)
    FROM x WHERE campaign IS NOT NULL"""
    assert number(ask, ladder["E5"], harvest) < 0.4 * number(ask, ladder["E4"], harvest)


def test_volume_stays_the_same_under_cover(ladder: dict[str, Simulation], ask: Ask) -> None:
    """Cover traffic replaces harvest, it does not add to it."""
    volume = "SELECT count(*) FROM x WHERE campaign IS NOT NULL"
    bare, covered = number(ask, ladder["E4"], volume), number(ask, ladder["E5"], volume)
    assert 0.6 * bare < covered < 1.6 * bare


def test_births_and_settings_show_until_e6(ladder: dict[str, Simulation], ask: Ask) -> None:
    """Up to E5 accounts are born in bursts with one client; at E6 as honest ones are."""
    for evasion in ("E0", "E5"):
        assert number(ask, ladder[evasion], BIRTH_HOURS) <= 20
        assert number(ask, ladder[evasion], AGENTS) == 1
    assert number(ask, ladder["E6"], BIRTH_HOURS) > 0.6 * CAMPAIGN_ACCOUNTS
    assert number(ask, ladder["E6"], AGENTS) > 0.5 * CAMPAIGN_ACCOUNTS


def test_honest_traffic_does_not_change_with_the_rung(
    ladder: dict[str, Simulation], ask: Ask
) -> None:
    """The rung concerns the campaign only."""
    prompts = "SELECT md5(string_agg(prompt, '' ORDER BY timestamp)) FROM x WHERE campaign IS NULL"
    assert len({str(ask(simulation, prompts)) for simulation in ladder.values()}) == 1


@pytest.mark.parametrize("evasion", ["E0", "E2", "E5"])
def test_volume_follows_the_plan(ladder: dict[str, Simulation], ask: Ask, evasion: str) -> None:
    """Below E6 accounts send about 26 exchanges a day while the campaign runs."""
    rows = ask(
        ladder[evasion],
        """SELECT count(*) / count(DISTINCT date_trunc('day', timestamp)) FROM x
        WHERE campaign IS NOT NULL GROUP BY account_id""",
    )
    assert 15 < mean(float(row[0]) for row in rows) < 40


FAILOVERS = """
SELECT count(*) FROM x AS a JOIN x AS b ON a.prompt = b.prompt AND a.account_id <> b.account_id
AND b.timestamp > a.timestamp AND b.timestamp <= a.timestamp + INTERVAL 10 SECOND
WHERE a.status >= 429 AND a.campaign IS NOT NULL AND b.campaign = a.campaign"""
REFUSED = "SELECT avg((status >= 429)::INT) FROM x WHERE campaign IS {}"


def test_a_pool_fails_over_until_e6(ladder: dict[str, Simulation], ask: Ask) -> None:
    """What is turned away is sent on another account within seconds, but for sticky sessions."""
    refused = "SELECT count(*) FROM x WHERE status >= 429 AND campaign IS NOT NULL"
    for evasion in ("E0", "E2", "E3", "E4"):
        sent_again = number(ask, ladder[evasion], FAILOVERS)
        assert sent_again > 0.8 * number(ask, ladder[evasion], refused)
    assert number(ask, ladder["E6"], FAILOVERS) < 0.1 * number(ask, ladder["E6"], refused)


def test_everybody_is_refused_as_often(ladder: dict[str, Simulation], ask: Ask) -> None:
    """The service does not know who belongs to a campaign."""
    for simulation in ladder.values():
        honest, planted = (number(ask, simulation, REFUSED.format(w)) for w in ("NULL", "NOT NULL"))
        assert 0.02 < planted < 1.4 * honest


def test_the_scheduler_deals_out_equal_shares(ladder: dict[str, Simulation], ask: Ask) -> None:
    """Up to E2 the accounts of a day send nearly equally often."""
    spread = """SELECT median(s) FROM (
      SELECT (quantile_cont(n, 0.75) - quantile_cont(n, 0.25)) / median(n) AS s FROM (
      SELECT account_id, timestamp::DATE AS day, count(*) AS n FROM x
      WHERE campaign IS NOT NULL GROUP BY ALL) GROUP BY day)"""
    assert number(ask, ladder["E2"], spread) < 0.15
    assert number(ask, ladder["E3"], spread) > 0.3
