"""What the commands of authorship do: read, fit, calibrate, judge."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from phalanx.authorship.documents import Document, Reject, read_documents
from phalanx.authorship.features import KINDS, Kind, Seen, see
from phalanx.authorship.features.readings import Reading
from phalanx.authorship.fitting import Labelled, fit_detector, join_readings
from phalanx.authorship.judging import Verdicts, judge, view_of
from phalanx.authorship.reference import Calibrated, calibrate, read_model, shipped_models
from phalanx.authorship.views import View
from phalanx.cli.authorship_reader import ReaderOptions, open_reader, read_by
from phalanx.cli.terminal import Common
from phalanx.errors import ConfigError, InputError

Progress = Callable[[str, float], None]

_NO_REFERENCE = "no human documents yet"
_READ_AT_ONCE = 16
"""Documents that a language model reads between two steps of the progress bar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A detector that was made, and what could not be used for it."""

    model: Calibrated
    rejects: tuple[Reject, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is told of documents."""

    verdicts: Verdicts
    models: Mapping[str, Calibrated]
    """Kind -> detector."""

    domain: str | None
    """Domain that was named."""

    rejects: tuple[Reject, ...]

    @property
    def is_found(self) -> bool:
        """Whether any document is consistent with a model's writing."""
        return self.verdicts.batch.consistent > 0

    @property
    def is_decided(self) -> bool:
        """Whether every document was evaluable, and none is mixed."""
        return all(each.log10_p is not None for each in self.verdicts.judgements)


def told_rejects(rejects: Sequence[Reject], common: Common) -> None:
    """Tell what was left out: the first five, and how many in all."""
    for each in rejects[:5]:
        common.say(f"warning: {each.where}: {each.reason}; left out")
    if len(rejects) > 5:
        common.say(f"warning: {len(rejects):,} documents were left out in all")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """Documents whose authors are known, one beside the other."""

    documents: list[Document]
    views: list[View]
    is_model: npt.NDArray[np.bool_]
    rejects: tuple[Reject, ...]


def _given(human: Sequence[Path], model: Sequence[Path], kind: Kind) -> _Given:
    """Read documents of both kinds of author, none twice.

    Raises:
        InputError: If a path cannot be read.
    """
    documents: list[Document] = []
    views: list[View] = []
    is_model: list[bool] = []
    rejects: list[Reject] = []
    contents: set[bytes] = set()
    for written_by_model, paths in ((False, human), (True, model)):
        given = read_documents(paths, sys.stdin.buffer)
        rejects += given.rejects
        for document in given.documents:
            view = view_of(document)
            reason = _unusable(document, view.size, kind)
            if not reason and view.content in contents:
                reason = "reads like another that was handed in"
            if reason:
                rejects.append(Reject(where=document.document_id, reason=reason))
                continue
            contents.add(view.content)
            documents.append(document)
            views.append(view)
            is_model.append(written_by_model)
    return _Given(
        documents=documents, views=views, is_model=np.array(is_model, dtype=np.bool_),
        rejects=tuple(rejects),
    )  # fmt: skip


def fitted(human: Sequence[Path], model: Sequence[Path], kind: str, progress: Progress) -> Made:
    """Fit a detector to what paths hold.

    Raises:
        InputError: If a path cannot be read, or there are too few documents.
    """
    given = _given(human, model, KINDS[kind])
    documents = given.documents
    progress("reading", 0.1)
    _, group = np.unique([each.group for each in documents], return_inverse=True)
    _, source = np.unique([each.source for each in documents], return_inverse=True)
    languages = tuple(sorted({each.language for each in documents}))
    models = int(given.is_model.sum())
    about = (
        f"{len(documents) - models:,} documents of humans and {models:,} of models, "
        f"{kind}, {', '.join(languages)}"
    )
    seen = [see(view) for view in given.views]
    labelled = Labelled(seen, given.is_model, group, source)
    detector = fit_detector(labelled, KINDS[kind], languages, about, progress)
    return Made(model=Calibrated(detector, (), _NO_REFERENCE), rejects=given.rejects)


