"""The relational engine: the only place that knows which one it is.

Expressions are written once, in Ibis, and run on DuckDB in this process or on a Spark
cluster. Text stays outside: kernels reduce it to integers first.
"""

from __future__ import annotations

from phalanx.logs.engine.duckdb import DuckDBEngine
from phalanx.logs.engine.protocol import Engine, Kernel, Reduced, Sighting

__all__ = ["DuckDBEngine", "Engine", "Kernel", "Reduced", "Sighting"]
