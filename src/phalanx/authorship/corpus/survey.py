"""Going through a corpus: batch by batch, so that a run that is killed goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa

from phalanx.authorship.corpus.answer import Known
from phalanx.authorship.corpus.clusters import Bands, bands_of, clusters_of
from phalanx.authorship.corpus.state import Noted, State
from phalanx.authorship.corpus.stream import Given
from phalanx.authorship.documents import Document, Reject
from phalanx.authorship.judging import CONSISTENT, judge
from phalanx.authorship.reference import Calibrated
from phalanx.authorship.served import ServedIndex, evidence_of, look_up
from phalanx.authorship.served.phrases import index_key, phrases_of
from phalanx.errors import InputError
from phalanx.model import ExactEvidence

BATCH = 256
"""Documents that are judged together, and that a killed run loses at most."""

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of each document."""

    models: Mapping[str, Calibrated]
    """Kind -> detector."""

    level: float
    domain: str | None = None
    index: ServedIndex | None = None
    """Of what was served; null asks the detectors only."""

    secret: bytes = bytes(32)
    """With which the index was made."""

    def digest(self, corpus: str) -> str:
        """Name all that the answers depend on.

        Parameters:
            corpus: Folder, and how it is read.
        """
        said = {
            "corpus": corpus,
            "detectors": sorted(
                f"{kind} {model.digest or model.about}" for kind, model in self.models.items()
            ),
            "level": self.level,
            "domain": self.domain,
            "index": None
            if self.index is None
            else [self.index.listed.key_id, *self.index.listed.segments, *self.index.listed.inputs],
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def survey(corpus: Iterable[Given], asked: Asked, state: State, progress: Progress) -> None:
    """Ask all documents of a corpus, and note what is found.

    Parameters:
        corpus: Documents in an order that is the same each time.
        asked: What is asked.
        state: Of the run, which may hold a part of it.
        progress: Told how many were read; the share is not known.

    Raises:
        InputError: If what a former run read is no longer what stands there.
    """
    stream = iter(corpus)
    chain = ""
    for given in islice(stream, state.read):
        chain = _chained(chain, given)
    if chain != state.chain:
        message = "the corpus is no longer what the former run read"
        raise InputError(message, next_step="Begin anew: name a new file with --state.")
    read = state.read
    for batch in _batches(stream):
        for given in batch:
            chain = _chained(chain, given)
        read += len(batch)
        rejects = [(each.where, each.reason) for each in batch if isinstance(each, Reject)]
        documents = [each for each in batch if isinstance(each, Document)]
        state.note(_noted(documents, asked), rejects, read, chain)
        progress(f"{read:,} documents", 0.0)


def _batches(stream: Iterator[Given]) -> Iterator[list[Given]]:
    while batch := list(islice(stream, BATCH)):
        yield batch


def _chained(chain: str, given: Given) -> str:
    """Return the digest of all documents up to one."""
    if isinstance(given, Document):
        said = [chain, given.document_id, given.group, given.kind, given.language, given.content]
    else:
        said = [chain, given.where, given.reason]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _noted(documents: list[Document], asked: Asked) -> list[Noted]:
    if not documents:
        return []
    verdicts = judge(documents, asked.models, level=asked.level, domain=asked.domain)
    texts = pa.array([each.content for each in documents], pa.large_string())
    served: list[float | None] = [None] * len(documents)
    if asked.index is not None:
        for at, found in enumerate(look_up(texts, asked.index, asked.secret)):
            evidence = evidence_of(found, asked.index)
            served[at] = evidence.log10_p if isinstance(evidence, ExactEvidence) else None
    bands = _bands(texts, asked)
    return [
        Noted(
            name=document.document_id,
            group=document.group,
            reason=judgement.reason,
            log10_p=judgement.log10_p,
            reference=judgement.reference_size,
            served=p,
            bands=tuple(row.tolist()),
        )
        for document, judgement, p, row in zip(
            documents, verdicts.judgements, served, bands, strict=True
        )
    ]


def known_of(documents: Sequence[Document], asked: Asked) -> Known:
    """Return how a detector does on documents of which is known that a model wrote them.

    They are counted as those of a corpus are: near-duplicates once, by the first of them. A hundred
    copies of one answer say no more of how many answers are found than one does.

    Parameters:
        documents: None of which the detector was fitted on.
        asked: What is asked of the corpus.
    """
    judgements = judge(documents, asked.models, level=asked.level, domain=asked.domain).judgements
    there = [each for each in judgements if each.log10_p is not None]
    if not there:
        return Known(claimed=0, documents=0)
    bands = _bands(pa.array([each.document.content for each in there], pa.large_string()), asked)
    _, first = np.unique(clusters_of(bands, np.arange(len(there))), return_index=True)
    claimed = sum(there[at].verdict == CONSISTENT for at in first.tolist())
    return Known(claimed=claimed, documents=first.size)


def _bands(texts: pa.Array, asked: Asked) -> Bands:
    return bands_of(phrases_of(texts, index_key(asked.secret), overlapping=False), len(texts))
