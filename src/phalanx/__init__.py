"""Phalanx: find, prove and stop the unauthorised distillation of AI models."""

from __future__ import annotations

__version__ = "0.1.0"
