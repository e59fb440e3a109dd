"""What the commands about marks in weights do."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from phalanx.errors import ConfigError, InputError
from phalanx.owned import read_or_make_secret, read_secret
from phalanx.provenance.weight_marks import (
    MarkPlan,
    MarkRegister,
    MarkTrace,
    Release,
    WeightMark,
    plan_mark,
    plan_release,
    read_register,
    trace_mark,
    write_release,
)
from phalanx.provenance.weight_marks.pattern import SECRET_BYTES
from phalanx.provenance.weight_marks.register import held, key_id_of, model_id_of, write_register
from phalanx.provenance.weights import Checkpoint, open_checkpoint

if TYPE_CHECKING:
    from phalanx.cli.provenance_marks import PlanOptions

_KEY = "key of marks in weights"
_DEFAULTS = {"recipients": 100, "collusion": 2, "false_accusation": 1e-6, "strength": 0.01}

Progress = Callable[[str, float], None]


def marked_copy(  # noqa: PLR0917 - what a copy takes
    ours: Path,
    recipient: str,
    key_file: Path,
    out: Path,
    register: Path,
    plan: PlanOptions,
    progress: Progress,
) -> tuple[Release, bool]:
    """Write a recipient's copy, after the register knows of it.

    Parameters:
        ours: Folder of our model.
        recipient: Who gets the copy.
        key_file: Of the key; made with the register.
        out: New folder.
        register: File of the register.
        plan: As it was named.
        progress: Is told the file, and the share that is done.

    Returns:
        What the copy was made of, and whether the register is new though the key is not: copies
        that the key marked before are then in no register.

    Raises:
        InputError: If the model cannot be marked, or something cannot be written.
        ConfigError: If others may read the key, or the plan is not that of the register.
        VerificationError: If key or model are not those of the register.
    """
    release = plan_release(ours, out)
    model = open_checkpoint(ours)
    with held(register):
        is_new = not os.path.lexists(register)
        is_old_key = is_new and os.path.lexists(key_file)
        if is_new:
            made = _plan(plan)
            secret = read_or_make_secret(key_file, _KEY, SECRET_BYTES)
            known = MarkRegister(
                plan=made, key_id=key_id_of(secret), model_id=model_id_of(model), recipients=()
            )
        else:
            known = read_register(register)
            _refuse_other_plan(known.plan, plan)
            secret = read_secret(key_file, _KEY, SECRET_BYTES)
            known.refuse_other_model(model)
        mark = known.mark(secret)
        write_register(register, known.joined_by(recipient))
    write_release(release, mark, recipient, progress)
    return release, is_old_key


MOST_SUSPECTS = 1_000_000_000
"""That one mark is looked for in."""


@dataclass(frozen=True, slots=True)
class Copies:
    """Copies of our model that went out, each with its mark."""

    register: MarkRegister
    mark: WeightMark
    ours: Checkpoint

    def trace(self, suspect: Checkpoint, progress: Progress, *, suspects: int = 1) -> MarkTrace:
        """Read a suspect, one of so many, for their marks.

        Raises:
            InputError: If a file cannot be read.
            ConfigError: If the number of suspects is none.
        """
        if not 1 <= suspects <= MOST_SUSPECTS:
            message = f"{suspects:,} suspects are none, or more than {MOST_SUSPECTS:,}"
            raise ConfigError(message, next_step="Name with --suspects how many are read in all.")
        recipients = self.register.recipients
        return trace_mark(self.mark, self.ours, suspect, recipients, progress, suspects=suspects)


def read_copies(register: Path, key_file: Path, ours: Path) -> Copies:
    """Read who got a copy, and by which key it was marked.

    Raises:
        InputError: If a file cannot be read, or the register names nobody.
        ConfigError: If others may read the key.
        VerificationError: If key or model are not those of the register.
    """
    known = read_register(register)
    if not known.recipients:
        message = f"{register} names no recipient"
        raise InputError(message, next_step="Name the register of the copies that went out.")
    mark = known.mark(read_secret(key_file, _KEY, SECRET_BYTES))
    model = open_checkpoint(ours)
    known.refuse_other_model(model)
    return Copies(known, mark, model)


def traced(  # noqa: PLR0917 - as many as the command has
    suspect: Path, ours: Path, key_file: Path, register: Path, suspects: int, progress: Progress
) -> MarkTrace:
    """Read a suspect for the marks of a register.

    Raises:
        InputError: If a file cannot be read, or the register names nobody.
        ConfigError: If others may read the key.
        VerificationError: If key or model are not those of the register.
    """
    return read_copies(register, key_file, ours).trace(
        open_checkpoint(suspect), progress, suspects=suspects
    )


def _plan(options: PlanOptions) -> MarkPlan:
    said = {name: getattr(options, name) for name in _DEFAULTS}
    chosen = {name: _DEFAULTS[name] if said[name] is None else said[name] for name in _DEFAULTS}
    return plan_mark(
        int(chosen["recipients"]),
        int(chosen["collusion"]),
        chosen["false_accusation"],
        strength=chosen["strength"],
    )


def _refuse_other_plan(known: MarkPlan, options: PlanOptions) -> None:
    there = {
        "recipients": known.code.accounts,
        "collusion": known.code.collusion,
        "false_accusation": known.code.false_accusation,
        "strength": known.strength,
    }
    for name, value in there.items():
        said = getattr(options, name)
        if said is not None and said != value:
            message = f"the register was made with --{name.replace('_', '-')} {value:g}"
            raise ConfigError(message, next_step="Leave it out: all copies must agree in it.")
