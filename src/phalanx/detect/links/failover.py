"""Failover continuation."""

from __future__ import annotations

from functools import partial

from phalanx.detect.links.family import Moment, Source, Tester


class FailoverContinuation:
    """When one party is turned away, another sends the same request.

    Sees: requests (last turn and all earlier ones) that two parties, and no third, sent
    within a minute, for the first time by either. Where parties are operated apart, the
    refusals of a party (status 429 and above) on one day fall on requests that it sent before
    the other as they fall on those that it sent after. In a pool the other account sends
    because the first was turned away.
    Evaded by: sticky sessions (E6), waiting for more than a minute, spare accounts that
    never send anything first.
    Honest look-alikes: customers of two resellers who turn to one when the other fails.
    Hash-only logs: works.
    """

    rule_id = "PHX-D009"
    name = "Failover continuation"
    source: Source = "routing"
    columns: tuple[str, ...] = ("status",)

    def tester(self, moment: Moment) -> Tester:
        """Return the test of all handovers until now."""
        return partial(moment.population.handovers.test, step=moment.step)
