"""Options of comparisons: what behaviour is asked, and what else is put beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Group, Parameter, validators

_BEHAVIOUR = Group.create_ordered("Behaviour")
_MARKS = Group.create_ordered("Marks in weights")
_AUDIT = Group.create_ordered("Audit for marks")
_REPORT = Group.create_ordered("Signed report")
_One = Annotated[Path | None, Parameter(show_default=False)]

Level = Annotated[float, Parameter(validator=validators.Number(gte=1e-300, lt=1))]
"""Type of the option `--level`."""

VerdictFormat = Annotated[Literal["table", "json", "html"], Parameter(name=["--format", "-f"])]
"""Type of the option `--format`."""


@Parameter(name="*", group=_BEHAVIOUR)
@dataclass(frozen=True, kw_only=True)
class BehaviourOptions:
    """What models are asked. A model is a folder (extra `torch`), a recording, or URL#MODEL."""

    keys: _One = None
    """File of planted keys, for its owner alone."""

    order: _One = None
    """Lines of JSON with `text` and `position`: what our model saw, and when."""

    questions: _One = None
    """Lines of JSON with `question`, and `set` if there are several sets of them."""

    tokens: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=1024))] = 1
    """Length of the answers to --questions, in tokens."""

    panel: Annotated[tuple[str, ...], Parameter(negative_iterable=(), show_default=False)] = ()
    """Reference models, made on like data and independently of ours; may be given several times."""

    api_key: _One = None
    """File of the key for endpoints, for its owner alone."""


@Parameter(name="*", group=_MARKS)
@dataclass(frozen=True, kw_only=True)
class MarkOptions:
    """Marks that `phalanx provenance mark` wrote into the copies of OURS."""

    marks: _One = None
    """Register of the copies that went out."""

    marks_key: _One = None
    """File of their key, for its owner alone."""


@Parameter(name="*", group=_AUDIT)
@dataclass(frozen=True, kw_only=True)
class AuditOptions:
    """A report of `phalanx watermark audit run` about the same suspect."""

    audit: _One = None
    """File of the signed report."""

    audit_plan: _One = None
    """File of its plan, as it was published."""

    audit_signer: Annotated[str | None, Parameter(show_default=False)] = None
    """Public key of who must have signed it, base64."""


@Parameter(name="*", group=_REPORT)
@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """A report that others can verify."""

    report: _One = None
    """File to write it to."""

    key: _One = None
    """File of the key that signs, for its owner alone; made if it is not there."""

    ledger: _One = None
    """Folder of the ledger that the report is recorded in."""
