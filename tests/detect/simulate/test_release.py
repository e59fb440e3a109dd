"""A model that comes out within a simulated log."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pyarrow.compute as pc
import pytest

from phalanx.detect.simulate import CampaignPlan, SimulationConfig, simulate
from phalanx.detect.simulate.release import NEW_MODEL

PLAN = CampaignPlan(name="north", accounts=30, attack_class="reasoning", evasion="E3")
CONFIG = SimulationConfig(benign_accounts=300, campaigns=(PLAN,), days=6, seed=4, release_day=3)
OUT = CONFIG.start + timedelta(days=3, hours=15)


def first_uses(config: SimulationConfig) -> tuple[dict[str, datetime], set[str]]:
    """Return when each account first uses the new model, and the accounts of the campaign."""
    made = simulate(config)
    used = made.exchanges.filter(pc.equal(made.exchanges["model"], NEW_MODEL))
    firsts = used.group_by("account_id").aggregate([("timestamp", "min")])
    labels = made.labels.filter(pc.is_valid(made.labels["campaign"]))
    pairs = zip(firsts["account_id"].to_pylist(), firsts["timestamp_min"].to_pylist(), strict=True)
    return dict(pairs), set(labels["account_id"].to_pylist())


def test_only_the_model_changes() -> None:
    """With and without a release all other columns are the same."""
    with_release, without = (
        simulate(config).exchanges.drop_columns("model")
        for config in (CONFIG, replace(CONFIG, release_day=None))
    )
    assert with_release == without


def test_a_campaign_moves_within_a_day_and_others_in_their_own_time() -> None:
    """Nobody uses the model before it is out; accounts of one operator begin together."""
    firsts, members = first_uses(CONFIG)
    assert min(firsts.values()) >= OUT
    theirs = [firsts[name] for name in members if name in firsts]
    others = [at for name, at in firsts.items() if name not in members]
    assert len(theirs) > 0.8 * len(members)
    assert len(others) > 0.1 * CONFIG.benign_accounts
    spread = [np.std([at.timestamp() for at in group]) for group in (theirs, others)]
    assert spread[0] < spread[1]


def test_at_e6_its_accounts_move_as_honest_ones_do() -> None:
    """Not all of them, and not together."""
    firsts, members = first_uses(
        replace(CONFIG, campaigns=(replace(PLAN, accounts=80, evasion="E6"),))
    )
    assert sum(name in firsts for name in members) < 0.8 * len(members)


@pytest.mark.parametrize("day", [0, 6])
def test_a_release_lies_within_the_log(day: int) -> None:
    """A model that is there from the first day is not new."""
    with pytest.raises(ValueError, match="release_day must lie in"):
        replace(CONFIG, release_day=day)
