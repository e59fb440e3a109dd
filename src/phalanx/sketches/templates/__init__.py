"""Sketches of prompt templates: what members compare in place of prompts.

`sketch_of` sketches prompts under the key of the group, `choose_templates` says which templates of
a campaign may leave, `TemplateIndex` holds those of others, and `match_prompts` says which prompts
match them.
"""

from __future__ import annotations

from phalanx.sketches.templates.agreement import LEAST_JACCARD, log10_chance_of_match
from phalanx.sketches.templates.choice import ChosenTemplates, choose_templates
from phalanx.sketches.templates.index import Snapshot, TemplateIndex
from phalanx.sketches.templates.kernel import CANONICALISER
from phalanx.sketches.templates.keys import (
    GroupKey,
    GroupKeys,
    add_group_key,
    drop_group_keys,
    read_group_keys,
)
from phalanx.sketches.templates.list_file import read_listed_templates
from phalanx.sketches.templates.matching import MATCH_SCHEMA, Matches, match_prompts
from phalanx.sketches.templates.rows import TemplateRows
from phalanx.sketches.templates.sketching import Sketches, sketch_of

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
