"""The texts of the grammar, one module for each family of traffic classes."""

from __future__ import annotations

from collections.abc import Mapping

from phalanx.detect.simulate.prompts import (
    abroad,
    automation,
    chat,
    coding,
    evaluation,
    instructions,
    lexicon_en,
    lexicon_world,
    passages,
    pipelines,
    reasoning,
    shared,
    tasks,
    tooling,
)

WORDING: Mapping[str, str] = {
    **abroad.WORDING,
    **automation.WORDING,
    **chat.WORDING,
    **coding.WORDING,
    **evaluation.WORDING,
    **instructions.WORDING,
    **pipelines.WORDING,
    **reasoning.WORDING,
    **shared.WORDING,
    **tooling.WORDING,
}
"""Phrase list -> phrases, one a line."""

SKELETONS: Mapping[str, Mapping[str, str]] = {
    **automation.SKELETONS,
    **chat.SKELETONS,
    **coding.SKELETONS,
    **evaluation.SKELETONS,
    **instructions.SKELETONS,
    **pipelines.SKELETONS,
    **reasoning.SKELETONS,
    **shared.SKELETONS,
    **tooling.SKELETONS,
}
"""Kind -> language -> skeletons, separated by blank lines."""

VOCABULARY: Mapping[str, str] = {**lexicon_en.VOCABULARY, **lexicon_world.VOCABULARY}
"""Vocabulary -> entries, separated by semicolons."""

COMPOSED: Mapping[str, tuple[int, str]] = {
    **passages.COMPOSED,
    **lexicon_world.COMPOSED,
    **tasks.COMPOSED,
}
"""Vocabulary -> how many entries to write, and the skeletons to write them from."""
