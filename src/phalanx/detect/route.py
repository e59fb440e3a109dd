"""Routes by which groups are formed."""

from __future__ import annotations

from typing import Literal

Route = Literal["content", "identity", "birth"]
"""What forms a group: what its parties send, who pays and registers from where, or when they
registered. All other families testify for it."""
