"""How answers about authorship are written."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from phalanx.authorship.features.readings import READING_NAMES
from phalanx.authorship.judging import CONSISTENT, Judgement
from phalanx.authorship.reference import Calibrated
from phalanx.authorship.reference.cells import realised_interval
from phalanx.authorship.rules import CodeLikeModels, MoreLikeModelsThanChance, TextLikeModels
from phalanx.cli.authorship_together import Together, is_found, lines_of, records
from phalanx.cli.authorship_work import Answer, Made
from phalanx.formats.authorship_calibrate_document import CALIBRATE_SCHEMA_ID
from phalanx.formats.authorship_detect_document import DETECT_SCHEMA_ID
from phalanx.formats.authorship_made_document import FIT_SCHEMA_ID
from phalanx.formats.json import to_text
from phalanx.formats.lines import bullets, labelled
from phalanx.formats.notation import count, plural
from phalanx.printable import printable

METHOD = "n-grams, form and compression, ranked among human documents, version 1"
NULL = "A human wrote the document as the authors of the reference wrote theirs."
BATCH_NULL = "Every document was written so, each by itself."
ASSUMPTIONS = (
    "A human document that is asked about and those of its cell are exchangeable.",
    "None of the documents was seen in the fit.",
    "For all documents together: they were written independently of each other.",
)
_NOT_SAID = (
    "The p-value is how often a human document of the reference's kind ranks as high. It is not "
    'the chance that a human wrote this one, and "not told apart" says nothing of who wrote it. '
    "`phalanx explain PHX-A001` says more."
)
_MARGIN = (
    "no domain was named: {:.2f} is taken from each score, as much as humans of a domain that was "
    "left out of the fit lay above the others"
)
_MOST_LINES = 20
_RULES = {"text": TextLikeModels.rule_id, "code": CodeLikeModels.rule_id}
_LABELS = {CONSISTENT: "  LIKE MODELS", "mixed": "  MIXED"}

NOTHING_ADDED = Together(statements=(), served=(), located=())


def as_json(answer: Answer, added: Together = NOTHING_ADDED) -> str:
    """Write an answer for programs."""
    verdicts = answer.verdicts
    batch = verdicts.batch
    return to_text(
        {
            "schema": DETECT_SCHEMA_ID,
            "found": is_found(answer, added),
            "decided": answer.is_decided,
            "level": verdicts.level,
            "domain": answer.domain,
            "null_hypothesis": NULL,
            "method": METHOD,
            "assumptions": list(ASSUMPTIONS),
            "detectors": [_detector(each) for each in answer.models.values()],
            "documents": [_record(each) for each in verdicts.judgements],
            "together": {
                "rule_id": MoreLikeModelsThanChance.rule_id,
                "null_hypothesis": BATCH_NULL,
                "judged": batch.judged,
                "consistent": batch.consistent,
                "expected": batch.expected,
                "counted": batch.counted,
                "log10_p": batch.log10_p,
            },
            **records(answer, added),
            "rejects": [{"where": each.where, "reason": each.reason} for each in answer.rejects],
        }
    )


def as_text(answer: Answer, added: Together = NOTHING_ADDED) -> str:
    """Write an answer for reading."""
    verdicts = answer.verdicts
    batch = verdicts.batch
    said: Counter[str] = Counter(each.verdict for each in verdicts.judgements)
    total = len(verdicts.judgements)
    if added.statements:
        headline = _stated(added)
    elif batch.consistent:
        headline = f"{count(batch.consistent)} of {plural(total, 'document')}: {CONSISTENT}"
    elif said["mixed"]:
        headline = f"{count(said['mixed'])} of {plural(total, 'document')}: mixed, no claim is made"
    elif said["not told apart"]:
        headline = f"No document of {count(total)} told apart from human writing"
    else:
        headline = "Not evaluable: nothing can be said of these documents"
    lines = [
        headline,
        "",
        *labelled("read", f"{plural(total, 'document')}; {_counts(said)}"),
        *labelled("level", f"{verdicts.level:g} for each document; {batch.expected:.2g} "
                  "expected at or below it if humans wrote all that were judged"),
        *labelled("together", _together(answer)),
        *labelled("null", NULL),
    ]  # fmt: skip
    for model in answer.models.values():
        lines += labelled("detector", f"{model.detector.kind.name}: {model.detector.about}")
        lines += labelled("reference", f"{model.about}; {_digest(model)}")
        if model.joined is not None:
            lines += labelled("readings", f"by {model.joined.reader}")
        if answer.domain is None and model.margin:
            lines += labelled("margin", _MARGIN.format(model.margin))
    lines += ["", *_documents(answer), *lines_of(answer, added)]
    lines += ["", *bullets("Assumed", ASSUMPTIONS)]
    lines += ["", *labelled("not said", _NOT_SAID)]
    return "".join(f"{printable(line)}\n" for line in lines)


def joined_text(model: Calibrated) -> str:
    """Write how much the detector and each statistic of the readings count beside each other."""
    assert model.joined is not None  # noqa: S101 - who asks has joined it
    names = ("detector", *READING_NAMES)
    said = ", ".join(
        f"{name} {weight:.2f}" for name, weight in zip(names, model.joined.weights, strict=True)
    )
    return f"{printable(f'readings by {model.joined.reader}, weights: {said}')}\n"


def fitted_json(made: Made, digest: str, written: Path) -> str:
    """Write what was fitted or joined for programs.

    Parameters:
        made: The detector.
        digest: Of its file.
        written: The file.
    """
    return to_text(
        {
            "schema": FIT_SCHEMA_ID,
            "written": str(written),
            "detector": _detector(replace(made.model, digest=digest)),
            "rejects": [{"where": each.where, "reason": each.reason} for each in made.rejects],
        }
    )


def reference_json(made: Made, domain: str, calibrated: Path) -> str:
    """Write what was calibrated for programs.

    Parameters:
        made: The detector, with the digest of its file.
        domain: Of the human documents.
        calibrated: The file.
    """
    return to_text(
        {
            "schema": CALIBRATE_SCHEMA_ID,
            "calibrated": str(calibrated),
            "domain": domain,
            "detector": _detector(made.model),
            "rejects": [{"where": each.where, "reason": each.reason} for each in made.rejects],
        }
    )


def reference_text(model: Calibrated) -> str:
    """Write the cells of a reference, and the least p-value that each reaches."""
    unit = model.detector.kind.unit
    lines = [f"reference: {model.about}"]
    for cell in model.cells:
        low, high = realised_interval(cell.documents, 0.01)
        rate = f"; at 1 % it flags {low:.1%} to {high:.1%} of humans" if high else ""
        lines.append(
            f"  {cell.domain}, {cell.language}, from {cell.size_from} {unit}: "
            f"{plural(cell.documents, 'document')}, p not below {1 / (cell.documents + 1):.2g}"
            + rate
        )
    return "".join(f"{printable(line)}\n" for line in lines)


def _stated(added: Together) -> str:
    """Say what all evidence about each document amounts to: its level counts, not that of ranks."""
    words = Counter(each.words for each in added.statements if each.decided_by)
    total = plural(len(added.statements), "document")
    if words:
        told = ", ".join(f"{count(number)} {said}" for said, number in words.most_common())
        return f"Of {total}: {told}"
    if any(each.log10_p is not None for each in added.statements):
        return f"No document of {count(len(added.statements))} told apart, by all evidence together"
    return "Not evaluable: nothing can be said of these documents"


def _together(answer: Answer) -> str:
    batch = answer.verdicts.batch
    if not batch.judged:
        return "nothing was judged"
    return (
        f"{count(batch.consistent)} of {count(batch.judged)} that were judged; so many by chance: "
        f"p 10^{batch.log10_p:.1f}, of {count(batch.counted)} different ones that were ranked "
        f"({MoreLikeModelsThanChance.rule_id})"
    )


def _counts(said: Counter[str]) -> str:
    return ", ".join(f"{count(number)} {verdict}" for verdict, number in sorted(said.items()))


def _documents(answer: Answer) -> list[str]:
    """List what is consistent with a model, then what is not evaluable, then the rest."""
    order = {CONSISTENT: 0, "mixed": 1, "not evaluable": 2, "not told apart": 3}
    ranked = sorted(
        answer.verdicts.judgements, key=lambda each: (order[each.verdict], each.log10_p or 0.0)
    )
    lines = []
    for each in ranked[:_MOST_LINES]:
        label = _LABELS.get(each.verdict, "  -")
        lines += labelled(label, f" {each.document.document_id}: {_said(each)}")
    if len(ranked) > _MOST_LINES:
        lines.append(f"  {count(len(ranked) - _MOST_LINES)} more; -f json lists all")
    return lines


def _said(each: Judgement) -> str:
    if each.log10_p is None:
        return f"{each.verdict}: {each.reason}"
    beyond = f" (the first of {count(each.whole_size)})" if each.whole_size > each.size else ""
    unit = "lines" if each.document.kind == "code" else "words"
    return (
        f"{each.verdict}, p {10.0**each.log10_p:.2g} among {count(each.reference_size)} human "
        f"documents of {each.domain}, {count(each.size)} {unit}{beyond} "
        f"({_RULES[each.document.kind]})"
    )


def _record(each: Judgement) -> dict[str, Any]:
    return {
        "document": each.document.document_id,
        "kind": each.document.kind,
        "language": each.document.language,
        "verdict": each.verdict,
        "reason": each.reason,
        "rule_id": _RULES[each.document.kind],
        "size_read": each.size,
        "size": each.whole_size,
        "log10_p": each.log10_p,
        "domain": each.domain,
        "reference_size": each.reference_size,
    }


def _detector(model: Calibrated) -> dict[str, Any]:
    return {
        "kind": model.detector.kind.name,
        "languages": list(model.detector.languages),
        "fitted_on": model.detector.about,
        "reference": model.about,
        "sha256": model.digest,
        "margin": model.margin,
        "readings_by": None
        if model.joined is None
        else {"name": model.joined.reader, "sha256": model.joined.reader_digest},
        "cells": [
            {
                "domain": cell.domain,
                "language": cell.language,
                "size_from": cell.size_from,
                "documents": cell.documents,
                "flagged_share_95": list(realised_interval(cell.documents, 0.01)),
            }
            for cell in model.cells
        ],
    }


def _digest(model: Calibrated) -> str:
    return f"sha256 {model.digest[:16]}"
