"""How an audit is run as planned."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from phalanx.cli.watermark_audit_options import ModelOptions
from phalanx.cli.watermark_audit_plan import MOST_PROMPTS_BYTES
from phalanx.cli.watermark_audit_verify import refuse_commitment
from phalanx.cli.watermark_options import KeyOptions
from phalanx.cli.watermark_work import content_of, derived
from phalanx.errors import InputError, VerificationError
from phalanx.owned import read_or_make_secret, written_whole
from phalanx.watermark.audit import (
    Audit,
    Leaning,
    Plan,
    audit_answers,
    audit_leaning,
    leaning_of,
    likelihood,
    parse_recorded,
    prompts_digest,
    read,
    read_plan,
    refuse_other_prompts,
    sign_report,
)
from phalanx.watermark.audit.plan import MOST_BYTES
from phalanx.watermark.draws import Draws, draw
from phalanx.watermark.keys.vault import Act, Vault
from phalanx.watermark.marking.local_model import LocalModel, open_local_model, weights_digest
from phalanx.watermark.schemes.registry import open_scheme
from phalanx.watermark.texts import Document, Reject, open_tokenizer, read_documents
from phalanx.watermark.texts.documents import MOST_LINE_BYTES

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
_SIGNER = "key that signs reports"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is run on what."""

    plan: Path
    given: Path
    names: Path
    prompts: Path
    purpose: Any
    epoch: int | None
    tokenizer: Path | None
    models: ModelOptions
    commitment: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came out."""

    audit: Audit
    documents: int
    """That were used."""

    repeats: int
    """Places that say the same again, or what a prompt said."""

    rejects: tuple[Reject, ...]


def signer_of(path: Path) -> Ed25519PrivateKey:
    """Read the key that signs, or make it.

    Raises:
        ConfigError: If others may read it, or it is none.
    """
    return Ed25519PrivateKey.from_private_bytes(read_or_make_secret(path, _SIGNER, 32))


def write_report(audit: Audit, signer: Ed25519PrivateKey, output: Path) -> str:
    """Write the signed report, and return the public key that verifies it, base64.

    Raises:
        OSError: If it cannot be written.
    """
    with written_whole(output) as aside:
        aside.write_bytes(sign_report(audit, signer))
    return base64.b64encode(signer.public_key().public_bytes_raw()).decode()


def audited(task: Task, vault: Vault, who: Act, progress: Callable[[str, float], None]) -> Done:
    """Run an audit.

    Raises:
        InputError: If something that is given cannot be used.
        VerificationError: If plan, prompts, keys or commitment are not those of each other.
        PhalanxError: If the vault or a model cannot be opened.
    """
    plan = read_plan(content_of(task.plan, MOST_BYTES))
    refuse_other_prompts(plan, content_of(task.prompts, MOST_PROMPTS_BYTES))
    if plan.reference_digest:
        _refuse_other_reference(plan, task.models)
    if task.commitment is not None:
        refuse_commitment(task.commitment, plan)
    which = KeyOptions(scheme=plan.scheme, purpose=task.purpose, epoch=task.epoch)
    made = derived(vault, task.names, which, who)
    if made.ids != plan.key_ids:
        message = f"{task.names}: the vault derives other keys than those of the plan"
        advice = "Name vault, names, purpose and epoch as they were when it was made."
        raise VerificationError(message, next_step=advice)
    keys = {name: key.reveal() for name, key in zip(made.ids, made.keys, strict=True)}
    rejects: list[Reject] = []
    progress("reading", 0.1)
    if plan.mode == "weights":
        read_by = _recorded if task.models.recorded else _read_here
        leaning, documents = read_by(task, plan, rejects)
        draws = leaning.field.draws
        progress("testing", 0.4)
        audit = audit_leaning(plan, leaning, keys)
    else:
        draws, log_p, digest, documents = _answers(task, plan, rejects)
        progress("testing", 0.4)
        audit = audit_answers(plan, draws, log_p, keys, answers_digest=digest)
    if not audit.places:
        message = f"{task.given}: nothing is left that counts"
        raise InputError(message, next_step="Ask for longer answers, or read more.")
    progress("done", 1.0)
    return Done(audit=audit, documents=documents, repeats=draws.repeats, rejects=tuple(rejects))


def _refuse_other_reference(plan: Plan, models: ModelOptions) -> None:
    """Refuse to go on without the reference whose weights the plan fixed."""
    if models.reference is None:
        message = "the plan fixes the weights of its reference, which is not named"
        raise VerificationError(message, next_step="Name its folder with --reference.")
    if weights_digest(models.reference) != plan.reference_digest:
        message = f"{models.reference}: not the reference of the plan"
        raise VerificationError(message, next_step="Name the model that was planned with.")


def _answers(
    task: Task, plan: Plan, rejects: list[Reject]
) -> tuple[Draws, Floats | None, str, int]:
    """Return what counts of the answers in the order of the plan's prompts, with their digest."""
    tokenizer = open_tokenizer(task.tokenizer)
    planned = _planned(task)
    given = read_documents([task.given], _no_stdin(), as_lines=True)
    rejects += given.rejects
    used: list[tuple[int, Document]] = []
    for document in given.documents:
        at = min(_places_of(planned, document.prompt, document.prompt_tokens), default=None)
        reason = tokenizer.lacks(document)
        if not reason and at is None:
            reason = "answers no prompt of the plan"
        if reason:
            rejects.append(Reject(where=document.where, reason=reason))
        elif at is not None:
            used.append((at, document))
    if not used:
        raise _nothing(task.given, rejects)
    answered = [document for _, document in sorted(used, key=lambda each: each[0])]
    cut = tokenizer.cut(answered)
    setting = open_scheme(plan.scheme).setting
    digest = prompts_digest(cut.documents)
    if plan.mode == "answers" and task.models.reference is not None:
        model = open_local_model(task.models.reference)
        # The model sees the prompt, of which nothing counts.
        whole = [np.concatenate(pair) for pair in zip(cut.prompts, cut.documents, strict=True)]
        draws = draw(whole, setting.context_width, setting.unit, known=cut.prompts)
        return draws, likelihood(draws, whole, model), digest, len(used)
    draws = draw(cut.documents, setting.context_width, setting.unit, known=cut.prompts)
    log_p = None
    if plan.mode == "answers":
        log_p = _recorded_log_p(answered, cut.documents, cut.prompts, draws)
    return draws, log_p, digest, len(used)


