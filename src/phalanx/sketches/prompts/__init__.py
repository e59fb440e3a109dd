"""From prompts to integers."""

from __future__ import annotations

from phalanx.sketches.prompts.corpus import CorpusSketch, KnownPrompts, sketch_corpus
from phalanx.sketches.prompts.kernel import BANDS, SIGNS, Sketch, capability_masks, sketch_prompts
from phalanx.sketches.prompts.lexicon import (
    CAPABILITIES,
    CAPABILITY_BIT,
    ELICITATION_MASK,
    TARGETED_MASK,
    capabilities_of,
    names_of,
)

__all__ = [
    "BANDS",
    "CAPABILITIES",
    "CAPABILITY_BIT",
    "ELICITATION_MASK",
    "SIGNS",
    "TARGETED_MASK",
    "CorpusSketch",
    "KnownPrompts",
    "Sketch",
    "capabilities_of",
    "capability_masks",
    "names_of",
    "sketch_corpus",
    "sketch_prompts",
]
