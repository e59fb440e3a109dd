"""Does a suspect remember our training data better the later our model saw them?"""

from __future__ import annotations

from phalanx.provenance.order_test.order import OrderFinding, mean_log_probability, weigh_order

__all__ = ["OrderFinding", "mean_log_probability", "weigh_order"]
