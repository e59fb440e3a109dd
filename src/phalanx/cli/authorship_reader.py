"""Options of `phalanx authorship` about a language model that reads, and opening it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from phalanx.errors import ConfigError

if TYPE_CHECKING:
    from phalanx.authorship.features.reader import FolderReader
    from phalanx.authorship.reference import Calibrated

_READER = Group.create_ordered("A language model that reads")


@Parameter(name="*", group=_READER)
@dataclass(frozen=True, kw_only=True)
class ReaderOptions:
    """Which model reads."""

    reader: Annotated[Path | None, Parameter(show_default=False)] = None
    """Folder of a causal language model with `config.json`, `tokenizer.json` and safetensors, for
    a detector that was joined with its readings. It needs the extra `torch`."""

    second_reader: Annotated[Path | None, Parameter(show_default=False)] = None
    """Another with the same tokenizer: what it would write is what the first is compared with."""


def open_reader(options: ReaderOptions) -> FolderReader | None:
    """Open what was named; null if nothing was.

    Raises:
        ConfigError: If a second model was named without a first.
        MissingExtraError: If the extra is not installed.
        InputError: If a folder holds no model that can be opened.
    """
    if options.reader is None:
        if options.second_reader is not None:
            message = "--second-reader was named without --reader"
            raise ConfigError(message, next_step="Name the scoring model with --reader.")
        return None
    from phalanx.authorship.features.reader import FolderReader

    return FolderReader(options.reader, options.second_reader)


def read_by(models: Mapping[str, Calibrated], options: ReaderOptions) -> dict[str, Calibrated]:
    """Return detectors by their kind; those that were joined with readings read by the model.

    Raises:
        ConfigError: If a model was named, and no detector was joined with readings.
        InputError: If it cannot be opened, or is another than was joined.
    """
    reader = open_reader(options)
    if reader is None:
        return dict(models)
    if all(each.joined is None for each in models.values()):
        message = "--reader was named, and no detector was joined with readings of a model"
        raise ConfigError(message, next_step="Join one: phalanx authorship join.")
    return {
        kind: model if model.joined is None else model.read_by(reader)
        for kind, model in models.items()
    }
