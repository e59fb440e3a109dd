"""The leak test, and that the simulator passes it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.detect.simulate import CampaignPlan, Simulation, SimulationConfig, leak_test, simulate
from phalanx.detect.simulate.leak import _auc
from phalanx.errors import InputError
from phalanx.logs.schema import NATIVE_COLUMNS


@pytest.mark.parametrize("seed", [0, 1])
def test_no_single_field_gives_the_label_away_at_e6(seed: int) -> None:
    """Every native column alone has an AUC under 0.75."""
    simulation = simulate(
        SimulationConfig(
            benign_accounts=1200,
            campaigns=tuple(
                CampaignPlan(name=name, accounts=70, attack_class=name)
                for name in ("reasoning", "tool_use", "rewriting")
            ),
            seed=seed,
            evasion="E6",
        )
    )
    areas = leak_test(simulation.exchanges, simulation.labels)
    assert set(areas) == set(NATIVE_COLUMNS)
    assert {name: area for name, area in areas.items() if area >= 0.75} == {}


def test_the_leak_test_sees_a_naive_campaign(ladder: dict[str, Simulation]) -> None:
    """At E0 cards, births and volume stand out, so the test can fail."""
    areas = leak_test(ladder["E0"].exchanges, ladder["E0"].labels)
    for field in ("payment_fingerprint", "account_created_at", "account_id"):
        assert areas[field] > 0.85


def test_a_planted_leak_is_named(ladder: dict[str, Simulation]) -> None:
    """A value that only campaign accounts carry is found in its own column only."""
    simulation = ladder["E6"]
    hidden = {
        row["account_id"] for row in simulation.labels.to_pylist() if row["campaign"] is not None
    }
    at = simulation.exchanges.column_names.index("n")
    marked = pa.array(
        [9 if name in hidden else 1 for name in simulation.exchanges["account_id"].to_pylist()],
        type=pa.int32(),
    )
    before = leak_test(simulation.exchanges, simulation.labels)
    after = leak_test(simulation.exchanges.set_column(at, "n", marked), simulation.labels)
    assert after["n"] == 1.0
    assert {name for name in after if after[name] != before[name]} == {"n"}


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=60))
def test_the_auc_is_the_share_of_pairs_in_order(rows: list[tuple[int, bool]]) -> None:
    """The rank formula agrees with counting pairs, ties as halves, in the better direction."""
    values = np.array([value for value, _ in rows], dtype=float)
    positive = np.array([flag for _, flag in rows])
    high, low = values[positive], values[~positive]
    if len(high) == 0 or len(low) == 0:
        return
    wins = (high[:, None] > low).mean() + 0.5 * (high[:, None] == low).mean()
    assert _auc(values, positive) == pytest.approx(max(wins, 1 - wins))


def test_labels_of_one_kind_are_refused(honest: Simulation) -> None:
    """Without campaign accounts there is nothing to tell apart."""
    with pytest.raises(InputError, match="0 campaign accounts"):
        leak_test(honest.exchanges, honest.labels)
