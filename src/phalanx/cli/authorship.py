"""`phalanx authorship`: is a text or code consistent with a model's writing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter, validators

from phalanx.cli.authorship_corpus import (
    CorpusOptions,
    Judged,
    detect_corpus,
    refuse_corpus_options,
)
from phalanx.cli.authorship_reader import ReaderOptions
from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.rendering import OutputPath, TableOrJson, refuse_output, write_text
from phalanx.cli.terminal import Common
from phalanx.errors import ConfigError

authorship = App(
    name="authorship",
    help="Say whether texts or code are consistent with a model's writing.",
    help_format="markdown",
)

# Commands about what was served have a module of their own, imported when they are used.
for _served in ("index", "lookup"):
    authorship.command(f"phalanx.cli.authorship_served:{_served}", name=_served)

Paths = Annotated[list[Path], Parameter(negative_iterable=(), consume_multiple=True)]
Detector = Annotated[Path | None, Parameter(show_default=False)]
Detectors = Annotated[
    list[Path] | None,
    Parameter(name="--detector", show_default=False, negative_iterable=()),
]
Level = Annotated[float, Parameter(validator=validators.Number(gt=0, lt=1))]
Domain = Annotated[str | None, Parameter(show_default=False)]
FailOn = Literal["finding", "undecided", "never"]
KindName = Literal["text", "code"]


@authorship.command
def fit(
    *,
    human: Paths,
    model: Paths,
    detector: Path,
    kind: KindName = "text",
    output_format: TableOrJson = "table",
    common: Common = Common(),
) -> None:
    """Fit a detector to documents of humans and of models.

    It says nothing until it is calibrated on human documents that it was not fitted on.

    Parameters:
        human: Files or folders of documents that humans wrote; names that end in `.jsonl` have one
            on each line.
        model: The same of documents that models wrote. Each path is a collection of its own: the
            fusion is fitted so that it holds for collections that it has not seen.
        detector: File to write.
        kind: Of the documents.
        output_format: How to print what was made.
        common: Options of every command.
    """
    from phalanx.authorship.reference import write_model
    from phalanx.cli.authorship_view import fitted_json
    from phalanx.cli.authorship_work import fitted, told_rejects

    refuse_output(detector)
    with common.progress("fit") as progress:
        made = fitted(human, model, kind, progress)
    told_rejects(made.rejects, common)
    digest = write_model(made.model, detector)
    text = f"{detector}: {made.model.detector.about}\nsha256 {digest}\n"
    as_json = output_format == "json"
    write_text(fitted_json(made, digest, detector) if as_json else text, None)
    common.say("Next: phalanx authorship calibrate, on human documents that are none of these.")


@authorship.command
def join(
    *,
    human: Paths,
    model: Paths,
    detector: Path,
    joined: Path,
    options: ReaderOptions = ReaderOptions(),
    output_format: TableOrJson = "table",
    common: Common = Common(),
) -> None:
    """Join a detector with what a language model of yours makes of each text.

    How likely the model holds each word tells its own texts, and those of its kin, from humans' on
    subjects that the detector was not fitted on. Calibrate the result before it says anything.

    Parameters:
        human: Files or folders of documents that humans wrote, 100 or more, none of which the
            detector was fitted on; names that end in `.jsonl` have one on each line.
        model: The same of documents that models wrote.
        detector: File that `fit` wrote.
        joined: File to write.
        options: Which model reads.
        output_format: How to print what was made.
        common: Options of every command.
    """
    from phalanx.authorship.reference import write_model
    from phalanx.cli.authorship_view import fitted_json, joined_text
    from phalanx.cli.authorship_work import joined as join_with
    from phalanx.cli.authorship_work import told_rejects

    refuse_output(joined)
    with common.progress("join") as progress:
        made = join_with(human, model, detector, options, progress)
    told_rejects(made.rejects, common)
    digest = write_model(made.model, joined)
    text = f"{joined_text(made.model)}sha256 {digest}\n"
    as_json = output_format == "json"
    write_text(fitted_json(made, digest, joined) if as_json else text, None)
    common.say("Next: phalanx authorship calibrate, on human documents that are none of these.")


@authorship.command
def calibrate(
    *humans: Annotated[Path, Parameter(required=True, allow_leading_hyphen=True)],
    domain: str,
    calibrated: Path,
    detector: Detector = None,
    options: ReaderOptions = ReaderOptions(),
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Calibrate a detector on documents of your own that humans wrote, 200 or more.

    A claim at 1 % needs 99 documents of each length, one at one in a thousand 999.

    Parameters:
        humans: Files or folders; names that end in `.jsonl` have a document on each line. The
            detector must not have been fitted on any of them.
        domain: What they are, such as `support tickets`; a domain of that name is replaced.
        calibrated: File to write: the detector with its reference.
        detector: File of the detector; the one that is shipped for the documents' kind if it is
            left out.
        options: Which model reads, where the detector was joined with readings.
        output_format: How to print the cells of the reference.
        output: File to write them to instead.
        common: Options of every command.
    """
    from phalanx.authorship.reference import write_model
    from phalanx.cli.authorship_view import reference_json, reference_text
    from phalanx.cli.authorship_work import calibrated as calibrate_on
    from phalanx.cli.authorship_work import told_rejects

    refuse_output(calibrated)
    refuse_output(output)
    with common.progress("calibrate") as progress:
        made = calibrate_on(humans, domain, detector, options, progress)
    told_rejects(made.rejects, common)
    digest = write_model(made.model, calibrated)
    if output_format == "json":
        made = replace(made, model=replace(made.model, digest=digest))
        write_text(reference_json(made, domain, calibrated), output)
    else:
        write_text(f"{reference_text(made.model)}sha256 {digest}\n", output)


