"""What two prompts from one template have in common: their canonical tokens.

The scan and the exchange between providers both read prompts so, or a template would not be the
same thing for both.
"""

from __future__ import annotations

from phalanx.text.hashing import derive_seed, hash_strings
from phalanx.text.tokens import tokens_of

__all__ = ["derive_seed", "hash_strings", "tokens_of"]
