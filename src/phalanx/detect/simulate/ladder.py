"""The evasion ladder, as switches."""

from __future__ import annotations

from dataclasses import dataclass

from phalanx.detect.simulate.config import Evasion


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """What the operator of a campaign hides."""

    residential_addresses: bool
    """From E1: addresses of the honest users' own ranges instead of a few hosting subnets."""

    distinct_payments: bool
    """From E2: one payment for each account."""

    independent_timing: bool
    """From E3: every account keeps hours and volumes of its own instead of the scheduler's."""

    paraphrase: bool
    """From E4: templates are reworded for every exchange."""

    cover_share: float
    """From E5: share of exchanges that are ordinary traffic."""

    sticky_sessions: bool
    """At E6: what an account is refused is sent on no other."""

    spread_identity: bool
    """At E6: births, parameters, clients, e-mail domains, models and volumes as honest ones; its
    accounts turn to a new model as honest ones do."""


def rung(evasion: Evasion) -> Rung:
    """Return the switches of a rung.

    Examples:
        >>> rung("E1").residential_addresses, rung("E1").distinct_payments
        (True, False)
        >>> rung("E5").cover_share
        0.95
    """
    level = int(evasion[1])
    return Rung(
        residential_addresses=level >= 1,
        distinct_payments=level >= 2,
        independent_timing=level >= 3,
        paraphrase=level >= 4,
        cover_share=0.95 if level >= 5 else 0.0,
        sticky_sessions=level >= 6,
        spread_identity=level >= 6,
    )
