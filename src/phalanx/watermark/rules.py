"""The rules of marks: what each finding shows, when it is wrong, how wrong it was measured to be.

Whoever makes a finding takes its identifier and its name from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from phalanx.rules import Rule, read_rules


class MarkInText:
    """A text carries the mark of one key.

    Null hypothesis: the text was written without the key.
    Sees: tokens that the key favours, each context with its token once over all documents of the
    test; the exact tail of the sum of their scores, and the rank of the key among random ones.
    Does not say: who wrote or published the text, whether that was allowed, how likely it is that
    the text is innocent, or anything of what stands beside a marked stretch.
    Evaded by: paraphrase by another model, translation and back, half of the tokens replaced.
    Honest look-alikes: quotation and copies of marked text, which are marked; text written by
    somebody who could ask for scores under the key. A key that was chosen after the text.
    Too little to tell: below the named number of draws the answer is "not evaluable", never "no
    mark". At 1.5 nats a token half of the texts were seen at 10^-6 with 26 tokens, at a third of a
    nat with 384.
    Measured error: 100,000 unmarked stretches of 150 tokens under a random key each, 1 % allowed:
    0.8 % to 1.05 % by scheme. Under one key for all texts 0.3 % to 1.4 % of 5,000 texts: texts
    share phrases, and the rate depends on the key.
    """

    rule_id = "PHX-W001"
    name = "mark in a text"
    source = "watermark"


class MarkOfManyKeys:
    """A text carries the mark of one key of several that were tried.

    Null hypothesis: the text was written without the key, for each key by itself.
    Sees: as PHX-W001, for every key under its scheme, by every tokenizer. All of these tests are
    one family, corrected by Holm's method: the level is the chance of any false finding at all.
    Does not say: as PHX-W001. That a second key was not found does not say that it is not there.
    Evaded by: as PHX-W001; the more keys are tried, the more text it takes.
    Honest look-alikes: as PHX-W001. Keys that were tried and are not in the family.
    Measured error: as PHX-W001 for each test; the correction is exact arithmetic.
    """

    rule_id = "PHX-W002"
    name = "mark of one of many keys"
    source = "watermark"


class TracedAccount:
    """A text carries what was served to an account, or to the accounts of a campaign.

    Null hypothesis: none of the text was served under the key of these accounts; with a code, the
    account's codeword was drawn independently of the corpus.
    Sees: every key of a register tried on the text, or how well each account's codeword agrees with
    what the places of a code show. Corrected over the whole register: the level is the chance that
    anybody at all is accused falsely.
    Does not say: who published the text. The account was served it; others may have got it from
    there, with leave or without. An account that is not accused is not cleared.
    Evaded by: as PHX-W001. A code for c traitors catches fewer of larger groups, and in uneven
    pools only whoever sent the most; it accuses nobody else for that.
    Honest look-alikes: an account whose texts were published by another, whose key was used by
    another, or that was served the same answers as another under a shared key.
    Measured error: of two million unused codewords 1,971 were below 0.001, where 2,000 are
    expected; no innocent account was accused in 60 runs at a total chance of 10^-6.
    """

    rule_id = "PHX-W003"
    name = "traced account"
    source = "watermark"


class StudentOfMarkedOutputs:
    """Texts that a key marked went into what a model says.

    Null hypothesis: no text that this key has marked went into the suspect, or into what it looks
    up, quotes or passes on.
    Sees: with weights, how much more the suspect favours the tokens that the key would have chosen
    than a reference does, at contexts that it never saw; with answers alone, how many of them those
    tokens are. What an answer copies from its prompt does not count. Gathered by context, over
    every time that one comes, both show far more; then no key may have marked what is read or
    asked.
    Does not say: who gave the texts to whoever trained the model, or that it was forbidden.
    Evaded by: training on paraphrases, or steering every answer (Pan et al., ACL 2025, arXiv
    2502.11598). A key that is not named clears nobody.
    Honest look-alikes: a student of published answers of the campaign; a service that looks texts
    up, quotes pages or passes questions on shows their marks untrained, and only weights that are
    run alone rule that out; a reference that itself learnt from the key's texts makes the test
    weaker, not false.
    Too little to tell: a power curve, simulated before the audit, says how much is needed. With
    fewer answers than the plan wants nobody is named: what is missing may have been chosen.
    Measured error: e-values have a mean of at most one without a mark, by construction and in the
    calibration tests; random keys are asked about beside the plan's, and can only clear.
    """

    rule_id = "PHX-W004"
    name = "student trained on marked outputs"
    source = "watermark"


class MarkedPassage:
    """A passage of a document carries the mark of a key.

    Null hypothesis: no token of the passage was written with the key.
    Sees: windows of 16, 32, 64... draws in every document; each p-value is multiplied by the number
    of windows and of keys that were tried.
    Does not say: where exactly the passage begins and ends: ends are as sharp as an eighth of the
    window's length. What stands outside is neither marked nor shown to be unmarked, and a text
    that comes a second time is shown once.
    Evaded by: as PHX-W001; edits that are spread evenly, where the whole may still be found.
    Honest look-alikes: a quotation of marked text, which is marked.
    Measured error: at most the level by construction; unmarked texts in the tests show no passage
    more often.
    """

    rule_id = "PHX-W005"
    name = "marked passage"
    source = "watermark"


@cache
def mark_rules() -> Sequence[Rule]:
    """Return the rules of marks, ordered by identifier.

    Examples:
        >>> [rule.rule_id for rule in mark_rules()][0]
        'PHX-W001'
    """
    return read_rules([Path(__file__)])
