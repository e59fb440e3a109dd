"""Which templates of a campaign leave, and that nothing leaves which few accounts sent.

A template here is no prompt. It is what prompts of many accounts have in common: the shingles of
a prompt that at least k accounts of the group sent, each. What only one of them wrote is in no
sketch, whatever stands around it. A template is then *seen on* the accounts of which a prompt
would match its sketch at another member, by the rule that members match by; seen on fewer than k,
it stays in the house too. Of those that remain, the ones that together match most prompts are
taken, one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.sketches.shape import PERMUTATIONS
from phalanx.sketches.templates.agreement import LEAST_JACCARD, agreeing_needed
from phalanx.sketches.templates.kernel import (
    FEWEST_SHINGLES,
    SHINGLE_WORDS,
    shingle_rows,
    sketch_sets,
    sketch_views,
)
from phalanx.sketches.templates.keys import GroupKey
from phalanx.sketches.templates.sketching import Sketches
from phalanx.sketches.templates.spoken import spoken
from phalanx.text.hashing import text_buffers

MOST_PROMPTS = 20_000
"""Prompts of a group that are looked at, evenly over what was given."""

MOST_TEMPLATES = 32
LEAST_SHARE = 0.01
"""Part of the prompts that another template has to add to those that are matched already."""

_MOST_CANDIDATES = 512


@dataclass(frozen=True, slots=True)
class ChosenTemplates:
    """Templates of a campaign, those that match most first."""

    sketches: Sketches
    accounts: tuple[int, ...]
    """On how many accounts each is seen; at least k."""

    matched_share: float
    """Part of the prompts that one of them matches."""


def choose_templates(
    prompts: pa.Array,
    accounts: npt.NDArray[np.int64],
    key: GroupKey,
    least_accounts: int,
    most_templates: int = MOST_TEMPLATES,
) -> ChosenTemplates:
    """Choose the templates of a group.

    Parameters:
        prompts: String array in one chunk: what the group sent.
        accounts: Numbers of the accounts that sent them, shape (prompts,).
        key: Under which they are to be shared.
        least_accounts: The k below which nothing leaves; rule A8 of the disclosure policy.
        most_templates: How many are chosen at most.

    Raises:
        ValueError: If `least_accounts` is below 2.

    Examples:
        >>> from datetime import date
        >>> key = GroupKey(1, date(2026, 1, 1), bytes(32))
        >>> text = "Grade the answer by the rubric below, name what it lacks and end with a mark. "
        >>> prompts = pa.array([text + name for name in ("Ada", "Ben", "Cy", "Di")])
        >>> choose_templates(prompts, np.arange(4), key, least_accounts=3).accounts
        (4,)
        >>> choose_templates(prompts, np.arange(4), key, least_accounts=5).accounts
        ()
    """
    if least_accounts < 2:
        message = "a template that one account sent is that account's: least_accounts is 2 or more"
        raise ValueError(message)
    if len(prompts) > MOST_PROMPTS:
        even = np.linspace(0, len(prompts) - 1, MOST_PROMPTS).astype(np.int64)
        prompts, accounts = prompts.take(pa.array(even)), accounts[even]
    offsets, data = text_buffers(spoken(prompts))
    codes = np.unique(accounts, return_inverse=True)[1]
    shingles, starts = _cores(*shingle_rows(offsets, data, key.hash_key), codes, least_accounts)
    minhash, simhash = sketch_sets(shingles, starts)
    views, owner = sketch_views(offsets, data, key.hash_key)
    covers = _covers(minhash, views, owner, codes.size, agreeing_needed(LEAST_JACCARD))
    seen_on = np.array([np.unique(codes[row]).size for row in covers], dtype=np.int64)
    chosen, matched = _greedy(covers, seen_on >= least_accounts, most_templates)
    tokens = (np.diff(starts)[chosen] + SHINGLE_WORDS - 1).astype(np.int32)
    return ChosenTemplates(
        Sketches(key.epoch, minhash[chosen], simhash[chosen], tokens),
        tuple(seen_on[chosen].tolist()),
        matched / max(1, codes.size),
    )


def _cores(
    shingles: npt.NDArray[np.uint64],
    starts: npt.NDArray[np.int64],
    codes: npt.NDArray[np.int64],
    least_accounts: int,
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Return what prompts have in common with others, the most frequent first, in bounded number.

    Returns:
        Shingles of sets, each seen on so many accounts, and where those of each set begin.
    """
    distinct, which = np.unique(shingles, return_inverse=True)
    rows = np.repeat(np.arange(codes.size), np.diff(starts))
    pairs = np.unique(which * (int(codes.max(initial=0)) + 1) + codes[rows])
    seen = np.bincount(pairs // (int(codes.max(initial=0)) + 1), minlength=distinct.size)
    common = seen[which] >= least_accounts
    found: dict[bytes, int] = {}
    for row in range(codes.size):
        part = slice(starts[row], starts[row + 1])
        core = np.sort(shingles[part][common[part]])
        if core.size >= FEWEST_SHINGLES:
            content = core.tobytes()
            found[content] = found.get(content, 0) + 1
    best = sorted(found, key=lambda content: (-found[content], content))[:_MOST_CANDIDATES]
    sets = [np.frombuffer(content, np.uint64) for content in best]
    ends = np.cumsum([0, *(each.size for each in sets)]).astype(np.int64)
    return np.concatenate([*sets, np.empty(0, np.uint64)]), ends


def _greedy(
    covers: npt.NDArray[np.bool_], allowed: npt.NDArray[np.bool_], most: int
) -> tuple[npt.NDArray[np.int64], int]:
    """Take what adds most, until it adds little; return what was taken and the prompts matched."""
    left = np.ones(covers.shape[1], dtype=np.bool_)
    chosen: list[int] = []
    while allowed.any() and len(chosen) < most:
        gains = np.where(allowed, (covers & left).sum(axis=1), 0)
        best = int(gains.argmax())
        if gains[best] < max(1.0, LEAST_SHARE * left.size):
            break
        chosen.append(best)
        left &= ~covers[best]
    return np.array(chosen, dtype=np.int64), int((~left).sum())


@numba.njit(cache=True, nogil=True)
def _covers(
    templates: npt.NDArray[np.uint8],
    views: npt.NDArray[np.uint8],
    owner: npt.NDArray[np.int64],
    prompts: int,
    needed: int,
) -> npt.NDArray[np.bool_]:
    """Return which templates match which prompts, shape (templates, prompts)."""
    covers = np.zeros((templates.shape[0], prompts), dtype=np.bool_)
    for view in range(owner.size):
        for template in range(templates.shape[0]):
            agreeing = np.int32(0)
            for value in range(PERMUTATIONS):
                agreeing += np.int32(templates[template, value] == views[view, value])
            if agreeing >= needed:
                covers[template, owner[view]] = True
    return covers
