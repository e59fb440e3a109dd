"""Which templates leave: what many accounts sent, and nothing that few did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest

from phalanx.detect.simulate import CampaignPlan, SimulationConfig, simulate
from phalanx.detect.simulate.config import Evasion
from phalanx.sketches.templates import (
    GroupKey,
    GroupKeys,
    TemplateIndex,
    TemplateRows,
    choose_templates,
    match_prompts,
    sketch_of,
)

Write = Callable[..., str]


def test_what_few_accounts_sent_stays(key: GroupKey, text_of: Write) -> None:
    """A template on k - 1 accounts, however often each of them sends it."""
    prompts = [text_of(1)] * 30 + [text_of(2)] * 40
    accounts = np.array([n % 10 for n in range(30)] + [n % 9 for n in range(40)])
    chosen = choose_templates(pa.array(prompts), accounts, key, least_accounts=10)
    assert chosen.accounts == (10,)
    expected = sketch_of(pa.array([text_of(1)]), key)
    assert (chosen.sketches.minhash == expected.minhash).all()
    assert chosen.matched_share == pytest.approx(30 / 70)


def test_what_single_accounts_wrote_is_in_no_sketch(key: GroupKey, text_of: Write) -> None:
    """The sketch is the same, whatever each account fills into the template."""
    sketches = []
    for fill in (100, 200):
        prompts = [f"{text_of(1)} {text_of(fill + n, 15)}" for n in range(20)]
        chosen = choose_templates(pa.array(prompts), np.arange(20), key, least_accounts=20)
        assert chosen.accounts == (20,)
        sketches.append(chosen.sketches.minhash)
    assert (sketches[0] == sketches[1]).all()


def test_templates_that_add_nothing_are_not_sent(key: GroupKey, text_of: Write) -> None:
    """Two templates in many variants are two templates."""
    prompts = [f"{text_of(n % 2)} {text_of(50 + n % 6, 3)}" for n in range(240)]
    chosen = choose_templates(pa.array(prompts), np.arange(240) // 6, key, least_accounts=10)
    assert len(chosen.accounts) == 2
    assert chosen.matched_share == 1.0


def test_nothing_to_choose_from(key: GroupKey) -> None:
    """No prompt, nulls, short prompts."""
    for prompts in ([], [None, "hi"]):
        accounts = np.arange(len(prompts))
        chosen = choose_templates(pa.array(prompts, pa.string()), accounts, key, least_accounts=2)
        assert (chosen.accounts, chosen.matched_share) == ((), 0.0)


def test_one_account_is_never_enough(key: GroupKey) -> None:
    """Whatever a policy says."""
    with pytest.raises(ValueError, match="2 or more"):
        choose_templates(pa.array(["a"]), np.zeros(1, np.int64), key, least_accounts=1)


@pytest.mark.parametrize("evasion", ["E0", "E3"])
def test_campaigns_are_recognised_by_others_and_honest_accounts_are_not(evasion: Evasion) -> None:
    """Templates of half of a campaign's accounts find the other half, with honest use beside."""
    key = GroupKey(1, date(2026, 1, 1), b"k" * 32)
    plan = CampaignPlan(name="c", accounts=60, attack_class="self_instruct", evasion=evasion)
    made = simulate(SimulationConfig(benign_accounts=300, campaigns=(plan,), seed=5, days=2))
    account = made.exchanges["account_id"].combine_chunks().dictionary_encode()
    planted = dict(zip(*(made.labels[name].to_pylist() for name in ("account_id", "campaign")),
                       strict=True))  # fmt: skip
    codes = account.indices.to_numpy().astype(np.int64)
    in_campaign = np.array([planted[name] is not None for name in account.dictionary.to_pylist()])
    prompts, own = made.exchanges["prompt"].combine_chunks(), in_campaign[codes]
    mine = own & (codes % 2 == 0)
    chosen = choose_templates(prompts.filter(pa.array(mine)), codes[mine], key, 20)
    count = len(chosen.accounts)
    rows = TemplateRows(
        1, chosen.sketches.minhash, np.arange(2 * count, dtype=np.uint64).reshape(-1, 2),
        np.zeros(count, np.int32), ("campaign--c",), np.full(count, 2**62),
    )  # fmt: skip
    now = datetime(2026, 3, 1, tzinfo=UTC)
    found = match_prompts(prompts, TemplateIndex([rows]).snapshot, GroupKeys((key,)), now).table
    hits = np.bincount(codes[found["prompt"].to_numpy()], minlength=in_campaign.size)
    others = in_campaign & (np.arange(in_campaign.size) % 2 == 1)
    assert (hits[others] >= 3).mean() > 0.9
    assert not hits[~in_campaign].any()
