"""Names of groups, which they keep while their accounts are replaced."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from phalanx.detect.population import Population
from phalanx.detect.track import Track
from phalanx.detect.verdict import Verdict


def names_of(verdicts: Sequence[Verdict], population: Population) -> list[str]:
    """Name groups so that they keep their names while their accounts are replaced.

    A group is called after the one of its tracks that was discovered first: when that was
    formed, and of which accounts. Neither changes any more. Of several groups that hold one
    track, as the operators of a split group do, the one with the earliest party is first.
    """
    names = [""] * len(verdicts)
    taken: dict[int, int] = {}
    for place in sorted(range(len(verdicts)), key=lambda place: verdicts[place].members.min()):
        tracks = sorted(verdicts[place].tracks, key=_discovered_first)
        track = next((t for t in tracks if t.number not in taken), tracks[0])
        taken[track.number] = again = taken.get(track.number, -1) + 1
        first = population.parties.first_account[track.opening]
        accounts = sorted(population.account_names[int(account)] for account in first)
        formed = population.end_of(track.formed_step).isoformat()
        text = "\n".join([track.route, formed, str(again), *accounts])
        names[place] = hashlib.sha256(text.encode()).hexdigest()[:12]
    return names


def _discovered_first(track: Track) -> tuple[bool, int, int]:
    discovered = track.discovered_step
    return (discovered is None, discovered or 0, track.number)
