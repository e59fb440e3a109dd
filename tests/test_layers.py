"""The outside depends on the inside, and every package has its place."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_layers_are_kept() -> None:
    """No module imports what stands above it."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout


def test_every_package_has_a_layer() -> None:
    """Each contract names every package and module of its container, and no other."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for contract in settings["tool"]["importlinter"]["contracts"]:
        named = {name.strip() for layer in contract["layers"] for name in layer.split("|")}
        needed = {name for name in named if not name.startswith("(")}
        (container,) = contract["containers"]
        package = ROOT.joinpath("src", *container.split("."))
        modules = {path.stem for path in package.glob("*.py")} - {"__init__"}
        packages = {path.parent.name for path in package.glob("*/__init__.py")}
        assert contract["exhaustive"]
        assert needed <= modules | packages <= {name.strip("()") for name in named}
