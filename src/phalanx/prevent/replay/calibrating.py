"""From the logs of honest accounts to the reference of online detection."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from phalanx.errors import ConfigError
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.online.budget import Budget
from phalanx.prevent.online.reference import Reference, fitted
from phalanx.prevent.online.rows import largest_of
from phalanx.prevent.online.statistics import STATISTICS
from phalanx.prevent.online.watch import DAY_US
from phalanx.prevent.policy.document import ValueWeights
from phalanx.prevent.replay.observing import Ended

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def calibrated(
    answers: Ended, knowledge: Knowledge, value: ValueWeights, budget: Budget
) -> Reference:
    """Make a reference of what the accounts of some logs did.

    Left out are accounts that a scan lists, those that a grant covers, which are not watched
    either, and of each declared owner all but one, which a keyed hash chooses: accounts of one
    owner are not independent.

    Parameters:
        answers: Of the logs.
        knowledge: For campaigns and pools.
        value: How information value was counted.
        budget: Of the watch.

    Raises:
        ConfigError: If the logs are shorter than a day, or too few accounts are left.
    """
    days = (answers.ends_us - answers.begins_us) // DAY_US
    if days < 1:
        message = "logs of less than a day say nothing of what an account does in one"
        raise ConfigError(message, next_step="Give logs of a day at least; of weeks, better.")
    count = len(answers.accounts)
    has_answers = np.bincount(answers.account, minlength=count) > 0
    campaigns, pools = knowledge.campaigns.of_account, knowledge.pools.of_account
    is_listed = np.array([each in campaigns or each in pools for each in answers.accounts])
    kept = has_answers & ~is_listed & ~answers.has_grant
    is_one = np.zeros(count, dtype=np.bool_)
    # By the keyed hash of the account, which nobody outside can aim at.
    places = np.argsort(answers.identities[:, 0], kind="stable")
    places = places[kept[places]]
    owners = answers.organisation[places]
    is_one[places[owners < 0]] = True
    declared = places[owners >= 0]
    is_one[declared[np.unique(answers.organisation[declared], return_index=True)[1]]] = True
    largest = np.zeros((count, len(STATISTICS)))
    largest_of(
        answers.account, answers.signs, answers.asked_tokens, answers.tokens, answers.value,
        answers.weight, value.repeated, largest,
    )  # fmt: skip
    return fitted(
        largest[is_one],
        _EPOCH + timedelta(microseconds=answers.begins_us),
        _EPOCH + timedelta(microseconds=answers.ends_us),
        int(days),
        value.model_dump(mode="json"),
        budget,
        {
            "listed by a scan": int((has_answers & is_listed).sum()),
            "granted": int((has_answers & ~is_listed & answers.has_grant).sum()),
            "of an owner that another account stands for": int((kept & ~is_one).sum()),
            "without an answer": int((~has_answers).sum()),
        },
    )
