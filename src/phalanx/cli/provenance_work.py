"""What the commands about provenance do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from phalanx import __version__
from phalanx.cli.provenance_behaviour import Interview, Progress, ask, open_source, read_interview
from phalanx.cli.provenance_marks_work import Copies, read_copies
from phalanx.cli.provenance_options import AuditOptions, BehaviourOptions, MarkOptions
from phalanx.cli.watermark_audit_verify import verified
from phalanx.errors import InputError
from phalanx.provenance.roles import Architecture
from phalanx.provenance.tests import (
    Comparison,
    Plan,
    Tokenizer,
    compare_tokenizers,
    compare_weights,
    installed_tests,
    read_tokenizer,
)
from phalanx.provenance.tests.changes import count_changes
from phalanx.provenance.verdict import (
    Asked,
    Budget,
    Family,
    Party,
    Record,
    State,
    judge,
    of_audit,
    of_marks,
    of_weights,
    rounded,
)
from phalanx.provenance.weights import open_checkpoint
from phalanx.provenance.weights.digest import weights_digest
from phalanx.watermark.audit.report import audit_of

_MOST_NOTE = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is put beside a comparison of weights, or asked where there are none."""

    interview: Interview
    """What models are asked."""

    suspect: str
    """The suspect where it is asked: a folder, a recording, or URL#MODEL."""

    ours: str | None
    """Our model, likewise; agreement needs it."""

    panel: tuple[str, ...]
    """Reference models, likewise."""

    api_key: Path | None
    """File of the key for endpoints."""

    audit: tuple[Asked, str] | None
    """What an audit for marks says, with a note about whom."""

    @property
    def families(self) -> tuple[Family, ...]:
        """What is asked, fixed before anything is."""
        return (*self.interview.families, *(() if self.audit is None else (Family.AUDIT,)))

    def take(self, progress: Progress) -> tuple[list[Asked], list[str]]:
        """Ask everything, and return the results of each family, and notes.

        Raises:
            PhalanxError: If a model cannot be opened or asked.
        """
        asked: list[Asked] = []
        if self.interview.families:
            agreement = self.interview.questions is not None
            names = (self.suspect, *self.panel)
            models = [open_source(each, self.api_key) for each in names]
            own = open_source(self.ours, self.api_key) if agreement and self.ours else None
            asked = ask(self.interview, models[0], own, models[1:], progress)
        if self.audit is None:
            return asked, []
        return [*asked, self.audit[0]], [self.audit[1]]


def prepared(
    behaviour: BehaviourOptions, audit: AuditOptions, suspect: str, ours: str | None
) -> Beside:
    """Read everything that was named beside the models, before any of them is looked at.

    Raises:
        InputError: If a file cannot be used, or what goes together is not.
        ConfigError: If others than its owner may read the file of keys.
        VerificationError: If report, signer and plan of an audit do not agree.
    """
    interview = read_interview(behaviour)
    if interview.questions is not None and ours is None:
        message = "agreement needs our model's answers too"
        raise InputError(message, next_step="Name our model with --ours.")
    return Beside(
        interview=interview,
        suspect=suspect,
        ours=ours,
        panel=behaviour.panel,
        api_key=behaviour.api_key,
        audit=_audited(audit),
    )


def _audited(options: AuditOptions) -> tuple[Asked, str] | None:
    """Return what an audit says, and a note about whom; null if none is named."""
    report, plan, signer = options.audit, options.audit_plan, options.audit_signer
    if report is None and plan is None and signer is None:
        return None
    if report is None or plan is None or signer is None:
        message = "a report of an audit is read with its plan and the public key of its signer"
        raise InputError(message, next_step="Name --audit, --audit-plan and --audit-signer.")
    audit = audit_of(verified(report, signer, plan, None))
    note = (
        f"The audit for marks was about {audit.plan.suspect!r}, with the plan "
        f"{audit.plan.digest()}: that this is the suspect is for its reader to check."
    )
    named = [each.named for each in audit.keys]
    return of_audit(audit.evidence(), named, evaluable=audit.evaluable), note


def marked(options: MarkOptions, ours: Path) -> Copies | None:
    """Read the register of marked copies and its key; null if none is named.

    Raises:
        InputError: If one of the two is missing, or is none.
        ConfigError: If others than its owner may read the key.
        VerificationError: If key or model are not those of the register.
    """
    if options.marks is None and options.marks_key is None:
        return None
    if options.marks is None or options.marks_key is None:
        message = "marks in weights are read by their register and its key"
        raise InputError(message, next_step="Name --marks and --marks-key.")
    return read_copies(options.marks, options.marks_key, ours)


