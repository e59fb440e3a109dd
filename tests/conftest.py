"""A Spark session for the tests of both sides of the engine: logs and detect."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from phalanx.logs.engine.spark import SparkEngine


@pytest.fixture(scope="session")
def spark_events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which Spark writes down all that it does."""
    return tmp_path_factory.mktemp("events")


@pytest.fixture(scope="session")
def spark(spark_events: Path) -> Iterator[SparkEngine]:
    """Return Spark on two cores of this machine."""
    for part, there in (("pyspark", find_spec("pyspark")), ("java", shutil.which("java"))):
        if not there:
            pytest.skip(f"{part} is not installed")
    settings = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": spark_events.as_uri(),
        "spark.sql.shuffle.partitions": "3",
    }
    with SparkEngine("local[2]", settings, memory_limit_bytes=10**9, threads=1) as engine:
        yield engine
