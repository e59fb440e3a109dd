"""What the commands of the gateway do."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from phalanx.cli.gateway_options import GatewayOptions
from phalanx.cli.inputs import read_grants
from phalanx.errors import ConfigError, InputError, reason_of
from phalanx.json_text import parse_object
from phalanx.logs.pseudonym import key_id
from phalanx.owned import read_or_make_secret
from phalanx.prevent.decide.deciding import decide, facts_of, trace
from phalanx.prevent.decide.decision import Decision
from phalanx.prevent.decide.gateway import arrival_of, microseconds
from phalanx.prevent.decide.known_of import look_up
from phalanx.prevent.decide.reading import Reader
from phalanx.prevent.knowledge.campaigns import read_campaigns
from phalanx.prevent.knowledge.grants import grant_index
from phalanx.prevent.knowledge.indicators import read_indicators
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.knowledge.pools import read_pools
from phalanx.prevent.knowledge.templates import Templates, templates_of
from phalanx.prevent.policy.loading import read_policy
from phalanx.prevent.request import Request
from phalanx.prevent.state.online import OnlineState, State
from phalanx.prevent.state.shared import is_shared, open_shared_state
from phalanx.prevent.state.snapshot import read_snapshot
from phalanx.printable import printable
from phalanx.sketches.templates import TemplateIndex, read_group_keys, read_listed_templates
from phalanx.store import database_of

MOST_REQUEST_BYTES = 16 << 20
KEY_BYTES = 32
_KEY_ID = re.compile(r"wmk_[0-9a-f]{32}")


def moment_of(text: str | None) -> datetime:
    """Return a moment that a person wrote, now for none.

    Raises:
        ConfigError: If it is none, or has no time zone.
    """
    if text is None:
        return datetime.now(tz=UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{text[:100]!r} is no moment"
        raise ConfigError(message, next_step="Write 2026-06-01T12:00:00Z.") from error
    if moment.tzinfo is None:
        message = f"{text}: has no time zone"
        raise ConfigError(message, next_step=f"Write {text}Z for UTC.")
    return moment


def check_request(
    path: Path, options: GatewayOptions, state: str | None, now: datetime
) -> Decision:
    """Return the decision about a request, with the trace of every rule.

    Raises:
        InputError: If a file cannot be read, or is not what it should be.
        ConfigError: If the policy is none, or the key is not that of the snapshot.
        ServiceError: If a shared state cannot be asked.
    """
    policy = read_policy(options.policy)
    request = read_request(path)
    key = read_or_make_secret(options.key, "gateway key", KEY_BYTES)
    knowledge = known_to(options)
    now_us = microseconds(now)
    reading = Reader(key, knowledge.templates).read(request, now_us)
    found = look_up(request, knowledge, now)
    known = state_to_look_at(state, key, now_us)
    standing = known.arrive(arrival_of(request, reading, found, policy, key, now_us))
    decision = decide(request, reading, found, standing, policy, knowledge, key, now)
    return replace(decision, trace=trace(policy, facts_of(request, reading, found, standing, now)))


def state_to_look_at(said: str | None, key: bytes, now_us: int) -> State:
    """Return a state that a person names, to be looked at: what it is told changes nothing.

    Parameters:
        said: Path of a snapshot, or URL of a shared state; without one nobody was ever seen.
        key: Secret of the deployment.
        now_us: Microseconds since 1970.

    Raises:
        InputError: If the snapshot cannot be read.
        ConfigError: If the key is not that of the snapshot, or the URL is none.
        MissingExtraError: If the extra `redis` is needed and not installed.
    """
    if said is not None and is_shared(said):
        return open_shared_state(said, key, counts_requests=False)
    state = OnlineState()
    if said is not None:
        read_snapshot(state, key_id(key), Path(said), now_us)
    return state


def read_request(path: Path) -> Request:
    """Read a request.

    Raises:
        InputError: If it cannot be read, or a field is missing, wrong or unknown.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_REQUEST_BYTES + 1)
    except OSError as error:
        message = f"{path}: the request cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Name a JSON file.") from error
    if len(content) > MOST_REQUEST_BYTES:
        message = f"{path}: a request has at most {MOST_REQUEST_BYTES:,} bytes"
        raise InputError(message, next_step="Name a file with one request.")
    try:
        return Request.model_validate(parse_object(content, str(path)))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(each) for each in first["loc"])
        message = f"{path}: {printable(where)[:200]}: {first['msg']}"
        raise InputError(message, next_step="`docs/how-to/gateway.md` has an example.") from error


def known_to(options: GatewayOptions) -> Knowledge:
    """Return what a gateway knows.

    Raises:
        InputError: If a file cannot be read, or is not what it should be.
        ConfigError: If group keys are named without a match list.
        ServiceError: If the database of the store cannot be reached.
    """
    known = Knowledge()
    if options.store is not None:
        place = database_of(options.store)
        known = replace(known, campaigns=read_campaigns(place), pools=read_pools(place))
    if options.campaign_keys is not None:
        known = replace(known, keys=read_campaign_keys(options.campaign_keys))
    if options.grants is not None:
        known = replace(known, grants=grant_index(read_grants(options.grants)))
    if options.match_list is not None:
        known = replace(known, indicators=read_indicators(options.match_list))
    if options.group_keys is not None:
        if options.match_list is None:
            message = "group keys open the templates of a match list, and none is named"
            raise ConfigError(message, next_step="Name it with --match-list.")
        known = replace(known, templates=read_templates(options.match_list, options.group_keys))
    return known


def read_templates(match_list: Path, group_keys: Path) -> Templates:
    """Read the templates of a match list.

    Raises:
        InputError: If a file cannot be read, or is not what it should be.
        ConfigError: If others may read the keys.
    """
    rows, _ = read_listed_templates(match_list)
    return templates_of(TemplateIndex(rows).snapshot, read_group_keys(group_keys))


def read_campaign_keys(path: Path) -> Mapping[str, str]:
    """Read which key each campaign's outputs are marked with.

    Raises:
        InputError: If it is no such table, or an id is none.
    """
    try:
        with path.open("rb") as file:
            said = tomllib.load(file)
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Name a TOML file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path}: is no TOML: {reason_of(error)}"
        raise InputError(message, next_step='Write [keys] and campaign = "wmk_...".') from error
    keys = said.get("keys")
    if not isinstance(keys, dict) or set(said) != {"keys"}:
        message = f"{path}: expected one table, [keys]"
        raise InputError(message, next_step='Write [keys] and campaign = "wmk_...".')
    for campaign, each in keys.items():
        if not isinstance(each, str) or not _KEY_ID.fullmatch(each):
            message = f"{path}: the key of {printable(campaign)[:100]} is no id of a key"
            raise InputError(message, next_step="`phalanx watermark keygen` prints ids: wmk_...")
    return keys
