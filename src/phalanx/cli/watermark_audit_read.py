"""What an audit is given, chosen and ordered as its plan says."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from phalanx.cli.watermark_audit_options import ModelOptions
from phalanx.cli.watermark_audit_prompts import MOST_PROMPTS_BYTES, Prompts, planned_prompts
from phalanx.cli.watermark_work import content_of
from phalanx.errors import InputError
from phalanx.watermark.audit import (
    Leaning,
    Plan,
    Recorded,
    leaning_of,
    parse_recorded,
    read,
)
from phalanx.watermark.marking.local_model import LocalModel, open_local_model
from phalanx.watermark.schemes.registry import open_scheme
from phalanx.watermark.texts import Cut, Document, Reject, read_documents
from phalanx.watermark.texts.documents import MOST_LINE_BYTES

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
_AGAIN = "is a document of the plan that was given before"
_CUT = "Plan with documents that all three models read."
LACKS_PLACES = "lacks places: each token with a whole context before it is recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Files and models of an audit."""

    given: Path
    """Answers, documents to read, or what was recorded of them."""

    prompts: Path
    """What the plan says is asked or read."""

    tokenizer: Path | None
    models: ModelOptions


def read_recorded(material: Material, plan: Plan, rejects: list[Reject]) -> tuple[Leaning, int]:
    """Read what three models said of documents of the plan; return it, and how many there are.

    Raises:
        InputError: If nothing can be used, or the plan fixes a model.
    """
    documents = recorded_of(material, plan, rejects)
    width = open_scheme(plan.scheme).setting.context_width
    return leaning_of(documents, width), len(documents)


def read_weights(material: Material, plan: Plan, rejects: list[Reject]) -> tuple[Leaning, int]:
    """Run three models on documents of the plan; return what they say, and how many there are.

    Raises:
        InputError: If a model is not named, nothing can be used, or vocabularies differ.
        PhalanxError: If a tokenizer or model cannot be opened.
    """
    cut, (marked, suspect, reference) = reading_of(material, plan, rejects)
    leaning = read(
        cut.documents,
        marked,
        suspect,
        reference,
        open_scheme(plan.scheme).setting.context_width,
        known=[prompt for prompt in cut.prompts if prompt.size],
        candidates=plan.candidates,
    )
    return leaning, len(cut.documents)


def recorded_of(material: Material, plan: Plan, rejects: list[Reject]) -> list[Recorded]:
    """Return what was recorded of documents of the plan, in its order.

    Raises:
        InputError: If nothing can be used, the plan fixes a model, or one is named as well.
        VerificationError: If the tokenizer is not the one of the plan.
    """
    refuse_models(material, plan)
    prompts = planned_prompts(plan, material.prompts, material.tokenizer)
    planned = {each.tobytes(): at for at, each in enumerate(prompts.tokens)}
    documents: list[Recorded] = []
    seen: set[int] = set()
    width = open_scheme(plan.scheme).setting.context_width
    for where, found in records_of(material, parse_recorded):
        if found is None:
            rejects.append(Reject(where=where, reason="is no record of what three models said"))
        elif found.tokens.tobytes() not in planned:
            rejects.append(Reject(where=where, reason="is no document of the plan"))
        elif (at := planned[found.tokens.tobytes()]) in seen:
            rejects.append(Reject(where=where, reason=_AGAIN))
        elif not found.whole(width):
            rejects.append(Reject(where=where, reason=LACKS_PLACES))
        else:
            seen.add(at)
            documents.append(found)
    if not documents:
        raise nothing(material.given, rejects)
    documents.sort(key=lambda each: planned[each.tokens.tobytes()])
    return documents


def refuse_models(material: Material, plan: Plan) -> None:
    """Refuse to read records where models are fixed, or named.

    Raises:
        InputError: If they are.
    """
    if plan.reference_digest or plan.marked_digest:
        message = "the plan fixes models, and records do not say of which they are"
        raise InputError(message, next_step="Run them here: name the folders.")
    models = material.models
    if not (models.marked is models.model is models.reference is None):
        message = "of what was recorded no model is run"
        raise InputError(message, next_step="Leave out the folders, or --recorded.")


