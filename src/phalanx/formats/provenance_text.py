"""A verdict about a model as plain text."""

from __future__ import annotations

from phalanx.formats import provenance_wording as say
from phalanx.formats.lines import bullets, labelled
from phalanx.formats.notation import count, plural
from phalanx.printable import printable
from phalanx.provenance.verdict import NOT_SAID, Answer, Record

_MOST_ORIGINS = 64


def render(record: Record) -> str:
    """Write a verdict for reading.

    Parameters:
        record: What it states.
    """
    verdict = record.verdict
    lines = [say.headline(record), ""]
    for sentence in say.sentences(record):
        lines += labelled("", sentence)
    lines += [
        "",
        *labelled("ours", say.party(record.ours) or "not named"),
        *labelled("suspect", say.party(record.suspect)),
        *labelled("level", say.promise(record)),
        *labelled("made", f"{record.made_at}, Phalanx {record.version}"),
    ]
    for answer in verdict.answers.values():
        lines += ["", *_family(answer)]
    if record.made:
        lines += ["", "How it was made, as far as its weights say it:"]
        for how, seen in record.made:
            lines += labelled("", f"{how}: {seen}")
    lines += _origins(record)
    if record.notes:
        lines += ["", *bullets("Notes:", record.notes)]
    lines += [
        "",
        *bullets("What must hold for these numbers to mean what they say:", verdict.assumptions),
        "",
        *bullets("What this verdict does not say:", NOT_SAID),
    ]
    return "".join(f"{printable(line)}\n" for line in lines)


def _family(answer: Answer) -> list[str]:
    question = answer.asked.question
    lines = [
        f"{question.title}: {answer.state}",
        *labelled("  null", question.null_hypothesis),
        *labelled("  answer", say.outcome(answer)),
    ]
    if answer.recipients:
        lines += labelled("  copies of", ", ".join(answer.recipients))
    for row in say.rows(answer):
        p = "" if row.log10_p is None else f"p {say.p_power(row.log10_p)}, "
        reading = "" if row.decides or row.log10_p is None else "for reading only, "
        lines += labelled(f"  {row.rule_id or '-'}", f"{p}{reading}{row.name}: {row.said}")
    return lines


def _origins(record: Record) -> list[str]:
    layers, origins = record.layers, record.origins
    if layers is None or not origins:
        return []
    pairs = [f"{theirs} from {ours}" for theirs, ours in origins.items()]
    more = len(pairs) - _MOST_ORIGINS
    told = "; ".join(pairs[:_MOST_ORIGINS]) + (f"; and {count(more)} more" if more > 0 else "")
    return [
        "",
        *labelled(
            "blocks",
            f"{count(len(origins))} of {plural(len(layers.theirs), 'block')} of the suspect come "
            f"from ours: {told}",
        ),
    ]
