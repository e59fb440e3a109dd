"""What `phalanx gateway serve` does: puts a gateway together, and runs it beside another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path

import structlog

from phalanx.cli.gateway_options import GatewayOptions
from phalanx.cli.gateway_work import KEY_BYTES, read_campaign_keys, read_templates
from phalanx.cli.inputs import read_grants
from phalanx.cli.recording import Recorder, recorder
from phalanx.cli.scan_key import load_or_create
from phalanx.cli.serving import Serving as Runs
from phalanx.errors import ConfigError
from phalanx.owned import read_or_make_secret
from phalanx.prevent.knowledge.campaigns import Campaigns, read_campaigns
from phalanx.prevent.knowledge.grants import grant_index
from phalanx.prevent.knowledge.indicators import read_indicators
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.knowledge.pools import Pools, read_pools
from phalanx.prevent.policy.loading import Policy
from phalanx.prevent.sidecar.callers import RunningCallers
from phalanx.prevent.sidecar.serve import serve
from phalanx.prevent.sidecar.settings import SidecarSettings
from phalanx.prevent.sidecar.sidecar import Sidecar
from phalanx.prevent.state.online import State
from phalanx.prevent.state.shared import is_shared, open_shared_state
from phalanx.prevent.upkeep.every import Every
from phalanx.prevent.upkeep.parts import Part
from phalanx.prevent.upkeep.running import Bounds, Places, RunningGateway
from phalanx.serving.service_log import log_as_json
from phalanx.store import database_of


@dataclass(frozen=True, slots=True)
class Serving:
    """Where a running gateway keeps things, and how it names accounts."""

    state: str | None
    """File, or URL of a shared one."""

    exchanges: Path | None
    pseudonym_key: Path | None
    """Null for the default place."""

    clear: bool
    """Whether identifiers stay as they stand."""

    online: Path | None = None
    """Reference of online detection; null where it is not used."""

    ledger: Path | None = None


@contextmanager
def serving(options: GatewayOptions, said: Serving, settings: SidecarSettings) -> Iterator[Runs]:
    """Yield what runs a gateway; it is ended in order afterwards, and its state is kept.

    Raises:
        InputError: If a file cannot be read, or is not what it should be.
        ConfigError: If the policy is none, or a key is not that of the state.
        ServiceError: If the store cannot be reached.
    """
    log_as_json()
    log = structlog.get_logger("phalanx.gateway")
    places = places_of(options, said)
    shared = shared_of(said, places.key)
    recorded = partial(_in_force, recorder(said.ledger))
    running = RunningGateway(places, bounds_of(settings), log, shared, record=recorded)
    callers = None
    if settings.callers is not None:
        callers = RunningCallers(settings.callers, partial(running.alarm, "callers"))
    sidecar = Sidecar(
        running.desk,
        settings,
        lambda: None if callers is None else callers.callers,
        running.reach,
        is_remote=shared is not None,
    )
    running.start()
    watch = _watching(running, callers, settings)
    try:
        yield partial(serve, sidecar)
    finally:
        watch()
        running.close()


def places_of(options: GatewayOptions, said: Serving) -> Places:
    """Return what a gateway is made of.

    Raises:
        ConfigError: If a key is none, or group keys are named without a match list.
    """
    return Places(
        policy=options.policy,
        key=read_or_make_secret(options.key, "gateway key", KEY_BYTES),
        parts=parts_of(options),
        pseudonym_key=None if said.clear else load_or_create(said.pseudonym_key),
        snapshot=None if said.state is None or is_shared(said.state) else Path(said.state),
        exchanges=said.exchanges,
        online=said.online,
    )


def shared_of(said: Serving, key: bytes) -> State | None:
    """Return the state that several gateways share; null for one of this process.

    Raises:
        ConfigError: If its URL is none.
        MissingExtraError: If the extra `redis` is not installed.
    """
    if said.state is None or not is_shared(said.state):
        return None
    return open_shared_state(said.state, key)


def _in_force(recorded: Recorder, policy: Policy) -> None:
    """Record that a policy is in force, and how far."""
    document = policy.document
    facts: dict[str, str | int | bool] = {
        "act": "put in force", "policy": policy.digest, "stage": document.stage,
        "rules": len(document.rules), "on-failure": document.on_failure,
    }  # fmt: skip
    if document.canary_percent is not None:
        facts["canary-percent"] = f"{document.canary_percent:g}"
    recorded.record("policy", f"gateway policy {document.name}", facts)


def bounds_of(settings: SidecarSettings) -> Bounds:
    """Return what a gateway bears."""
    return Bounds(**{each.name: getattr(settings, each.name) for each in fields(Bounds)})


def parts_of(options: GatewayOptions) -> tuple[Part, ...]:
    """Return the parts of what a gateway knows, each with what tells that it has changed.

    Raises:
        ConfigError: If group keys are named without a match list, or the store can be none.
    """
    parts: list[Part] = []
    if options.store is not None:
        place = database_of(options.store)
        # The store tells itself whether a scan was kept since.
        parts.append(
            Part(
                "store", (),
                lambda known: _with_pools(
                    _with_campaigns(known, read_campaigns(place, known.campaigns)),
                    read_pools(place, known.pools),
                ),
            )
        )  # fmt: skip
    if options.campaign_keys is not None:
        parts.append(_file("campaign keys", options.campaign_keys, _with_keys))
    if options.grants is not None:
        parts.append(_file("grants", options.grants, _with_grants))
    if options.match_list is not None:
        parts.append(_file("match list", options.match_list, _with_indicators))
    if options.group_keys is not None:
        if options.match_list is None:
            message = "group keys open the templates of a match list, and none is named"
            raise ConfigError(message, next_step="Name it with --match-list.")
        listed, keys = options.match_list, options.group_keys
        parts.append(
            Part(
                "templates", (listed, keys),
                lambda known: replace(known, templates=read_templates(listed, keys)),
            )
        )  # fmt: skip
    return tuple(parts)


def _file(name: str, path: Path, take: Callable[[Knowledge, Path], Knowledge]) -> Part:
    return Part(name, (path,), lambda known: take(known, path))


def _with_campaigns(known: Knowledge, read: Campaigns) -> Knowledge:
    return known if read is known.campaigns else replace(known, campaigns=read)


def _with_pools(known: Knowledge, read: Pools) -> Knowledge:
    return known if read is known.pools else replace(known, pools=read)


def _with_keys(known: Knowledge, path: Path) -> Knowledge:
    return replace(known, keys=read_campaign_keys(path))


def _with_grants(known: Knowledge, path: Path) -> Knowledge:
    return replace(known, grants=grant_index(read_grants(path)))


def _with_indicators(known: Knowledge, path: Path) -> Knowledge:
    return replace(known, indicators=read_indicators(path))


def _watching(
    running: RunningGateway, callers: RunningCallers | None, settings: SidecarSettings
) -> Callable[[], None]:
    """Read the callers again while the gateway runs; return what ends that."""
    if callers is None:
        return lambda: None
    running.gauges.show(
        "callers_stale", "1 while the file of callers is broken and the one before holds.",
        lambda: float(callers.is_stale),
    )  # fmt: skip
    return Every(settings.reload_seconds, callers.reload, running.upkeep_failed).close