def joined(
    human: Sequence[Path],
    model: Sequence[Path],
    detector: Path,
    options: ReaderOptions,
    progress: Progress,
) -> Made:
    """Join a detector with readings of a model, on documents that it was not fitted on.

    Raises:
        InputError: If a path, the detector or the model cannot be read, or there are too few
            documents.
        ConfigError: If no model was named.
    """
    reader = open_reader(options)
    if reader is None:
        message = "no model was named that reads"
        raise ConfigError(message, next_step="Name its folder with --reader.")
    made = read_model(detector).detector
    given = _given(human, model, made.kind)
    seen = [see(view) for view in given.views]
    readings: list[Reading] = []
    for begin in range(0, len(seen), _READ_AT_ONCE):
        progress("reading", begin / len(seen))
        part = given.views[begin : begin + _READ_AT_ONCE]
        readings += reader.readings([view.content.decode(errors="replace") for view in part])
    together = join_readings(made, seen, readings, given.is_model, reader)
    return Made(model=Calibrated(made, (), _NO_REFERENCE, joined=together), rejects=given.rejects)


def _unusable(document: Document, size: int, kind: Kind) -> str:
    if document.kind != kind.name:
        return f"is {document.kind}, and {kind.name} was asked for"
    if size < kind.least:
        return f"has {size} {kind.unit}, and {kind.least} are needed"
    return ""


def calibrated(
    humans: Sequence[Path],
    domain: str,
    detector: Path | None,
    options: ReaderOptions,
    progress: Progress,
) -> Made:
    """Calibrate a detector on what paths hold.

    Raises:
        InputError: If a path cannot be read, or there are too few documents.
    """
    given = read_documents(humans, sys.stdin.buffer)
    progress("reading", 0.2)
    kinds = [each.kind for each in given.documents]
    commonest = max(sorted(KINDS), key=kinds.count)
    models = models_of([] if detector is None else [detector], options)
    model = next(iter(models.values())) if detector else models.get(commonest)
    if model is None:
        message = f"no detector of {commonest} is shipped"
        raise InputError(message, next_step="Fit one with `phalanx authorship fit` and name it.")
    rejects = list(given.rejects)
    seen: list[Seen] = []
    views: list[View] = []
    languages: list[str] = []
    contents: set[bytes] = set()
    for document in given.documents:
        view = view_of(document)
        reason = _unusable(document, view.size, model.detector.kind)
        if not reason and document.language not in model.detector.languages:
            reason = f"is {document.language}, which the detector was not fitted on"
        if not reason and view.content in contents:
            reason = "reads like another that was handed in"
        if reason:
            rejects.append(Reject(where=document.document_id, reason=reason))
            continue
        contents.add(view.content)
        seen.append(see(view))
        views.append(view)
        languages.append(document.language)
    progress("scoring", 0.6)
    cells = calibrate(model.detector, seen, languages, domain, model.scores(seen, views))
    kept = tuple(cell for cell in model.cells if cell.domain != domain)
    documents = sum(cell.documents for cell in (*kept, *cells))
    domains = ", ".join(sorted({cell.domain for cell in (*kept, *cells)}))
    about = f"{documents:,} human documents: {domains}"
    return Made(
        model=replace(model, cells=(*kept, *cells), about=about, digest=""),
        rejects=tuple(rejects),
    )


def models_of(
    paths: Sequence[Path], options: ReaderOptions = ReaderOptions()
) -> dict[str, Calibrated]:
    """Return detectors by their kind: those of the files, or those that are shipped.

    Raises:
        InputError: If a file is none, two are for one kind, or the model that reads cannot be
            opened or is another than was joined.
        ConfigError: If a model was named and none of them was joined with readings.
    """
    models = [read_model(path) for path in paths] if paths else list(shipped_models())
    found = {model.detector.kind.name: model for model in models}
    if len(found) < len(models):
        message = "two detectors are for one kind of document"
        raise InputError(message, next_step="Name one for text, and one for code.")
    return read_by(found, options)


def answer(
    texts: Sequence[Path],
    detectors: Sequence[Path],
    options: ReaderOptions,
    *,
    level: float,
    domain: str | None,
    progress: Progress,
) -> Answer:
    """Judge what paths hold.

    Raises:
        InputError: If a path cannot be read, or no detector has such a domain.
    """
    models = models_of(detectors, options)
    known = sorted({name for model in models.values() for name in model.domains})
    if domain is not None and domain not in known:
        message = f"no reference has a domain {domain!r}"
        advice = f"Domains: {', '.join(known)}." if known else "Calibrate on human documents first."
        raise InputError(message, next_step=advice)
    given = read_documents(texts, sys.stdin.buffer)
    verdicts = judge(given.documents, models, level=level, domain=domain, progress=progress)
    return Answer(verdicts=verdicts, models=models, domain=domain, rejects=given.rejects)
