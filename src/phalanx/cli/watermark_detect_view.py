"""How the answer of `phalanx watermark detect` is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from phalanx.cli.watermark_detect_work import Answer, KeyName
from phalanx.cli.watermark_view import (
    MOST_LISTED,
    assumed,
    evidence_record,
    finding_record,
    measured,
    rejects_record,
    rejects_text,
    scheme_record,
    strength,
)
from phalanx.formats.json import to_text
from phalanx.formats.lines import labelled
from phalanx.formats.notation import count, plural
from phalanx.printable import printable
from phalanx.watermark.detection import Finding
from phalanx.watermark.detection.survey import Passage

SCHEMA = "phalanx.watermark-detect/1"
_MOST_LINES = 20
"""Documents and passages that are listed for reading."""

_NOT_SAID = (
    "The p-value is how often text that was written without the key would score as high. It is not "
    "the chance that this text is innocent, and says nothing of who wrote or published it. "
    "`phalanx explain PHX-W001` says more."
)
_NONE_SEEN = 'No mark seen is not "not ours": marks can be removed, and not everything is marked.'


def as_json(answer: Answer) -> str:
    """Write an answer for programs."""
    survey, question = answer.survey, answer.question
    listed, left_out = _listed(survey.corpus.findings, MOST_LISTED)
    return to_text(
        {
            "schema": SCHEMA,
            "found": answer.is_found,
            "decided": answer.is_decided,
            "question": {
                "level": question.levels.level,
                "keys": len(answer.keys),
                "schemes": [scheme_record(each) for each in answer.schemes],
                "tokenizers": [cut.tokenizer for cut in answer.cuts],
                "epochs": sorted({key.epoch for key in answer.keys.values()}),
                "purpose": question.asked.purpose,
                "entropy_nats": question.levels.entropy_nats,
                "documents": len(answer.given.documents),
                "tokens": {
                    cut.tokenizer: sum(each.size for each in cut.documents) for cut in answer.cuts
                },
                "families_sharing_the_level": 1 if survey.alone is None else 2,
            },
            "corpus": {
                "log10_e_any_key": survey.corpus.log10_e,
                "findings": [_record(each, answer) for each in listed],
                "tests": len(survey.corpus.findings),
                "tests_left_out": left_out,
            },
            "documents": [_document(at, found, answer) for at, found in _by_document(answer)],
            "passages": [_passage(each, answer) for each in survey.passages],
            "keys_not_located": survey.not_located,
            "rejects": rejects_record(answer.given.rejects),
        }
    )


def as_text(answer: Answer) -> str:
    """Write an answer for reading."""
    survey, levels = answer.survey, answer.question.levels
    tokens = " and ".join(
        f"{count(sum(each.size for each in cut.documents))} tokens ({cut.tokenizer})"
        for cut in answer.cuts
    )
    schemes = ", ".join(each.setting.name for each in answer.schemes)
    epochs = ", ".join(str(each) for each in sorted({k.epoch for k in answer.keys.values()}))
    found = {each.key_id for each in survey.marked}
    lines = [
        _headline(answer, len(found)),
        "",
        *labelled("asked", f"{plural(len(answer.keys), 'key')} of epoch {epochs} under {schemes}"),
        *labelled("read", f"{plural(len(answer.given.documents), 'document')}, {tokens}"),
        *labelled("level", f"chance of any false finding: {levels.level:g}"),
        *labelled("null", answer.schemes[0].setting.null_hypothesis),
        *rejects_text(answer.given.rejects),
        "",
        "All texts together" if survey.alone else "The text",
    ]
    shown, left_out = _listed(survey.corpus.findings, 3)
    for finding in shown:
        lines += _told(finding, answer.keys)
    if left_out:
        lines.append(f"  {plural(left_out, 'test')} more: weaker, and not listed")
    lines += [*_documents_text(answer), *_passages_text(answer), ""]
    lines += assumed([each.evidence() for each in shown])
    lines += ["", *labelled("not said", _NOT_SAID if found else f"{_NONE_SEEN} {_NOT_SAID}")]
    return "".join(f"{printable(line)}\n" for line in lines)


def _headline(answer: Answer, found: int) -> str:
    if found:
        return f"Marked: {plural(found, 'key')} of {count(len(answer.keys))} found"
    if any(each.verdict == "no mark seen" for each in answer.survey.corpus.findings):
        return f"No mark seen of {plural(len(answer.keys), 'key')}"
    return "Not evaluable: nothing seen would mean nothing"


def _listed(findings: Sequence[Finding], most: int) -> tuple[list[Finding], int]:
    """Return what names a mark and the strongest of the rest, and how many are left out."""
    marked = [each for each in findings if each.verdict == "marked"]
    others = [each for each in findings if each.verdict != "marked"]
    kept = others[: max(0 if marked else 1, most - len(marked))]
    return marked + kept, len(others) - len(kept)


def _told(finding: Finding, keys: Mapping[str, KeyName]) -> list[str]:
    key = keys[finding.key_id]
    lines = labelled(
        f"  {'MARKED' if finding.verdict == 'marked' else '-'}",
        f"{key.name} (epoch {key.epoch}, {finding.key_id}), {finding.setting.name}, read by "
        f"{finding.tokenizer}",
    )
    lines += labelled("", f"{strength(finding)}; {measured(finding)}")
    if finding.verdict != "marked":
        lines += labelled("", finding.verdict + (f": {finding.reason}" if finding.reason else ""))
    elif finding.reason:
        lines += labelled("", finding.reason)
    return lines


def _by_document(answer: Answer) -> Iterator[tuple[int, list[Finding]]]:
    """Yield each document with what names a mark there, or the strongest finding."""
    if answer.survey.alone is None:
        return
    found: dict[int, list[Finding]] = {}
    for finding in answer.survey.alone.findings:
        assert finding.document is not None  # noqa: S101 - each was tested by itself
        held = found.setdefault(finding.document, [])
        if finding.verdict == "marked" or not held:
            held.append(finding)
    yield from sorted(found.items())


def _documents_text(answer: Answer) -> Iterator[str]:
    by_document = list(_by_document(answer))
    if not by_document:
        return
    verdicts = [found[0].verdict for _, found in by_document]
    said = [f"{count(verdicts.count(each))} {each}" for each in dict.fromkeys(sorted(verdicts))]
    yield ""
    yield f"Each text by itself: {', '.join(said)}"
    marked = [each for each in by_document if each[1][0].verdict == "marked"]
    for at, found in marked[:_MOST_LINES]:
        for finding in found:
            name = answer.keys[finding.key_id].name
            told = f"{answer.given.documents[at].document_id}: {name}, {strength(finding)}"
            yield from labelled("  MARKED", f"{told}; {measured(finding)}")
    if len(marked) > _MOST_LINES:
        yield f"  {count(len(marked) - _MOST_LINES)} more; -f json lists all"


def _passages_text(answer: Answer) -> Iterator[str]:
    survey = answer.survey
    if not survey.passages:
        return
    yield ""
    yield (
        "Marked passages (chance of any false one: "
        f"{answer.question.levels.level:g}; ends as sharp as an eighth of the length)"
    )
    for passage in survey.passages[:_MOST_LINES]:
        said = _passage(passage, answer)
        where = f"tokens {count(said['start_token'])} to {count(said['stop_token'])}"
        if said["start_character"] is not None:
            where += (
                f", characters {count(said['start_character'])} to {count(said['stop_character'])}"
            )
        evidence = said["evidence"]
        yield from labelled(
            "",
            f"{said['document']}: {where}, {said['key']}, p 10^{evidence['log10_p']:.1f} after "
            f"correction, {count(passage.stretch.draws)} draws",
        )
    if len(survey.passages) > _MOST_LINES:
        yield f"  {count(len(survey.passages) - _MOST_LINES)} more; -f json lists all"


def _record(finding: Finding, answer: Answer) -> dict[str, Any]:
    key = answer.keys[finding.key_id]
    return {"key": key.name, "epoch": key.epoch, **finding_record(finding)}


def _document(at: int, found: Sequence[Finding], answer: Answer) -> dict[str, Any]:
    document = answer.given.documents[at]
    return {
        "document": document.document_id,
        "where": document.where,
        "verdict": found[0].verdict,
        "findings": [_record(each, answer) for each in found],
    }


def _passage(passage: Passage, answer: Answer) -> dict[str, Any]:
    stretch, finding = passage.stretch, passage.finding
    document = answer.given.documents[stretch.document]
    cut = next(each for each in answer.cuts if each.tokenizer == finding.tokenizer)
    offsets = cut.offsets[stretch.document]
    evidence = stretch.evidence(finding.setting, finding.key_id, passage.tests)
    return {
        "document": document.document_id,
        "where": document.where,
        "key": answer.keys[finding.key_id].name,
        "key_id": finding.key_id,
        "scheme": finding.setting.name,
        "tokenizer": finding.tokenizer,
        "start_token": stretch.start,
        "stop_token": stretch.stop,
        "start_character": int(offsets[stretch.start, 0]) if offsets.size else None,
        "stop_character": int(offsets[stretch.stop - 1, 1]) if offsets.size else None,
        "evidence": evidence_record(evidence),
    }
