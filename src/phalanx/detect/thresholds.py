"""Numbers that decide who is compared with whom, and who is listed as a member."""

from __future__ import annotations

CONFIDENT = 0.9
"""Posterior probability from which a party is listed as a member of a group."""

MINIMUM_EXCHANGES = 10
"""Exchanges in the window below which a party's habits are not known."""

VOLUME_RATIO = 8.0
"""Parties of like volume: between 1/8 and 8 times the group's median member."""

STILL_LOG10_E = 1.0
"""Evidence against honest use that the members of a listed campaign, and each block of them,
must show at the end."""
