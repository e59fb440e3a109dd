"""Options of commands that read texts: which keys, by which tokenizers, in what form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Group, Parameter, validators

from phalanx.errors import InputError

_KEYS = Group.create_ordered("Which keys")
_TEXTS = Group.create_ordered("How texts are read")
_LEVELS = Group.create_ordered("How sure")
_List = Parameter(negative_iterable=(), show_default=False)

Purpose = Literal["serve", "decoy", "campaign", "account"]


@Parameter(name="*", group=_KEYS)
@dataclass(frozen=True, kw_only=True)
class AskedOptions:
    """Keys that are tried."""

    names: Path
    """File of what the keys are for, one name a line."""

    scheme: Annotated[tuple[str, ...], _List]
    """Of marking, such as `phalanx-gumbel-v1`; may be given several times."""

    purpose: Purpose = "serve"
    """What the keys are for."""

    epoch: Annotated[tuple[int, ...], _List] = ()
    """Of the keys; may be given several times. The one in use if it is left out."""


@Parameter(name="*", group=_TEXTS)
@dataclass(frozen=True, kw_only=True)
class TextOptions:
    """How texts are read."""

    tokenizer: Annotated[tuple[Path, ...], _List] = ()
    """`tokenizer.json` of a model that may have written them; may be given several times. Without
    one, the token numbers that lines of JSON give are read."""

    jsonl: bool = False
    """Read every text as lines of JSON, whatever its name ends in."""


@Parameter(name="*", group=_LEVELS)
@dataclass(frozen=True, kw_only=True)
class LevelOptions:
    """How sure an answer has to be."""

    level: Annotated[float, Parameter(validator=validators.Number(gt=0, lt=1))] = 1e-3
    """Chance that anything at all is found falsely."""

    decoys: Annotated[int, Parameter(validator=validators.Number(gte=0, lte=1_000_000))] = 999
    """Random keys that are tried beside, for each scheme and tokenizer."""

    document_decoys: Annotated[int, Parameter(validator=validators.Number(gte=0, lte=100_000))] = 99
    """The same for each document by itself."""

    entropy_nats: Annotated[
        float | None, Parameter(show_default=False, validator=validators.Number(gt=0, lte=20))
    ] = None
    """Of the model's choices per token, if known: then a text that is too short for it is told."""


def refuse_options(paths: Sequence[Path], command: Callable[..., object]) -> None:
    """Refuse files that are mistyped options: files may begin with `-`, which is standard input.

    Parameters:
        paths: Files that were named.
        command: That takes them.

    Raises:
        InputError: If one begins with two hyphens.
    """
    wrong = next((str(each) for each in paths if str(each).startswith("--")), None)
    if wrong is None:
        return
    asked = App()
    asked.default(command)
    known = [name for each in asked.assemble_argument_collection() for name in each.names]
    closest = get_close_matches(wrong.split("=")[0], known, 1, 0.0)
    message = f"{wrong[:200]}: no option of this command"
    advice = f"Did you mean {closest[0]}? Name a file that is called so by its whole path."
    raise InputError(message, next_step=advice)
