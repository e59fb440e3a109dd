"""Phalanx: find, prove and stop the unauthorised distillation of AI models."""

from __future__ import annotations

import os
from pathlib import Path

from phalanx.kernel_cache import ensure_cache

__version__ = "0.1.0"

# Before numba is imported by anything below.
ensure_cache(Path(__file__).parent, os.environ)
