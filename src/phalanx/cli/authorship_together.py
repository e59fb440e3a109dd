"""What `phalanx authorship detect` adds to ranks: what was served, a mark, passages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from phalanx.authorship.passages import Located, locate
from phalanx.authorship.served import Found, evidence_of, look_up, open_index
from phalanx.authorship.statement import Statement, Step, fused, statistics_of
from phalanx.authorship.statement.fusing import ASSUMPTION, NULL
from phalanx.cli.authorship_served_view import served_to
from phalanx.cli.authorship_work import Answer
from phalanx.cli.scan_key import load_or_create
from phalanx.errors import InputError, reason_of
from phalanx.formats.lines import labelled, power
from phalanx.formats.notation import count, plural
from phalanx.logs.pseudonym import key_id
from phalanx.model import Evidence, ExactEvidence, Inconclusive

MARK_SCHEMA = "phalanx.watermark-detect/1"
MOST_MARK_BYTES = 64 << 20
_MOST_LINES = 20
_NEXT = "Name a file that `phalanx watermark detect -f json` wrote about the same texts."


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """What is told beside the ranks."""

    statements: tuple[Statement, ...]
    """Of each document; none where only ranks were asked for."""

    served: tuple[Found, ...]
    """Of each document; none where no index was named."""

    located: tuple[Located, ...]
    """Of each document where passages were asked for, of those that are mixed otherwise."""


def together(
    answer: Answer,
    *,
    method: str,
    index: Path | None,
    key: Path | None,
    mark_evidence: Path | None,
    passages: bool,
) -> Together:
    """Ask what was served and what the mark says, and locate passages.

    Parameters:
        answer: The ranks.
        method: By which they were found.
        index: Of what was served.
        key: Of the index.
        mark_evidence: Answer of `phalanx watermark detect` about the same texts.
        passages: Whether they are located.

    Raises:
        InputError: If the index or the evidence cannot be used.
        VerificationError: If the index was made with another key.
    """
    judgements = answer.verdicts.judgements
    steps: list[list[Step]] = [[] for _ in judgements]
    found: list[Found] = []
    if index is not None:
        secret = load_or_create(key)
        opened = open_index(index, key_id(secret))
        texts = pa.array([each.document.content for each in judgements], pa.large_string())
        found = look_up(texts, opened, secret)
        for of_document, each in zip(steps, found, strict=True):
            of_document.append(Step("served", evidence_of(each, opened)))
    if mark_evidence is not None:
        marks = read_marks(mark_evidence, [each.document.document_id for each in judgements])
        for of_document, judgement in zip(steps, judgements, strict=True):
            of_document.append(Step("mark", marks[judgement.document.document_id]))
    statements: tuple[Statement, ...] = ()
    if index is not None or mark_evidence is not None:
        statements = tuple(
            fused([*of_document, Step("statistics", statistics_of(each, method))],
                  answer.verdicts.level)
            for of_document, each in zip(steps, judgements, strict=True)
        )  # fmt: skip
    # Who is mixed was at the level as a whole: its passages can accuse no human besides.
    located = tuple(
        locate(
            each.document, answer.models, level=answer.verdicts.level, domain=answer.domain,
            is_mixed=each.verdict == "mixed",
        )
        for each in judgements
        if passages or each.verdict == "mixed"
    )  # fmt: skip
    return Together(statements=statements, served=tuple(found), located=located)


def read_marks(path: Path, document_ids: list[str]) -> dict[str, Evidence | Inconclusive]:
    """Read what `phalanx watermark detect` said of documents.

    Parameters:
        path: Of its answer in JSON.
        document_ids: That are asked about.

    Returns:
        The strongest evidence of each, or why there is none.

    Raises:
        InputError: If it is no such answer.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_MARK_BYTES + 1)
        said = json.loads(content) if len(content) <= MOST_MARK_BYTES else None
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step=_NEXT) from error
    except (ValueError, RecursionError) as error:
        raise _no_answer(path) from error
    if not isinstance(said, dict) or said.get("schema") != MARK_SCHEMA:
        raise _no_answer(path)
    try:
        by_document: dict[str, list[Any]] = {
            str(each["document"]): list(each["findings"]) for each in said["documents"]
        }
        if not by_document and said["question"]["documents"] == 1 == len(document_ids):
            # A single text is what all texts together are.
            by_document = {document_ids[0]: list(said["corpus"]["findings"])}
        return {
            document_id: _strongest(by_document.get(document_id)) for document_id in document_ids
        }
    except (KeyError, TypeError, ValueError) as error:
        raise _no_answer(path) from error


def _strongest(findings: list[Any] | None) -> Evidence | Inconclusive:
    if findings is None:
        return Inconclusive(
            reason="the evidence of the mark says nothing of this document", reachable_log10_e=0.0
        )
    decided = [each for each in findings if each["verdict"] != "not evaluable"]
    if not decided:
        reason = str(findings[0]["reason"]) if findings else "no key was tested"
        return Inconclusive(reason=reason, reachable_log10_e=0.0)
    records = [each["evidence"] for each in decided]
    return _evidence(min(records, key=lambda each: float(each["log10_p"])))


