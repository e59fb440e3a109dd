"""What an audit gathers by context, of what its plan says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.cli.watermark_audit_answers import UNREAD, answers_of, recorded_answers_of
from phalanx.cli.watermark_audit_read import (
    Material,
    opened,
    reading_of,
    recorded_of,
    refuse_unread,
)
from phalanx.errors import InputError
from phalanx.watermark.audit import (
    Choices,
    Plan,
    chosen_answers,
    chosen_recorded,
    chosen_recorded_answers,
    chosen_weights,
)
from phalanx.watermark.schemes.registry import open_scheme
from phalanx.watermark.texts import Reject

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gathered:
    """What was gathered, by a plan that gathers."""

    choices: Choices
    unmarked: tuple[Numbers, ...]
    """What the suspect has read, or was asked."""

    digest: str
    """Of the answers; empty where it has read."""

    documents: int


def gather_answers(material: Material, plan: Plan, rejects: list[Reject]) -> Gathered:
    """Gather what the suspect chose in answers to prompts of the plan.

    Two models run here on them, or were recorded.

    Raises:
        InputError: If a model is not named, nothing can be used, or vocabularies differ.
        PhalanxError: If a tokenizer or model cannot be opened.
    """
    width = open_scheme(plan.scheme).setting.context_width
    if material.models.recorded:
        records, asked, digest = recorded_answers_of(material, plan, rejects)
        choices = chosen_recorded_answers(
            records, width, candidates=plan.candidates, most_places=plan.places
        )
        return Gathered(choices=choices, unmarked=asked, digest=digest, documents=len(records))
    folders = (material.models.marked, material.models.reference)
    if None in folders:
        message = "gathered answers are read by two models: --marked and --reference"
        raise InputError(message, next_step="Name both, pass --recorded, or plan with answers.")
    found = answers_of(material, plan, rejects)
    marked, reference = opened(folders)
    whole = found.whole
    refuse_unread([marked, reference], found.where, whole, UNREAD)
    _refuse_short(whole, width)
    choices = chosen_answers(
        whole, [each.size for each in found.prompts], marked, reference, width,
        candidates=plan.candidates, most_places=plan.places,
    )  # fmt: skip
    return Gathered(
        choices=choices,
        unmarked=found.asked,
        digest=found.digest,
        documents=len(found.given),
    )


def gather_weights(material: Material, plan: Plan, rejects: list[Reject]) -> Gathered:
    """Gather what the suspect would choose in documents of the plan, run here or recorded.

    Raises:
        InputError: If a model is not named, nothing can be used, vocabularies differ, or weights
            that the plan fixes were not run here.
        PhalanxError: If a tokenizer or model cannot be opened.
    """
    width = open_scheme(plan.scheme).setting.context_width
    if material.models.recorded:
        records = recorded_of(material, plan, rejects)
        choices = chosen_recorded(
            records, width, candidates=plan.candidates, most_places=plan.places
        )
        read_by = tuple(each.tokens for each in records)
    else:
        cut, (marked, suspect, reference) = reading_of(material, plan, rejects)
        _refuse_short(cut.documents, width)
        choices = chosen_weights(
            cut.documents, marked, suspect, reference, width,
            candidates=plan.candidates, most_places=plan.places,
        )  # fmt: skip
        read_by = cut.documents
    return Gathered(choices=choices, unmarked=read_by, digest="", documents=len(read_by))


def _refuse_short(documents: Sequence[Numbers], width: int) -> None:
    """Refuse texts of which nothing can be gathered."""
    if not any(each.size > width for each in documents):
        message = f"no text is longer than the {width} tokens of a context"
        raise InputError(message, next_step="Ask for longer answers, or read more.")
