"""The state in Redis or Valkey, for several gateways: one round trip for each step of a request.

`open_shared_state` takes a URL and returns what stands in the place of `OnlineState`.
"""

from __future__ import annotations

from phalanx.prevent.state.shared.place import SharedPlace, is_shared, shared_place
from phalanx.prevent.state.shared.state import SharedState, open_shared_state

__all__ = ["SharedPlace", "SharedState", "is_shared", "open_shared_state", "shared_place"]
