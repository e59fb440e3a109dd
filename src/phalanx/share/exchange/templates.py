"""Templates: those of a campaign that may be told, and those of others found in a log.

What leaves is chosen by `phalanx.sketches.templates`: parts of prompts that enough accounts of the
campaign sent. Here is asked besides who else sent them: a template that others use too would
make every receiver suspect the innocent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.share.exchange.found import SeenTemplate
from phalanx.share.exchange.match_list import MATCH_LIST_FILE
from phalanx.share.exchange.seen import Batches, Membership
from phalanx.share.wire import CAPABILITIES
from phalanx.share.wire.observables import PromptTemplateSketch
from phalanx.sketches.templates import (
    ChosenTemplates,
    GroupKey,
    GroupKeys,
    Sketches,
    TemplateIndex,
    TemplateRows,
    choose_templates,
    match_prompts,
    read_listed_templates,
)
from phalanx.sketches.templates.kernel import CANONICALISER, MINHASH_BITS, SHINGLE_WORDS

MOST_PROMPTS = 80_000
"""Prompts of a campaign that are held at once; of more every second one is let go of."""

LARGEST_SHARE_OF_OTHERS = 0.05
"""Accounts outside the campaign that may send a template, as a part of those inside."""

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_FOR_EVER = np.iinfo(np.int64).max


@dataclass(slots=True)
class _Sent:
    """Prompts of one campaign, thinned evenly."""

    prompts: list[pa.Array]
    accounts: list[pa.Array]
    rows: int = 0

    def add(self, prompts: pa.Array, accounts: pa.Array) -> None:
        self.prompts.append(prompts)
        self.accounts.append(accounts)
        self.rows += len(prompts)
        if self.rows > MOST_PROMPTS:
            every_second = pa.array(np.arange(0, self.rows, 2))
            self.prompts = [pa.concat_arrays(self.prompts).take(every_second)]
            self.accounts = [pa.concat_arrays(self.accounts).take(every_second)]
            self.rows = len(every_second)


def templates_of(
    batches: Batches,
    membership: Membership,
    key: GroupKey,
    least_accounts: int,
    capabilities: Mapping[str, str],
) -> dict[str, tuple[SeenTemplate, ...]]:
    """Return for each campaign the templates that may be told.

    Parameters:
        batches: The logs.
        membership: Whose accounts are whose.
        key: Of the group, under which they are told.
        least_accounts: Of a campaign, on which a template is seen; of the disclosure policy.
        capabilities: Campaign -> what it is after, one of `CAPABILITIES`.
    """
    sent: dict[str, _Sent] = defaultdict(lambda: _Sent([], []))
    for batch in batches():
        campaigns = membership.campaigns(batch.column("account_id"))
        for campaign in pc.unique(campaigns).to_pylist():
            if campaign:
                rows = batch.filter(pc.equal(campaigns, campaign))
                sent[campaign].add(rows.column("prompt"), rows.column("account_id"))
    chosen = {}
    for campaign, each in sent.items():
        accounts = pa.concat_arrays(each.accounts).dictionary_encode().indices.to_numpy()
        prompts = pa.concat_arrays(each.prompts)
        chosen[campaign] = choose_templates(prompts, accounts.astype(np.int64), key, least_accounts)
    others = _accounts_of_others(batches(), membership, key, chosen)
    return {
        campaign: tuple(
            SeenTemplate(
                sketch=observable_of(found.sketches, row, capability=capabilities[campaign]),
                accounts=accounts,
            )
            for row, accounts in enumerate(found.accounts)
            if len(others.get((campaign, row), ())) <= LARGEST_SHARE_OF_OTHERS * accounts
        )
        for campaign, found in chosen.items()
    }


def observable_of(
    sketches: Sketches, row: int, *, capability: str, language: str = "und"
) -> PromptTemplateSketch:
    """Return a sketch as it goes over the wire.

    Parameters:
        sketches: Of prompts.
        row: Of a prompt that has a sketch.
        capability: What the template is after, one of `CAPABILITIES`.
        language: ISO 639 code, or `und`.

    Raises:
        ValueError: If the prompt has no sketch.

    Examples:
        >>> from datetime import date
        >>> from phalanx.sketches.templates import sketch_of
        >>> key = GroupKey(1, date(2026, 1, 1), bytes(32))
        >>> text = 'Grade the answer "{}" by the rubric below and say in one line what it lacks.'
        >>> sketches = sketch_of(pa.array([text]), key)
        >>> observable_of(sketches, 0, capability="grading").length_bucket
        4
    """
    if sketches.tokens[row] == 0:
        message = "a prompt of too few words has no sketch"
        raise ValueError(message)
    return PromptTemplateSketch(
        canonicaliser=CANONICALISER,
        epoch=sketches.epoch,
        minhash=sketches.minhash[row].tobytes().hex(),
        minhash_bits=MINHASH_BITS,
        simhash=f"{int(sketches.simhash[row]):016x}",
        shingle_size=SHINGLE_WORDS,
        length_bucket=int(sketches.tokens[row]).bit_length() - 1,
        capability=capability,
        language=language,
    )


def capability_of(shares: Mapping[str, float]) -> str:
    """Return what a campaign is after, of how large its shares are.

    Examples:
        >>> capability_of({"reasoning": 0.2, "maths": 0.1}), capability_of({"poetry": 1.0})
        ('reasoning', 'other')
    """
    known = {name: share for name, share in shares.items() if name in CAPABILITIES}
    return max(known, key=lambda name: known[name]) if known else "other"


def _accounts_of_others(
    batches: Iterable[pa.RecordBatch],
    membership: Membership,
    key: GroupKey,
    chosen: Mapping[str, ChosenTemplates],
) -> dict[tuple[str, int], set[str]]:
    """Return the accounts outside of a campaign that send its templates."""
    names = [
        (campaign, row) for campaign, found in chosen.items() for row in range(len(found.accounts))
    ]
    if not names:
        return {}
    numbers = np.arange(len(names), dtype=np.int64)
    rows = TemplateRows(
        key.epoch,
        np.concatenate([found.sketches.minhash for found in chosen.values()]),
        # Each template stands for itself: any name of an indicator does.
        np.stack([numbers, numbers], axis=1).astype(np.uint64),
        numbers.astype(np.int32),
        tuple(map(str, numbers)),
        np.full(len(names), _FOR_EVER),
    )
    index, keys = TemplateIndex([rows]), GroupKeys((key,))
    senders: dict[tuple[str, int], set[str]] = defaultdict(set)
    for batch in batches:
        found = match_prompts(batch.column("prompt"), index.snapshot, keys, _BEGINNING).table
        accounts = batch.column("account_id").take(found["prompt"].combine_chunks())
        campaigns = membership.campaigns(accounts)
        pairs = pa.table({"template": found["campaign"], "account": accounts, "of": campaigns})
        for row in pairs.group_by(["template", "account", "of"]).aggregate([]).to_pylist():
            name = names[int(row["template"])]
            if row["of"] != name[0]:
                senders[name].add(row["account"])
    return senders


class ListedTemplates:
    """The templates of a match list, found in prompts.

    Parameters:
        folder: Alliance folder, with the list.
        keys: Of the group.
        now: When; what is over by then is not found.

    Raises:
        InputError: If the list cannot be used.
    """

    def __init__(self, folder: Path, keys: GroupKeys, now: datetime) -> None:
        """Read the list."""
        rows, self.unusable = read_listed_templates(folder / MATCH_LIST_FILE)
        self._index = TemplateIndex(rows)
        self._keys, self._now = keys, now
        self.unread_epochs = tuple(
            epoch for epoch in self._index.snapshot.epochs if keys.of(epoch) is None
        )

    def campaigns_of(self, prompts: pa.Array) -> tuple[pa.Array, pa.Array]:
        """Return pairs: the row of a prompt, and a campaign that has its template."""
        found = match_prompts(prompts, self._index.snapshot, self._keys, self._now).table
        return found["prompt"].combine_chunks(), found["campaign"].combine_chunks()
