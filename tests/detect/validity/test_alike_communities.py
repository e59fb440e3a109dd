"""Communities that are all alike: none of them uses the model unlike the others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.activity import Activity, arrange
from phalanx.detect.habits import Habits
from phalanx.detect.honest import examine_pool
from phalanx.detect.own_use import own_use
from phalanx.detect.population import COUNT_COLUMNS
from phalanx.detect.reference import Operators, Reference
from phalanx.detect.shared_use import shared_use
from phalanx.detect.tables import USE_COUNTS
from phalanx.detect.use_window import PromptUsers, UseWindow

COMMUNITIES, EACH, EXCHANGES, PROMPTS = 40, 12, 40, 20
PARTIES = COMMUNITIES * EACH


def activity(generator: np.random.Generator) -> Activity:
    """Let all parties do the same in one step, but for chance."""
    party = np.arange(PARTIES)
    counts = {name: generator.binomial(EXCHANGES, 0.5, PARTIES) for name in COUNT_COLUMNS}
    counts["exchanges"] = np.full(PARTIES, EXCHANGES)
    nothing = np.zeros(PARTIES, dtype=np.int64)
    return arrange(party, nothing, nothing.astype(np.int32), counts, (PARTIES, 1))


def e_of_communities(shared_share: float) -> npt.NDArray[np.float64]:
    """Return e of each community, whose members pass prompts to each other and to nobody else."""
    generator = np.random.default_rng(23)
    party = np.repeat(np.arange(PARTIES), PROMPTS)
    value = party // EACH * PROMPTS + np.tile(np.arange(PROMPTS), PARTIES)
    counts = {name: np.zeros(party.size, dtype=np.int64) for name in USE_COUNTS}
    counts["exchanges"] = np.full(party.size, round(shared_share * EXCHANGES / PROMPTS))
    prompts = shared_use(
        party, value, np.zeros(party.size, dtype=np.int64), counts, (PARTIES, int(value.max()) + 1)
    )
    community = np.arange(PARTIES) // EACH
    habits = Habits(activity(generator), knows_sets=False)
    window = UseWindow(PromptUsers(prompts), habits, community, 0, 0)
    nothing_shared = own_use(np.zeros((PARTIES, len(USE_COUNTS))))
    everybody = Operators(np.ones(PARTIES, dtype=np.bool_), [])
    reference = Reference(window, everybody, nothing_shared)
    of_group = own_use(np.zeros((EACH, len(USE_COUNTS))))
    groups = np.arange(PARTIES).reshape(COMMUNITIES, EACH)
    return 10.0 ** np.array(
        [examine_pool(reference, group, group, of_group).log10_e for group in groups]
    )


def test_communities_that_share_nothing_are_honest() -> None:
    """Forty groups of parties that differ by chance only have a mean of one at most."""
    assert e_of_communities(0.0).mean() <= 1.0


def test_communities_that_share_prompts_among_themselves_are_honest() -> None:
    """The same if all of them pass prompts around: none is unlike the others in that."""
    assert e_of_communities(1.0).mean() <= 1.0