def records_of(
    material: Material, parse: Callable[[bytes], Recorded | None]
) -> Iterator[tuple[str, Recorded | None]]:
    """Yield what was recorded on each line, and where it stands; null if it is none."""
    lines = content_of(material.given, MOST_PROMPTS_BYTES).splitlines()
    for number, line in enumerate(lines, start=1):
        if line.strip():
            found = parse(line) if len(line) <= MOST_LINE_BYTES else None
            yield f"{material.given}:{number}", found


def reading_of(
    material: Material, plan: Plan, rejects: list[Reject]
) -> tuple[Cut, list[LocalModel]]:
    """Return documents of the plan, and the marked model, the suspect and the reference.

    What is given says which of the documents are read: they themselves are the plan's.

    Raises:
        InputError: If a model is not named, nothing can be used, or vocabularies differ.
        VerificationError: If the tokenizer is not the one of the plan.
        PhalanxError: If a tokenizer or model cannot be opened.
    """
    folders = (material.models.marked, material.models.model, material.models.reference)
    if None in folders:
        message = "an audit of weights runs three models: --marked, --model and --reference"
        raise InputError(message, next_step="Name all three, or pass --recorded.")
    prompts = planned_prompts(plan, material.prompts, material.tokenizer)
    used = used_of(
        material, prompts, lambda each: (each.text, each.tokens),
        "is no document of the plan", rejects,
    )  # fmt: skip
    seen: set[int] = set()
    for at, document in used:
        if at in seen:
            rejects.append(Reject(where=document.where, reason=_AGAIN))
        seen.add(at)
    if not seen:
        raise nothing(material.given, rejects)
    chosen = [prompts.documents[at] for at in sorted(seen)]
    for each in chosen:
        if reason := prompts.tokenizer.lacks(each):
            message = f"{each.where}: {reason}"
            raise InputError(message, next_step="Plan with documents that can all be cut.")
    cut, models = prompts.tokenizer.cut(chosen), opened(folders)
    refuse_unread(models, [each.where for each in chosen], cut.documents, _CUT)
    return cut, models


def opened(folders: Sequence[Path | None]) -> list[LocalModel]:
    """Open models of one vocabulary, each once.

    Raises:
        InputError: If vocabularies differ.
        PhalanxError: If one cannot be opened.
    """
    models: dict[Path, LocalModel] = {}
    for folder in folders:
        if folder is not None and folder not in models:
            models[folder] = open_local_model(folder)
    if len({each.vocabulary for each in models.values()}) > 1:
        message = "the models have different vocabularies"
        raise InputError(message, next_step="Audit its answers instead: --mode answers.")
    return [models[folder] for folder in folders if folder is not None]


def refuse_unread(
    models: Sequence[LocalModel], where: Sequence[str], texts: Sequence[Numbers], advice: str
) -> None:
    """Refuse texts that a model cannot read, before any of them is read.

    Parameters:
        models: That are run.
        where: Where each text stands.
        texts: As tokens.
        advice: What to do.

    Raises:
        InputError: If a text is longer than a model reads, or has other tokens; with where it is.
    """
    for place, text in zip(where, texts, strict=True):
        for model in models:
            if reason := model.lacks(text):
                message = f"{place}: {reason}"
                raise InputError(message, next_step=advice)


def used_of(
    material: Material,
    prompts: Prompts,
    asked: Callable[[Document], tuple[str | None, Numbers | None]],
    unplanned: str,
    rejects: list[Reject],
) -> list[tuple[int, Document]]:
    """Return what is given of what the plan knows, each with its place there.

    Parameters:
        material: What is given.
        prompts: Of the plan.
        asked: What of a document stands in the plan: its text, or its token numbers.
        unplanned: What is said of a document of which neither does.
        rejects: What could not be used is added.
    """
    given = read_documents([material.given], io.BytesIO(), as_lines=True)
    rejects += given.rejects
    used: list[tuple[int, Document]] = []
    for document in given.documents:
        at = prompts.place_of(*asked(document))
        reason = prompts.tokenizer.lacks(document) or (unplanned if at is None else "")
        if reason:
            rejects.append(Reject(where=document.where, reason=reason))
        elif at is not None:
            used.append((at, document))
    return used


def nothing(path: Path, rejects: Sequence[Reject]) -> InputError:
    """Return what is raised where no line can be used."""
    first = f": {rejects[0].where}: {rejects[0].reason}" if rejects else ""
    return InputError(f"{path}: no line can be used{first}", next_step="See the plan's prompts.")