def _recorded_log_p(
    used: Sequence[Document],
    documents: Sequence[Numbers],
    prompts: Sequence[Numbers],
    draws: Draws,
) -> Floats:
    """Return what the reference gave each token that counts, as it was recorded."""
    for document, tokens in zip(used, documents, strict=True):
        if document.log_p is None or document.log_p.size != tokens.size:
            message = f"{document.where}: has no log_p of the reference for each of its tokens"
            advice = "Record it, name the reference's folder with --reference, or plan with sums."
            raise InputError(message, next_step=advice)
    before = np.zeros(sum(each.size for each in prompts))
    said = np.concatenate([before, *(each.log_p for each in used if each.log_p is not None)])
    result: Floats = said[draws.positions]
    return result


def _recorded(task: Task, plan: Plan, rejects: list[Reject]) -> tuple[Leaning, int]:
    if plan.reference_digest:
        message = "the plan fixes the weights of its reference, of which records say nothing"
        raise InputError(message, next_step="Run it here: name --marked, --model and --reference.")
    planned = _planned(task)
    documents = []
    lines = content_of(task.given, MOST_PROMPTS_BYTES).splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        found = parse_recorded(line) if len(line) <= MOST_LINE_BYTES else None
        where = f"{task.given}:{number}"
        if found is None:
            rejects.append(Reject(where=where, reason="is no record of what three models said"))
        elif found.tokens.tobytes() not in planned:
            rejects.append(Reject(where=where, reason="is no document of the plan"))
        else:
            documents.append(found)
    if not documents:
        raise _nothing(task.given, rejects)
    documents.sort(key=lambda each: planned[each.tokens.tobytes()])
    width = open_scheme(plan.scheme).setting.context_width
    return leaning_of(documents, width), len(documents)


def _read_here(task: Task, plan: Plan, rejects: list[Reject]) -> tuple[Leaning, int]:
    folders = (task.models.marked, task.models.model, task.models.reference)
    if None in folders:
        message = "an audit of weights runs three models: --marked, --model and --reference"
        raise InputError(message, next_step="Name all three, or pass --recorded.")
    tokenizer = open_tokenizer(task.tokenizer)
    planned = _planned(task)
    given = read_documents([task.given], _no_stdin(), as_lines=True)
    rejects += given.rejects
    used: list[tuple[int, Document]] = []
    for document in given.documents:
        at = min(_places_of(planned, document.text, document.tokens), default=None)
        reason = tokenizer.lacks(document)
        if not reason and at is None:
            reason = "is no document of the plan"
        if reason:
            rejects.append(Reject(where=document.where, reason=reason))
        elif at is not None:
            used.append((at, document))
    if not used:
        raise _nothing(task.given, rejects)
    models: dict[Path, LocalModel] = {}
    for folder in folders:
        if folder is not None and folder not in models:
            models[folder] = open_local_model(folder)
    marked, suspect, reference = (models[folder] for folder in folders if folder is not None)
    if len({each.vocabulary for each in (marked, suspect, reference)}) > 1:
        message = "the three models have different vocabularies"
        raise InputError(message, next_step="Audit its answers instead: --mode answers.")
    cut = tokenizer.cut([document for _, document in sorted(used, key=lambda each: each[0])])
    known = [prompt for prompt in cut.prompts if prompt.size]
    leaning = read(
        cut.documents,
        marked,
        suspect,
        reference,
        open_scheme(plan.scheme).setting.context_width,
        known=known,
        candidates=plan.candidates,
    )
    return leaning, len(used)


def _planned(task: Task) -> dict[str | bytes, int]:
    """Return where each text, or its token numbers, first stands among the plan's prompts."""
    found = read_documents([task.prompts], _no_stdin(), as_lines=True)
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


def _places_of(
    planned: dict[str | bytes, int], text: str | None, tokens: Numbers | None
) -> list[int]:
    names: list[str | bytes] = [] if text is None else [text]
    if tokens is not None:
        names.append(tokens.tobytes())
    return [planned[name] for name in names if name in planned]


def _nothing(path: Path, rejects: Sequence[Reject]) -> InputError:
    first = f": {rejects[0].where}: {rejects[0].reason}" if rejects else ""
    return InputError(f"{path}: no line can be used{first}", next_step="See the plan's prompts.")


def _no_stdin() -> Any:  # noqa: ANN401 - a stream
    import io

    return io.BytesIO()
