"""Routes by which groups are formed."""

from __future__ import annotations

from typing import Literal

Route = Literal["content", "identity", "birth", "routing"]
"""What forms a group: what its parties send; who pays and registers from where; when they
registered; or requests that went from one party to another among those who pay and register
alike. What took no part in forming it testifies."""

SENDING_ROUTES: frozenset[Route] = frozenset({"content", "routing"})
"""Routes that look at what parties send, so that what was sent until then says nothing of how
they use the model."""
