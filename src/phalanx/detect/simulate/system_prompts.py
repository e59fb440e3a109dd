"""System prompts: of products, of public templates, and of campaigns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from phalanx.detect.simulate.grammar import Book, render
from phalanx.detect.simulate.grammar.hashing import Seeds, key_of, mix, pick
from phalanx.detect.simulate.profiles import PROFILES


def write_system_prompts(
    behaviour: NDArray[np.int64], template_seed: Seeds, book: Book
) -> pa.StringArray:
    """Write each account's own system prompt.

    Parameters:
        behaviour: What each account does, as a position in `PROFILES`.
        template_seed: What words the private ones.
        book: The grammar.

    Returns:
        One text for each account, null where it sends none.
    """
    skeleton = np.zeros(len(behaviour), dtype=np.int64)
    for at, (name, profile) in enumerate(PROFILES.items()):
        if profile.system == "none":
            continue
        options = book.of("system_public" if profile.system == "public" else f"system_{name}")
        rows = np.flatnonzero(behaviour == at)
        skeleton[rows] = options[pick(template_seed[rows], key_of("system"), len(options))]
    silent = np.array([profile.system == "none" for profile in PROFILES.values()])[behaviour]
    texts = render(book.skeletons, skeleton, template_seed, template_seed, book.plain)
    return pc.if_else(pa.array(silent), pa.scalar(None, type=pa.string()), texts)


def write_campaign_systems(
    seeds: Seeds, *, reworded: bool, rng: np.random.Generator, book: Book
) -> pa.StringArray:
    """Write the system prompts that go with a campaign's harvest.

    Parameters:
        seeds: Seed of each account.
        reworded: Whether each account words its own.
        rng: Source of randomness.
        book: The grammar.
    """
    common = np.full(len(seeds), np.uint64(rng.integers(1, 2**63)))
    wording = mix(seeds, key_of("reworded")) if reworded else common
    options = book.of("system_attack")
    skeleton = options[pick(wording, key_of("system"), len(options))]
    return render(book.skeletons, skeleton, wording, wording, book.plain)
