"""The rules of provenance: what each finding shows, when it is wrong, how wrong it was measured.

Tests of weights are numbered from 1, marks, keys and behaviour from 101.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from phalanx.rules import Rule, read_rules


class NeuronsInPlace:
    """Neurons of the suspect are more alike to ours in the same places than exchanged.

    Null hypothesis: the suspect was made without our weights; then exchanging neurons of either
    model changes nothing.
    Sees: for disjoint pairs of neurons in each layer, whether they are more alike as they stand
    than exchanged: fair coins, over all layers; an exact binomial tail. Experts of one layer, and
    layers of ours that repeat each other, are one coin for each pair.
    Does not say: who copied from whom. Kinship has no direction.
    Evaded by: putting neurons into another order; rotating the residual stream (then asked over
    the vocabulary).
    Honest look-alikes: two models that began from one published model, or from the same initial
    values, drawn from one seed or not drawn at all (identity and Hadamard matrices): they are kin.
    Models whose neurons somebody has sorted by what their weights are, or whose training sorted
    them (nested models, of which the first neurons alone are to work as well).
    Neurons of nothing but zeros, which fill a matrix up in the same places of any two models, are
    left out.
    Too little to tell: fewer than ten pairs say nothing.
    Measured error: 1,035 pairs of random models: 1.9 % below 0.01, where 1 % is expected; 6,000
    fresh pairs: 0.85 %.
    Source: exchangeability of hidden units; Zhu et al., "Independence tests for language
    models", 2025, permute units as well.
    """

    rule_id = "PHX-P001"
    name = "neurons in the same places"
    source = "provenance"


class SignsOfUpRows:
    """Neurons that are found by their gates agree in the sign of their up-rows.

    Null hypothesis: the suspect was made without our weights; then the sign of each up-row is a
    fair coin, since a neuron whose up-row and down-column both change their sign is the same
    neuron.
    Sees: neurons in any order, each other's nearest by gate, counted by whether their up-rows
    point the same way; an exact binomial tail.
    Does not say: who copied from whom.
    Evaded by: redrawing the signs of up-rows and down-columns; models without gates have none.
    Honest look-alikes: as PHX-P001, but no sorting of neurons can bring it about. Models that add
    a constant to what the up-row reads (gpt-oss), where its sign means something: these are not
    asked where our settings say so.
    Measured error: 1,035 pairs of random models: 0.3 % to 1.0 % below 0.01.
    """

    rule_id = "PHX-P002"
    name = "up-rows of neurons found by their gates"
    source = "provenance"


class PairsByTwoParts:
    """Two parts of a neuron lead to the same neuron of ours.

    Null hypothesis: the suspect was made without our weights; then pairs by gate and pairs by
    up-row (without gates: up-row and down-column) have no more in common than random matchings.
    Sees: common pairs of the two matchings, layer by layer, the strongest corrected for their
    number.
    Does not say: who copied from whom.
    Evaded by: rotating the residual stream.
    Honest look-alikes: as PHX-P001. Neurons that stand out in every model, since no symmetry
    proves the law of this test: so suspects with a permuted stream are tried on the very
    models, and if they contradict the law at 0.001 the test says nothing. Models with fixed waves
    in their stream are not asked, as PHX-P005 has it.
    Measured error: as PHX-P002.
    Source: MATCH of Zhu et al., "Independence tests for language models", 2025, with a law and
    decoys in place of its assignment.
    """

    rule_id = "PHX-P003"
    name = "neurons paired alike by two of their parts"
    source = "provenance"


class HeadsInPlace:
    """Attention heads of the suspect are more alike to ours in the same places than exchanged.

    Null hypothesis: the suspect was made without our weights; then exchanging heads changes
    nothing.
    Sees: pairs of heads of all layers with heads of the same shape, as PHX-P001 does neurons.
    Does not say: who copied from whom.
    Evaded by: putting heads into another order, or changing their number.
    Honest look-alikes: as PHX-P001. Models that give each head a slope or a window of its own by
    its number (ALiBi): these are not asked where the settings say so. Heads that were given one
    repeated key each are exchanged together.
    Too little to tell: small models have few heads; ten comparisons are the least.
    Measured error: as PHX-P002.
    """

    rule_id = "PHX-P004"
    name = "heads in the same places"
    source = "provenance"


class EmbeddingColumnsInPlace:
    """Coordinates of the embedding are more alike to ours in the same places than exchanged.

    Null hypothesis: the suspect was made without our weights; then exchanging coordinates of
    the residual stream changes nothing.
    Sees: pairs of columns over the embeddings of the same tokens.
    Does not say: who copied from whom. An embedding may have been taken over and all else
    trained.
    Evaded by: rotating or reordering the residual stream.
    Honest look-alikes: as PHX-P001; a suspect that took over an embedding that was published;
    models that add waves of fixed frequencies to the stream, one for each coordinate: these are
    not asked where our settings say so.
    Measured error: as PHX-P002.
    """

    rule_id = "PHX-P005"
    name = "coordinates of the embedding in the same places"
    source = "provenance"


class BlockAnywhere:
    """A block of neurons of the suspect comes from one of ours, wherever the two stand.

    Null hypothesis: no block of the suspect was made from any of ours.
    Sees: every pair of blocks by the coins of PHX-P001 and PHX-P002, corrected for all pairs;
    from it the map of layers is drawn: layers dropped, repeated, moved, merged, grown into
    experts.
    Does not say: that a block outside the map is not ours. Who copied from whom.
    Evaded by: as PHX-P001 and PHX-P002, both at once.
    Honest look-alikes: as PHX-P001.
    Measured error: as PHX-P002; each pair by itself is exact, and Holm's correction is
    arithmetic.
    """

    rule_id = "PHX-P006"
    name = "a block of neurons anywhere in the suspect"
    source = "provenance"


class RowsOfOneShape:
    """Rows of matrices of one shape are more alike as they stand than exchanged: for reading only.

    Null hypothesis: the suspect was made without our weights, and the order of these rows means
    nothing.
    Sees: models whose tensors have names that nobody knows, matrix by matrix.
    Does not say: anything that decides. Rows of tokens stand in the order of the tokenizer, and
    two honest models of one tokenizer are alike in it.
    Evaded by: as PHX-P001.
    Honest look-alikes: any two models that share a tokenizer, or another order that means
    something.
    """

    rule_id = "PHX-P007"
    name = "rows of matrices of one shape"
    source = "provenance"


class MarkInWeights:
    """A copy that carries our mark is in the suspect's weights.

    Null hypothesis: the suspect was made without any copy that carries the mark.
    Sees: what the suspect's weights have beyond the unmarked original, summed along directions
    that a secret drew: the sign of each sum is a fair coin; an exact binomial tail.
    Does not say: whose copy it was (PHX-P102), or how it came there.
    Evaded by: merging with three quarters of another model; distillation, which keeps no
    weights.
    Honest look-alikes: none that the test knows of, while the secret is one. Whoever knows the
    secret can put the mark anywhere.
    Measured error: 512,000 signs of unmarked models under random keys: 49.8 % to 50.1 % ones.
    """

    rule_id = "PHX-P101"
    name = "mark in weights"
    source = "provenance"


class RecipientInWeights:
    """The copy of one recipient is in the suspect's weights.

    Null hypothesis: the suspect was made without the copy of this recipient.
    Sees: how well the recipient's word of a symmetric Tardos code agrees with what the marked
    places show; corrected for all recipients, and named only where the mark is seen as such.
    Does not say: that the recipient gave it away. A copy can be stolen, and passed on with
    leave.
    Evaded by: more recipients pooling their copies than the code was planned for.
    Honest look-alikes: a recipient from whom the copy was taken.
    Measured error: nobody else was named in any of the runs of the survival table.
    """

    rule_id = "PHX-P102"
    name = "recipient's word in weights"
    source = "provenance"


class PlantedKeys:
    """The suspect gives the answers that were planted in copies of our model.

    Null hypothesis: the suspect never learnt the planted keys; then each answer is one of a
    key's two with a chance of at most two in the number of candidates, because a secret drew
    them.
    Sees: how many planted answers the suspect gives; an exact binomial tail.
    Does not say: whether the suspect was made from a copy or trained on what a copy wrote.
    Never a verdict alone: it counts only beside a test of weights, marks or order that could
    decide, or a panel that was asked the same keys and gives fewer.
    Evaded by: a service that filters answers; a long fine-tune (600 steps left none in the
    zoo).
    Honest look-alikes: a model trained on published answers of a copy; a service that passes
    questions on to one. Candidates that were not equally natural, or a secret that is none any
    more.
    Measured error: unreleased and independent models gave 1 to 3 of 137 planted answers, where
    8.6 are the most that chance gives on average.
    Source: Nasery et al., "Scalable fingerprinting of large language models", 2025.
    """

    rule_id = "PHX-P103"
    name = "planted keys"
    source = "provenance"


class RecipientInKeys:
    """The planted answers are those of one recipient's copy.

    Null hypothesis: the suspect does not come from the copy of this recipient.
    Sees: as PHX-P102, in answers.
    Does not say: that the recipient gave it away, or that weights went anywhere.
    Evaded by: as PHX-P102 and PHX-P103.
    Honest look-alikes: a recipient whose copy, or its answers, were taken.
    Measured error: nobody else was named in any of the runs of the survival table.
    """

    rule_id = "PHX-P104"
    name = "recipient's word in planted keys"
    source = "provenance"


class OrderOfTraining:
    """The suspect finds texts the likelier the later our model saw them.

    Null hypothesis: what the suspect makes of the texts does not depend on the order in which
    ours saw them. The order was drawn at random, so all orders are as likely, whatever the
    suspect knows.
    Sees: Kendall's rank correlation of order and log-likelihood; its exact law up to 600 texts,
    a bound beyond.
    Does not say: whether weights or outputs carried the memory.
    Evaded by: a long fine-tune (600 steps left 10^-1.4 in the zoo); refusing log-probabilities.
    Honest look-alikes: a model that was trained in the same order, from the same shuffled file.
    Measured error: independent models 10^-0.3 to 1 in the zoo; the law is exact.
    Source: Kuditipudi et al., "Blackbox model provenance via palimpsestic membership
    inference", 2025.
    """

    rule_id = "PHX-P105"
    name = "memory in the order of our training"
    source = "provenance"


class AnswersAsOurs:
    """The suspect answers as ours does more often than a panel of independent models.

    Null hypothesis: the suspect was made as the panel's models were, independently of ours, on
    data like theirs.
    Sees: the suspect's rank among the panel, set of questions by set; corrected for the sets. N
    models allow no p-value below 1 in N + 1.
    Does not say: anything without a panel. Models trained on the same data agree more than a
    true student does: 62 % against 54 % of tokens in the project's own experiment. Never a
    verdict alone.
    Evaded by: answering otherwise; a service in front of the model (arXiv 2509.26598 got round
    all of ten such schemes).
    Honest look-alikes: a model on data, or of a size, that the panel does not have. This is the
    weakest of all rules of provenance.
    Source: Nikolic, Paleka & Tramer, "Model provenance testing for large language models",
    2025.
    """

    rule_id = "PHX-P106"
    name = "answers as ours gives them"
    source = "provenance"


@cache
def provenance_rules() -> Sequence[Rule]:
    """Return the rules of provenance, ordered by identifier.

    Examples:
        >>> [rule.rule_id for rule in provenance_rules()][0]
        'PHX-P001'
    """
    return read_rules([Path(__file__)])
