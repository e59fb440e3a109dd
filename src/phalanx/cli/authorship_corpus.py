"""Options of `phalanx authorship detect` about all of a corpus, and what it does with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Group, Parameter, validators

from phalanx.cli.authorship_reader import ReaderOptions
from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.rendering import write_text
from phalanx.cli.terminal import Common
from phalanx.errors import ConfigError

_CORPUS = Group.create_ordered("All of a corpus")


@Parameter(name="*", group=_CORPUS)
@dataclass(frozen=True, kw_only=True)
class CorpusOptions:
    """How much of a training set or a repository is consistent with a model, or with us."""

    corpus: Annotated[Path | None, Parameter(show_default=False)] = None
    """Folder of a training set, or a git repository, in place of single texts: how much of it is
    consistent with a model's writing and, with `--index`, with what was served."""

    unit: Literal["file", "commit"] = "file"
    """Of a git repository: its files as they are, or what each commit added to each file."""

    state: Annotated[Path | None, Parameter(show_default=False)] = None
    """File that keeps what is known so far: a run that was stopped goes on from it."""

    known_model: Annotated[
        list[Path] | None, Parameter(show_default=False, negative_iterable=())
    ] = None
    """Documents that the model wrote, none of which the detector was fitted on: how many of them
    are found bounds the share from above. Without them only a lower bound is given."""

    false_discovery_rate: Annotated[float, Parameter(validator=validators.Number(gt=0, lt=1))] = (
        0.05
    )
    """Expected share of the list of documents that is wrong, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """By what a corpus is judged."""

    detectors: tuple[Path, ...]
    domain: str | None
    level: float
    index: Path | None
    key: Path | None
    reading: ReaderOptions


def refuse_corpus_options(options: CorpusOptions, *, texts: bool, of_texts: bool) -> None:
    """Refuse what would be passed over in silence.

    Parameters:
        options: About a corpus.
        texts: Whether single texts were named.
        of_texts: Whether passages or the evidence of a mark were asked for.

    Raises:
        ConfigError: If single texts and a corpus were asked about at once.
    """
    if options.corpus is not None and texts:
        message = "texts and --corpus were both named"
        raise ConfigError(message, next_step="Ask about one or the other.")
    if options.corpus is not None and of_texts:
        message = "--passages and --mark-evidence are about single texts, and --corpus was named"
        raise ConfigError(message, next_step="Ask about the texts of the list by themselves.")
    without = options.state is not None or options.known_model or options.unit == "commit"
    if options.corpus is None and without:
        message = "--state, --known-model and --unit are about a corpus, and none was named"
        raise ConfigError(message, next_step="Name its folder with --corpus.")


def detect_corpus(
    options: CorpusOptions,
    judged: Judged,
    common: Common,
    *,
    as_json: bool,
    output: Path | None,
    fails: bool,
) -> ExitCode:
    """Go through a corpus, and say how much of it is what.

    Raises:
        InputError: If the corpus, the index or the state cannot be used.
        ConfigError: If the state is of a run with other settings.
    """
    from phalanx.cli.authorship_corpus_view import corpus_json, corpus_text
    from phalanx.cli.authorship_corpus_work import surveyed

    with common.progress("detect") as progress:
        found = surveyed(options, judged, progress)
    write_text((corpus_json if as_json else corpus_text)(found), output)
    return ExitCode.FINDINGS if found.is_found and fails else ExitCode.CLEAN
