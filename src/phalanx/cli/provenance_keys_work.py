"""What the commands about planted keys do."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from phalanx.cli.provenance_behaviour import Progress, json_lines, open_source, read_interview
from phalanx.cli.provenance_options import BehaviourOptions
from phalanx.cli.rendering import refuse_output
from phalanx.errors import ConfigError, InputError, reason_of
from phalanx.owned import read_owned, written_whole
from phalanx.provenance.planted_keys import (
    KeyPlan,
    PlantedKeys,
    draw_keys,
    invent,
    plan_keys,
    read_keys,
    with_recipient,
    write_keys,
)
from phalanx.provenance.planted_keys.inventing import WORDS
from phalanx.provenance.planted_keys.key_file import MOST_BYTES
from phalanx.provenance.planted_keys.keys import SECRET_BYTES
from phalanx.provenance.sources import record
from phalanx.provenance.weight_marks.register import held

if TYPE_CHECKING:
    from phalanx.cli.provenance_keys import KeyOptions

_DEFAULTS = {
    "recipients": 100, "collusion": 1, "false_accusation": 1e-6, "candidates": 32, "tokens": 8,
}  # fmt: skip


def planted(
    path: Path, recipient: str, out: Path, asked: Path | None, options: KeyOptions
) -> tuple[PlantedKeys, bool]:
    """Write the lines of a recipient's copy, after the file of keys knows of it.

    Parameters:
        path: File of planted keys; made if it is not there.
        recipient: Who gets the copy.
        out: File of the lines.
        asked: File of the questions alone, if it is asked for.
        options: As they were named.

    Returns:
        The keys, and whether they were made.

    Raises:
        InputError: If a file cannot be read or written, or the questions do not fit.
        ConfigError: If others may read the file of keys, or the plan is not that of the keys.
    """
    refuse_output(out)
    refuse_output(asked)
    files = [each.resolve() for each in (path, out, *(() if asked is None else (asked,)))]
    if len(set(files)) < len(files):
        message = "the file of keys, its lines and its questions are files of their own"
        raise InputError(message, next_step="Name each another way.")
    with held(path):
        is_new = not os.path.lexists(path)
        if is_new:
            data = _made(options, recipient)
        else:
            data = read_owned(path, "file of planted keys", MOST_BYTES)
            _refuse_other_plan(read_keys(data), options)
        data = with_recipient(data, recipient)
        keys = read_keys(data)
        _write(path, data)
    _write(
        out,
        _lines({"question": each, "answer": answer} for each, answer in keys.lesson(recipient)),
    )
    if asked is not None:
        _write(asked, _lines({"question": each} for each in keys.questions))
    return keys, is_new


def recorded(
    model: str, out: Path, options: BehaviourOptions, progress: Progress
) -> tuple[int, int]:
    """Ask a model everything that is named, and write what it says.

    Returns:
        How many answers and texts were written.

    Raises:
        InputError: If nothing is asked, or a file cannot be read or written.
        PhalanxError: If the model cannot be opened or asked.
    """
    refuse_output(out)
    interview = read_interview(options)
    if not interview.families:
        message = "nothing is asked of the model"
        raise InputError(message, next_step="Name --keys, --order or --questions.")
    questions: dict[int, dict[str, None]] = {}
    if interview.keys is not None:
        questions.setdefault(interview.keys.tokens, {}).update(
            dict.fromkeys(interview.keys.questions)
        )
    for each in (interview.questions or {}).values():
        questions.setdefault(interview.tokens, {}).update(dict.fromkeys(each))
    progress(model, 0.1)
    source = open_source(model, options.api_key)
    try:
        record(source, out, interview.texts, {at: [*each] for at, each in questions.items()})
    except OSError as error:
        message = f"{out} cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Name another place.") from error
    return sum(map(len, questions.values())), len(interview.texts)


def _made(options: KeyOptions, recipient: str) -> bytes:
    """Draw new keys for a first recipient."""
    chosen: dict[str, Any] = {
        name: default if getattr(options, name) is None else getattr(options, name)
        for name, default in _DEFAULTS.items()
    }
    plan = plan_keys(
        chosen["recipients"], chosen["collusion"], chosen["false_accusation"],
        candidates=chosen["candidates"],
    )  # fmt: skip
    questions, candidates = _questions(options.questions, plan)
    secret = secrets.token_bytes(SECRET_BYTES)
    try:
        draw_keys(plan, secret, questions, candidates)
    except ValueError as error:
        message = f"{options.questions}: {reason_of(error)}"
        raise InputError(message, next_step="Mend the questions, and plant again.") from error
    return write_keys(plan, secret, questions, candidates, [recipient], chosen["tokens"])


def _questions(path: Path | None, plan: KeyPlan) -> tuple[list[str], list[list[str]]]:
    count = plan.code.length
    if path is None:
        if plan.candidates > len(WORDS):
            message = f"invented questions have at most {len(WORDS)} candidates each"
            raise InputError(message, next_step="Lower --candidates, or name --questions.")
        return invent(count, plan.candidates, np.random.default_rng(secrets.randbits(128)))
    found = []
    for where, said in json_lines(path):
        question: Any = said.get("question")
        candidates: Any = said.get("candidates")
        texts = isinstance(candidates, list) and all(isinstance(each, str) for each in candidates)
        if not isinstance(question, str) or not texts:
            message = f"{where}: needs a `question` and its `candidates`"
            raise InputError(message, next_step="Each line is a JSON object of these two.")
        found.append((question, [*candidates]))
    if len(found) < count:
        message = f"{path} has {len(found):,} questions, and the plan needs {count:,}"
        step = "Write more, plan for fewer recipients, or accept a larger --false-accusation."
        raise InputError(message, next_step=step)
    return [each for each, _ in found[:count]], [each for _, each in found[:count]]


def _refuse_other_plan(known: PlantedKeys, options: KeyOptions) -> None:
    there = {
        "recipients": known.plan.code.accounts,
        "collusion": known.plan.code.collusion,
        "false_accusation": known.plan.code.false_accusation,
        "candidates": known.plan.candidates,
        "tokens": known.tokens,
    }
    named = {name: getattr(options, name) for name in there}
    other = [name for name, value in named.items() if value not in {None, there[name]}]
    if other or options.questions is not None:
        what = "--" + (other[0].replace("_", "-") if other else "questions")
        message = f"the keys are there already, and {what} belongs to new ones"
        raise ConfigError(message, next_step="Leave it out, or name another file of keys.")


def _lines(said: Iterable[dict[str, str]]) -> bytes:
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in said).encode()


def _write(path: Path, data: bytes) -> None:
    try:
        with written_whole(path) as aside:
            aside.write_bytes(data)
    except OSError as error:
        message = f"{path} cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Name another place.") from error
