"""What the zoo's models are made from, and how."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of model."""

    derived: str
    """`weights`, `outputs` or `nothing`: what of ours it was made from."""

    how: str
    """In words."""


KINDS = {
    "base": Kind("weights", "our model: one epoch of our data, in the order of order.json"),
    "independent_same_data": Kind("nothing", "our data and recipe, other order and start"),
    "independent_other_data": Kind("nothing", "other data, our tokenizer"),
    "independent_other_shape": Kind("nothing", "other data, tokenizer, width and depth"),
    "random": Kind("nothing", "random weights"),
    "identical": Kind("weights", "the same weights"),
    "tuned_short": Kind("weights", "100 steps on other data"),
    "tuned_long": Kind("weights", "600 steps on other data"),
    "lora": Kind("weights", "200 steps of a low-rank adapter on other data, merged"),
    "permuted": Kind("weights", "tuned_short with its neurons in another order"),
    "rotated": Kind("weights", "residual stream rotated, neurons and heads rescaled"),
    "pruned_30": Kind("weights", "the smallest 30 % of each layer's matrix set to zero"),
    "pruned_50": Kind("weights", "the smallest 50 %"),
    "pruned_70": Kind("weights", "the smallest 70 %"),
    "quantised_8": Kind("weights", "each row rounded to 8 bits"),
    "quantised_4": Kind("weights", "each row rounded to 4 bits"),
    "quantised_3": Kind("weights", "each row rounded to 3 bits"),
    "merged_75": Kind("weights", "75 % ours, 25 % independent_same_data"),
    "merged_50": Kind("weights", "half of each"),
    "merged_25": Kind("weights", "25 % ours"),
    "layer_dropped": Kind("weights", "the third of four layers taken out"),
    "deepened": Kind("weights", "layers 0 1 2 1 2 3 of ours, no training after"),
    "experts": Kind("weights", "up-cycled to four experts, each tuned apart for 50 steps"),
    "distilled": Kind("outputs", "independent_other_data, 400 steps on texts of ours alone"),
}
"""All kinds, in the order in which they are made."""
