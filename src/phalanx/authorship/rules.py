"""The rules of authorship: what each finding shows, when it is wrong, how wrong it was measured.

Whoever makes a finding takes its identifier and its name from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from phalanx.rules import Rule, read_rules


class TextLikeModels:
    """A text is consistent with a model's writing.

    Null hypothesis: a human wrote the text as the authors of the reference wrote theirs.
    Sees: words and runs of them, letters, form, how well the text is compressed by itself, in its
    first 250 words; the rank of the score among held-out human texts of the same domain, language
    and length. Where no domain is named, the largest p-value of all domains counts, of the score
    less what humans of a domain that was left out of the fit lay above the others. Who ranks so is
    read again window by window, and is "mixed" where enough of them rank as humans' do.
    Does not say: that a model wrote it, which model, whether that was allowed, or how likely it is
    that a human did. "Not told apart" does not say that a human wrote it.
    Evaded by: paraphrase, translation and back, a few words put in by hand, a model fitted to the
    author; generators that the detector was not fitted on are found less often.
    Honest look-alikes: authors unlike those of the reference, such as formal or edited prose beside
    school essays; humans who took to writing like models; text that a model corrected.
    Too little to tell: below 30 words, or where the cell has fewer human documents than the level
    needs, the answer is "not evaluable".
    Measured error: `bench/authorship_accuracy.py`; the figures stand in the page of limits.
    """

    rule_id = "PHX-A001"
    name = "text like models"
    source = "authorship"


class CodeLikeModels:
    """A piece of code is consistent with a model's writing.

    Null hypothesis: a human wrote the code as the authors of the reference wrote theirs.
    Sees: names, signs, layout and their runs in the first eighty lines without comments,
    docstrings and what strings say; the rank as PHX-A001.
    Does not say: as PHX-A001.
    Evaded by: formatting anew, renaming, models that repair a human's code.
    Honest look-alikes: clean, conventional code of professionals: published detectors called up to
    84 % of reference solutions of humans machine-made.
    Too little to tell: below ten lines, or as PHX-A001.
    Measured error: on tasks held out by problem, 3 of 147 human solutions and 23 % of models at
    1 %.
    """

    rule_id = "PHX-A002"
    name = "code like models"
    source = "authorship"


class MoreLikeModelsThanChance:
    """Among many documents, more are like models than chance allows.

    Null hypothesis: every document was written as in PHX-A001, each by itself.
    Sees: how many different documents of each length rank at or below the level, by the exact
    beta-binomial law of ranks that share one reference; where no domain is named, by the law of the
    domain that makes it least surprising; the smallest p-value over the lengths, times their
    number.
    Does not say: which of the documents, or how many beyond those counted.
    Evaded by: as PHX-A001.
    Honest look-alikes: as PHX-A001; many documents by one author, which are one piece of evidence.
    Measured error: the law is exact; that documents are independent is an assumption.
    """

    rule_id = "PHX-A003"
    name = "more like models than chance"
    source = "authorship"


class SharesWithServed:
    """A text shares more phrases with something that we served than its subject explains.

    Null hypothesis: the text was written without what was served, on the same subject or another.
    Sees: pairs of neighbouring words, without those that only join others, in either order, of
    parts of 256 words; how many of them one entry of the index holds too.
    Does not say: who copied from whom, that the text is ours, or that the account to which it was
    served passed it on. No match does not say that it was not served.
    Evaded by: translation; paraphrase of every sentence: what was served is then listed first in
    eight of ten, and not claimed.
    Honest look-alikes: whoever quotes what we quoted (licences, poems, law, textbooks); short
    answers with one right wording; code that everybody writes so; a text that the user sent and the
    model returned corrected.
    Too little to tell: below twelve phrases that share no word, some 45 words, or where nearly all
    phrases stand in more than 256 entries.
    Measured error: `bench/authorship_index.py`; the figures stand in the page of limits.
    """

    rule_id = "PHX-A004"
    name = "shares with what was served"
    source = "authorship"


class CorpusLikeModels:
    """Of a training set or a repository more is consistent with a model, or with us, than chance.

    Null hypothesis: no document was written otherwise than in PHX-A001; or than in PHX-A004, where
    it is asked what was served.
    Sees: how many clusters of near-duplicates, each told by its first document, are at or below the
    level; the share behind it, corrected for the rates of false and of true claims; a list of
    documents of which an expected share of at most the rate is wrong, however they depend.
    Does not say: which documents beyond the list, who put them there, or that it was not allowed.
    Evaded by: as PHX-A001 and PHX-A004; documents too short to be evaluable.
    Honest look-alikes: corpora of another register than the reference; generated code and data that
    its owner may have made with a model by right.
    Too little to tell: where no document is evaluable. Without documents of the model only a lower
    bound of the share is given.
    Measured error: as PHX-A001 and PHX-A004; that the intervals cover is tested.
    """

    rule_id = "PHX-A005"
    name = "corpus like models"
    source = "authorship"


@cache
def authorship_rules() -> Sequence[Rule]:
    """Return the rules of authorship, ordered by identifier.

    Examples:
        >>> [rule.rule_id for rule in authorship_rules()]
        ['PHX-A001', 'PHX-A002', 'PHX-A003', 'PHX-A004', 'PHX-A005']
    """
    return tuple(read_rules([Path(__file__)]))
