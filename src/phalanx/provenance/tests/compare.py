"""Was the suspect made from our weights: all tests of one pair of models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from phalanx.evidence import holm
from phalanx.provenance.roles import view
from phalanx.provenance.tests.asked import ProvenanceTest
from phalanx.provenance.tests.blocks import Block, Reader, our_blocks, their_blocks
from phalanx.provenance.tests.coins import Coins
from phalanx.provenance.tests.columns import column_coins, gram_likeness
from phalanx.provenance.tests.comparison import Comparison
from phalanx.provenance.tests.decoys import Decoys, block_agreement, try_decoys
from phalanx.provenance.tests.findings import (
    OVER_VOCABULARY,
    TESTS,
    Outcome,
    conclude,
    of_blocks,
    of_coins,
)
from phalanx.provenance.tests.frame import Frame, standing_frame, vocabulary_frame
from phalanx.provenance.tests.gate_up import mutual_nearest, sign_leanings
from phalanx.provenance.tests.heads import Folds, head_leanings
from phalanx.provenance.tests.layer_map import Believed, LayerMap, layer_map
from phalanx.provenance.tests.left_out import what_was_left
from phalanx.provenance.tests.one_origin import layers_of_one_origin, toss_together
from phalanx.provenance.tests.plan import Plan
from phalanx.provenance.tests.shapes import shape_coins
from phalanx.provenance.tests.swaps import swap_leanings
from phalanx.provenance.tests.tokenizers import Tokenizer
from phalanx.provenance.tests.tokens import read_tokens
from phalanx.provenance.weights import Checkpoint

_GRAM_TOKENS = 1024
_STANDING = ("PHX-P001", "PHX-P002", "PHX-P003", "PHX-P004", "PHX-P006")
_NO_TOKENS = "no embeddings of the same tokens"
_NUMBERED = "fixed positions give the coordinates of our stream an order"
_SIGNED = "up-rows of our model have a sign of their own"
_VOCABULARY = ("PHX-P001", "PHX-P002", "PHX-P004", "PHX-P006")


def compare_weights(
    ours: Checkpoint,
    suspect: Checkpoint,
    plan: Plan | None = None,
    tokenizers: tuple[Tokenizer, Tokenizer] | None = None,
    further: Sequence[ProvenanceTest] = (),
) -> Comparison:
    """Test whether a suspect was made from our weights.

    Null hypothesis: it was not, that is, its weights are independent of ours. Tests are made in
    the coordinates as they stand, and, if that says nothing, in coordinates over the vocabulary,
    which no rotation of the stream changes and which models of different widths share.

    Parameters:
        ours: Our model.
        suspect: The model under test.
        plan: How much is looked at, fixed before looking.
        tokenizers: Ours and the suspect's. Without them equal numbers of tokens are taken to mean
            equal tokens.
        further: Tests that are asked beside ours, and corrected with them.

    Raises:
        InputError: If a file ends before, or has numbers of a kind that cannot be read.
    """
    comparing = _Comparing(ours, suspect, plan or Plan(), tokenizers)
    comparing.outcomes += [each.ask(ours, suspect, comparing.plan) for each in further]
    return comparing.run()


class _Comparing:
    """Two models, and what has been found so far."""

    def __init__(
        self,
        ours: Checkpoint,
        theirs: Checkpoint,
        plan: Plan,
        tokenizers: tuple[Tokenizer, Tokenizer] | None,
    ) -> None:
        self.checkpoints = ours, theirs
        self.ours = view(ours)
        self.theirs = view(theirs)
        self.plan = plan
        self.tokens = read_tokens(self.ours, self.theirs, plan, tokenizers)
        self.outcomes: list[Outcome] = []
        self.not_finite: dict[str, int] = {}
        self.decoys: Decoys | None = None
        self.layers: LayerMap | None = None
        self.origin: dict[int, int] = {}

    def run(self) -> Comparison:
        """Ask every test."""
        self._columns()
        if not self.ours.hidden or self.ours.hidden != self.theirs.hidden:
            reason = f"streams of {self.ours.hidden} and {self.theirs.hidden} coordinates"
            self._unasked(_STANDING, "", reason)
        else:
            frame = standing_frame(self.ours.hidden, self.plan.random("signs"))
            self._in_frame("", frame, frame)
        planned = len(self.outcomes) + len(_VOCABULARY)
        found = [each.log10_p for each in self.outcomes if each.test.decisive and not each.reason]
        smallest = min(found, default=0.0)
        if smallest + np.log10(planned) <= np.log10(self.plan.level):
            reason = "not asked, since the suspect as it stands has answered"
            self._unasked(_VOCABULARY, OVER_VOCABULARY, reason)
        elif self.tokens is None or len(self.tokens.ours) < 16:
            reason = _NO_TOKENS
            self._unasked(_VOCABULARY, OVER_VOCABULARY, reason)
        else:
            anchors = min(self.plan.anchors, self.ours.hidden - 1, self.theirs.hidden - 1,
                          len(self.tokens.ours) - 1)  # fmt: skip
            self._in_frame(
                OVER_VOCABULARY,
                vocabulary_frame(self.tokens.ours[:anchors]),
                vocabulary_frame(self.tokens.theirs[:anchors]),
            )
        self._shapes()
        if self.tokens is not None and self.tokens.not_finite:
            self.not_finite["embedding"] = self.tokens.not_finite
        return Comparison(
            results=conclude(self.outcomes),
            layers=self.layers,
            decoys=self.decoys,
            embedding_likeness=self._likeness(),
            ours=self.ours,
            theirs=self.theirs,
            not_finite=self.not_finite,
            notes=what_was_left(self.ours, self.theirs, self.plan, self.layers),
        )

    def _unasked(self, rules: Sequence[str], where: str, reason: str) -> None:
        self.outcomes += [of_coins(rule, where, Coins(), 0, reason) for rule in rules]

    def _columns(self) -> None:
        reason, coins = "", Coins()
        if self.tokens is None:
            reason = _NO_TOKENS
        elif self.ours.hidden != self.theirs.hidden:
            reason = f"{self.ours.hidden} and {self.theirs.hidden} coordinates"
        elif self.ours.numbered_coordinates:
            reason = _NUMBERED
        else:
            order = self.plan.random("columns")
            coins = column_coins(self.tokens.ours, self.tokens.theirs, order)
        self.outcomes.append(of_coins("PHX-P005", "", coins, int(not reason), reason))

    def _in_frame(self, where: str, our_frame: Frame, their_frame: Frame) -> None:
        """Ask all tests in one pair of coordinates."""
        readers = Reader(self.ours, our_frame), Reader(self.theirs, their_frame)
        mine = [*our_blocks(readers[0], self.plan)]
        other = [*their_blocks(readers[1], self.plan)]
        pairs = [*_same_place(mine, other)]
        self.origin = layers_of_one_origin(mine)
        self._swaps(where, pairs)
        self._signs(where, pairs)
        if not where:
            self._agreement(pairs)
        self._heads(where, *readers)
        for reader in readers:
            self.not_finite.update(reader.not_finite)
        self._map(where, mine, other)

    def _map(self, where: str, mine: Sequence[Block], other: Sequence[Block]) -> None:
        """Compare every pair of blocks; where neurons have no gates, only if the law holds."""
        by_matchings = not where and not any(each.gated for each in mine)
        lawful = self.decoys is not None and not self.decoys.contradict
        believed = Believed(
            matchings=by_matchings and lawful and not self.ours.numbered_coordinates,
            signs=not self.ours.signed_up_rows,
        )
        found = layer_map(mine, other, self.plan.map_neurons, self.plan.map_pairs, believed)
        known = int((~np.isnan(found.log10_p)).sum())
        smallest = float(np.nanmin(found.log10_p)) if known else 0.0
        self.outcomes.append(
            Outcome(
                test=TESTS["PHX-P006"],
                where=where,
                blocks=known,
                said=(
                    f"{len(found.origins(-3.0))} of {len(found.theirs)} blocks of the suspect are "
                    f"kin to one of ours at 0.001 ({known:,} pairs); the strongest pair, corrected "
                    "for their number"
                ),
                size=known,
                log10_p=smallest,
                reason="" if known else "no blocks of neurons of the same kind",
            )
        )
        # The map of coordinates in which something was seen is the one to show.
        if known and (
            self.layers is None or np.nansum(found.log10_p) < np.nansum(self.layers.log10_p)
        ):
            self.layers = found

    def _order_of(self, block: Block) -> tuple[int, int]:
        """Return what blocks of ours have in common whose neurons may stand in one order."""
        return self.origin[block.layer], block.units

    def _swaps(self, where: str, pairs: Sequence[tuple[Block, Block]]) -> None:
        same = [(a, b) for a, b in pairs if a.units == b.units]
        coins = toss_together(
            (self._order_of(a), swap_leanings(a.standing, b.standing)) for a, b in same
        )
        reason = "" if same else "no blocks in the same places with as many neurons"
        self.outcomes.append(of_coins("PHX-P001", where, coins, len(same), reason))

    def _signs(self, where: str, pairs: Sequence[tuple[Block, Block]]) -> None:
        gated = [(a, b) for a, b in pairs if a.gated]
        coins = toss_together(
            (self._order_of(a), sign_leanings(mutual_nearest(a.first, b.first), a.second, b.second))
            for a, b in gated
        )
        reason = "" if gated else "no gated neurons in the same layers"
        if self.ours.signed_up_rows:
            reason = _SIGNED
        self.outcomes.append(of_coins("PHX-P002", where, coins, len(gated), reason))

    def _agreement(self, pairs: Sequence[tuple[Block, Block]]) -> None:
        """Agreement of each layer, corrected for their number: layers need not be independent."""
        found = [block_agreement(a, b) for a, b in pairs]
        reason = "" if found else "no blocks in the same places"
        if found:
            self.decoys = try_decoys(
                pairs, self.plan.decoys, self.plan.random("decoys"), mirrored=self.ours.mirrored
            )
            if self.decoys.contradict:
                reason = self.decoys.doubt
        if self.ours.numbered_coordinates:
            # Decoys do not see it: with their coordinates permuted, nothing stands alike.
            reason = _NUMBERED
        smallest = float(holm([each.log10_p for each in found]).min()) if found else 0.0
        common, size = sum(each.common for each in found), sum(len(a.first) for a, _ in pairs)
        self.outcomes.append(
            Outcome(
                test=TESTS["PHX-P003"],
                where="",
                blocks=len(found),
                said=(
                    f"{common:,} pairs of {size:,} neurons are the same by both, where "
                    f"{sum(each.expected for each in found):.1f} are by chance "
                    f"({of_blocks(len(found))}); the strongest, corrected for their number"
                ),
                size=size,
                log10_p=smallest,
                reason=reason,
            )
        )

    def _heads(self, where: str, our_reader: Reader, their_reader: Reader) -> None:
        theirs = {each.index: each.attention for each in self.theirs.layers}
        leanings = []
        for layer in self.ours.layers:
            mine, other = layer.attention, theirs.get(layer.index)
            if mine is None or other is None or mine.heads != other.heads:
                continue
            folds = [
                Folds(
                    reader.fold(each.query, each.norm),
                    reader.fold(each.key, each.norm),
                    reader.fold(each.value, each.norm),
                    reader.fold(each.output),
                )
                for reader, each in ((our_reader, mine), (their_reader, other))
            ]
            found = head_leanings(folds[0], folds[1], mine.heads)
            origin = self.origin.get(layer.index, layer.index), mine.heads, found.size
            leanings.append((origin, found))
        coins = toss_together(leanings)
        reason = (
            "" if leanings else "no heads of one shape, and without an order, in the same layers"
        )
        self.outcomes.append(of_coins("PHX-P004", where, coins, len(leanings), reason))

    def _shapes(self) -> None:
        """Compare by shape where names say nothing."""
        known = "unknown" not in {self.ours.family, self.theirs.family}
        reason = "not asked, since the names of the tensors are known" if known else ""
        tensors = [each.tensors for each in self.checkpoints]
        coins = Coins() if known else shape_coins(tensors[0], tensors[1], self.plan)
        self.outcomes.append(of_coins("PHX-P007", "", coins, len(tensors[0]), reason))

    def _likeness(self) -> float | None:
        if self.tokens is None or len(self.tokens.ours) < 4:
            return None
        return gram_likeness(self.tokens.ours[:_GRAM_TOKENS], self.tokens.theirs[:_GRAM_TOKENS])


def _same_place(ours: Sequence[Block], theirs: Sequence[Block]) -> Iterator[tuple[Block, Block]]:
    """Yield blocks of the same layer and expert that can be compared."""
    there = {(each.layer, each.expert): each for each in theirs}
    for mine in ours:
        other = there.get((mine.layer, mine.expert))
        if other is not None and other.gated == mine.gated:
            yield mine, other
