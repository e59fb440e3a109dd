"""Examples in the README and in docs/ are tests: Sybil runs their Python blocks."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, chdir
from typing import cast

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser


def _enter_folder(namespace: dict[str, object]) -> None:
    """Run the examples of one page in a folder of their own."""
    leave = ExitStack()
    leave.enter_context(chdir(leave.enter_context(tempfile.TemporaryDirectory())))
    namespace["_leave"] = leave.close


def _leave_folder(namespace: dict[str, object]) -> None:
    cast("Callable[[], None]", namespace["_leave"])()


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["README.md", "docs/*.md", "docs/**/*.md"],
    setup=_enter_folder,
    teardown=_leave_folder,
).pytest()


@pytest.fixture(autouse=True)
def _private_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the settings and keys of the person who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PHALANX_")]:
            patch.delenv(name)
        home = tmp_path_factory.getbasetemp() / "home"
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
        yield
