"""Signals of use, one a file: habits that tell harvesting from using."""

from __future__ import annotations

from phalanx.detect.signals.capability import CapabilityFocus
from phalanx.detect.signals.coverage import CoverageGrowth
from phalanx.detect.signals.elicitation import Elicitation
from phalanx.detect.signals.known_sets import KnownSets
from phalanx.detect.signals.long_answers import LongAnswers
from phalanx.detect.signals.never_continued import NeverContinued
from phalanx.detect.signals.own_prompts import OwnPrompts
from phalanx.detect.signals.signal import Use, UseSignal
from phalanx.detect.signals.soft_labels import SoftLabels

USE_SIGNALS: tuple[UseSignal, ...] = (
    NeverContinued(),
    LongAnswers(),
    CoverageGrowth(),
    OwnPrompts(),
    Elicitation(),
    CapabilityFocus(),
    SoftLabels(),
    KnownSets(),
)
"""In the order of the weights in `phalanx.detect.habits`."""

__all__ = ["USE_SIGNALS", "Use", "UseSignal"]
