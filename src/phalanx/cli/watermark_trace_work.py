"""What `phalanx watermark trace` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from phalanx.cli.watermark_asked import TextOptions
from phalanx.cli.watermark_detect_work import read_texts
from phalanx.cli.watermark_served_work import keys_of_register, open_code, read_code
from phalanx.errors import InputError
from phalanx.watermark.detection import Reading
from phalanx.watermark.draws import draw
from phalanx.watermark.keys.vault import Act, Vault
from phalanx.watermark.texts import Cut, Given
from phalanx.watermark.tracing import (
    Accusation,
    CodeFile,
    ServedKey,
    SlotReading,
    Trace,
    accuse,
    read_register,
    read_slots,
    trace_asked,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysTraced:
    """What the texts say of a register."""

    given: Given
    cuts: tuple[Cut, ...]
    rows: Mapping[str, tuple[ServedKey, ...]]
    """Identifier of each key -> who was served under it."""

    trace: Trace
    seen_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeTraced:
    """What the texts say of a code."""

    given: Given
    cut: Cut
    code: CodeFile
    slots: SlotReading
    accusations: tuple[Accusation, ...]
    """Of every account, the strongest first."""

    @property
    def accused(self) -> tuple[Accusation, ...]:
        """Those whom the texts accuse."""
        return tuple(each for each in self.accusations if each.accused)


def refuse_unclear(
    register: Path | None, code: Path | None, level: float | None, seen_at: datetime | None
) -> None:
    """Refuse a question that names both ways of tracing, or neither.

    Raises:
        InputError: If it does, or chooses what a code has fixed.
    """
    if (register is None) == (code is None):
        message = "a trace searches a register or a code"
        raise InputError(message, next_step="Name one of --register and --code.")
    if code is not None and (level is not None or seen_at is not None):
        message = "--level and --seen-at are of a register: a code fixes its own chance beforehand"
        raise InputError(message, next_step="Leave them out.")


def trace_register(  # noqa: PLR0917 - what a trace is made of
    suspect: Sequence[Path],
    reading: TextOptions,
    register: Path,
    vault: Vault,
    who: Act,
    level: float,
    decoys: int,
    seen_at: datetime | None,
) -> KeysTraced:
    """Try the key of every row of a register.

    Raises:
        InputError: If texts or register are none, or no key is left to try.
        VerificationError: If the register is of another vault.
        PhalanxError: If the vault cannot be opened.
    """
    given, cuts = read_texts(suspect, reading)
    rows = read_register(register)
    if not rows:
        message = f"{register}: has no row"
        raise InputError(message, next_step="Make it with `phalanx watermark register`.")
    moment = seen_at.replace(tzinfo=UTC) if seen_at and seen_at.tzinfo is None else seen_at
    found = trace_asked(
        [
            Reading(
                tokenizer=cut.tokenizer,
                documents=cut.documents,
                known=tuple(prompt for prompt in cut.prompts if prompt.size),
            )
            for cut in cuts
        ],
        rows,
        keys_of_register(vault, rows, who),
        level=level,
        decoys=decoys,
        seen_at=moment,
    )
    served: dict[str, list[ServedKey]] = {}
    for row in rows:
        served.setdefault(row.key_id, []).append(row)
    by_key = {key_id: tuple(held) for key_id, held in served.items()}
    return KeysTraced(given=given, cuts=cuts, rows=by_key, trace=found, seen_at=moment)


def trace_code(
    suspect: Sequence[Path], reading: TextOptions, code: Path, vault: Vault, who: Act
) -> CodeTraced:
    """Compare what texts show with every codeword.

    Raises:
        InputError: If texts or code are none, or several tokenizers are named.
        VerificationError: If the code is of another vault.
        PhalanxError: If the vault cannot be opened.
    """
    if len(reading.tokenizer) > 1:
        message = "a code is read by one tokenizer: its chance of a false accusation is of one test"
        raise InputError(message, next_step="Name that of the model that was served.")
    said = read_code(code)
    given, (cut,) = read_texts(suspect, reading)
    scheme, codewords, keys = open_code(vault, said, who)
    setting = scheme.setting
    known = tuple(prompt for prompt in cut.prompts if prompt.size)
    drawn = draw(cut.documents, setting.context_width, setting.unit, known=known)
    slots = read_slots(drawn, scheme, keys)
    return CodeTraced(
        given=given,
        cut=cut,
        code=said,
        slots=slots,
        accusations=accuse(slots, codewords, said.accounts),
    )
