"""What a campaign sends, and when."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from phalanx.detect.simulate.accounts import Accounts
from phalanx.detect.simulate.arrivals import Arrivals, ArrivalShape, draw_arrivals, positions
from phalanx.detect.simulate.config import CampaignPlan
from phalanx.detect.simulate.exchanges import Exchanges
from phalanx.detect.simulate.failover import failed_over
from phalanx.detect.simulate.grammar import Book
from phalanx.detect.simulate.grammar.hashing import Seeds, combine, key_of, mix, pick, unit
from phalanx.detect.simulate.ladder import Rung
from phalanx.detect.simulate.population import LANGUAGES
from phalanx.detect.simulate.profiles import ATTACK_PROFILES
from phalanx.detect.simulate.span import Span
from phalanx.detect.simulate.templates import write_benign

_TEMPLATES = 32
_SECOND_LANGUAGE_SHARE = 0.3
_ROUND_SECONDS = 240.0
_START_SPREAD_SECONDS = 3600.0
_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaigning:
    """A campaign that is about to send."""

    plan: CampaignPlan
    hidden: Rung
    accounts: Accounts
    begin_day: int
    """First day on which it works."""

    span: Span
    shape: ArrivalShape


def draw_campaign(campaign: Campaigning, book: Book, rng: np.random.Generator) -> Exchanges:
    """Draw the exchanges of one campaign.

    Parameters:
        campaign: Who, when, and how well hidden.
        book: The grammar.
        rng: Source of randomness.
    """
    accounts, hidden = campaign.accounts, campaign.hidden
    if hidden.independent_timing:
        begin_us = campaign.span.start_us + campaign.begin_day * int(_DAY_SECONDS * 1e6)
        working = replace(accounts, created_us=np.maximum(accounts.created_us, begin_us))
        arrivals = draw_arrivals(working, campaign.span, campaign.shape, rng)
    else:
        arrivals = _scheduled(campaign, rng)
    cover = write_benign(accounts, arrivals, book, f"cover {campaign.plan.name}")
    harvest = _harvest(campaign, arrivals, book, rng)
    sent = _mixed(cover, harvest, hidden.cover_share, arrivals)
    return sent if hidden.sticky_sessions else failed_over(sent, accounts, campaign.span)


def _scheduled(campaign: Campaigning, rng: np.random.Generator) -> Arrivals:
    """Let one scheduler drive all accounts: common windows, rounds within them, equal shares."""
    accounts, span = campaign.accounts, campaign.span
    windows = int(rng.integers(2, 5))
    begins = np.sort(rng.uniform(0.0, 23.0, windows)) * 3600.0
    lengths = rng.uniform(2400.0, 5400.0, windows)
    shape = (len(accounts), span.days - campaign.begin_day)
    count = rng.poisson(accounts.exchanges_per_active_day[:, None], shape)
    count[rng.random(shape) >= accounts.active_day_share[:, None]] = 0
    account, day = np.nonzero(count)
    row = np.repeat(np.arange(len(account)), count[account, day])
    turns = ATTACK_PROFILES[campaign.plan.attack_class].turns
    length = turns[len(turns) // 2]
    place = positions(row)
    # A run of turns is dispatched once; its later turns follow within seconds.
    run = np.cumsum(place % length == 0) - 1
    heads = np.flatnonzero(place % length == 0)
    window = rng.integers(0, windows, len(heads))
    # Each day the operator starts a little earlier or later, with all accounts alike.
    shift = rng.normal(0.0, _START_SPREAD_SECONDS, (span.days, windows))
    rounds = np.floor(rng.random(len(heads)) * lengths[window] / _ROUND_SECONDS)
    at = begins[window] + shift[day[row[heads]], window] + rounds * _ROUND_SECONDS
    at = np.maximum(at + rng.uniform(0.0, 25.0, len(heads)), 0.0)
    follow = np.where(place % length == 0, 0.0, rng.uniform(4.0, 20.0, len(row)))
    elapsed = np.cumsum(follow)
    elapsed -= elapsed[heads][run]
    seconds = (campaign.begin_day + day[row]) * _DAY_SECONDS + at[run] + elapsed
    kept = seconds < span.days * _DAY_SECONDS
    dealt = _dealt(account, day, day[row[heads]], at)
    return Arrivals(
        account=dealt[run][kept],
        time_us=(span.start_us + (seconds * 1e6).astype(np.int64))[kept],
        session=run[kept],
        position=positions(run[kept]),
    )


def _dealt(
    account: NDArray[np.int64],
    day: NDArray[np.int64],
    day_of_run: NDArray[np.int64],
    at: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Give each run to the least used of the accounts that are active on its day.

    Parameters:
        account: Of each account and active day.
        day: Of the same.
        day_of_run: One of these days for each run.
        at: Time of each run within its day.
    """
    on_duty = account[np.lexsort((mix(account.astype(np.uint64), key_of("turn")), day))]
    strength = np.bincount(day)
    begins = np.cumsum(strength) - strength
    in_time = np.lexsort((at, day_of_run))
    today = day_of_run[in_time]
    dealt = np.empty(len(at), dtype=np.int64)
    dealt[in_time] = on_duty[begins[today] + positions(today) % strength[today]]
    return dealt


