"""Routes by which groups are formed."""

from __future__ import annotations

from typing import Literal

Route = Literal["content", "identity", "birth", "mark", "template_mark"]
"""What forms a group: what its parties send, who pays and registers from where, when they
registered, or marks of a campaign that another provider shared: by identifiers, or by templates.
All other families testify for it."""

BY_CONTENT: frozenset[Route] = frozenset({"content", "template_mark"})
"""Routes that look at what parties send: only what follows testifies about their use."""

BY_MARKS: frozenset[Route] = frozenset({"mark", "template_mark"})
"""Routes that a scan without marks does not have."""