def _evidence(said: Mapping[str, Any]) -> ExactEvidence:
    """Return evidence that was written as JSON.

    Raises:
        ValueError: If its numbers are none that a test gives.
    """
    log10_p, log10_e = float(said["log10_p"]), float(said["log10_e"])
    if not (log10_p <= 0.0 and log10_e == log10_e):  # noqa: PLR0124 - not a number
        message = "a p-value is at most 1"
        raise ValueError(message)
    reachable = said["reachable_log10_e"]
    return ExactEvidence(
        rule_id=str(said["rule_id"]),
        name=str(said["name"]),
        family=str(said["family"]),
        null_hypothesis=str(said["null_hypothesis"]),
        observation=str(said["observation"]),
        log10_e=log10_e,
        reachable_log10_e=None if reachable is None else float(reachable),
        sample_size=int(said["sample_size"]),
        reference_size=int(said["reference_size"]),
        method=str(said["method"]),
        assumptions=tuple(str(each) for each in said["assumptions"]),
        decisive=True,
        exact_log10_p=log10_p,
    )


def records(answer: Answer, added: Together) -> dict[str, Any]:
    """Return what is added to an answer for programs."""
    found: dict[str, Any] = {
        "statements": None, "passages_expected_by_chance": None, "passages": None,
    }  # fmt: skip
    if added.statements:
        found["statements"] = {
            "null_hypothesis": NULL,
            "assumption": ASSUMPTION,
            "documents": [
                _statement_record(judgement.document.document_id, each)
                for judgement, each in zip(
                    answer.verdicts.judgements, added.statements, strict=True
                )
            ],
        }
    if added.located:
        found["passages_expected_by_chance"] = by_chance(answer, added)
        found["passages"] = [
            {
                "document": each.document_id,
                "windows": each.windows,
                "evaluable": each.evaluable,
                "reason": each.reason,
                "passages": [
                    {
                        "start_character": passage.start,
                        "stop_character": passage.stop,
                        "windows": passage.windows,
                        "log10_p": passage.log10_p,
                    }
                    for passage in each.passages
                ],
            }
            for each in added.located
        ]
    return found


def is_found(answer: Answer, added: Together) -> bool:
    """Tell whether anything is consistent with a model's writing, or with us.

    Where all evidence was put together the statements say so: ranks alone have a level of their
    own, and to count both would be wrong more often than the level.
    """
    if added.statements:
        return any(each.decided_by for each in added.statements)
    return answer.is_found


def by_chance(answer: Answer, added: Together) -> float:
    """Return how many documents would have a passage if humans had written all, at most.

    Each document by itself: the share of wrong passages is bounded in each, not in all of them.
    """
    asked = [each for each in added.located if each.evaluable]
    return answer.verdicts.level * len(asked)


def _statement_record(document_id: str, statement: Statement) -> dict[str, Any]:
    return {
        "document": document_id,
        "words": statement.words,
        "decided_by": statement.decided_by,
        "log10_p": statement.log10_p,
        "log10_e": statement.log10_e,
        "evidence": [
            {
                "source": step.source,
                "evaluable": not isinstance(step.evidence, Inconclusive),
                "said": step.evidence.reason
                if isinstance(step.evidence, Inconclusive)
                else step.evidence.observation,
                "rule_id": None
                if isinstance(step.evidence, Inconclusive)
                else step.evidence.rule_id,
                "null_hypothesis": None
                if isinstance(step.evidence, Inconclusive)
                else step.evidence.null_hypothesis,
                "log10_p": None
                if isinstance(step.evidence, Inconclusive)
                else step.evidence.log10_p,
            }
            for step in statement.steps
        ],
    }


def lines_of(answer: Answer, added: Together) -> list[str]:
    """Return what is added to an answer for reading."""
    lines: list[str] = []
    if added.statements:
        lines += ["", "All evidence together", *labelled("null", NULL)]
        for at in _shown(added):
            document_id = answer.verdicts.judgements[at].document.document_id
            statement = added.statements[at]
            strength = "" if statement.log10_p is None else f", p {power(statement.log10_p)}"
            lines += labelled("  -", f" {document_id}: {statement.words}{strength}")
            for step in statement.steps:
                lines += labelled("", f"{step.source}: {_said(step)}")
            if statement.decided_by == "served":
                lines += labelled("", served_to(added.served[at]))
        if len(added.statements) > _MOST_LINES:
            lines.append(f"  {count(len(added.statements) - _MOST_LINES)} more; -f json lists all")
    if added.located:
        lines += _passages(answer, added)
    return lines


def _passages(answer: Answer, added: Together) -> list[str]:
    told = [each for each in added.located if each.passages]
    lines = ["", "Passages"]
    chance = f"{count(len(told))} of {plural(len(added.located), 'document')} with passages"
    if len(added.located) == len(answer.verdicts.judgements):
        chance += f"; {by_chance(answer, added):.2g} expected if humans wrote all"
    lines += labelled("  found", chance)
    for each in told[:_MOST_LINES]:
        where = ", ".join(
            f"characters {count(passage.start)} to {count(passage.stop)}"
            for passage in each.passages
        )
        lines += labelled("  -", f" {each.document_id}: {where}")
    if len(told) > _MOST_LINES:
        lines.append(f"  {count(len(told) - _MOST_LINES)} more; -f json lists all")
    reasons = [each.reason for each in added.located if not each.passages]
    if reasons:
        said = f"{count(len(reasons))} without any; the first: {reasons[0] or 'none was found'}"
        lines += labelled("", said)
    return lines


def _shown(added: Together) -> list[int]:
    order = sorted(range(len(added.statements)), key=lambda at: added.statements[at].log10_p or 0.0)
    return order[:_MOST_LINES]


def _said(step: Step) -> str:
    if isinstance(step.evidence, Inconclusive):
        return f"not evaluable: {step.evidence.reason}"
    return (
        f"p {power(step.evidence.log10_p)} ({step.evidence.rule_id}): {step.evidence.observation}"
    )


def _no_answer(path: Path) -> InputError:
    return InputError(f"{path}: no answer of the format {MARK_SCHEMA}", next_step=_NEXT)
