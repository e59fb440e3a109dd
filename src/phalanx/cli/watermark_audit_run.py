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
from phalanx.evidence import calibrate_p_mixed
from phalanx.owned import read_or_make_secret, written_whole
from phalanx.watermark.audit import (
    Audit,
    Leaning,
    Plan,
    answers_log10_e,
    answers_log10_p,
    conclude,
    lean_log10_e,
    leaning_of,
    likelihood,
    parse_recorded,
    prompts_digest,
    read,
    read_plan,
    sign_report,
)
from phalanx.watermark.audit.plan import MOST_BYTES
from phalanx.watermark.draws import Draws, draw
from phalanx.watermark.keys.vault import Act, Vault
from phalanx.watermark.marking.local_model import LocalModel, open_local_model
from phalanx.watermark.schemes.registry import open_scheme
from phalanx.watermark.schemes.scheme import Scheme
from phalanx.watermark.texts import Document, Reject, open_tokenizer, read_documents
from phalanx.watermark.texts.documents import MOST_LINE_BYTES

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Test = Callable[[Sequence[bytes]], Floats]
_SIGNER = "key that signs reports"
_NONE = np.empty(0, np.int64)


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


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a test needs."""

    places: int
    repeats: int
    documents: int
    test: Test


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
    if prompts_digest(content_of(task.prompts, MOST_PROMPTS_BYTES)) != plan.prompts_digest:
        message = f"{task.prompts}: not the prompts of the plan"
        raise VerificationError(message, next_step="Ask what was planned, or plan anew.")
    scheme = open_scheme(plan.scheme)
    if task.commitment is not None:
        refuse_commitment(task.commitment, plan)
    which = KeyOptions(scheme=plan.scheme, purpose=task.purpose, epoch=task.epoch)
    made = derived(vault, task.names, which, who)
    if made.ids != plan.key_ids:
        message = f"{task.names}: the vault derives other keys than those of the plan"
        advice = "Name vault, names, purpose and epoch as they were when it was made."
        raise VerificationError(message, next_step=advice)
    rejects: list[Reject] = []
    progress("reading", 0.1)
    asked = (_weights if plan.mode == "weights" else _answers)(task, plan, scheme, rejects)
    if not asked.places:
        message = f"{task.given}: nothing is left that counts"
        raise InputError(message, next_step="Ask for longer answers, or read more.")
    random = np.random.default_rng(plan.decoy_seed)
    decoys = [random.bytes(scheme.setting.key_bytes) for _ in range(plan.decoys)]
    progress("testing", 0.4)
    found = asked.test([key.reveal() for key in made.keys])
    others = asked.test(decoys)
    progress("done", 1.0)
    return Done(
        audit=conclude(plan, asked.places, found, others),
        documents=asked.documents,
        repeats=asked.repeats,
        rejects=tuple(rejects),
    )


def _answers(task: Task, plan: Plan, scheme: Scheme, rejects: list[Reject]) -> _Asked:
    """Return the test of what a suspect answers."""
    tokenizer = open_tokenizer(task.tokenizer)
    planned = _planned(task)
    given = read_documents([task.given], _no_stdin(), as_lines=True)
    rejects += given.rejects
    used: list[Document] = []
    for document in given.documents:
        reason = tokenizer.lacks(document)
        if not reason and not ({document.prompt, _bytes(document.prompt_tokens)} & planned):
            reason = "answers no prompt of the plan"
        if reason:
            rejects.append(Reject(where=document.where, reason=reason))
        else:
            used.append(document)
    if not used:
        raise _nothing(task.given, rejects)
    cut = tokenizer.cut(used)
    width, unit = scheme.setting.context_width, scheme.setting.unit
    if plan.mode == "sums":
        draws = draw(cut.documents, width, unit, known=cut.prompts)

        def sums(keys: Sequence[bytes]) -> Floats:
            return calibrate_p_mixed(answers_log10_p(draws, scheme, keys))

        return _Asked(draws.count, draws.repeats, len(used), sums)
    if task.models.reference is not None:
        model = open_local_model(task.models.reference)
        # The model sees the prompt, of which nothing counts.
        whole = [np.concatenate(pair) for pair in zip(cut.prompts, cut.documents, strict=True)]
        draws = draw(whole, width, unit, known=cut.prompts)
        log_p = likelihood(draws, whole, model)
    else:
        draws = draw(cut.documents, width, unit, known=cut.prompts)
        log_p = _recorded_log_p(used, cut.documents, cut.prompts, draws)

    def winners_among(keys: Sequence[bytes]) -> Floats:
        return answers_log10_e(draws, log_p, scheme, keys)

    return _Asked(draws.count, draws.repeats, len(used), winners_among)


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


def _weights(task: Task, plan: Plan, scheme: Scheme, rejects: list[Reject]) -> _Asked:
    """Return the test of what a suspect's weights say of documents."""
    del plan
    width = scheme.setting.context_width
    if task.models.recorded:
        leaning, documents = _recorded(task, width, rejects)
    else:
        leaning, documents = _read_here(task, width, rejects)

    def lean(keys: Sequence[bytes]) -> Floats:
        return lean_log10_e(leaning, scheme, keys)

    return _Asked(leaning.field.draws.count, leaning.field.draws.repeats, documents, lean)


def _recorded(task: Task, width: int, rejects: list[Reject]) -> tuple[Leaning, int]:
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
    return leaning_of(documents, width), len(documents)


def _read_here(task: Task, width: int, rejects: list[Reject]) -> tuple[Leaning, int]:
    folders = (task.models.marked, task.models.model, task.models.reference)
    if None in folders:
        message = "an audit of weights runs three models: --marked, --model and --reference"
        raise InputError(message, next_step="Name all three, or pass --recorded.")
    tokenizer = open_tokenizer(task.tokenizer)
    planned = _planned(task)
    given = read_documents([task.given], _no_stdin(), as_lines=True)
    rejects += given.rejects
    used: list[Document] = []
    for document in given.documents:
        reason = tokenizer.lacks(document)
        if not reason and not ({document.text, _bytes(document.tokens)} & planned):
            reason = "is no document of the plan"
        if reason:
            rejects.append(Reject(where=document.where, reason=reason))
        else:
            used.append(document)
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
    cut = tokenizer.cut(used)
    known = [prompt for prompt in cut.prompts if prompt.size]
    return read(cut.documents, marked, suspect, reference, width, known=known), len(used)


def _planned(task: Task) -> set[str | bytes]:
    """Return the texts and token numbers of the plan's prompts."""
    found = read_documents([task.prompts], _no_stdin(), as_lines=True)
    if found.rejects:
        first = found.rejects[0]
        message = f"{first.where}: {first.reason}"
        raise InputError(message, next_step="Plan with prompts that can all be read.")
    said = {_bytes(each.tokens) for each in found.documents} - {b""}
    return said | {each.text for each in found.documents if each.text is not None}


def _bytes(tokens: Numbers | None) -> bytes:
    return b"" if tokens is None else tokens.tobytes()


def _nothing(path: Path, rejects: Sequence[Reject]) -> InputError:
    first = f": {rejects[0].where}: {rejects[0].reason}" if rejects else ""
    return InputError(f"{path}: no line can be used{first}", next_step="See the plan's prompts.")


def _no_stdin() -> Any:  # noqa: ANN401 - a stream
    import io

    return io.BytesIO()
