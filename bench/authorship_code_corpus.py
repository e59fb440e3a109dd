"""Code of professionals from releases of before there were assistants, for the detector of code.

Reference solutions of tasks are few, and detectors that know no others call clean code a model's.
Each package is a wheel that `pip download --no-deps NAME==VERSION` fetched; what is read of it is
its functions and classes, by `ast`. Nothing of it is run, and no text of it is kept.
"""

from __future__ import annotations

import ast
import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from authorship_corpus import Row, codes
from phalanx.authorship.features import KINDS
from phalanx.authorship.views import View, code_view

TASK_SOURCES = ("classeval", "humaneval_mbpp_human_vs_gpt", "devgpt_chatgpt_snippets")
LIBRARY = "library"
"""Domain of code of packages."""

TASK = "task"
"""Domain of code that solves a set task."""

MOST_OF_FILE = 4
"""Pieces of one file: a module is written in one manner."""

MOST_OF_PACKAGE = 1200


@dataclass(frozen=True, slots=True)
class Package:
    """A release that humans wrote."""

    name: str
    version: str
    licence: str
    year: int


PACKAGES = (
    Package("networkx", "2.5", "BSD-3-Clause", 2020),
    Package("sympy", "1.7.1", "BSD-3-Clause", 2020),
    Package("pygorithm", "1.0.4", "MIT", 2018),
    Package("more_itertools", "8.6.0", "MIT", 2020),
    Package("sortedcontainers", "2.3.0", "Apache-2.0", 2020),
)


def library_code(folder: Path) -> list[Row]:
    """Return functions and classes of the packages whose wheels lie in a folder.

    Raises:
        FileNotFoundError: If one of `PACKAGES` is not there.
    """
    found: list[Row] = []
    for package in PACKAGES:
        wheels = sorted(folder.glob(f"{package.name}-{package.version}-*.whl"))
        if not wheels:
            message = f"{folder} has no wheel of {package.name} {package.version}"
            raise FileNotFoundError(message)
        with zipfile.ZipFile(wheels[0]) as wheel:
            modules = [
                (name, wheel.read(name).decode("utf-8", errors="replace"))
                for name in sorted(wheel.namelist())
                if name.endswith(".py")
            ]
        found += pieces(modules, package.name, package.licence)
    return found


def installed_code(folder: Path, name: str, licence: str) -> list[Row]:
    """Return functions and classes of Python files below a folder, as `library_code`."""
    modules = [
        (str(path.relative_to(folder)), path.read_text("utf-8", errors="replace"))
        for path in sorted(folder.rglob("*.py"))
    ]
    return pieces(modules, name, licence)


def pieces(modules: list[tuple[str, str]], name: str, licence: str) -> list[Row]:
    """Return some functions and classes of modules, none twice, tests left out.

    Parameters:
        modules: Path and content of each.
        name: Of the package.
        licence: Of the package.
    """
    found: list[Row] = []
    views: set[bytes] = set()
    for path, content in sorted(
        modules, key=lambda each: hashlib.sha256(each[0].encode()).digest()
    ):
        if "test" in path.lower():
            continue
        if len(found) >= MOST_OF_PACKAGE:
            break
        of_file = [
            Row(view=view, label="human", model="human", attack="", domain=LIBRARY,
                group=f"{name}:{path}", language="python", licence=licence)
            for view in _defined(content)
            if view.content not in views
        ]  # fmt: skip
        views.update(row.view.content for row in of_file)
        found += sorted(of_file, key=_by_chance)[:MOST_OF_FILE]
    return found[:MOST_OF_PACKAGE]


def _by_chance(row: Row) -> bytes:
    return hashlib.sha256(row.view.content).digest()


def _defined(content: str) -> Iterator[View]:
    """Yield the functions and classes of a module that are long enough to be read."""
    lines = content.split("\n")
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        # Python 2, or a template: no code of today.
        return
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            view = code_view("\n".join(lines[node.lineno - 1 : node.end_lineno]), "python")
            if view.size >= KINDS["code"].least:
                yield view


def task_code(data: Path) -> list[Row]:
    """Return Python code that solves set tasks, by humans and by models."""
    return [
        replace(row, domain=TASK if row.label == "human" else row.domain)
        for row in codes(data, TASK_SOURCES)
    ]


def code_at_lengths(rows: list[Row], seed: int = 1) -> list[Row]:
    """Return beginnings of each piece, one in each shorter cell of length, beside all of it."""
    random = np.random.default_rng(seed)
    found = list(rows)
    for row in rows:
        lines = row.view.content.split(b"\n")
        for low, high in pairwise(KINDS["code"].sizes):
            if row.view.size >= high:
                size = int(random.integers(low, high))
                view = View("code", b"\n".join(lines[:size]), size, size)
                found.append(replace(row, view=view, whole=False))
    return found
