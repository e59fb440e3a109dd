"""What the commands about what was served do: read logs and texts, index, look up."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from phalanx.authorship.documents import Document, Reject, read_documents
from phalanx.authorship.served import (
    Found,
    IndexWriter,
    Listed,
    ServedIndex,
    evidence_of,
    look_up,
    open_index,
)
from phalanx.cli.scan_key import load_or_create
from phalanx.errors import InputError
from phalanx.logs.exchange_log import open_log
from phalanx.logs.options import ReadOptions
from phalanx.logs.pseudonym import key_id
from phalanx.model import ExactEvidence, Inconclusive

Progress = Callable[[str, float], None]

_AT_ONCE = 256
"""Documents that are looked up in one call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """What was indexed."""

    listed: Listed
    documents: int
    """Responses that are new."""

    entries: int
    size_bytes: int
    """Of all of the index."""

    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """What is told of texts that were looked up."""

    index: ServedIndex
    level: float
    documents: tuple[Document, ...]
    found: tuple[Found, ...]
    """Of each document."""

    evidence: tuple[ExactEvidence | Inconclusive, ...]
    """Of each document."""

    rejects: tuple[Reject, ...]

    @property
    def findings(self) -> int:
        """How many documents share more than their subject explains."""
        return sum(is_finding(each, self.level) for each in self.evidence)


def is_finding(evidence: ExactEvidence | Inconclusive, level: float) -> bool:
    """Tell whether a document is consistent with what was served, at a level."""
    return isinstance(evidence, ExactEvidence) and evidence.log10_p <= math.log10(level)


def indexed(
    logs: Sequence[Path],
    folder: Path,
    columns: Mapping[str, str],
    key: Path | None,
    progress: Progress,
    *,
    clear: bool,
) -> Indexed:
    """Index the responses in logs.

    Raises:
        InputError: If a log cannot be read, has no responses, or is in the index already.
    """
    secret = load_or_create(key)
    options = ReadOptions(columns=columns, pseudonym_key=None if clear else secret, responses=True)
    log = open_log([str(path) for path in logs], options)
    whole = sum(source.file.path.stat().st_size for source in log.sources)
    with IndexWriter(folder, secret, key_id(secret)) as writer:
        for batch in log.batches():
            times = batch.column("timestamp").cast(pa.int64()).to_numpy(zero_copy_only=False)
            writer.add(batch.column("response"), batch.column("account_id"), times)
            # How many rows there are is not known before the end; a row takes a few hundred bytes.
            progress(f"{log.rows:,} exchanges", 0.8 * min(1.0, 500.0 * log.rows / max(whole, 1)))
        digests = set(log.inputs.values())
        known = digests & set(writer.listed.inputs)
        if known:
            twice = next(name for name, digest in log.inputs.items() if digest in known)
            message = f"{twice}: is in the index already"
            raise InputError(
                message, next_step="Leave it out: counted twice, it would match twice."
            )
        listed = writer.finish(digests, lambda stage, share: progress(stage, 0.8 + 0.2 * share))
        documents = writer.documents
    entries = open_index(folder, key_id(secret)).entries
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Indexed(
        listed=listed, documents=documents, entries=entries, size_bytes=size,
        warnings=log.warnings,
    )  # fmt: skip


def looked_up(
    texts: Sequence[Path], folder: Path, key: Path | None, level: float, progress: Progress
) -> LookedUp:
    """Look up what paths hold.

    Raises:
        InputError: If a path or the index cannot be read.
        VerificationError: If the index was made with another key.
    """
    secret = load_or_create(key)
    index = open_index(folder, key_id(secret))
    given = read_documents(texts, sys.stdin.buffer)
    found: list[Found] = []
    for first in range(0, len(given.documents), _AT_ONCE):
        some = given.documents[first : first + _AT_ONCE]
        column = pa.array([each.content for each in some], pa.large_string())
        found += look_up(column, index, secret)
        progress("looking up", len(found) / len(given.documents))
    return LookedUp(
        index=index,
        level=level,
        documents=given.documents,
        found=tuple(found),
        evidence=tuple(evidence_of(each, index) for each in found),
        rejects=given.rejects,
    )
