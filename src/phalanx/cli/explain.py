"""`phalanx explain`: what a rule sees, when it is wrong, and where it comes from."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from phalanx.cli.rendering import OutputPath, TableOrJson, write_text
from phalanx.cli.terminal import Common
from phalanx.errors import InputError

if TYPE_CHECKING:
    from phalanx.rules import Rule


def explain(
    rule: Annotated[str | None, Parameter(show_default=False)] = None,
    /,
    *,
    every: Annotated[bool, Parameter(name="--list")] = False,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Explain a signal, a test, a finding or a reason of the gateway by its rule id.

    Parameters:
        rule: Rule id as it stands in a report, for example `PHX-D001`, or the rule's name.
        every: List all rules instead.
        output_format: How to print.
        output: File to print into instead.
        common: Options of every command.
    """
    from phalanx.authorship.rules import authorship_rules
    from phalanx.detect.rules import all_rules
    from phalanx.prevent.rules import gateway_rules
    from phalanx.provenance.rules import provenance_rules
    from phalanx.watermark.rules import mark_rules

    common.detail("rules of this installation")
    rules = (
        *all_rules(), *mark_rules(), *provenance_rules(), *authorship_rules(), *gateway_rules(),
    )  # fmt: skip
    chosen = rules if every or rule is None else [_find(rules, rule)]
    if output_format == "json":
        text = json.dumps([_as_record(each) for each in chosen], indent=2, ensure_ascii=False)
    elif len(chosen) == 1 and rule is not None:
        text = f"{chosen[0].rule_id} {chosen[0].name} ({chosen[0].family})\n\n" + _text(chosen[0])
    else:
        width = max(len(each.name) for each in chosen)
        text = "\n".join(
            f"{each.rule_id}  {each.name:<{width}}  {_text(each).splitlines()[0]}"
            for each in chosen
        )
    write_text(f"{text}\n", output)


def _find(rules: Sequence[Rule], wanted: str) -> Rule:
    for rule in rules:
        if wanted.casefold() in (rule.rule_id.casefold(), rule.name.casefold()):
            return rule
    message = f"no rule is called {wanted!r}"
    raise InputError(message, next_step="`phalanx explain --list` names all rules.")


def _as_record(rule: Rule) -> dict[str, str]:
    return {
        "rule_id": rule.rule_id,
        "name": rule.name,
        "family": rule.family,
        "documentation": _text(rule),
    }


def _text(rule: Rule) -> str:
    return inspect.cleandoc(rule.documentation)
