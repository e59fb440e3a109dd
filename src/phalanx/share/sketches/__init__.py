"""Sketches of prompt templates: what members compare in place of prompts.

`sketch_of` sketches prompts under the key of the group, `choose_templates` says which templates of
a campaign may leave, `TemplateIndex` holds those of others, and `match_prompts` says which prompts
match them.
"""

from __future__ import annotations

from phalanx.share.sketches.agreement import LEAST_JACCARD, log10_chance_of_match
from phalanx.share.sketches.choice import ChosenTemplates, choose_templates
from phalanx.share.sketches.index import Snapshot, TemplateIndex
from phalanx.share.sketches.kernel import CANONICALISER
from phalanx.share.sketches.keys import (
    GroupKey,
    GroupKeys,
    add_group_key,
    drop_group_keys,
    read_group_keys,
)
from phalanx.share.sketches.list_file import read_listed_templates
from phalanx.share.sketches.matching import MATCH_SCHEMA, Matches, match_prompts
from phalanx.share.sketches.rows import TemplateRows
from phalanx.share.sketches.sketching import Sketches, sketch_of

__all__ = [
    "CANONICALISER",
    "LEAST_JACCARD",
    "MATCH_SCHEMA",
    "ChosenTemplates",
    "GroupKey",
    "GroupKeys",
    "Matches",
    "Sketches",
    "Snapshot",
    "TemplateIndex",
    "TemplateRows",
    "add_group_key",
    "choose_templates",
    "drop_group_keys",
    "log10_chance_of_match",
    "match_prompts",
    "read_group_keys",
    "read_listed_templates",
    "sketch_of",
]
