"""Simulated API traffic with labels, and campaigns planted into real logs."""

from __future__ import annotations

from phalanx.detect.simulate.config import (
    ATTACK_CLASSES,
    BENIGN_CLASSES,
    DEFAULT_BENIGN_MIX,
    POOL_KINDS,
    CampaignPlan,
    Evasion,
    PoolPlan,
    SimulationConfig,
)
from phalanx.detect.simulate.dense import dense_exchanges
from phalanx.detect.simulate.inject import inject
from phalanx.detect.simulate.leak import leak_test
from phalanx.detect.simulate.populate import simulate
from phalanx.detect.simulate.simulation import Simulation

__all__ = [
    "ATTACK_CLASSES",
    "BENIGN_CLASSES",
    "DEFAULT_BENIGN_MIX",
    "POOL_KINDS",
    "CampaignPlan",
    "Evasion",
    "PoolPlan",
    "Simulation",
    "SimulationConfig",
    "dense_exchanges",
    "inject",
    "leak_test",
    "simulate",
]