@authorship.command
def detect(
    *texts: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    detector: Detectors = None,
    domain: Domain = None,
    level: Level = 0.01,
    index: Annotated[Path | None, Parameter(show_default=False)] = None,
    key: Annotated[Path | None, Parameter(show_default=False)] = None,
    mark_evidence: Annotated[Path | None, Parameter(show_default=False)] = None,
    passages: bool = False,
    reading: ReaderOptions = ReaderOptions(),
    options: CorpusOptions = CorpusOptions(),
    fail_on: FailOn = "finding",
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> ExitCode:
    """Say which documents are consistent with a model's writing, and how sure that is.

    The p-value of a document is its rank among human documents of the same kind, domain, language
    and length. What is too short, unlike the reference, or has too small a reference for the level
    is "not evaluable"; what would be claimed and reads like a human's in parts is "mixed", and its
    passages are located. `phalanx explain PHX-A001` says what a finding shows, and what not.

    Parameters:
        texts: Files, folders, `-` for standard input. Names that end in `.jsonl` have a document a
            line: `text`, or `code` with its `language`, and if known `id`.
        detector: File that `fit` or `calibrate` wrote, one for each kind; those that are shipped if
            it is left out.
        domain: Of the reference, that all documents belong to; without it the largest p-value of
            all domains counts, and scores are lowered by what humans of an unseen domain may need.
        level: Share of human documents that may be called consistent with a model's writing.
        index: Folder that `index` wrote: what was served is asked first, and one statement is made
            of all evidence.
        key: File of the pseudonym key that the index was made with.
        mark_evidence: What `phalanx watermark detect -f json` said of the same texts, which counts
            after what was served.
        passages: Locate passages of long documents that are consistent with a model's writing; the
            level is then the share of them that is expected to be wrong.
        reading: Which model reads, where the detector was joined with readings.
        options: About all of a corpus.
        fail_on: Least finding that makes the exit status 1; `undecided` counts what is mixed or not
            evaluable too.
        output_format: How to print.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.authorship_together import is_found, together
    from phalanx.cli.authorship_view import METHOD, as_json, as_text
    from phalanx.cli.authorship_work import answer, told_rejects

    refuse_output(output)
    refuse_corpus_options(
        options, texts=bool(texts), of_texts=passages or mark_evidence is not None
    )
    if options.corpus is not None:
        judged = Judged(
            detectors=tuple(detector or ()), domain=domain, level=level, index=index, key=key,
            reading=reading,
        )  # fmt: skip
        return detect_corpus(
            options, judged, common, as_json=output_format == "json", output=output,
            fails=fail_on != "never",
        )  # fmt: skip
    if not texts:
        message = "no text was named"
        raise ConfigError(message, next_step="Name files or folders, or a folder with --corpus.")
    with common.progress("detect") as progress:
        found = answer(
            texts, detector or (), reading, level=level, domain=domain, progress=progress
        )
        added = together(
            found, method=METHOD, index=index, key=key, mark_evidence=mark_evidence,
            passages=passages,
        )  # fmt: skip
    told_rejects(found.rejects, common)
    write_text((as_json if output_format == "json" else as_text)(found, added), output)
    has_finding = is_found(found, added)
    failed = {
        "finding": has_finding,
        "undecided": has_finding or not found.is_decided,
        "never": False,
    }
    return ExitCode.FINDINGS if failed[fail_on] else ExitCode.CLEAN
