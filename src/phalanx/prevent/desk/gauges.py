"""Counts of a gateway for Prometheus: decisions, reasons, endings, and how well it is.

Nothing here is of a single account: rules, actions and codes of reasons are the provider's own, and
there are few of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from phalanx.prevent.decide.decision import Decision
from phalanx.prevent.desk.exchange import Ending
from phalanx.prevent.state.online import StateCounts

MEDIA_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (
    0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0,
)  # fmt: skip
_OF_STATE: Mapping[str, str] = {
    "accounts": "Accounts that are remembered.",
    "groups": "Groups that are remembered.",
    "evicted": "Rows that were given up to make room.",
    "evicted_lately": "Of those, rows seen within the hour: the state is too small.",
    "evicted_value": "Information value of the last month that was forgotten with them.",
    "overwritten": "Requests turned away that were forgotten before their minute was over.",
    "unreached": "Times that a shared state did not answer, or was not asked after it had not.",
    "clock_steps_back": "Times that the clock of the machine was set back.",
    "clock_jumps_ahead": "Silences of more than an hour, or steps ahead of the clock.",
    "answers": "0 while the state cannot be asked; all else is then what it last told.",
}


class Gauges:
    """What is counted of one gateway, in a registry of its own."""

    def __init__(self) -> None:
        """Start at zero."""
        self._registry = CollectorRegistry()
        self._decisions = Counter(
            "phalanx_gateway_decisions",
            "Decisions: what was done, what would be if all were enforced, stage of the policy.",
            ["action", "in_force", "stage"],
            registry=self._registry,
        )
        self._reasons = Counter(
            "phalanx_gateway_reasons",
            "Rules that held, and what decisions say of themselves.",
            ["reason", "rule", "held", "action"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "phalanx_gateway_decision_seconds",
            "Time of a decision, from the door to the table of requests under way.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._ended = Counter(
            "phalanx_gateway_ended",
            "Requests that ended, by how; those never settled among them.",
            ["how"],
            registry=self._registry,
        )
        self._tokens = self._counter(
            "output_tokens", "Output tokens of requests that were settled."
        )
        self._value = self._counter("information_value", "Information value that was served.")
        self._unknown = self._counter(
            "unknown_endings", "Endings that were told of requests that are not under way."
        )
        self._unlogged = self._counter("unlogged", "Exchanges that could not be written down.")
        self._alarms = Counter(
            "phalanx_gateway_alarms", "What went wrong, by where.", ["of"], registry=self._registry
        )
        self._refused = Counter(
            "phalanx_gateway_refused",
            "Requests to the gateway itself that it refused.",
            ["status"],
            registry=self._registry,
        )

    def decided(self, decision: Decision, seconds: float) -> None:
        """Count a decision."""
        self._decisions.labels(decision.action, decision.in_force, decision.stage).inc()
        for each in decision.reasons:
            held, action = each.held or "", each.action or ""
            self._reasons.labels(each.code, each.rule or "", held, action).inc()
        self._seconds.observe(seconds)

    def ended(self, ending: Ending) -> None:
        """Count an ending."""
        self._ended.labels(ending.how).inc()
        if ending.output_tokens:
            self._tokens.inc(ending.output_tokens)
        if ending.value:
            self._value.inc(ending.value)

    def unknown_ending(self) -> None:
        """Count an ending of a request that is not under way."""
        self._unknown.inc()

    def unlogged(self) -> None:
        """Count an exchange that could not be written down."""
        self._unlogged.inc()

    def alarmed(self, of: str) -> None:
        """Count something that went wrong.

        Parameters:
            of: Where: `state`, `policy`, a part of what is known, `snapshot`, `log`.
        """
        self._alarms.labels(of).inc()

    def refused(self, status: int) -> None:
        """Count a request to the gateway itself that it refused."""
        self._refused.labels(str(status)).inc()

    def show(self, name: str, meaning: str, of: Callable[[], float], **labels: str) -> None:
        """Show a number that is asked for when the page is read.

        Parameters:
            name: After `phalanx_gateway_`; it is shown once.
            meaning: In a sentence.
            of: Returns it.
            labels: Of the only line that it has.
        """
        gauge = Gauge(f"phalanx_gateway_{name}", meaning, tuple(labels), registry=self._registry)
        (gauge.labels(**labels) if labels else gauge).set_function(of)

    def show_each(
        self, name: str, meaning: str, label: str, of: Mapping[str, Callable[[], float]]
    ) -> None:
        """Show a number for each of several things, asked for when the page is read."""
        gauge = Gauge(f"phalanx_gateway_{name}", meaning, (label,), registry=self._registry)
        for value, ask in of.items():
            gauge.labels(value).set_function(ask)

    def show_state(self, counts: Callable[[], StateCounts]) -> None:
        """Show how full a state is, and what it had to forget."""
        self._registry.register(_StateCounts(counts))

    def page(self) -> bytes:
        """Return all as Prometheus reads it."""
        return generate_latest(self._registry)

    def _counter(self, name: str, meaning: str) -> Counter:
        return Counter(f"phalanx_gateway_{name}", meaning, registry=self._registry)


class _StateCounts(Collector):
    """Asks a state once for each page."""

    def __init__(self, counts: Callable[[], StateCounts]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield what the state counts, and whether it answers."""
        counts = self._counts()
        for each in fields(counts):
            yield GaugeMetricFamily(
                f"phalanx_gateway_state_{each.name}", _OF_STATE[each.name],
                float(getattr(counts, each.name)),
            )  # fmt: skip

    def describe(self) -> tuple[GaugeMetricFamily, ...]:
        """Ask nothing: a registry would ask the state when it is put together."""
        return ()
