"""How an audit is run as planned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phalanx.cli.watermark_audit_options import ModelOptions
from phalanx.cli.watermark_audit_plan import MOST_PROMPTS_BYTES
from phalanx.cli.watermark_audit_read import (
    Material,
    read_answers,
    read_recorded,
    read_weights,
)
from phalanx.cli.watermark_audit_verify import refuse_commitment
from phalanx.cli.watermark_options import KeyOptions
from phalanx.cli.watermark_work import content_of, derived
from phalanx.errors import InputError, VerificationError
from phalanx.watermark.audit import (
    Audit,
    Plan,
    audit_answers,
    audit_leaning,
    read_plan,
    refuse_other_prompts,
)
from phalanx.watermark.audit.plan import MOST_BYTES
from phalanx.watermark.keys.vault import Act, Vault
from phalanx.watermark.marking.local_model import weights_digest
from phalanx.watermark.texts import Reject


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is run on what."""

    plan: Path
    material: Material
    names: Path
    purpose: Any
    epoch: int | None
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


def audited(task: Task, vault: Vault, who: Act, progress: Callable[[str, float], None]) -> Done:
    """Run an audit.

    Raises:
        InputError: If something that is given cannot be used.
        VerificationError: If plan, prompts, keys or commitment are not those of each other.
        PhalanxError: If the vault or a model cannot be opened.
    """
    plan, material = read_plan(content_of(task.plan, MOST_BYTES)), task.material
    refuse_other_prompts(plan, content_of(material.prompts, MOST_PROMPTS_BYTES))
    if plan.reference_digest:
        _refuse_other_reference(plan, material.models)
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
        read_by = read_recorded if material.models.recorded else read_weights
        leaning, documents = read_by(material, plan, rejects)
        repeats = leaning.field.draws.repeats
        progress("testing", 0.4)
        audit = audit_leaning(plan, leaning, keys)
    else:
        said = read_answers(material, plan, rejects)
        documents, repeats = said.documents, said.draws.repeats
        progress("testing", 0.4)
        audit = audit_answers(plan, said.draws, said.log_p, keys, answers_digest=said.digest)
    if not audit.places:
        message = f"{material.given}: nothing is left that counts"
        raise InputError(message, next_step="Ask for longer answers, or read more.")
    progress("done", 1.0)
    return Done(audit=audit, documents=documents, repeats=repeats, rejects=tuple(rejects))


def _refuse_other_reference(plan: Plan, models: ModelOptions) -> None:
    """Refuse to go on without the reference whose weights the plan fixed."""
    if models.reference is None:
        message = "the plan fixes the weights of its reference, which is not named"
        raise VerificationError(message, next_step="Name its folder with --reference.")
    if weights_digest(models.reference) != plan.reference_digest:
        message = f"{models.reference}: not the reference of the plan"
        raise VerificationError(message, next_step="Name the model that was planned with.")
