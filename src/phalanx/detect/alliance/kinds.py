"""Kinds of marks, and what each was read from."""

from __future__ import annotations

from collections.abc import Mapping

TEMPLATE = "template"

READ_FROM: Mapping[str, frozenset[str]] = {
    "account": frozenset(),
    "address": frozenset({"PHX-D003"}),
    "device": frozenset({"PHX-D004"}),
    "domain": frozenset({"PHX-D005"}),
    "email": frozenset({"PHX-D005"}),
    "network": frozenset({"PHX-D003"}),
    "payment": frozenset({"PHX-D002"}),
    "phone": frozenset(),
    TEMPLATE: frozenset({"PHX-D001", "PHX-D012"}),
}
"""Kind -> link families that say, given the mark, what it has said already: who is marked by a
card carries that card. A group that such marks weigh is weighed without these families."""

KINDS = tuple(READ_FROM)
"""In the order of their codes."""

TEMPLATE_POWER = 0.5
"""Power to which the likelihood ratio of a template mark is taken: a template is copied more
easily than a card, and found by likeness."""
