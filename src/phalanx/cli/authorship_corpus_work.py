"""What `phalanx authorship detect --corpus` does: stream, judge, note, count."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from phalanx.authorship.corpus import (
    Answered,
    Asked,
    Known,
    Table,
    answered,
    commits_of,
    documents_below,
    files_of,
    is_repository,
    known_of,
    open_state,
    survey,
)
from phalanx.authorship.corpus.stream import Given
from phalanx.authorship.documents import read_documents
from phalanx.authorship.served import open_index
from phalanx.cli.authorship_corpus import CorpusOptions, Judged
from phalanx.cli.authorship_work import models_of
from phalanx.cli.scan_key import load_or_create
from phalanx.errors import ConfigError, InputError
from phalanx.logs.pseudonym import key_id

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """What is told of a corpus."""

    corpus: Path
    unit: str
    level: float
    false_discovery_rate: float
    table: Table
    answers: tuple[Answered, ...]
    rejected: int
    rejects: tuple[tuple[str, str], ...]
    """The first of what could not be used, with the reasons."""

    known: Known | None

    @property
    def is_found(self) -> bool:
        """Whether the share is above zero, or a document is on a list."""
        return any(each.share.low > 0.0 or bool(each.listed.any()) for each in self.answers)


def surveyed(options: CorpusOptions, judged: Judged, progress: Progress) -> Surveyed:
    """Go through a corpus.

    Raises:
        InputError: If the corpus, the index or the state cannot be used, or nothing is in it.
        ConfigError: If the state is of a run with other settings.
    """
    assert options.corpus is not None  # noqa: S101 - the command asks for it
    models = models_of(judged.detectors, judged.reading)
    known_domains = {name for model in models.values() for name in model.domains}
    if judged.domain is not None and judged.domain not in known_domains:
        message = f"no reference has a domain {judged.domain!r}"
        raise InputError(message, next_step=f"Domains: {', '.join(sorted(known_domains))}.")
    index, secret = None, bytes(32)
    if judged.index is not None:
        secret = load_or_create(judged.key)
        index = open_index(judged.index, key_id(secret))
    asked = Asked(
        models=models, level=judged.level, domain=judged.domain, index=index, secret=secret
    )
    known = _known(options, asked)
    name = f"{options.unit} {options.corpus.resolve()}"
    with open_state(options.state, asked.digest(name)) as state:
        survey(_stream(options), asked, state, progress)
        table = state.table()
        rejected, rejects = state.rejects()
    if not table.names:
        message = f"{options.corpus}: no document can be used"
        raise InputError(message, next_step="Name a folder with texts, code or lines of JSON.")
    rate = options.false_discovery_rate
    answers = [answered(table, "a model's writing", judged.level, rate, known)]
    if index is not None:
        answers.append(answered(table, "what was served", judged.level, rate, None))
    return Surveyed(
        corpus=options.corpus, unit=options.unit, level=judged.level,
        false_discovery_rate=rate, table=table, answers=tuple(answers), rejected=rejected,
        rejects=rejects, known=known,
    )  # fmt: skip


def _stream(options: CorpusOptions) -> Iterator[Given]:
    assert options.corpus is not None  # noqa: S101 - as above
    if is_repository(options.corpus):
        return (commits_of if options.unit == "commit" else files_of)(options.corpus)
    if options.unit == "commit":
        message = f"{options.corpus}: is no git repository, and has no commits"
        raise ConfigError(message, next_step="Leave --unit out.")
    return documents_below(options.corpus)


def _known(options: CorpusOptions, asked: Asked) -> Known | None:
    """Return how the detector does on documents of the model."""
    if not options.known_model:
        return None
    given = read_documents(options.known_model, sys.stdin.buffer)
    return known_of(given.documents, asked)
