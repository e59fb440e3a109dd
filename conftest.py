"""Examples in the README and in docs/ are tests: Sybil runs their Python blocks.

Settings of Hypothesis for all tests stand here too.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, chdir
from typing import cast

import pytest
from hypothesis import settings
from sybil import Sybil
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import PythonCodeBlockParser

# No test asserts a time, and the first call of a kernel compiles it.
settings.register_profile("phalanx", deadline=None)
# The whole check answers for a commit, so the same commit gets the same examples; `make test`
# draws new ones each time, which is how new faults are found.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("phalanx")

# Run only where Alembic, or LiteLLM, runs them.
collect_ignore = [
    "src/phalanx/prevent/adapters/litellm_guardrail.py",
    "src/phalanx/share/hub/migrations/env.py",
    "src/phalanx/share/pool/migrations/env.py",
    "src/phalanx/store/migrations/env.py",
]


def _enter_folder(namespace: dict[str, object]) -> None:
    """Run the examples of one page in a folder of their own."""
    leave = ExitStack()
    leave.enter_context(chdir(leave.enter_context(tempfile.TemporaryDirectory())))
    namespace["_leave"] = leave.close


def _leave_folder(namespace: dict[str, object]) -> None:
    cast("Callable[[], None]", namespace["_leave"])()


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()],
    patterns=["README.md", "docs/*.md", "docs/**/*.md"],
    setup=_enter_folder,
    teardown=_leave_folder,
).pytest()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the examples of a page together and in order: a page is one story."""
    examples = [item for item in items if isinstance(item, SybilItem)]
    examples.sort(key=lambda item: (item.path, item.example.line))
    items[:] = [*(item for item in items if not isinstance(item, SybilItem)), *examples]


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
