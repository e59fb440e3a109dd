"""The rows of a page about one account, as text that every rendering shows."""

from __future__ import annotations

from dataclasses import dataclass

from phalanx.detect.appeals import Appeal
from phalanx.detect.appeals.docket import source_of
from phalanx.detect.appeals.result import Counterfactual, SharedValue
from phalanx.formats.appeal_outcomes import (
    NONE,
    NOTHING_LOST,
    chance,
    listed,
    look_alikes,
    rule_name,
    taken_away,
)
from phalanx.formats.notation import count, e_value, share


@dataclass(frozen=True, slots=True, kw_only=True)
class HabitRow:
    """One habit against the reference."""

    name: str
    own: str
    median: str
    below: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRow:
    """How common one value is."""

    name: str
    rule_id: str
    in_log: str
    in_group: str
    rarity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """One recomputed judgement."""

    label: str
    rules: str
    fact: str
    apart: str
    taken: str
    honest: str
    confidence: str
    listed: str


def habit_rows(appeal: Appeal) -> tuple[HabitRow, ...]:
    """Return the habits; a dash where too few parties could be compared.

    Parameters:
        appeal: The page.
    """
    return tuple(
        HabitRow(
            name=habit.name,
            own=share(round(habit.share, 3)),
            median=NONE
            if habit.reference_median is None
            else share(round(habit.reference_median, 3)),
            below=NONE if habit.reference_below is None else share(round(habit.reference_below, 3)),
        )
        for habit in appeal.seen.habits
    )


def value_rows(appeal: Appeal) -> tuple[ValueRow, ...]:
    """Return how common each value of the account is, those that it shows.

    Parameters:
        appeal: The page.
    """
    return tuple(
        ValueRow(
            name=value.name,
            rule_id=value.rule_id,
            in_log=count(value.others),
            in_group=NONE if value.others_in_group is None else count(value.others_in_group),
            rarity=_rarity(value, value.others),
        )
        for value in appeal.seen.values
        if value.others is not None
    )


def _rarity(value: SharedValue, others: int) -> str:
    """Write the share of parties that carry a value as one in so many."""
    carrying = others + 1
    return f"1 in {count(round(max(value.showing, carrying) / carrying))} of {count(value.showing)}"


def case_rows(appeal: Appeal) -> tuple[tuple[CaseRow, ...], tuple[str, ...]]:
    """Return the recomputed judgements that differ from the recorded one, the others by name.

    Parameters:
        appeal: The page.

    Returns:
        Rows, the recorded one first, and the names of links without which nothing changes.
    """
    recomputed = appeal.recomputed
    if recomputed is None:
        return (), ()
    recorded = recomputed.as_recorded
    cases = sorted(recomputed.without_link, key=lambda case: case.log10_e_apart)
    changing = [case for case in cases if _changes(case, recorded)]
    idle = tuple(rule_name(case.removed[0]) for case in cases if not _changes(case, recorded))
    sources = [case for case in recomputed.without_source if _changes(case, recorded)]
    use = [recomputed.without_use] if recomputed.without_use else []
    rows = (_row(case, recorded) for case in (recorded, *changing, *sources, *use))
    return tuple(rows), idle


def _changes(case: Counterfactual, recorded: Counterfactual) -> bool:
    same_lists = (case.listed_as, case.listed_as_if_unformed) == (
        recorded.listed_as,
        recorded.listed_as_if_unformed,
    )
    return not same_lists or recorded.log10_e_apart - case.log10_e_apart >= NOTHING_LOST


def _row(case: Counterfactual, recorded: Counterfactual) -> CaseRow:
    return CaseRow(
        label=_label(case),
        rules=", ".join(case.removed),
        fact=look_alikes(case.removed[0]) if len(case.removed) == 1 else "",
        apart=e_value(case.log10_e_apart),
        taken=taken_away(case, recorded),
        honest=NONE if case.log10_e_honest is None else e_value(case.log10_e_honest),
        confidence=NONE if case.confidence is None else chance(case.confidence),
        listed=listed(case),
    )


def _label(case: Counterfactual) -> str:
    if not case.removed:
        return "Nothing: as recorded"
    name = rule_name(case.removed[0])
    return name if len(case.removed) == 1 else f"All of {source_of(case.removed[0])}"
