"""What the options of a scan say about Spark."""

from __future__ import annotations

from collections.abc import Iterable

from phalanx.errors import ConfigError


def spark_options(
    engine: str, master: str | None, settings: Iterable[str]
) -> tuple[str, dict[str, str]]:
    """Return the master and the settings of Spark.

    Parameters:
        engine: `duckdb` or `spark`.
        master: As given; null takes this machine.
        settings: `key=value` pairs.

    Raises:
        ConfigError: If a pair has no `=`, or something is said about Spark and not used.

    Examples:
        >>> spark_options("spark", None, ["spark.executor.memory=8g"])
        ('local[*]', {'spark.executor.memory': '8g'})
    """
    found: dict[str, str] = {}
    for pair in settings:
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not (key.startswith("spark.") and equals):
            message = f"--spark-conf {pair!r}: expected spark.KEY=VALUE"
            raise ConfigError(message, next_step="Write --spark-conf spark.executor.memory=8g.")
        found[key] = value
    if engine != "spark" and (master or found):
        message = f"--master and --spark-conf say nothing to --engine {engine}"
        raise ConfigError(message, next_step="Add --engine spark, or leave them out.")
    return master or "local[*]", found
