"""What a user is told when Spark cannot be had."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from phalanx.errors import ConfigError, InputError, MissingExtraError, ServiceError
from phalanx.logs import open_log
from phalanx.logs.engine.spark_session import open_session


def opened(master: str) -> None:
    """Open a session that cannot be opened."""
    open_session(master, {}, memory_limit_bytes=10**9)


def test_what_is_no_master_is_refused() -> None:
    """A misspelt master is a mistake on the command line."""
    with pytest.raises(ConfigError, match="no master of Spark"):
        opened("http://head:7077")


@pytest.mark.parametrize("part", ["pyspark", "pandas"])
def test_without_the_extra_the_next_step_is_to_install_it(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names what is missing, and the extra."""
    monkeypatch.setitem(sys.modules, part, None)
    with pytest.raises(MissingExtraError, match=part) as caught:
        opened("local[1]")
    assert "make spark" in caught.value.next_step


def test_without_java_the_next_step_is_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spark's own message would be an exit of its gateway."""
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(MissingExtraError, match="Java 17"):
        opened("local[1]")


def test_a_cluster_that_is_not_there_is_a_failed_service() -> None:
    """Nobody waits for a minute until Spark gives up."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    with pytest.raises(ServiceError, match="cannot be reached") as caught:
        opened(f"spark://127.0.0.1:{port}")
    assert caught.value.exit_code == 3


def test_only_spark_reads_what_lies_elsewhere() -> None:
    """A table of a lake is found, and refused with the option that reads it."""
    log = open_log(["iceberg:lake.logs.exchanges"])
    with pytest.raises(InputError, match="by Spark only") as caught:
        log.batches()
    assert "--engine spark" in caught.value.next_step


def test_files_and_tables_are_not_mixed(tmp_path: Path) -> None:
    """One scan reads one kind of source."""
    with pytest.raises(InputError, match="in one scan"):
        open_log([str(tmp_path), "delta:/lake/log"])


def test_the_base_does_without_pyspark() -> None:
    """A scan on DuckDB does not import it, even where it is installed."""
    code = """
import sys
import pyarrow as pa
from phalanx.detect import ScanConfig, scan
row = {"timestamp": "2026-01-01", "account_id": "a", "model": "m", "prompt": "Hi"}
scan(pa.Table.from_pylist([row, row]), ScanConfig(threads=1))
print(sorted({"pyspark", "py4j"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
