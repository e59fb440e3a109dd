"""What joins marks in weights to releases: a codeword is agreed on, written, and found again."""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from phalanx.cli.provenance_marks_work import read_copies
from phalanx.cli.release_work import now, read_identity
from phalanx.errors import ConfigError, PolicyError, VerificationError
from phalanx.owned import read_or_make_secret, read_secret
from phalanx.provenance.weight_marks import (
    MarkRegister,
    MarkTrace,
    WeightMark,
    plan_mark,
    plan_release,
    read_register,
    write_release,
)
from phalanx.provenance.weight_marks.pattern import SECRET_BYTES
from phalanx.provenance.weight_marks.register import held, key_id_of, model_id_of, write_register
from phalanx.provenance.weights import open_checkpoint
from phalanx.release.accusation import Copy, Measured, accuse, verified_copy
from phalanx.release.grants.codeword import KEY_BYTES, commitment_to, is_committed
from phalanx.release.grants.grant import verify_grant
from phalanx.release.manifest.checking import manifest_on_disk
from phalanx.release.manifest.tree import files_of
from phalanx.release.packages.package import read_envelope
from phalanx.release.packages.staging import refuse_shared
from phalanx.release.parties.identity import Identity
from phalanx.release.parties.party_keys import PartyKeys, read_keys
from phalanx.release.places.place import Folder, Place
from phalanx.release.seal import Sealing

if TYPE_CHECKING:
    from phalanx.cli.release_options import MarksOptions

_KEY, _CODEWORD_KEY = "key of marks in weights", "key of a codeword"

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Where marks are kept: all three, or none of them."""

    register: Path
    key: Path
    codeword_key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Against whom evidence is written, and what was agreed with him."""

    copy: Copy
    keys: PartyKeys
    """Of the issuer."""


def marks_of(options: MarksOptions, codeword_key: Path | None) -> Marks:
    """Return where marks are kept.

    Raises:
        ConfigError: If something of it is missing.
    """
    if options.marks is None or options.marks_key is None or codeword_key is None:
        message = "a mark needs its register, its key, and the key that hides the codeword"
        step = "Name --marks, --marks-key and --codeword-key."
        raise ConfigError(message, next_step=step)
    return Marks(register=options.marks, key=options.marks_key, codeword_key=codeword_key)


def folders_of(source: Place, target: Place) -> tuple[Path, Path]:
    """Return the folder of the model and that of the release: a mark is written on this machine.

    Raises:
        ConfigError: If one is in a store.
    """
    if not isinstance(source, Folder) or not isinstance(target, Folder):
        message = "a copy is marked on this machine, from a folder, beside the release"
        raise ConfigError(message, next_step="Name folders; upload the release behind it.")
    return source.path, target.path


def granted_marks(
    options: MarksOptions, codeword_key: Path | None, codeword: Path | None, ours: Path | None
) -> tuple[Marks, Path]:
    """Return where marks are kept, and the model that they are for.

    Raises:
        ConfigError: If something of it is missing, or a codeword is named as well.
    """
    marks = marks_of(options, codeword_key)
    if ours is None or codeword is not None:
        message = "the codeword comes from the register, for a model without a mark"
        raise ConfigError(message, next_step="Name the model with --ours; leave out --codeword.")
    return marks, ours


def case_of(  # noqa: PLR0917 - as many as the command has
    marks: Path,
    marks_key: Path,
    evidence: Path | None,
    recipient: Path | None,
    grant: Path | None,
    codeword_key: Path | None,
    receipt: Path | None,
    keys: Path,
) -> Case | None:
    """Return against whom evidence is written, or nothing where none is.

    All that the evidence needs is read and verified here: a suspect may take an hour.

    Raises:
        ConfigError: If something that it needs is missing, or it is named for nothing.
        InputError: If a file cannot be read.
        VerificationError: If grant, codeword and receipt do not belong together.
    """
    needed = (evidence, recipient, grant, codeword_key)
    if needed == (None,) * 4 and receipt is None:
        return None
    if recipient is None or grant is None or codeword_key is None or evidence is None:
        message = "evidence needs a recipient, the grant, and the key of the codeword"
        step = "Name --evidence, --recipient, --grant and --codeword-key, or none of them."
        raise ConfigError(message, next_step=step)
    party, own = read_identity(recipient), read_keys(keys)
    mark = read_register(marks).mark(read_secret(marks_key, _KEY, SECRET_BYTES))
    copy = Copy(
        recipient=party,
        grant=read_envelope(grant),
        receipt=None if receipt is None else read_envelope(receipt),
        codeword=_word(mark, party),
        codeword_key=read_secret(codeword_key, _CODEWORD_KEY, KEY_BYTES),
    )
    verified_copy(copy, own.identity)
    return Case(copy=copy, keys=own)


def marked_as(recipient: Identity) -> str:
    """Return the name by which the register of marks knows a recipient."""
    return f"{recipient.name} {recipient.fingerprint[:16]}"


