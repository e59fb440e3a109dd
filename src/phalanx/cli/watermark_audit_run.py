"""How an audit is run as planned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phalanx.cli.watermark_audit_answers import read_answers
from phalanx.cli.watermark_audit_gather import gather_answers, gather_weights
from phalanx.cli.watermark_audit_prompts import MOST_PROMPTS_BYTES
from phalanx.cli.watermark_audit_read import (
    Material,
    read_recorded,
    read_weights,
)
from phalanx.cli.watermark_audit_verify import refuse_commitment
from phalanx.cli.watermark_custody_work import read_keys
from phalanx.cli.watermark_options import KeyOptions
from phalanx.cli.watermark_work import content_of, derived, read_published, seed_of
from phalanx.errors import InputError, VerificationError
from phalanx.watermark.audit import (
    Audit,
    Opening,
    Plan,
    audit_answers,
    audit_choices,
    audit_leaning,
    opened_all,
    read_plan,
    refuse_other_prompts,
)
from phalanx.watermark.audit.plan import MOST_BYTES
from phalanx.watermark.keys.vault import Act, Vault
from phalanx.watermark.marking.model_digest import model_digest
from phalanx.watermark.texts import Reject


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is run on what."""

    plan: Path
    material: Material
    names: Path | None
    purpose: Any
    epoch: int | None
    commitment: Path | None
    audit_keys: Path | None
    seed: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came out."""

    audit: Audit
    repeats: int
    """Places that say the same again, or what a prompt said."""

    rejects: tuple[Reject, ...]

    names: tuple[str, ...] = ()
    """What the keys are for, in the plan's order; of keys that the vault derives. The signed report
    does not say them."""


def audited(
    task: Task, vault: Callable[[], Vault], who: Act, progress: Callable[[str, float], None]
) -> Done:
    """Run an audit.

    Parameters:
        task: What is run.
        vault: Opens the vault, if keys are derived here.
        who: Who runs it, for the log.
        progress: Is told how far it is.

    Raises:
        InputError: If something that is given cannot be used.
        VerificationError: If plan, prompts, keys or commitment are not those of each other.
        PhalanxError: If the vault or a model cannot be opened.
    """
    plan, material = read_plan(content_of(task.plan, MOST_BYTES)), task.material
    refuse_other_prompts(plan, content_of(material.prompts, MOST_PROMPTS_BYTES))
    for digest, folder, name in (
        (plan.reference_digest, material.models.reference, "reference"),
        (plan.marked_digest, material.models.marked, "marked"),
    ):
        if digest:
            _refuse_other_model(digest, folder, name)
    if task.commitment is not None:
        refuse_commitment(task.commitment, plan)
    keys, opening, names = _keys_of(task, plan, vault, who)
    rejects: list[Reject] = []
    progress("reading", 0.1)
    if plan.gathered:
        gather = gather_weights if plan.mode == "weights-gathered" else gather_answers
        found = gather(material, plan, rejects)
        repeats = found.choices.field.draws.repeats
        progress("testing", 0.4)
        audit = audit_choices(
            plan, found.choices, found.unmarked, keys, read=found.documents,
            opening=opening, answers_digest=found.digest,
        )  # fmt: skip
    elif plan.mode == "weights":
        read_by = read_recorded if material.models.recorded else read_weights
        leaning, documents = read_by(material, plan, rejects)
        repeats = leaning.field.draws.repeats
        progress("testing", 0.4)
        audit = audit_leaning(plan, leaning, keys, documents=documents, opening=opening)
    else:
        said = read_answers(material, plan, rejects)
        repeats = said.draws.repeats
        progress("testing", 0.4)
        audit = audit_answers(
            plan, said.draws, said.log_p, keys,
            answers=said.documents, opening=opening, answers_digest=said.digest,
        )  # fmt: skip
    if not audit.places:
        message = f"{material.given}: nothing is left that counts"
        raise InputError(message, next_step="Ask for longer answers, or read more.")
    progress("done", 1.0)
    return Done(audit=audit, repeats=repeats, rejects=tuple(rejects), names=names)


def _keys_of(
    task: Task, plan: Plan, vault: Callable[[], Vault], who: Act
) -> tuple[dict[str, bytes], Opening | None, tuple[str, ...]]:
    """Return the keys of a plan by their names in it, and what the vault calls them.

    Raises:
        InputError: If it is not said where they come from, or a file is none.
        VerificationError: If they are others than those of the plan, or of the commitment.
        PhalanxError: If the vault cannot be opened, or others may read a file.
    """
    if (task.names is None) == (task.audit_keys is None):
        message = "keys come from the vault, by --names, or from custodians, by --audit-keys"
        raise InputError(message, next_step="Name one of both.")
    if task.audit_keys is not None:
        return *_audit_keys(task, plan, task.audit_keys), ()
    if task.names is None or task.seed is not None:
        message = "--seed is of audit keys that custodians opened"
        raise InputError(message, next_step="Leave it out: the vault has the keys.")
    which = KeyOptions(scheme=plan.scheme, purpose=task.purpose, epoch=task.epoch)
    made = derived(vault(), task.names, which, who)
    if made.ids != plan.key_ids:
        message = f"{task.names}: the vault derives other keys than those of the plan"
        advice = (
            "Name vault, names and purpose as they were when it was made, and with --epoch the one "
            "of that time if the vault has begun another."
        )
        raise VerificationError(message, next_step=advice)
    keys = {name: key.reveal() for name, key in zip(made.ids, made.keys, strict=True)}
    return keys, None, made.names


def _audit_keys(task: Task, plan: Plan, path: Path) -> tuple[dict[str, bytes], Opening | None]:
    found = read_keys(path)
    if (found.plan, found.keys.names) != (plan.digest(), plan.key_ids) or (
        found.keys.scheme != plan.scheme
    ):
        message = f"{path}: audit keys that were opened for another plan"
        raise VerificationError(message, next_step="Name the file that was opened for this plan.")
    if (task.commitment is None) != (task.seed is None):
        message = "a commitment to audit keys is opened by its seed"
        raise InputError(message, next_step="Name both --commitment and --seed, or neither.")
    opening = None
    if task.commitment is not None and task.seed is not None:
        opening = opened_all(found.keys, read_published(task.commitment), seed_of(task.seed))
    names = zip(plan.key_ids, found.keys.keys, strict=True)
    return {name: key.reveal() for name, key in names}, opening


def _refuse_other_model(digest: str, folder: Path | None, name: str) -> None:
    """Refuse to go on without the model that the plan fixed."""
    of = "reference" if name == "reference" else "marked model"
    if folder is None:
        message = f"the plan fixes its {of}, which is not named"
        raise VerificationError(message, next_step=f"Name its folder with --{name}.")
    if model_digest(folder) != digest:
        message = f"{folder}: not the {of} of the plan: a file of it is another one"
        raise VerificationError(message, next_step="Name the model that was planned with.")
