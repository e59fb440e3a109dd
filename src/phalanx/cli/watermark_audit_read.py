"""What an audit is given, chosen and ordered as its plan says."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from phalanx.cli.watermark_audit_options import ModelOptions
from phalanx.cli.watermark_audit_plan import MOST_PROMPTS_BYTES
from phalanx.cli.watermark_work import content_of
from phalanx.errors import InputError
from phalanx.watermark.audit import (
    Leaning,
    Plan,
    Recorded,
    leaning_of,
    likelihood,
    parse_recorded,
    prompts_digest,
    read,
)
from phalanx.watermark.draws import Draws, draw
from phalanx.watermark.marking.local_model import LocalModel, open_local_model
from phalanx.watermark.schemes.registry import open_scheme
from phalanx.watermark.texts import Cut, Document, Reject, open_tokenizer, read_documents
from phalanx.watermark.texts.documents import MOST_LINE_BYTES

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
_AGAIN = "is a document of the plan that was given before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Files and models of an audit."""

    given: Path
    """Answers, documents to read, or what was recorded of them."""

    prompts: Path
    """What the plan says is asked or read."""

    tokenizer: Path | None
    models: ModelOptions


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """What counts of a suspect's answers, in the order of the plan's prompts."""

    draws: Draws
    log_p: Floats | None
    """Natural logarithm of what the reference gives each draw; null for sums."""

    digest: str
    documents: int


def read_answers(material: Material, plan: Plan, rejects: list[Reject]) -> Answers:
    """Read answers to prompts of the plan; others are rejected.

    Raises:
        InputError: If nothing can be used, nobody says how likely tokens were, or records of models
            are announced.
        PhalanxError: If tokenizer or reference cannot be opened.
    """
    if material.models.recorded:
        message = "an audit of answers takes no records of models: lines of answers have log_p"
        raise InputError(message, next_step="Leave --recorded out, or plan with --mode weights.")
    chosen, cut = answers_of(material, rejects)
    setting = open_scheme(plan.scheme).setting
    documents, log_p, model = cut.documents, None, None
    if plan.mode == "answers" and material.models.reference is not None:
        model = open_local_model(material.models.reference)
        # The model sees the prompt, of which nothing counts.
        pairs = zip(cut.prompts, cut.documents, strict=True)
        documents = tuple(np.concatenate(pair) for pair in pairs)
    draws = draw(documents, setting.context_width, setting.unit, known=cut.prompts)
    if model is not None:
        log_p = likelihood(draws, documents, model)
    elif plan.mode == "answers":
        log_p = _recorded_log_p(chosen, cut, draws)
    return Answers(
        draws=draws, log_p=log_p, digest=prompts_digest(cut.documents), documents=len(chosen)
    )


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
    cut, (marked, suspect, reference) = reading_of(material, rejects)
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


def answers_of(material: Material, rejects: list[Reject]) -> tuple[list[Document], Cut]:
    """Return answers to prompts of the plan, in its order, and as tokens.

    Raises:
        InputError: If nothing can be used.
        PhalanxError: If the tokenizer cannot be opened.
    """
    return _chosen(
        material,
        lambda document: (document.prompt, document.prompt_tokens),
        "answers no prompt of the plan",
        rejects,
    )


def recorded_of(material: Material, plan: Plan, rejects: list[Reject]) -> list[Recorded]:
    """Return what was recorded of documents of the plan, in its order.

    Raises:
        InputError: If nothing can be used, the plan fixes weights, or a model is named as well.
    """
    if plan.reference_digest or plan.marked_digest:
        message = "the plan fixes models, and records do not say of which they are"
        raise InputError(message, next_step="Run it here: name --marked, --model and --reference.")
    models = material.models
    if not (models.marked is models.model is models.reference is material.tokenizer is None):
        message = "of what was recorded no model is run, and no text is cut into tokens"
        raise InputError(message, next_step="Leave out the folders and --tokenizer, or --recorded.")
    planned = _planned(material)
    documents: list[Recorded] = []
    seen: set[int] = set()
    lines = content_of(material.given, MOST_PROMPTS_BYTES).splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        found = parse_recorded(line) if len(line) <= MOST_LINE_BYTES else None
        where = f"{material.given}:{number}"
        if found is None:
            rejects.append(Reject(where=where, reason="is no record of what three models said"))
        elif found.tokens.tobytes() not in planned:
            rejects.append(Reject(where=where, reason="is no document of the plan"))
        elif (at := planned[found.tokens.tobytes()]) in seen:
            rejects.append(Reject(where=where, reason=_AGAIN))
        else:
            seen.add(at)
            documents.append(found)
    if not documents:
        raise _nothing(material.given, rejects)
    documents.sort(key=lambda each: planned[each.tokens.tobytes()])
    return documents


