"""All that is asked about some documents: together, each by itself, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.errors import InputError
from phalanx.watermark.detection.detect import DECOYS, LEVEL, detect_asked, detect_each
from phalanx.watermark.detection.findings import Detection, Finding, Reading
from phalanx.watermark.detection.locate import Stretch, locate
from phalanx.watermark.detection.scoring import SchemeKeys

DOCUMENT_DECOYS = 99
MOST_TESTS = 2_000_000
"""Of single documents: each is an answer that is kept."""

MOST_LOCATED = 100
"""Keys whose passages are looked for."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Read:
    """Documents as one tokenizer reads them, each with what it answers."""

    tokenizer: str
    """Name of the tokenizer."""

    documents: tuple[Numbers, ...]
    """Token numbers of each document."""

    prompts: tuple[Numbers, ...]
    """Of what each answers, of which nothing counts; empty where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Where the mark of a key stands."""

    finding: Finding
    """The strongest finding of this key, scheme and tokenizer."""

    stretch: Stretch
    """Where."""

    tests: int
    """Keys, schemes and tokenizers that were tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was found."""

    corpus: Detection
    """Of all documents together."""

    alone: Detection | None
    """Of each document by itself; null where there is one, or that was not asked."""

    passages: tuple[Passage, ...]
    """Of keys that were found, in the order of the documents for each key."""

    not_located: int
    """Keys that were found, and whose passages were not looked for: too many were found."""

    @property
    def marked(self) -> tuple[Finding, ...]:
        """All findings that name a mark."""
        return self.corpus.marked + (self.alone.marked if self.alone else ())


def survey(  # noqa: PLR0913 - each is one choice of who asks
    readings: Sequence[Read],
    asked: Sequence[SchemeKeys],
    *,
    level: float = LEVEL,
    decoys: int = DECOYS,
    document_decoys: int = DOCUMENT_DECOYS,
    entropy_nats: float | None = None,
    corpus_only: bool = False,
    passages: bool = True,
) -> Survey:
    """Test documents together, each by itself, and say where marks stand.

    Null hypothesis of each test: the text was written without the key. Together and by itself
    are two families, each at half of the level, so that the chance of any false finding is at most
    the level. Where a mark stands is another question, answered at the same level: the chance that
    any passage is named in which no token was marked.

    Parameters:
        readings: The same documents, once for each tokenizer.
        asked: Schemes, each with its keys.
        level: Chance of any false finding that is accepted, above 0 and below 1.
        decoys: Random keys that all documents together are held against.
        document_decoys: The same for each document by itself.
        entropy_nats: Of the model's choices per token, if known.
        corpus_only: Do not ask about each document.
        passages: Look where the marks of found keys stand.

    Raises:
        InputError: If there is nothing to test, or there are too many tests.
        ValueError: If a number is out of range.

    Examples:
        >>> from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
        >>> read = Read(tokenizer="t", documents=(np.arange(50),), prompts=(np.arange(9),))
        >>> found = survey([read], [SchemeKeys(PhalanxGumbel(), {"k": bytes(32)})])
        >>> found.corpus.findings[0].draws, found.alone is None, found.marked
        (41, True, ())
    """
    count = len(readings[0].documents) if readings else 0
    each = count > 1 and not corpus_only
    tests = sum(len(keys.keys) for keys in asked) * len(readings)
    if each and count * tests > MOST_TESTS:
        message = f"{count:,} documents under {tests:,} tests each are over {MOST_TESTS:,}"
        raise InputError(message, next_step="Ask about the corpus alone, or about fewer keys.")
    families = 2 if each else 1
    corpus = detect_asked(
        [_together(read, entropy_nats) for read in readings],
        asked,
        level=level,
        decoys=decoys,
        families=families,
    )
    alone = None
    if each:
        documents = [[_alone(read, at, entropy_nats) for read in readings] for at in range(count)]
        alone = detect_each(documents, asked, level, document_decoys, families)
    found = _strongest(corpus.marked + (alone.marked if alone else ())) if passages else []
    return Survey(
        corpus=corpus,
        alone=alone,
        passages=tuple(
            passage
            for finding in found[:MOST_LOCATED]
            for passage in _passages(finding, readings, asked, level, tests)
        ),
        not_located=max(0, len(found) - MOST_LOCATED),
    )


def _together(read: Read, entropy_nats: float | None) -> Reading:
    return Reading(
        tokenizer=read.tokenizer,
        documents=read.documents,
        known=tuple(prompt for prompt in read.prompts if prompt.size),
        entropy_nats=entropy_nats,
    )


def _alone(read: Read, at: int, entropy_nats: float | None) -> Reading:
    prompt = read.prompts[at]
    return Reading(
        tokenizer=read.tokenizer,
        documents=(read.documents[at],),
        known=(prompt,) if prompt.size else (),
        entropy_nats=entropy_nats,
    )


def _named(finding: Finding) -> tuple[str, str, str]:
    return finding.tokenizer, finding.setting.name, finding.key_id


def _strongest(findings: Sequence[Finding]) -> list[Finding]:
    """Return the strongest finding of each key, scheme and tokenizer, the strongest first."""
    best: dict[tuple[str, str, str], Finding] = {}
    for finding in sorted(findings, key=lambda each: each.adjusted_log10_p):
        best.setdefault(_named(finding), finding)
    return list(best.values())


def _passages(
    finding: Finding,
    readings: Sequence[Read],
    asked: Sequence[SchemeKeys],
    level: float,
    tests: int,
) -> tuple[Passage, ...]:
    read = next(each for each in readings if each.tokenizer == finding.tokenizer)
    keys = next(
        each
        for each in asked
        if each.scheme.setting.name == finding.setting.name and finding.key_id in each.keys
    )
    known = tuple(prompt for prompt in read.prompts if prompt.size)
    stretches = locate(
        read.documents, keys.scheme, keys.keys[finding.key_id], level=level / tests, known=known
    )
    return tuple(Passage(finding=finding, stretch=stretch, tests=tests) for stretch in stretches)
