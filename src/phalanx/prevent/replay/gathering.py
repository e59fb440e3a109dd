"""From batches of logged exchanges to the columns of a replay.

What a gateway would have been told of each exchange is what its row says; a number out of range is
taken as unknown. Whoever is known, and how, is looked up once for each account, owner or place on
the network, not for each request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.prevent.decide.gateway import campaign_identity, owner_identity
from phalanx.prevent.facts import COLUMN, FACT, ONLINE, TEXT_COLUMN
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.policy.loading import Policy
from phalanx.prevent.policy.stages import place_of
from phalanx.prevent.replay.columns import asked_numbers, counts_of, tokens_of
from phalanx.prevent.replay.looking_up import Seen, looked_up
from phalanx.prevent.replay.reading import read_prompts
from phalanx.prevent.replay.traffic import OF_STATE, Traffic
from phalanx.prevent.state.contents import contents_of
from phalanx.prevent.state.layout import Identity, identity_of
from phalanx.prevent.state.online import MOST_SET_ASIDE

Columns = dict[str, npt.NDArray[np.generic]]
_LIMITED = 429
"""Status from which on a request was turned away, as the scan has it."""

_LOGGED_TEXTS = (
    "model",
    "endpoint",
    "organisation",
    "country",
    "asn",
    "user_agent",
    "email_domain",
)


@dataclass(slots=True)
class Gatherer:
    """Takes in batches, and returns them as traffic.

    Parameters:
        policy: Whose facts are gathered.
        knowledge: That held.
        key: Secret of the deployment.
    """

    policy: Policy
    knowledge: Knowledge
    key: bytes
    _accounts: dict[str, int] = field(default_factory=dict)
    _organisations: dict[str, int] = field(default_factory=dict)
    _owners: list[Identity] = field(default_factory=list)
    _parts: list[Columns] = field(default_factory=list)
    _unknown: Counter[str] = field(default_factory=Counter)
    _estimated: int = 0
    _rows: int = 0

    def take(self, batch: pa.RecordBatch) -> None:
        """Take in a batch of `EXCHANGE_SCHEMA`."""
        account = _places(batch.column("account_id"), self._accounts)
        organisation = self._organisation_places(batch.column("organisation"))
        capabilities, code = read_prompts(batch.column("prompt"), batch.column("system_prompt"))
        at_us = batch.column("timestamp").cast(pa.int64()).to_numpy(zero_copy_only=False)
        seen = looked_up(batch, at_us, self.knowledge)
        numbers = asked_numbers(
            batch, at_us, capabilities, code, seen, self.knowledge, self._asked("number")
        )
        tokens, estimated = tokens_of(batch)
        self._estimated += estimated
        status = batch.column("status").fill_null(0).to_numpy(zero_copy_only=False)
        choices = np.maximum(counts_of(batch.column("n")), 1)
        self._note_unknown(batch, numbers, seen)
        self._parts.append(
            {
                "row": np.arange(self._rows, self._rows + batch.num_rows),
                "at_us": at_us,
                "tokens": tokens,
                "turned_away": status >= _LIMITED,
                "account": account,
                "organisation": organisation,
                "content": contents_of(
                    tuple(batch.column(name) for name in ("system_prompt", "history", "prompt")),
                    self.key,
                ),
                "choices": choices,
                "set_aside": np.minimum(choices * self._most_tokens(batch), MOST_SET_ASIDE),
                "weight": self._weights(capabilities),
                "matches_template": seen.matches_template,
                "numbers": np.column_stack([np.empty((batch.num_rows, 0)), *numbers.values()]),
                "answers": self._answers(batch, seen),
                "grants": seen.grants,
            }
        )
        self._rows += batch.num_rows

    def traffic(self) -> Traffic:
        """Return what was taken in, in the order of time; requests of one moment as they came."""
        whole = {
            name: np.concatenate([part[name] for part in self._parts]) for name in self._parts[0]
        }
        self._parts.clear()
        order = np.argsort(whole["at_us"], kind="stable")
        if (order[:-1] > order[1:]).any():
            whole = {name: values[order] for name, values in whole.items()}
        accounts = tuple(self._accounts)
        members = [self.knowledge.campaigns.of_account.get(name) for name in accounts]
        campaigns = tuple(None if each is None else each.campaign for each in members)
        group, has_group, owner = self._groups(campaigns, whole["account"], whole["organisation"])
        name = self.policy.document.name
        return Traffic(
            **whole,
            group=group,
            has_group=has_group,
            owner=owner,
            columns=np.array([COLUMN[each] for each in self._asked("number")], dtype=np.int64),
            accounts=accounts,
            identities=_words([identity_of(each, self.key) for each in accounts]),
            places=np.array([place_of(each, name, self.key) for each in accounts]),
            campaigns=campaigns,
            campaign_keys=np.array(
                [each is not None and each in self.knowledge.keys for each in campaigns]
            ),
            organisations=tuple(self._organisations),
            unknown={
                name: int((~has_group).sum()) if name.startswith("group_") else self._unknown[name]
                for name in self._asked_all()
            },
            estimated_tokens=self._estimated,
        )

    def _asked_all(self) -> tuple[str, ...]:
        """Return the facts that the policy asks for, in the order of `FACTS`."""
        asked = {name for rule in self.policy.document.rules for name in rule.tests}
        return tuple(name for name in FACT if name in asked)

    def _asked(self, kind: str) -> tuple[str, ...]:
        """Return those of them that follow from no state: texts, or all others."""
        return tuple(
            name
            for name in self._asked_all()
            if name not in OF_STATE and (FACT[name].kind == "text") == (kind == "text")
        )

    def _organisation_places(self, column: pa.Array) -> npt.NDArray[np.int64]:
        known = len(self._organisations)
        places = _places(column, self._organisations)
        new = list(self._organisations)[known:]
        self._owners += [owner_identity(each, self.key) for each in new]
        return places

    def _most_tokens(self, batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
        value = self.policy.document.value
        asked = counts_of(batch.column("max_tokens"), otherwise=value.tokens_if_unsaid)
        return np.minimum(asked, value.most_set_aside)

    def _weights(self, capabilities: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        return np.array(self.policy.program.weights)[capabilities]

    def _answers(self, batch: pa.RecordBatch, seen: Seen) -> npt.NDArray[np.bool_]:
        questions = self.policy.program.questions
        answers = np.empty((batch.num_rows, len(questions)), dtype=np.bool_)
        names = {place: name for name, place in TEXT_COLUMN.items()}
        for place, question in enumerate(questions):
            column = _text(batch, seen, names[question.column]).dictionary_encode()
            of_each = [question.holds(text) for text in column.dictionary.to_pylist()]
            codes = column.indices.fill_null(len(of_each)).to_numpy(zero_copy_only=False)
            answers[:, place] = np.array([*of_each, False])[codes]
        return answers

    def _groups(
        self,
        campaigns: tuple[str | None, ...],
        account: npt.NDArray[np.generic],
        organisation: npt.NDArray[np.generic],
    ) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.bool_], npt.NDArray[np.uint64]]:
        """Return of each request its group, whether it has one, and the hash of its owner."""
        owners = _words([*self._owners, (0, 0)])
        of_owner = owners[organisation]
        of_campaign = _words(
            [(0, 0) if each is None else campaign_identity(each, self.key) for each in campaigns]
        )
        is_member = np.array([each is not None for each in campaigns])[account]
        group = np.where(is_member[:, None], of_campaign[account], of_owner)
        declared = organisation.astype(np.int64) >= 0
        owner = np.where(declared, np.maximum(of_owner[:, 0], np.uint64(1)), np.uint64(0))
        return np.ascontiguousarray(group), is_member | declared, owner

    def _note_unknown(
        self,
        batch: pa.RecordBatch,
        numbers: Mapping[str, npt.NDArray[np.float64]],
        seen: Seen,
    ) -> None:
        """Count of how many requests each fact is unknown: there no rule was tried on it.

        What was looked up and not found is known; what there was nothing to look up in is not.
        """
        for name in self._asked_all():
            if FACT[name].source == "knowledge":
                self._unknown[name] += batch.num_rows * (not _is_held(name, self.knowledge))
            elif name in numbers:
                self._unknown[name] += int(np.isnan(numbers[name]).sum())
            elif FACT[name].kind == "text":
                self._unknown[name] += _text(batch, seen, name).null_count


def gather(
    batches: Iterable[pa.RecordBatch], policy: Policy, knowledge: Knowledge, key: bytes
) -> Traffic:
    """Return logged exchanges as traffic.

    Parameters:
        batches: Of `EXCHANGE_SCHEMA`, at least one.
        policy: Whose facts are gathered.
        knowledge: That held. It is taken as what was known all the time.
        key: Secret of the deployment, 16 to 64 bytes.
    """
    gatherer = Gatherer(policy, knowledge, key)
    for batch in batches:
        gatherer.take(batch)
    return gatherer.traffic()


def _places(column: pa.Array, known: dict[str, int]) -> npt.NDArray[np.int64]:
    """Return where each text stands among those that are known, which grow; -1 for null."""
    encoded = column.dictionary_encode()
    of_each = [known.setdefault(each, len(known)) for each in encoded.dictionary.to_pylist()]
    codes = encoded.indices.fill_null(len(of_each)).to_numpy(zero_copy_only=False)
    return np.asarray(np.array([*of_each, -1], dtype=np.int64)[codes])


def _text(batch: pa.RecordBatch, seen: Seen, name: str) -> pa.Array:
    return batch.column(name) if name in _LOGGED_TEXTS else seen.texts[name]


def _is_held(name: str, knowledge: Knowledge) -> bool:
    if name in ONLINE:
        return False
    if name in {"campaign", "campaign_member", "campaign_log10_e"}:
        return knowledge.campaigns.scan > 0
    if name == "template_jaccard":
        return knowledge.templates is not None
    has_indicators = bool(knowledge.indicators.exact or knowledge.indicators.networks)
    return has_indicators or (name == "shared_campaign" and knowledge.templates is not None)


def _words(identities: list[Identity]) -> npt.NDArray[np.uint64]:
    return np.array(identities, dtype=np.uint64).reshape(-1, 2)