def reading_of(material: Material, rejects: list[Reject]) -> tuple[Cut, list[LocalModel]]:
    """Return documents of the plan, and the marked model, the suspect and the reference.

    Raises:
        InputError: If a model is not named, nothing can be used, or vocabularies differ.
        PhalanxError: If a tokenizer or model cannot be opened.
    """
    folders = (material.models.marked, material.models.model, material.models.reference)
    if None in folders:
        message = "an audit of weights runs three models: --marked, --model and --reference"
        raise InputError(message, next_step="Name all three, or pass --recorded.")
    _, cut = _chosen(
        material,
        lambda document: (document.text, document.tokens),
        "is no document of the plan",
        rejects,
        once=True,
    )
    return cut, opened(folders)


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


def _chosen(
    material: Material,
    asked: Callable[[Document], tuple[str | None, Numbers | None]],
    unplanned: str,
    rejects: list[Reject],
    *,
    once: bool = False,
) -> tuple[list[Document], Cut]:
    """Return the documents that the plan knows, in its order, and as tokens.

    Parameters:
        material: What is given.
        asked: What of a document stands in the plan: its text, or its token numbers.
        unplanned: What is said of a document of which neither does.
        rejects: What could not be used is added.
        once: Of what the plan knows each is used once: what is read a second time says nothing new.
    """
    tokenizer = open_tokenizer(material.tokenizer)
    planned = _planned(material)
    given = read_documents([material.given], io.BytesIO(), as_lines=True)
    rejects += given.rejects
    used: list[tuple[int, Document]] = []
    seen: set[int | None] = set()
    for document in given.documents:
        at = _place_of(planned, *asked(document))
        reason = tokenizer.lacks(document)
        if not reason and at is None:
            reason = unplanned
        if not reason and once and at in seen:
            reason = _AGAIN
        if reason:
            rejects.append(Reject(where=document.where, reason=reason))
        elif at is not None:
            seen.add(at)
            used.append((at, document))
    if not used:
        raise _nothing(material.given, rejects)
    chosen = [document for _, document in sorted(used, key=lambda each: each[0])]
    return chosen, tokenizer.cut(chosen)


def _recorded_log_p(used: Sequence[Document], cut: Cut, draws: Draws) -> Floats:
    """Return what the reference gave each token that counts, as it was recorded."""
    for document, tokens in zip(used, cut.documents, strict=True):
        if document.log_p is None or document.log_p.size != tokens.size:
            message = f"{document.where}: has no log_p of the reference for each of its tokens"
            advice = "Record it, name the reference's folder with --reference, or plan with sums."
            raise InputError(message, next_step=advice)
    before = np.zeros(sum(each.size for each in cut.prompts))
    said = np.concatenate([before, *(each.log_p for each in used if each.log_p is not None)])
    result: Floats = said[draws.positions]
    return result


def _planned(material: Material) -> dict[str | bytes, int]:
    """Return where each text, or its token numbers, first stands among the plan's prompts."""
    found = read_documents([material.prompts], io.BytesIO(), as_lines=True)
    if found.rejects:
        first = found.rejects[0]
        message = f"{first.where}: {first.reason}"
        raise InputError(message, next_step="Plan with prompts that can all be read.")
    planned: dict[str | bytes, int] = {}
    for at, document in enumerate(found.documents):
        if document.text is not None:
            planned.setdefault(document.text, at)
        if document.tokens is not None and document.tokens.size:
            planned.setdefault(document.tokens.tobytes(), at)
    return planned


def _place_of(
    planned: dict[str | bytes, int], text: str | None, tokens: Numbers | None
) -> int | None:
    """Return where the plan has a text or its tokens; null if it has neither."""
    found = [] if text is None else [planned.get(text)]
    if tokens is not None:
        found.append(planned.get(tokens.tobytes()))
    return min((at for at in found if at is not None), default=None)


def _nothing(path: Path, rejects: Sequence[Reject]) -> InputError:
    first = f": {rejects[0].where}: {rejects[0].reason}" if rejects else ""
    return InputError(f"{path}: no line can be used{first}", next_step="See the plan's prompts.")
