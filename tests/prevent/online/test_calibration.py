"""What the evidence promises of honest accounts and pools, and what it sees of a campaign."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.evidence import bet_on_levels
from phalanx.evidence.intervals import clopper_pearson_upper
from phalanx.prevent.online.pool_watch import account_evidence, watch_of
from phalanx.prevent.online.reference import Reference
from phalanx.prevent.online.rows import largest_of
from phalanx.prevent.online.statistics import STATISTICS, WEIGHTS
from phalanx.prevent.state.layout import REGISTERS
from phalanx.prevent.state.novelty import take_in

from .conftest import MakeReference, draw

ACCOUNTS = 10_000


def _ranks(reference: Reference, largest: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Return how far beyond the reference accounts came in the end, which is as far as ever."""
    beyond = largest[:, :, None] > reference.thresholds[None]
    return np.asarray(reference.thresholds.shape[1] - beyond.sum(axis=2), dtype=np.uint8)


def _account_es(reference: Reference, ranks: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    earned = 10 ** bet_on_levels(reference.bounds)[ranks] @ WEIGHTS
    # What one account is told is the same number.
    alone = account_evidence(ranks[earned.argmax()], bet_on_levels(reference.bounds))[0]
    assert np.isclose(10**alone, earned.max())
    with np.errstate(divide="ignore"):
        return np.asarray(np.log10(earned))


def test_an_honest_accounts_largest_evidence_has_mean_one_at_most(
    make_reference: MakeReference,
) -> None:
    """Given each of several references, with accounts that keep their habits for a whole epoch."""
    for seed in range(4):
        reference = make_reference(seed)
        ranks = _ranks(
            reference, draw(np.random.default_rng(100 + seed), ACCOUNTS).largest(ACCOUNTS)
        )
        e = 10 ** _account_es(reference, ranks)
        assert e.max() > 1.0, "a bet that never wins shows nothing"
        assert e.mean() <= 1.0 + 3.0 * e.std() / np.sqrt(e.size)
        for level in (10.0, 30.0):
            crossed = int((e >= level).sum())
            most = clopper_pearson_upper(int(ACCOUNTS / level), ACCOUNTS, confidence=0.999)
            assert crossed <= most * ACCOUNTS


def test_multiplying_days_would_accuse_accounts_that_keep_unusual_habits(
    make_reference: MakeReference,
) -> None:
    """The product of a bet for each of seven days passes a level that one bet holds to."""
    generator = np.random.default_rng(7)
    reference = make_reference(0)
    ranks = _ranks(reference, draw(generator, ACCOUNTS).largest(ACCOUNTS))
    once = _account_es(reference, ranks)
    daily = 7 * np.maximum(once, -1.0)
    assert (once >= 2.0).mean() <= 0.01
    assert (daily >= 2.0).mean() > 0.01


def test_an_honest_pools_evidence_holds_its_level_given_the_reference(
    make_reference: MakeReference,
) -> None:
    """Of independent users, and of users that are alike in blocks of sqrt(n), as is assumed."""
    members, pools = 25, 800
    reference = make_reference(5)
    log_p = np.append(np.log(reference.bounds), 0.0)
    for alike in (1, 5):
        users = pools * members // alike
        ranks = _ranks(reference, draw(np.random.default_rng(alike), users).largest(users))
        ranks = np.repeat(ranks, alike, axis=0).reshape(pools, members, -1)
        watch = watch_of("pool", 1, 0, [str(each) for each in range(members)], log_p.size - 1)
        es = []
        for each in ranks:
            watch.rank[:] = each
            es.append(watch.evidence(log_p)[0])
        e = 10 ** np.array(es)
        assert e.mean() <= 1.0 + 3.0 * e.std() / np.sqrt(e.size)
        crossed = int((e >= 20.0).sum())
        assert crossed <= clopper_pearson_upper(pools // 20, pools, confidence=0.999) * pools


def test_a_pool_that_harvests_passes_the_level_where_one_of_its_accounts_cannot(
    make_reference: MakeReference,
) -> None:
    """Fifty accounts with 100 answers each are enough; one is never."""
    reference = make_reference(9)
    log_p = np.append(np.log(reference.bounds), 0.0)
    ranks = _ranks(reference, draw(np.random.default_rng(3), 50, 0.8, answers=100.0).largest(50))
    watch = watch_of("pool", 1, 0, [str(each) for each in range(50)], log_p.size - 1)
    watch.rank[:] = ranks
    assert watch.evidence(log_p)[0] > reference.pool_level
    assert reference.account_reaches < 3.0
    assert reference.accounts_needed is None


def test_an_account_that_asked_much_before_is_not_beyond_the_reference_for_it() -> None:
    """The reference begins with sketches that are empty; those of a gateway that runs are full."""

    def largest(contents_before: int) -> npt.NDArray[np.float64]:
        generator, found = np.random.default_rng(contents_before), []
        for _ in range(150):
            registers = np.zeros(REGISTERS, dtype=np.uint8)
            items = generator.integers(0, 1 << 63, contents_before + 200, dtype=np.uint64)
            new = np.array([take_in(registers, item) for item in items])[contents_before:]
            tokens = generator.choice([50, 200], new.size)
            value = 0.25 * tokens * (0.1 + 0.9 * new)
            signs = generator.integers(0, 2, new.size)
            alone, asked = np.zeros(new.size, dtype=np.int64), np.full(new.size, 100)
            weight, reached = np.full(new.size, 0.25), np.zeros((1, len(STATISTICS)))
            largest_of(alone, signs, asked, tokens, value, weight, 0.1, reached)
            found.append(reached[0])
        return np.array(found)

    beyond = largest(20_000) > largest(0).max(axis=0)
    assert beyond.mean(axis=0).max() <= 0.05
