"""Open a Spark session, and say what is wrong in words that help."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from phalanx.errors import ConfigError, InputError, MissingExtraError, ServiceError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NEEDED = ("pyspark", "pandas")
"""What the extra brings; Ibis speaks to Spark through pandas."""

_MASTER = re.compile(r"local(\[.+\])?|local-cluster\[.+\]|yarn|(spark|k8s)://.+")
_CONNECT_SECONDS = 10.0

_REQUIRED = {
    "spark.log.level": "ERROR",
    "spark.ui.showConsoleProgress": "false",  # phalanx shows its own
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # Pandas writes times in nanoseconds, which Spark has no type for; as integers they are read.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
}

_ON_ONE_MACHINE = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "8",
}

# What the user named does not exist, or is not what it should be.
_NOT_FOUND = ("PATH_NOT_FOUND", "TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND", "FAILED_READ_FILE",
              "DATA_SOURCE_NOT_FOUND", "CANNOT_MERGE_SCHEMAS", "UNABLE_TO_INFER_SCHEMA",
              "CATALOG_NOT_FOUND", "REQUIRES_SINGLE_PART_NAMESPACE")  # fmt: skip


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session, and whether it ends with us."""

    session: SparkSession
    ours: bool


def is_local(master: str) -> bool:
    """Say whether a master runs everything on this machine, which then sees its files.

    Examples:
        >>> is_local("local[2]"), is_local("spark://head:7077")
        (True, False)
    """
    return master.startswith("local")


def check_installed() -> None:
    """Raise what tells a user how to install the missing part.

    Raises:
        MissingExtraError: If the extra or Java is not there.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        message = f"--engine spark needs {' and '.join(missing)}, which the base leaves out"
        raise MissingExtraError(message, next_step="In the clone: make spark")
    java = Path(os.environ["JAVA_HOME"]) / "bin" / "java" if "JAVA_HOME" in os.environ else "java"
    if shutil.which(java) is None:
        message = f"--engine spark needs Java 17 or newer; {java} cannot be run"
        advice = "Install a Java runtime, for example openjdk-17-jre-headless, or set JAVA_HOME."
        raise MissingExtraError(message, next_step=advice)


def open_session(
    master: str, settings: Mapping[str, str], *, memory_limit_bytes: int
) -> OpenSession:
    """Start a session, or branch off the one that is open in this process.

    A branch has temporary tables and settings of its own; the open session and its master
    stay as they are.

    Parameters:
        master: `local[N]`, `spark://HOST:PORT`, `yarn` or `k8s://URL`.
        settings: Of Spark, as `--spark-conf` gives them.
        memory_limit_bytes: Heap of this process' Java, at least 1 GB, unless the settings or
            the files of SPARK_CONF_DIR say more.

    Raises:
        ConfigError: If the master is none.
        MissingExtraError: If pyspark or Java is missing.
        ServiceError: If the cluster cannot be reached.
    """
    if not _MASTER.fullmatch(master):
        message = f"--master {master!r}: no master of Spark"
        advice = "Name local[*], spark://HOST:PORT, yarn or k8s://URL."
        raise ConfigError(message, next_step=advice)
    check_installed()
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra

    with spark_errors(f"Spark at {master}"):
        active = SparkSession.getActiveSession()
        if active is not None:
            return OpenSession(_branch(active, settings), ours=False)
    _require_reachable(master)
    builder = SparkSession.builder.appName("phalanx scan").master(master)
    for name, value in (_REQUIRED | (_ON_ONE_MACHINE if is_local(master) else {})).items():
        builder = builder.config(name, value)
    for name, value in settings.items():
        builder = builder.config(name, value)
    heap_megabytes = max(memory_limit_bytes // 1_000_000, 1_000)
    environment = {"SPARK_DRIVER_MEMORY": f"{heap_megabytes}m"}
    if is_local(master):
        environment["PYSPARK_PYTHON"] = sys.executable
    with spark_errors(f"Spark at {master}"), _defaults(environment):
        session = builder.getOrCreate()
        # Stands here too because a cluster may set its own level when a session starts.
        session.sparkContext.setLogLevel(settings.get("spark.log.level", "ERROR"))
    return OpenSession(session, ours=True)


def _branch(session: SparkSession, settings: Mapping[str, str]) -> SparkSession:
    branch = session.newSession()
    for name, value in (_REQUIRED | dict(settings)).items():
        if branch.conf.isModifiable(name):
            branch.conf.set(name, value)
    return branch


@contextmanager
def spark_errors(where: str) -> Iterator[None]:
    """Turn what Spark raises into an error of Phalanx.

    Parameters:
        where: What was being read or asked, for the message.

    Raises:
        InputError: If what was named does not exist.
        ServiceError: If anything else failed on the side of Spark.
    """
    try:
        yield
    except Exception as error:
        translated = translate(error, where)
        if translated is None:
            raise
        raise translated from error


def translate(error: BaseException, where: str) -> InputError | ServiceError | None:
    """Return the error of Phalanx for one of Spark's, or null for one that is not Spark's."""
    if type(error).__module__.partition(".")[0] not in ("py4j", "pyspark"):
        return None
    text = str(error)
    first = next((line for line in text.splitlines() if line.strip()), type(error).__name__)
    message = f"{where}: {first.strip()[:300]}"
    if any(condition in text for condition in _NOT_FOUND):
        return InputError(message, next_step="Check the name, and that the cluster can read it.")
    return ServiceError(message, next_step="Look into the logs of the cluster; -v shows more.")


def _require_reachable(master: str) -> None:
    """Knock at a standalone master: Spark itself would try for a minute."""
    if not master.startswith("spark://"):
        return
    failures = []
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS):
                return
        except (OSError, ValueError) as error:
            failures.append(f"{address}: {error}")
    message = f"--master {master}: cannot be reached ({'; '.join(failures)})"
    raise ServiceError(message, next_step="Check the address, and that the cluster is running.")


@contextmanager
def _defaults(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables that the user has not set, while Java starts."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
