"""The facts of one request, in the columns that a policy reads."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from struct import Struct

import numpy as np
import numpy.typing as npt

from phalanx.model.grant import Grant
from phalanx.prevent.decide.reading import Reading
from phalanx.prevent.facts import COLUMN, RATES
from phalanx.prevent.knowledge.campaigns import Membership
from phalanx.prevent.knowledge.indicators import Indicator, address_of, surest
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.online.watch import OnlineStanding
from phalanx.prevent.request import Request
from phalanx.prevent.state.online import Standing

_DAY_SECONDS = 86_400.0
_RATES = slice(COLUMN["requests_per_minute"], COLUMN["requests_per_minute"] + len(RATES))
_GROUP_RATES = slice(
    COLUMN["group_requests_per_minute"], COLUMN["group_requests_per_minute"] + len(RATES)
)
_ROW = Struct(f"{len(COLUMN)}d")
_UNKNOWN = (math.nan,) * len(COLUMN)
_PROMPT_CHARACTERS = COLUMN["prompt_characters"]
_HISTORY_TURNS = COLUMN["history_turns"]
_MAX_TOKENS = COLUMN["max_tokens"]
_CHOICES = COLUMN["choices"]
_TEMPERATURE = COLUMN["temperature"]
_ACCOUNT_AGE_DAYS = COLUMN["account_age_days"]
_LOGPROBS = COLUMN["logprobs"]
_STREAM = COLUMN["stream"]
_TOOLS = COLUMN["tools"]
_CODE = COLUMN["code"]
_CONTINUES_ELSEWHERE = COLUMN["continues_elsewhere"]
_CAPABILITIES = COLUMN["capabilities"]
_CAMPAIGN_MEMBER = COLUMN["campaign_member"]
_CAMPAIGN_LOG10_E = COLUMN["campaign_log10_e"]
_INDICATOR_CONFIDENCE = COLUMN["indicator_confidence"]
_ONLINE_LOG10_E = COLUMN["online_log10_e"]
_GROUP_ONLINE_LOG10_E = COLUMN["group_online_log10_e"]
_ONLINE_RAISED = COLUMN["online_raised"]
_TEMPLATE_JACCARD = COLUMN["template_jaccard"]


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a request besides itself and the state."""

    membership: Membership | None
    indicator: Indicator | None
    grants: tuple[Grant, ...]
    online: OnlineStanding | None = None
    """Null where nothing is watched online."""


_NOTHING = Found(None, None, ())


def look_up(request: Request, knowledge: Knowledge, now: datetime) -> Found:
    """Return what is known of a request.

    Parameters:
        request: That comes in.
        knowledge: At this moment.
        now: With a time zone.
    """
    membership = knowledge.campaigns.of_account.get(request.account_id)
    held = knowledge.indicators
    indicator = None
    if held.exact or held.networks:
        indicator = surest(_indicators(request, knowledge), now)
    grants = knowledge.grants.covering(request.account_id, request.organisation, now)
    if membership is None and indicator is None and not grants:
        return _NOTHING
    return Found(membership, indicator, grants)


def _indicators(request: Request, knowledge: Knowledge) -> Iterator[Indicator]:
    held = knowledge.indicators
    address = address_of(request.client_ip)
    if address is not None:
        yield from held.of_address(address)
    if request.asn:
        yield from held.of_value("network", request.asn)
    if request.email_domain:
        yield from held.of_value("domain", request.email_domain)
    for kind, value in request.fingerprints.items():
        yield from held.of_value(kind, value, request.fingerprint_epoch)


def numbers_of(  # noqa: C901, PLR0912 - a line for each fact: a loop takes twice as long
    request: Request, reading: Reading, found: Found, standing: Standing | None, now: datetime
) -> npt.NDArray[np.float64]:
    """Return the facts that are numbers, flags and sets; what is unknown is not a number.

    Parameters:
        request: That comes in.
        reading: Of what it says.
        found: What is known of it besides.
        standing: Of its account; null where no state was asked.
        now: With a time zone.
    """
    row: list[float] = list(_UNKNOWN)
    row[_PROMPT_CHARACTERS] = len(request.prompt)
    row[_CODE] = reading.quotes_code
    row[_CAPABILITIES] = reading.capabilities
    if request.history_turns is not None:
        row[_HISTORY_TURNS] = request.history_turns
    if request.max_tokens is not None:
        row[_MAX_TOKENS] = request.max_tokens
    if request.n is not None:
        row[_CHOICES] = request.n
    if request.temperature is not None:
        row[_TEMPERATURE] = request.temperature
    created_at = request.account_created_at
    if created_at is not None and created_at.tzinfo is not None:
        row[_ACCOUNT_AGE_DAYS] = (now - created_at).total_seconds() / _DAY_SECONDS
    if request.logprobs is not None:
        row[_LOGPROBS] = request.logprobs
    if request.stream is not None:
        row[_STREAM] = request.stream
    if request.tools is not None:
        row[_TOOLS] = request.tools
    row[_CAMPAIGN_MEMBER] = found.membership is not None
    if found.membership is not None:
        row[_CAMPAIGN_LOG10_E] = found.membership.log10_e
    if found.indicator is not None:
        row[_INDICATOR_CONFIDENCE] = found.indicator.confidence
    if found.online is not None:
        row[_ONLINE_LOG10_E] = found.online.log10_e
        row[_ONLINE_RAISED] = found.online.is_raised
        if found.online.group_log10_e is not None:
            row[_GROUP_ONLINE_LOG10_E] = found.online.group_log10_e
    if reading.template is not None:
        row[_TEMPLATE_JACCARD] = reading.template.jaccard
    if standing is not None:
        row[_CONTINUES_ELSEWHERE] = standing.continues_elsewhere
    numbers = np.frombuffer(bytearray(_ROW.pack(*row)))
    if standing is not None:
        numbers[_RATES] = standing.account
        if standing.group is not None:
            numbers[_GROUP_RATES] = standing.group
    return numbers


def texts_of(request: Request, reading: Reading, found: Found) -> tuple[str | None, ...]:
    """Return the facts that are texts, in the order of `TEXT_COLUMN`."""
    shared = found.indicator or reading.template
    return (
        request.model,
        request.endpoint,
        request.organisation,
        request.country,
        request.asn,
        request.user_agent,
        request.email_domain,
        None if found.membership is None else found.membership.campaign,
        None if shared is None else shared.campaign,
    )
