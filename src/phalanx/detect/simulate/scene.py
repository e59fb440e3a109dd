"""Everybody on the scene, and all that they send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from phalanx.detect.labels import LABEL_SCHEMA
from phalanx.detect.simulate.accounts import Accounts
from phalanx.detect.simulate.arrivals import ArrivalShape
from phalanx.detect.simulate.campaigns import Campaigning, draw_campaign
from phalanx.detect.simulate.config import CampaignPlan, Evasion
from phalanx.detect.simulate.exchanges import Exchanges, concatenated
from phalanx.detect.simulate.grammar import Book
from phalanx.detect.simulate.ladder import rung
from phalanx.detect.simulate.operators import Operator, draw_accounts
from phalanx.detect.simulate.span import Span
from phalanx.detect.simulate.system_prompts import write_campaign_systems, write_system_prompts

_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Accounts and exchanges, honest ones first."""

    accounts: Accounts
    exchanges: Exchanges
    benign_accounts: int
    """Accounts before the first campaign account."""

    campaigns: tuple[str | None, ...]
    """Campaign of each account."""

    classes: tuple[str, ...]
    """Traffic class of each account."""

    systems: pa.StringArray
    """Own system prompts of all accounts, then those of campaign accounts for their harvest."""

    def labels(self, account_ids: pa.StringArray) -> pa.Table:
        """Return the labels of all accounts, whose identifiers are given."""
        columns = [
            account_ids,
            pa.array(self.campaigns, type=pa.string()),
            pa.array(self.classes, type=pa.string()),
        ]
        return pa.table(columns, schema=LABEL_SCHEMA)

    def corpus_share(self) -> dict[str, float]:
        """Return the share of exchanges with a prompt from a corpus, for each class."""
        if len(self.exchanges) == 0:
            return {}
        names, place = np.unique(np.array(self.classes, dtype=str), return_inverse=True)
        of = place[self.exchanges.account]
        total = np.bincount(of, minlength=len(names))
        given = np.bincount(of, weights=self.exchanges.corpus >= 0, minlength=len(names))
        return dict(zip(names.tolist(), (given / np.maximum(total, 1)).tolist(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What campaigns are planted into."""

    donors: Accounts
    """Honest accounts that campaigns pose as."""

    programs: NDArray[np.int64]
    """Rows of `donors` that call by program."""

    popular_domains: int
    """Mail domains below this number are popular ones."""

    span: Span
    shape: ArrivalShape
    book: Book


def with_campaigns(
    scene: Scene,
    plans: Sequence[CampaignPlan],
    evasion: Evasion,
    around: Surroundings,
    seeds: Sequence[np.random.SeedSequence],
) -> Scene:
    """Add campaigns to a scene.

    Parameters:
        scene: Honest accounts and their exchanges; may be empty.
        plans: The campaigns.
        evasion: Rung of the plans that name none.
        around: What they are planted into.
        seeds: One for each plan, so that a campaign does not depend on the others.
    """
    accounts, parts = scene.accounts, [scene.exchanges]
    campaigns, classes = list(scene.campaigns), list(scene.classes)
    own, harvest = [scene.systems], []
    for plan, seed in zip(plans, seeds, strict=True):
        rng = np.random.default_rng(seed)
        operator = _operator(plan, evasion, around, rng)
        members = draw_accounts(operator, rng)
        campaign = Campaigning(
            plan=plan,
            hidden=operator.hidden,
            accounts=members,
            begin_day=(operator.begin_us - operator.start_us) // _DAY_US,
            span=around.span,
            shape=around.shape,
        )
        part = draw_campaign(campaign, around.book, rng)
        parts.append(replace(part, account=part.account + len(accounts)))
        accounts = accounts.followed_by(members)
        campaigns += [plan.name] * len(members)
        classes += [plan.attack_class] * len(members)
        own.append(write_system_prompts(members.behaviour, members.template_seed, around.book))
        harvest.append(_harvest_systems(operator, members, own[-1], rng, around.book))
    return Scene(
        accounts=accounts,
        exchanges=concatenated(parts),
        benign_accounts=scene.benign_accounts,
        campaigns=tuple(campaigns),
        classes=tuple(classes),
        systems=pa.concat_arrays(own + harvest),
    )


def _operator(
    plan: CampaignPlan, evasion: Evasion, around: Surroundings, rng: np.random.Generator
) -> Operator:
    """Put an operator behind a plan; it begins in the first quarter of the log."""
    hidden = rung(plan.evasion or evasion)
    begin_day = 0 if hidden.spread_identity else int(rng.integers(0, 1 + around.span.days // 4))
    return Operator(
        plan=plan,
        hidden=hidden,
        donors=around.donors,
        programs=around.programs,
        popular_domains=around.popular_domains,
        start_us=around.span.start_us,
        begin_us=around.span.start_us + begin_day * _DAY_US,
    )


def _harvest_systems(
    operator: Operator,
    members: Accounts,
    own: pa.StringArray,
    rng: np.random.Generator,
    book: Book,
) -> pa.StringArray:
    """Return the system prompts that go with a campaign's harvest."""
    if operator.hidden.spread_identity:
        return own
    reworded = operator.hidden.paraphrase
    return write_campaign_systems(members.seed, reworded=reworded, rng=rng, book=book)
