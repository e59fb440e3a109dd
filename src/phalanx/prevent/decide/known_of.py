"""The facts of one request, in the columns that a policy reads."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from phalanx.model.grant import Grant
from phalanx.prevent.decide.reading import Reading
from phalanx.prevent.facts import COLUMN, RATES, TEXT_COLUMN
from phalanx.prevent.knowledge.campaigns import Membership
from phalanx.prevent.knowledge.indicators import Indicator, address_of, surest
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.knowledge.templates import TemplateMatch
from phalanx.prevent.online.watch import OnlineStanding
from phalanx.prevent.request import Request
from phalanx.prevent.state.online import Standing

_DAY_SECONDS = 86_400.0
_RATES = slice(COLUMN["requests_per_minute"], COLUMN["requests_per_minute"] + len(RATES))
_GROUP_RATES = slice(
    COLUMN["group_requests_per_minute"], COLUMN["group_requests_per_minute"] + len(RATES)
)


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a request besides itself and the state."""

    membership: Membership | None
    indicator: Indicator | None
    template: TemplateMatch | None
    grants: tuple[Grant, ...]
    online: OnlineStanding | None = None
    """Null where nothing is watched online."""


def look_up(request: Request, knowledge: Knowledge, now: datetime) -> Found:
    """Return what is known of a request.

    Parameters:
        request: That comes in.
        knowledge: At this moment.
        now: With a time zone.
    """
    templates = knowledge.templates
    return Found(
        knowledge.campaigns.of_account.get(request.account_id),
        surest(_indicators(request, knowledge), now),
        None if templates is None else templates.best(request.prompt, now),
        knowledge.grants.covering(request.account_id, request.organisation, now),
    )


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


def numbers_of(
    request: Request, reading: Reading, found: Found, standing: Standing | None, now: datetime
) -> npt.NDArray[np.float64]:
    """Return the facts that are numbers, flags and sets; what is unknown is not a number.

    Parameters:
        request: That comes in.
        reading: Of its prompt.
        found: What is known of it besides.
        standing: Of its account; null where no state was asked.
        now: With a time zone.
    """
    numbers = np.full(len(COLUMN), math.nan)
    for name, value in (
        ("prompt_characters", len(request.prompt)),
        ("history_turns", request.history_turns),
        ("max_tokens", request.max_tokens),
        ("choices", request.n),
        ("temperature", request.temperature),
        ("account_age_days", _age_days(request.account_created_at, now)),
        ("logprobs", request.logprobs),
        ("stream", request.stream),
        ("tools", request.tools),
        ("code", reading.quotes_code),
        ("capabilities", reading.capabilities),
        ("campaign_member", found.membership is not None),
    ):
        if value is not None:
            numbers[COLUMN[name]] = value
    if found.membership is not None:
        numbers[COLUMN["campaign_log10_e"]] = found.membership.log10_e
    if found.indicator is not None:
        numbers[COLUMN["indicator_confidence"]] = found.indicator.confidence
    if found.template is not None:
        numbers[COLUMN["template_jaccard"]] = found.template.jaccard
    if found.online is not None:
        numbers[COLUMN["online_log10_e"]] = found.online.log10_e
        numbers[COLUMN["online_raised"]] = found.online.is_raised
        if found.online.group_log10_e is not None:
            numbers[COLUMN["group_online_log10_e"]] = found.online.group_log10_e
    if standing is not None:
        numbers[COLUMN["continues_elsewhere"]] = standing.continues_elsewhere
        numbers[_RATES] = standing.account
        if standing.group is not None:
            numbers[_GROUP_RATES] = standing.group
    return numbers


def texts_of(request: Request, found: Found) -> tuple[str | None, ...]:
    """Return the facts that are texts, in the order of `TEXT_COLUMN`."""
    shared = found.indicator or found.template
    texts: list[str | None] = [None] * len(TEXT_COLUMN)
    for name, text in (
        ("model", request.model),
        ("endpoint", request.endpoint),
        ("organisation", request.organisation),
        ("country", request.country),
        ("asn", request.asn),
        ("user_agent", request.user_agent),
        ("email_domain", request.email_domain),
        ("campaign", None if found.membership is None else found.membership.campaign),
        ("shared_campaign", None if shared is None else shared.campaign),
    ):
        texts[TEXT_COLUMN[name]] = text
    return tuple(texts)


def _age_days(created_at: datetime | None, now: datetime) -> float | None:
    if created_at is None or created_at.tzinfo is None:
        return None
    return (now - created_at).total_seconds() / _DAY_SECONDS
