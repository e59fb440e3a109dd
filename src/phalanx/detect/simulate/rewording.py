"""A light rewording of given prompts, for campaigns that paraphrase.

It swaps common words for near-synonyms and puts a lead-in before the prompt. It is weaker
than a language model's paraphrase: what a detector finds through it is an upper bound.
"""

from __future__ import annotations

import re

import numpy as np

from phalanx.detect.simulate.grammar.hashing import Seeds, key_of, pick, unit

_GROUPS = (
    ("write", "compose", "draft", "put together"),
    ("explain", "clarify", "describe", "set out"),
    ("create", "make", "produce", "build"),
    ("generate", "come up with", "devise"),
    ("give", "provide", "supply"),
    ("find", "determine", "work out", "identify"),
    ("list", "name", "enumerate"),
    ("following", "next", "given"),
    ("question", "query", "problem"),
    ("answer", "response", "reply"),
    ("sentence", "statement", "line"),
    ("paragraph", "passage", "section"),
    ("example", "instance", "illustration"),
    ("important", "essential", "key"),
    ("different", "distinct", "separate"),
    ("between", "among"),
    ("use", "employ", "apply"),
    ("using", "by means of", "employing"),
    ("show", "demonstrate", "present"),
    ("step", "stage"),
    ("steps", "stages"),
    ("many", "numerous", "a lot of"),
    ("several", "some", "various"),
    ("help", "assist"),
    ("best", "most suitable", "ideal"),
    ("summarize", "condense", "sum up"),
    ("rewrite", "rephrase", "reword"),
    ("calculate", "compute", "work out"),
    ("compare", "contrast", "weigh up"),
    ("suggest", "propose", "recommend"),
    ("should", "ought to"),
    ("each", "every"),
    ("when", "once"),
    ("how", "in what way"),
    ("function", "routine", "method"),
    ("number", "figure", "value"),
    ("text", "passage", "excerpt"),
    ("task", "exercise", "assignment"),
    ("please", "kindly"),
    ("must", "has to"),
)
_GROUP_OF = {word: group for group in _GROUPS for word in group if " " not in word}
_WORD = re.compile(r"[A-Za-z]+")
_LEADS = (
    "", "", "", "Please: ", "I need this: ", "Task. ", "Kindly help. ", "Here goes: ",
    "For my notes, ", "Consider this. ", "One more: ", "As before, ",
)  # fmt: skip
_SWAP_PROBABILITY = 0.75


def reworded(texts: list[str], seeds: Seeds) -> list[str]:
    """Reword each text by its own seed.

    Examples:
        >>> reworded(["Write two steps."], np.array([5], dtype=np.uint64)) == ["Write two steps."]
        False
    """
    leads = pick(seeds, key_of("lead"), len(_LEADS)).tolist()
    swaps = (unit(seeds, key_of("swap")) * 1e9).astype(np.int64).tolist()
    return [
        _LEADS[lead] + _swapped(text, swap)
        for text, lead, swap in zip(texts, leads, swaps, strict=True)
    ]


def _swapped(text: str, state: int) -> str:
    """Replace words of a text; `state` advances with each replacement."""

    def other(match: re.Match[str]) -> str:
        nonlocal state
        word = match.group(0)
        group = _GROUP_OF.get(word.lower())
        if group is None:
            return word
        state = (state * 1_103_515_245 + 12_345) & 0x7FFFFFFF
        if (state >> 8) % 1000 >= _SWAP_PROBABILITY * 1000:
            return word
        chosen = group[(state >> 4) % len(group)]
        return chosen.capitalize() if word[0].isupper() else chosen

    return _WORD.sub(other, text)
