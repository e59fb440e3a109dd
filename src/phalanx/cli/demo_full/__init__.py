"""`phalanx demo --full`: the whole loop on one machine, on simulated traffic.

find together -> mark what is still served -> audit the student -> pack the case -> tell the others
-> let somebody verify it who has nothing but the package. Each step is a module with one function
from artefacts to artefacts, and does what the commands do.
"""

from __future__ import annotations

from phalanx.cli.demo_full.story import tell_all

__all__ = ["tell_all"]