def commitment_of_mark(marks: Marks, ours: Path, recipient: Identity) -> str:
    """Enter a recipient into the register, and return the commitment to his codeword.

    Parameters:
        marks: Where they are kept; made if nothing is there, for 100 recipients of whom two may
            pool their copies.
        ours: Folder of the model, without a mark.
        recipient: As he was pinned.

    Raises:
        InputError: If the model cannot be marked, or something cannot be written.
        ConfigError: If others may read a key.
        VerificationError: If key or model are not those of the register.
    """
    model = open_checkpoint(ours)
    with held(marks.register):
        if os.path.lexists(marks.register):
            known = read_register(marks.register)
            secret = read_secret(marks.key, _KEY, SECRET_BYTES)
        else:
            secret = read_or_make_secret(marks.key, _KEY, SECRET_BYTES)
            known = MarkRegister(
                plan=plan_mark(100, 2),
                key_id=key_id_of(secret),
                model_id=model_id_of(model),
                recipients=(),
            )
        known.refuse_other_model(model)
        mark = known.mark(secret)
        write_register(marks.register, known.joined_by(marked_as(recipient)))
    key = read_or_make_secret(marks.codeword_key, _CODEWORD_KEY, KEY_BYTES)
    return commitment_to(_word(mark, recipient), key)


@contextmanager
def marked_copy_for(
    marks: Marks, ours: Path, out: Path, how: Sealing, progress: Progress
) -> Iterator[Path]:
    """Write the marked copy of a recipient beside a release, and remove it behind the sealing.

    A sealing that was broken off leaves it there, so that the next run need not mark again.

    Raises:
        PolicyError: If the grant commits to no codeword.
        VerificationError: If it commits to another one, or key or model are not the register's.
        InputError: If the model cannot be marked, or the copy not be written.
    """
    recipient = how.recipient
    agreed = verify_grant(how.grant, how.keys.identity, recipient)
    commitment = agreed.grant.commitment
    if commitment is None:
        message = "the grant commits to no codeword: a copy with a mark is not what was agreed on"
        raise PolicyError(message, next_step="Grant it with --marks, and have it accepted.")
    copies = read_copies(marks.register, marks.key, ours)
    secret = read_secret(marks.codeword_key, _CODEWORD_KEY, KEY_BYTES)
    if marked_as(recipient) not in copies.register.recipients or not is_committed(
        commitment, _word(copies.mark, recipient), secret
    ):
        message = "the grant commits to another codeword than this register gives the recipient"
        raise VerificationError(message, next_step="Name the files that it was granted with.")
    stamps = [f"{each.name} {each.stamp()}" for each in files_of(ours)]
    state = "\n".join([agreed.digest, *stamps]).encode()
    target = out.with_name(f".{out.name}.marked-{hashlib.sha256(state).hexdigest()[:16]}")
    if os.path.lexists(target):
        refuse_shared(target, target.lstat())
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        release = plan_release(ours, target)
        write_release(release, copies.mark, marked_as(recipient), progress)
    yield target
    for each in out.parent.glob(f".{glob.escape(out.name)}.marked-*"):
        shutil.rmtree(each)


def traced(  # noqa: PLR0917 - as many as the command has
    marks: Path, key: Path, ours: Path, suspect: Path, suspects: int, progress: Progress
) -> MarkTrace:
    """Read a suspect for the marks of all recipients of a register.

    Raises:
        InputError: If a file cannot be read, or the register names nobody.
        ConfigError: If others may read the key.
        VerificationError: If key or model are not those of the register.
    """
    return read_copies(marks, key, ours).trace(
        open_checkpoint(suspect), progress, suspects=suspects
    )


def accusation_text(found: MarkTrace, case: Case, suspect: Path) -> str:
    """Return the signed evidence against one recipient whom the trace names.

    Raises:
        PolicyError: If the trace does not name him: then there is no evidence against him.
        InputError: If a file cannot be read.
    """
    recipient = case.copy.recipient
    name = marked_as(recipient)
    said = found.conclusion() if found.found else ()
    # The first piece of evidence is of the mark, and the others are of those who are named.
    named = {each.account: at for at, each in enumerate(found.named, start=1)}
    if not isinstance(said, tuple) or name not in named:
        message = f"the suspect does not name {recipient.name}: there is no evidence against him"
        raise PolicyError(message, next_step="Leave out --evidence; not named is not cleared.")
    evidence, code = said[named[name]], found.plan.code
    measured = Measured(
        rule=evidence.rule_id,
        null_hypothesis=evidence.null_hypothesis,
        observation=evidence.observation,
        assumptions=tuple(evidence.assumptions),
        log10_p=evidence.log10_p,
        false_accusation=code.false_accusation,
        recipients_planned=code.accounts,
        recipients=len(found.recipients),
        collusion=code.collusion,
        suspects=found.suspects,
    )
    name = suspect.resolve().name
    root = manifest_on_disk(suspect, name, "sha256").root
    made = accuse(case.keys, case.copy, measured, suspect=name, root=root, now=now())
    return made.as_bytes().decode()


def _word(mark: WeightMark, recipient: Identity) -> str:
    return "".join("01"[bit] for bit in mark.word(marked_as(recipient)).astype(int))
