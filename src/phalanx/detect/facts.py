"""What a group did: counts for the record, no judgement."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.detect.alliance.kinds import KINDS
from phalanx.detect.narrow import EXCERPT_CHARACTERS, Names
from phalanx.detect.population import EPOCH, Population
from phalanx.detect.tables import CAPABILITY_COLUMNS
from phalanx.model import CampaignMarks, GroupFacts, Member
from phalanx.model.campaign import Role
from phalanx.sketches.prompts import CAPABILITIES

HARVESTER_SHARE = 0.5
"""Share of a member's traffic in the group's content from which it is a harvester."""

NOTABLE_SHARE = 0.01
"""Share of exchanges from which a capability counts as targeted."""

_TEMPLATES_SHOWN = 5
_TEMPLATE_CHARACTERS = 158
"""Before the sign that says that it goes on."""
_SLOT = re.compile(r"\d[\w.,:/-]*|\"[^\"\n]{1,600}\"|`[^`\n]{1,600}`|https?://\S+")


@dataclass(frozen=True)
class FactFinder:
    """Answers questions about groups of parties."""

    population: Population
    names: Names
    model_use: pa.Table
    """Exchanges per account and model."""

    openings: Callable[[pa.Table], pa.Table]
    """Use of masked openings by accounts (columns account and group)."""

    mixed: npt.NDArray[np.bool_]
    """Accounts that many principals seem to use, shape (accounts,)."""

    def accounts_of(self, parties: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the account indices of parties, in the order of the parties."""
        declared = self.population.parties
        return np.concatenate(
            [declared.by_party[declared.starts[p] : declared.starts[p + 1]] for p in parties]
        )

    def facts(
        self,
        parties: npt.NDArray[np.int64],
        confidence: npt.NDArray[np.float64],
        coverage: npt.NDArray[np.float64],
        formed_step: int,
        templates: tuple[str, ...],
    ) -> GroupFacts:
        """Describe a group.

        Parameters:
            parties: Its parties, most confident first.
            confidence: Posterior of each.
            coverage: Share of each party's traffic in the group's content.
            formed_step: Step after which it was formed.
            templates: What its prompts open with, see `templates`.
        """
        population = self.population
        accounts = self.accounts_of(parties)
        rank = {int(party): i for i, party in enumerate(parties)}
        in_steps = population.account_exchanges[accounts]
        daily = np.bincount(population.day_of_step, weights=in_steps.sum(axis=0))
        total = float(daily.sum())
        late = in_steps[:, formed_step + 1 :].sum(axis=1) > 0
        members = [
            self._member(int(account), rank, confidence, coverage, is_silent=not active)
            for account, active in zip(accounts, late, strict=True)
        ]
        return GroupFacts(
            members=tuple(members),
            parties=int(parties.size),
            first_seen=min(member.first_seen for member in members),
            last_seen=max(member.last_seen for member in members),
            exchanges=int(total),
            input_tokens=sum(member.input_tokens for member in members),
            output_tokens=sum(member.output_tokens for member in members),
            models=self._models(accounts),
            capabilities=self._capabilities(parties, total),
            daily_exchanges={
                self.date_of(day): int(count) for day, count in enumerate(daily) if count
            },
            templates=templates,
            mixed_accounts=int(np.count_nonzero(self.mixed[accounts])),
            marks=self._marks_on(accounts),
        )

    def exchanges_until(self, parties: npt.NDArray[np.int64], step: int) -> int:
        """Count the exchanges of parties until the end of a step."""
        return int(self.population.account_exchanges[self.accounts_of(parties), : step + 1].sum())

    def date_of(self, day: int) -> date:
        """Return the calendar date of a day's index."""
        first = self.population.first_step // self.population.steps_per_day
        return (EPOCH + timedelta(days=first + day)).date()

    def _member(
        self,
        account: int,
        rank: Mapping[int, int],
        confidence: npt.NDArray[np.float64],
        coverage: npt.NDArray[np.float64],
        *,
        is_silent: bool,
    ) -> Member:
        population = self.population
        row = population.accounts
        party = int(population.parties.of_account[account])
        position = rank[party]
        role: Role = (
            "dormant"
            if is_silent
            else "harvester"
            if coverage[position] >= HARVESTER_SHARE
            else "mixed"
        )
        return Member(
            account_id=population.account_names[account],
            party_id=population.parties.names[party],
            role=role,
            confidence=float(confidence[position]),
            first_seen=instant(row["first_seen"][account].as_py()),
            last_seen=instant(row["last_seen"][account].as_py()),
            exchanges=row["exchanges"][account].as_py(),
            input_tokens=row["input_tokens"][account].as_py(),
            output_tokens=row["output_tokens"][account].as_py(),
            marks=self._campaigns_on(account),
        )

    @cached_property
    def _marked_accounts(self) -> npt.NDArray[np.int64]:
        return np.asarray(self.population.marks.rows["account"].to_numpy())

    def _marks_on(self, accounts: npt.NDArray[np.int64]) -> tuple[CampaignMarks, ...]:
        """Return the marks that accounts carry, the campaign with most accounts first."""
        marks, marked = self.population.marks, self._marked_accounts
        inside = np.isin(marked, accounts)
        found = []
        for campaign in np.unique(marks.campaign[inside]).tolist():
            everywhere = marks.campaign == campaign
            rows = inside & everywhere
            kinds, counts = np.unique(marks.kind[rows], return_counts=True)
            pairs = zip(kinds.tolist(), counts.tolist(), strict=True)
            found.append(
                CampaignMarks(
                    campaign=marks.campaigns[campaign],
                    accounts=int(np.unique(marked[rows]).size),
                    kinds={KINDS[kind]: number for kind, number in pairs},
                    accounts_of_log=int(np.unique(marked[everywhere]).size),
                )
            )
        return tuple(sorted(found, key=lambda each: (-each.accounts, each.campaign)))

    def _campaigns_on(self, account: int) -> tuple[str, ...]:
        """Return the shared campaigns of which an account carries a mark, ascending."""
        first, last = np.searchsorted(self._marked_accounts, [account, account + 1]).tolist()
        campaigns = np.unique(self.population.marks.campaign[first:last])
        return tuple(self.population.marks.campaigns[each] for each in campaigns.tolist())

    @cached_property
    def _exchanges_by_capability(self) -> list[npt.NDArray[np.float64]]:
        activity = self.population.activity
        return [activity.total(column, 0, activity.steps - 1) for column in CAPABILITY_COLUMNS]

    def _capabilities(self, parties: npt.NDArray[np.int64], total: float) -> dict[str, float]:
        """Return the capabilities that stand out, most targeted first."""
        shares = {
            name: float(of_parties[parties].sum()) / max(total, 1.0)
            for name, of_parties in zip(CAPABILITIES, self._exchanges_by_capability, strict=True)
        }
        ranked = sorted(shares.items(), key=lambda pair: -pair[1])
        return {name: share for name, share in ranked if share >= NOTABLE_SHARE}

    def _models(self, accounts: npt.NDArray[np.int64]) -> dict[str, int]:
        chosen = np.isin(self.model_use["account"].to_numpy(), accounts)
        codes = self.model_use["model"].to_numpy()[chosen]
        counts = self.model_use["exchanges"].to_numpy()[chosen]
        unique, position = np.unique(codes, return_inverse=True)
        sums = np.bincount(position, weights=counts, minlength=unique.size)
        named = self.names.values["model"]
        pairs = sorted(
            ((named[int(c)], int(s)) for c, s in zip(unique, sums, strict=True)),
            key=lambda pair: (-pair[1], pair[0]),
        )
        return dict(pairs)

    def templates(self, groups: Sequence[npt.NDArray[np.int64]]) -> list[tuple[str, ...]]:
        """Return the masked openings that each group of parties used most.

        Parameters:
            groups: Parties of each group. All are looked up at once, in one pass of the log.
        """
        if not groups or not self.names.excerpts:
            return [()] * len(groups)
        hashes = self.population.accounts["account"].to_numpy()
        accounts = [hashes[self.accounts_of(parties)] for parties in groups]
        number = np.repeat(np.arange(len(groups)), [each.size for each in accounts])
        used = self.openings(pa.table({"account": np.concatenate(accounts), "group": number}))
        group, opening = used["group"].to_numpy(), used["opening"].to_numpy()
        order = np.lexsort((opening, -used["exchanges"].to_numpy()))
        return [
            self._shown(opening[order[group[order] == number]]) for number in range(len(groups))
        ]

    def _shown(self, openings: npt.NDArray[np.int64]) -> tuple[str, ...]:
        """Return the texts of the first few openings that have one, slots masked."""
        shown: list[str] = []
        for code in openings:
            text = self.names.excerpts.get(int(code))
            opening = None if text is None else masked(text)
            if opening and opening not in shown:
                shown.append(opening)
            if len(shown) == _TEMPLATES_SHOWN:
                break
        return tuple(shown)


def masked(text: str) -> str:
    r"""Return the opening of a prompt with its slots masked, cut behind a word.

    Examples:
        >>> masked("Solve task 17:  add 'x' to \"all\" of it.")
        "Solve task … add 'x' to … of it."
        >>> masked("word " * 100)[-11:]
        'word word …'
    """
    whole = _SLOT.sub("…", " ".join(text.split()))
    if len(whole) <= _TEMPLATE_CHARACTERS and len(text) < EXCERPT_CHARACTERS:
        return whole
    start, _, part = whole[:_TEMPLATE_CHARACTERS].rpartition(" ")
    # Scripts without spaces have no word to cut behind.
    kept = start if len(start) > len(part) else whole[:_TEMPLATE_CHARACTERS]
    return f"{kept.rstrip(' …')} …"


def instant(microseconds: int) -> datetime:
    """Return the time of a microsecond count since 1970."""
    return EPOCH + timedelta(microseconds=microseconds)
