"""How answers about a corpus are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from phalanx.authorship.corpus import Answered
from phalanx.authorship.corpus.share import CONFIDENCE
from phalanx.authorship.rules import CorpusLikeModels
from phalanx.cli.authorship_corpus_work import Surveyed
from phalanx.formats.authorship_corpus_document import CORPUS_SCHEMA_ID
from phalanx.formats.json import to_text
from phalanx.formats.lines import bullets, labelled
from phalanx.formats.notation import count, plural
from phalanx.printable import printable

METHOD = (
    "clusters of near-duplicates told by their first documents, Clopper-Pearson and Rogan-Gladen "
    "intervals, e-BH over means of e-values, version 1"
)
NULLS = {
    "a model's writing": "A human wrote the document as the authors of the reference wrote theirs.",
    "what was served": "The document was written without what was served, on its subject or "
    "another.",
}
ASSUMPTIONS = (
    "Clusters of near-duplicates are independent of each other; the list needs no independence.",
    "Documents that are not evaluable are not counted: nothing is said of their share.",
    "What the reference and the documents of the model are to it, they are to the corpus.",
)
_MOST_LINES = 20
_NOT_SAID = (
    "The share is of clusters that are evaluable. It does not say which documents beyond the list, "
    "who put them there, or that it was not allowed. `phalanx explain PHX-A005` says more."
)


def corpus_json(found: Surveyed) -> str:
    """Write an answer for programs."""
    return to_text(
        {
            "schema": CORPUS_SCHEMA_ID,
            "found": found.is_found,
            "corpus": str(found.corpus),
            "unit": found.unit,
            "level": found.level,
            "false_discovery_rate": found.false_discovery_rate,
            "confidence": CONFIDENCE,
            "method": METHOD,
            "assumptions": list(ASSUMPTIONS),
            "documents": len(found.table.names),
            "rejected": found.rejected,
            "answers": [_record(found, each) for each in found.answers],
        }
    )


def corpus_text(found: Surveyed) -> str:
    """Write an answer for reading."""
    lines = [_headline(found.answers), ""]
    read = plural(len(found.table.names), "document")
    if found.unit == "commit":
        read += f" of {plural(len({*found.table.groups}), 'commit')}"
    lines += labelled("read", f"{read}; {count(found.rejected)} could not be used")
    for where, reason in found.rejects:
        lines += labelled("", f"{where}: {reason}")
    for each in found.answers:
        lines += ["", f"Consistent with {each.question}"]
        lines += labelled("  null", NULLS[each.question])
        lines += labelled("  evaluable", f"{count(each.evaluable)} of "
                          f"{count(each.evaluable + each.not_evaluable)}, in "
                          f"{plural(each.share.clusters, 'cluster')}")  # fmt: skip
        lines += labelled("  share", _share(each))
        lines += labelled("  list", _list(found, each))
        lines += _listed(found, each)
    lines += ["", *bullets("Assumed", ASSUMPTIONS), "", *labelled("not said", _NOT_SAID)]
    return "".join(f"{printable(line)}\n" for line in lines)


def _headline(answers: Sequence[Answered]) -> str:
    """Say what every question found; where none did, whether any could."""
    told = [said for each in answers if (said := _found(each))]
    if told:
        return "; ".join(told)
    asked = " or ".join(each.question for each in answers if each.share.clusters)
    if asked:
        return f"Not told apart from a corpus without {asked}"
    return "Not evaluable: nothing can be said of this corpus"


def _found(each: Answered) -> str:
    if each.share.low > 0.0:
        return f"At least {each.share.low:.1%} of it: consistent with {each.question}"
    if each.listed.any():
        return f"{plural(int(each.listed.sum()), 'document')}: consistent with {each.question}"
    return ""


def _share(each: Answered) -> str:
    share, rates = each.share, each.rates
    if not share.clusters:
        return "nothing is evaluable"
    claimed = f"{count(share.claimed)} of {plural(share.clusters, 'cluster')} at the level"
    interval = f"{share.low:.1%} to {share.high:.1%} of clusters ({CONFIDENCE:.0%})"
    best = "" if share.estimate is None else f", best {share.estimate:.1%}"
    found = (
        f"{rates.true_low:.0%} to {rates.true_high:.0%} of them found"
        if rates.true_low > 0.0
        else "how many of them are found was not measured: a lower bound only"
    )
    return f"{interval}{best}; {claimed}; at most {rates.false_high:.1%} of others claimed; {found}"


def _list(found: Surveyed, each: Answered) -> str:
    if not each.listed.any() and each.list_needs is not None and each.share.claimed:
        return (
            f"none: of {plural(each.share.clusters, 'cluster')} some {count(each.list_needs)} "
            "would have to rank above all humans of so small a reference"
        )
    listed = plural(int(each.listed.sum()), "document")
    return f"{listed}, of which {found.false_discovery_rate:.0%} or less are expected to be wrong"


def _listed(found: Surveyed, each: Answered) -> list[str]:
    chosen = np.flatnonzero(each.listed)
    if found.unit == "commit":
        of_commit = Counter(found.table.groups[at] for at in chosen)
        whole = Counter(found.table.groups)
        entries = [
            f"{commit[:12]}: {count(number)} of {plural(whole[commit], 'file')}"
            for commit, number in of_commit.most_common(_MOST_LINES)
        ]
        more = len(of_commit) - len(entries)
    else:
        entries = [found.table.names[at] for at in chosen[:_MOST_LINES]]
        more = chosen.size - len(entries)
    lines = [f"    {entry}" for entry in entries]
    return [*lines, f"    {count(more)} more; -f json lists all"] if more else lines


def _record(found: Surveyed, each: Answered) -> dict[str, Any]:
    share, rates = each.share, each.rates
    return {
        "rule_id": CorpusLikeModels.rule_id,
        "question": each.question,
        "null_hypothesis": NULLS[each.question],
        "evaluable": each.evaluable,
        "not_evaluable": each.not_evaluable,
        "clusters": share.clusters,
        "claimed_clusters": share.claimed,
        "share": share.estimate,
        "share_low": share.low,
        "share_high": share.high,
        "log10_e": share.log10_e,
        "false_claims": [rates.false_low, rates.false_high],
        "true_claims": [rates.true_low, rates.true_high] if rates.true_low else None,
        "list_needs": each.list_needs,
        "listed": [
            {"document": found.table.names[at], "group": found.table.groups[at]}
            for at in np.flatnonzero(each.listed)
        ],
    }
