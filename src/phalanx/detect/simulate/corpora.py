"""Prompts from given files, dealt to the exchanges of a class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from phalanx.detect.prompt_files import read_prompts
from phalanx.detect.simulate.config import ATTACK_CLASSES, SimulationConfig
from phalanx.detect.simulate.exchanges import Exchanges
from phalanx.detect.simulate.grammar.hashing import key_of, mix, pick
from phalanx.detect.simulate.ladder import rung
from phalanx.detect.simulate.profiles import PROFILES
from phalanx.detect.simulate.scene import Scene

_SHARED_CLASSES = frozenset({"evaluation", "framework"})


@dataclass(frozen=True, eq=False, kw_only=True)
class Corpora:
    """Given prompts by traffic class."""

    texts: Mapping[str, pa.StringArray]
    """Class -> distinct prompts."""

    @property
    def all_texts(self) -> pa.StringArray:
        """All prompts, class after class."""
        return pa.concat_arrays([pa.array([], type=pa.string()), *self.texts.values()])

    def first_row(self, name: str) -> int:
        """Return where the prompts of a class begin in `all_texts`."""
        rows = 0
        for known, texts in self.texts.items():
            if known == name:
                return rows
            rows += len(texts)
        message = f"no corpus for {name!r}"
        raise KeyError(message)


def open_corpora(paths: Mapping[str, Path]) -> Corpora:
    """Read the prompts of each class.

    Raises:
        InputError: If a file cannot be read or has no usable column `prompt`.
    """
    return Corpora(texts={name: read_prompts(Path(path)) for name, path in paths.items()})


def deal(scene: Scene, corpora: Corpora, config: SimulationConfig) -> Exchanges:
    """Give exchanges the prompts of the corpora; what is left keeps the grammar's.

    Parameters:
        scene: All accounts and exchanges.
        corpora: The prompts.
        config: The rungs, and how often an honest class may deal one prompt.
    """
    exchanges = scene.exchanges
    corpus, wording = exchanges.corpus.copy(), exchanges.wording.copy()
    rng = np.random.default_rng([config.seed, 7])
    behaviour = np.array(list(PROFILES))[scene.accounts.behaviour][exchanges.account]
    for name, texts in corpora.texts.items():
        first = corpora.first_row(name)
        if name in ATTACK_CLASSES:
            for rows, chosen, reworded in _attack_hands(name, len(texts), scene, config):
                corpus[rows] = first + chosen
                seeds = mix(exchanges.seed[rows], key_of("reword"))
                wording[rows] = seeds if reworded else 0
            continue
        rows = np.flatnonzero((behaviour == name) & ~exchanges.harvest)
        if name in _SHARED_CLASSES:
            chosen = pick(exchanges.seed[rows], key_of("corpus"), len(texts))
        else:
            rows, chosen = _deal_cards(
                rows, exchanges.account[rows], len(texts), config.accounts_per_corpus_prompt, rng
            )
        corpus[rows] = first + chosen
        wording[rows] = 0
    return replace(exchanges, corpus=corpus, wording=wording)


def _deal_cards(
    rows: NDArray[np.int64],
    account: NDArray[np.int64],
    size: int,
    times: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Deal each prompt at most `times`, account after account in random order."""
    turn = rng.permutation(int(account.max()) + 1 if len(account) else 0)
    rows = rows[np.argsort(turn[account], kind="stable")][: size * times]
    passes = -(-len(rows) // size) if size else 0
    deck = np.concatenate([np.zeros(0, dtype=np.int64)] + [rng.permutation(size)] * passes)
    return rows, deck[: len(rows)].astype(np.int64)


def _attack_hands(
    name: str, size: int, scene: Scene, config: SimulationConfig
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], bool]]:
    """Deal an attack corpus: every campaign of the class works through a part of its own.

    Yields:
        Rows of a campaign in order of time, their prompts, and whether they are reworded.
    """
    exchanges = scene.exchanges
    owner = np.array([known or "" for known in scene.campaigns])[exchanges.account]
    plans = [plan for plan in config.campaigns if plan.attack_class == name]
    for at, plan in enumerate(plans):
        part = np.arange(at % size, size, len(plans))
        rows = np.flatnonzero((owner == plan.name) & exchanges.harvest)
        rows = rows[np.argsort(exchanges.time_us[rows], kind="stable")]
        chosen = part[np.arange(len(rows)) % len(part)]
        yield rows, chosen, rung(plan.evasion or config.evasion).paraphrase