def compared(
    ours: Path,
    suspect: Path,
    beside: Beside,
    level: float,
    at: datetime,
    *,
    ancestors: Sequence[Path] = (),
    copies: Copies | None = None,
    progress: Progress,
    digests: bool,
) -> Record:
    """Compare weights, take what else is asked, and conclude.

    Parameters:
        ours: Folder or file of our model.
        suspect: Folder or file of the suspect.
        beside: What else is asked.
        level: Chance of accusing an independent model, all families together.
        at: When this is.
        ancestors: Folders or files of models that ours was made from: they can only clear.
        copies: Of ours that went out with marks, if any.
        progress: Is told what is being done.
        digests: Whether files are read once more for their SHA-256.

    Raises:
        PhalanxError: If a model cannot be read or asked.
    """
    of_copies = () if copies is None else (Family.WEIGHT_MARKS,)
    budget = Budget(level, (Family.WEIGHTS, *of_copies, *beside.families))
    progress("weights", 0.05)
    pair = open_checkpoint(ours), open_checkpoint(suspect)
    plan = Plan(level=min(Plan().level, budget.share))
    further = installed_tests()
    comparison = compare_weights(*pair, plan, _tokenizers(ours, suspect), further)
    of_ancestors = {}
    for name, path in _called(ancestors):
        progress(f"ancestor {name}", 0.3)
        of_ancestors[name] = compare_weights(
            open_checkpoint(path), pair[1], plan, _tokenizers(path, suspect), further
        )
    more, notes = beside.take(progress)
    if copies is not None:
        progress("marks", 0.5)
        more.append(of_marks(copies.trace(pair[1], progress)))
    verdict = judge(budget, [of_weights(comparison, of_ancestors, budget.log10_share), *more])
    changes = None
    if verdict.answers[Family.WEIGHTS].state is State.REJECTED:
        progress("changes", 0.8)
        layers = len(comparison.ours.layers), len(comparison.theirs.layers)
        changes = count_changes(*pair, *layers)
    progress("digests", 0.9)
    names = [weights_digest(path) if digests else "" for path in (ours, suspect)]
    return rounded(
        Record(
            ours=_party(ours, comparison.ours, names[0]),
            suspect=_party(suspect, comparison.theirs, names[1]),
            verdict=verdict,
            layers=comparison.layers,
            changes=changes,
            notes=_cut([*_notes(comparison, ours, suspect), *_told(of_ancestors), *notes]),
            made_at=at.isoformat(timespec="seconds"),
            version=__version__,
        )
    )


def probed(beside: Beside, level: float, at: datetime, progress: Progress) -> Record:
    """Ask a suspect of which there are no weights, and conclude.

    Raises:
        InputError: If nothing is asked.
        PhalanxError: If a model cannot be asked.
    """
    if not beside.interview.families:
        message = "nothing is asked of the suspect"
        raise InputError(message, next_step="Name --keys, --order or --questions.")
    budget = Budget(level, beside.families)
    asked, notes = beside.take(progress)
    return rounded(
        Record(
            ours=_nobody(beside.ours or ""),
            suspect=_nobody(beside.suspect),
            verdict=judge(budget, asked),
            layers=None,
            changes=None,
            notes=_cut(["No weights were compared.", *notes]),
            made_at=at.isoformat(timespec="seconds"),
            version=__version__,
        )
    )


def _called(paths: Sequence[Path]) -> list[tuple[str, Path]]:
    """Return models with a name for each: files are called alike, and none may replace another."""
    names = [path.resolve().name for path in paths]
    return [
        (name if names.count(name) == 1 else f"{name} ({at})", path)
        for at, (name, path) in enumerate(zip(names, paths, strict=True), 1)
    ]


def _told(ancestors: Mapping[str, Comparison]) -> list[str]:
    return [
        f"Ancestor of ours {name}: compared with the suspect as well, p {10.0**each.log10_p:.2g}."
        for name, each in ancestors.items()
        if each.decides
    ]


def _nobody(name: str) -> Party:
    """Return a model of which there are no weights; of an endpoint, without its address."""
    _, at, model = name.partition("#")
    called = model if at and name.startswith(("http://", "https://")) else Path(name).name
    return Party(name=called, digest="", family="", layers=0, hidden=0)


def _cut(notes: Sequence[str]) -> tuple[str, ...]:
    """Return notes of bounded length: names of tensors are what a stranger chose."""
    return tuple(each if len(each) <= _MOST_NOTE else f"{each[:_MOST_NOTE]}..." for each in notes)


def _party(path: Path, found: Architecture, digest: str) -> Party:
    return Party(
        name=path.resolve().name,
        digest=digest,
        family=found.family,
        layers=len(found.layers),
        hidden=found.hidden,
    )


def _tokenizers(ours: Path, suspect: Path) -> tuple[Tokenizer, Tokenizer] | None:
    files = [path / "tokenizer.json" for path in (ours, suspect)]
    if not all(each.is_file() for each in files):
        return None
    return read_tokenizer(files[0]), read_tokenizer(files[1])


def _notes(comparison: Comparison, ours: Path, suspect: Path) -> list[str]:
    notes = [*comparison.notes]
    for name, count in list(comparison.not_finite.items())[:5]:
        notes.append(f"{count:,} numbers of {name[:100]} are no finite ones; they counted as zero.")
    if len(comparison.not_finite) > 5:
        notes.append(f"{len(comparison.not_finite):,} tensors hold such numbers in all.")
    tokenizers = _tokenizers(ours, suspect)
    if tokenizers is not None:
        found = compare_tokenizers(*tokenizers)
        notes.append(
            f"Of {found.ours:,} tokens of ours and {found.theirs:,} of the suspect's "
            f"{found.shared:,} are the same: for reading, since tokenizers are published."
        )
    if comparison.embedding_likeness is not None:
        notes.append(
            f"Alignment of the embeddings {comparison.embedding_likeness:.2f}, for reading only: "
            "strangers of one language come to 0.46 as well."
        )
    return notes