def _harvest(
    campaign: Campaigning, arrivals: Arrivals, book: Book, rng: np.random.Generator
) -> Exchanges:
    """Write the campaign's own prompts from its private pool of templates."""
    plan, hidden = campaign.plan, campaign.hidden
    size = len(arrivals.account)
    profile = ATTACK_PROFILES[plan.attack_class]
    secret = np.uint64(rng.integers(1, 2**63))
    skeletons, wordings = _template_pool(plan, secret, book, rng)
    seed = mix(np.arange(size, dtype=np.uint64), secret)
    session = mix(arrivals.session.astype(np.uint64), secret)
    lengths = np.array(profile.turns)[pick(session, key_of("turns"), len(profile.turns))]
    turn = arrivals.position % lengths
    conversation = combine(session, (arrivals.position // lengths).astype(np.uint64))
    which = (unit(seed, key_of("which")) ** 1.4 * len(skeletons)).astype(np.int64)
    skeleton, wording = skeletons[which], wordings[which]
    if hidden.paraphrase:
        wording = mix(seed, key_of("paraphrase"))
    single = profile.turns == (1,)
    if not single:
        options = book.of(f"{plan.attack_class}_turn")
        later = turn > 0
        skeleton = np.where(later, options[pick(seed, key_of("later"), len(options))], skeleton)
    return Exchanges(
        account=arrivals.account,
        time_us=arrivals.time_us,
        skeleton=skeleton,
        wording=wording,
        seed=seed,
        conversation=np.zeros(size, dtype=np.uint64) if single else conversation,
        turn=np.zeros(size, dtype=np.int64) if single else turn,
        output_median=np.full(size, profile.output_tokens),
        output_spread=np.full(size, profile.output_spread),
        user_agent=np.full(size, -1, dtype=np.int64),
        harvest=np.ones(size, dtype=bool),
        corpus=np.full(size, -1, dtype=np.int64),
        status=np.zeros(size, dtype=np.int64),
        repeats=np.zeros(size, dtype=np.int64),
    )


def _template_pool(
    plan: CampaignPlan, secret: np.uint64, book: Book, rng: np.random.Generator
) -> tuple[NDArray[np.int64], Seeds]:
    """Draw the campaign's private templates: mostly one language, worded by its operator."""
    spoken = [name for name in LANGUAGES if (plan.attack_class, name) in book.index]
    second = spoken[int(rng.integers(0, len(spoken)))]
    wording = mix(np.arange(_TEMPLATES, dtype=np.uint64), secret)
    foreign = rng.random(_TEMPLATES) < _SECOND_LANGUAGE_SHARE
    home, abroad = book.of(plan.attack_class, "en"), book.of(plan.attack_class, second)
    skeleton = np.where(
        foreign,
        abroad[pick(wording, key_of("skeleton"), len(abroad))],
        home[pick(wording, key_of("skeleton"), len(home))],
    )
    return skeleton, wording


def _mixed(
    cover: Exchanges, harvest: Exchanges, cover_share: float, arrivals: Arrivals
) -> Exchanges:
    """Let whole sessions be cover traffic or harvest, so that conversations stay whole."""
    drawn = unit(mix(arrivals.session.astype(np.uint64), key_of("cover")), key_of("share"))
    covered = drawn < cover_share
    columns = {
        name: np.where(covered, getattr(cover, name), getattr(harvest, name))
        for name in Exchanges.__dataclass_fields__
    }
    return Exchanges(**columns)
