"""Whose word is in a suspect, whatever carries it: weights or answers."""

from __future__ import annotations

from phalanx.provenance.words.traced import Question, Traced

__all__ = ["Question", "Traced"]
