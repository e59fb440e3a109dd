"""Simulated API traffic with labels, and campaigns planted into real logs."""

from __future__ import annotations

from phalanx.detect.simulate.config import (
    ATTACK_CLASSES,
    BENIGN_CLASSES,
    DEFAULT_BENIGN_MIX,
    CampaignPlan,
    Evasion,
    SimulationConfig,
)
from phalanx.detect.simulate.population_run import simulate
from phalanx.detect.simulate.simulation import Simulation

__all__ = [
    "ATTACK_CLASSES",
    "BENIGN_CLASSES",
    "DEFAULT_BENIGN_MIX",
    "CampaignPlan",
    "Evasion",
    "Simulation",
    "SimulationConfig",
    "simulate",
]
