"""A code as a file: who has a codeword, for how many traitors, under which key of the vault.

The file holds names and identifiers, no secret: biases, codewords and keys of places follow from
two keys that the vault derives.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from phalanx.errors import InputError
from phalanx.evidence.codes.tardos import SECRET_BYTES, CodePlan, plan_code
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
from phalanx.watermark.schemes.scheme import Setting

SCHEMA = "phalanx.watermark-code/1"
MOST_BYTES = 64 << 20
MOST_ACCOUNTS = 100_000
MOST_COLLUSION = 100
_MOST_NAME = 200
_MOST_SCHEME = 300
_ADVICE = "Make it with `phalanx watermark code`."


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFile:
    """A code, without its secrets."""

    name: str
    """What its keys are derived for."""

    scheme: str
    """Under which texts are marked."""

    epoch: int
    """Of the keys, from 1."""

    accounts: tuple[str, ...]
    """Everybody who has a codeword: each counts in the correction."""

    collusion: int
    """Accounts that may pool their texts and still be traced, mostly."""

    false_accusation: float
    """Chance that anyone at all is accused whose text is not there."""

    code_id: str
    """Of the key that biases and codewords follow from."""

    slots_id: str
    """Of the key that keys of places follow from."""

    @property
    def plan(self) -> CodePlan:
        """The code that it is made for."""
        return plan_code(len(self.accounts), self.collusion, self.false_accusation)

    @property
    def key_names(self) -> tuple[str, str]:
        """What the two keys are derived for: `code_id` and `slots_id` are theirs."""
        return f"code:{self.name}", f"slots:{self.name}"

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {"schema": SCHEMA} | asdict(self) | {"accounts": list(self.accounts)}


def code_setting(scheme: Setting) -> Setting:
    """Return what the two keys are derived under: 32 bytes, apart from any key that marks.

    Parameters:
        scheme: Under which texts are marked.

    Examples:
        >>> code_setting(PhalanxGumbel(2).setting).name
        'phalanx-code-v1:phalanx-gumbel-v1?context_width=2'
    """
    usual = PhalanxGumbel().setting
    return replace(usual, name=f"phalanx-code-v1:{scheme.name}", key_bytes=SECRET_BYTES)


def check_code_file(said: CodeFile) -> CodeFile:
    """Return a code if it can be used.

    Raises:
        InputError: If names come twice, or a number is out of range.
    """
    reason = ""
    if not 1 <= len(set(said.accounts)) == len(said.accounts) <= MOST_ACCOUNTS:
        reason = f"it has 1 to {MOST_ACCOUNTS:,} accounts, each once"
    elif not 1 <= said.collusion <= MOST_COLLUSION:
        reason = f"it is made for 1 to {MOST_COLLUSION} traitors"
    elif not 1e-300 < said.false_accusation < 1.0:
        reason = "the chance of a false accusation is above 0 and below 1"
    elif said.epoch < 1:
        reason = "epochs begin with 1"
    if reason:
        message = f"this code cannot be used: {reason}"
        raise InputError(message, next_step=_ADVICE)
    return said


def read_code_file(data: bytes) -> CodeFile:
    """Understand a file.

    Parameters:
        data: Its content, at most `MOST_BYTES`.

    Raises:
        InputError: If it is no code, or cannot be used.
    """
    try:
        said = json.loads(data)
        usable = isinstance(said, dict) and said.pop("schema", None) == SCHEMA and _usable(said)
        if not usable:
            raise _no_code()
        found = CodeFile(**(said | {"accounts": tuple(said["accounts"])}))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _no_code() from error
    return check_code_file(found)


def _usable(said: dict[str, Any]) -> bool:
    """Tell whether the fields are of the types that they should be."""
    texts = [said[name] for name in ("name", "scheme", "code_id", "slots_id")]
    return (
        isinstance(said["accounts"], list)
        and all(isinstance(each, str) and 0 < len(each) <= _MOST_NAME for each in said["accounts"])
        and all(isinstance(each, str) and 0 < len(each) <= _MOST_SCHEME for each in texts)
        and all(type(said[name]) is int for name in ("epoch", "collusion"))
        and type(said["false_accusation"]) is float
    )


def _no_code() -> InputError:
    return InputError("this is no file of a code", next_step=_ADVICE)
