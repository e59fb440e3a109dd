"""The page about one account as text for a terminal."""

from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table

from phalanx.detect.appeals import Appeal
from phalanx.detect.thresholds import CONFIDENT
from phalanx.formats import appeal_outcomes as outcomes
from phalanx.formats import appeal_wording as say
from phalanx.formats.appeal_view import case_rows, habit_rows, value_rows
from phalanx.formats.notation import e_value, plural
from phalanx.printable import printable

_COLUMNS = 100


def render(appeal: Appeal) -> str:
    """Write the page as plain text.

    Parameters:
        appeal: What it says.
    """
    sink = io.StringIO()
    console = Console(file=sink, width=_COLUMNS, color_system=None, markup=False, highlight=False)
    placing = appeal.placing
    group = f", group {placing.group_id}" if placing.group_id else ""
    console.print(f"{say.HEADLINES[placing.list_name]}: account {appeal.account_id}{group}")
    console.print(say.standing(appeal))
    if placing.also:
        console.print(f"also listed as: {', '.join(outcomes.LISTS[name] for name in placing.also)}")
    if say.promise(appeal):
        console.print(say.promise(appeal))
    _print_seen(console, appeal)
    _print_evidence(console, appeal)
    _print_cases(console, appeal)
    for what, effect in say.clearings(appeal):
        console.print(f"\n{what}: {effect}")
    console.print(f"\n{say.limits(appeal)}")
    shown = printable(sink.getvalue(), keep="\n")
    return "".join(f"{line.rstrip()}\n" for line in shown.splitlines())


def _print_seen(console: Console, appeal: Appeal) -> None:
    console.print(f"\n{say.seen_in_words(appeal)}")
    habits = habit_rows(appeal)
    if habits:
        table = Table("habit", "here", "median", "with less", title="habits", box=None)
        for habit in habits:
            table.add_row(habit.name, habit.own, habit.median, habit.below)
        console.print(table)
        compared = plural(appeal.seen.compared_parties, "reference party")
        console.print(f"median, and share that has less of it, among {compared} of like volume")
    else:
        console.print("too few exchanges to know its habits")
    for sentence in say.marks(appeal):
        console.print(sentence)
    values = value_rows(appeal)
    if values:
        columns = ("value", "others in the log", "rarity", "others in its group")
        table = Table(*columns, title="values that it shares", box=None)
        for value in values:
            table.add_row(value.name, value.in_log, value.rarity, value.in_group)
        console.print()
        console.print(table)


def _print_evidence(console: Console, appeal: Appeal) -> None:
    if not appeal.evidence:
        return
    console.print(f"\n{say.required(appeal)}")
    columns = ("rule", "seen of the group", "e-value", "tested", "reference", "in the judgement")
    table = Table(*columns, title="evidence", box=None)
    for line in appeal.evidence:
        table.add_row(
            line.rule_id,
            f"{line.name}: {line.observation}",
            e_value(line.log10_e),
            f"{line.sample_size:,}",
            f"{line.reference_size:,}",
            line.weight,
        )
    console.print(table)
    console.print(f"assumed: {' '.join(say.assumptions(appeal))}")


def _print_cases(console: Console, appeal: Appeal) -> None:
    if appeal.recomputed is None:
        return
    rows, idle = case_rows(appeal)
    columns = ("without", "apart", "takes away", "honest", "membership", "then listed as")
    table = Table(*columns, title="if something did not count", box=None)
    for row in rows:
        label = f"{row.rules} {row.label}".strip()
        table.add_row(label, row.apart, row.taken, row.honest, row.confidence, row.listed)
    console.print()
    console.print(table)
    console.print(say.RECOMPUTED)
    if idle:
        console.print(f"Without any one of these nothing would change: {', '.join(idle)}.")
    for row in rows:
        if row.fact:
            console.print(f"{row.rules} is honest if: {row.fact}")
    for sets in appeal.recomputed.smallest:
        console.print(outcomes.smallest(sets, CONFIDENT))
    if outcomes.without_account(appeal):
        console.print(outcomes.without_account(appeal))
    console.print(f"Not evaluable from the record: {' '.join(say.NOT_EVALUABLE)}")
