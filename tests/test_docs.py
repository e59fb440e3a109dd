"""The documentation says what the program does, and all of it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import CycloptsError

from phalanx.authorship.rules import authorship_rules
from phalanx.cli.application import build_app, command_paths
from phalanx.detect.rules import all_rules
from phalanx.logs.schema import MAPPABLE_COLUMNS
from phalanx.prevent.rules import gateway_rules
from phalanx.provenance.rules import provenance_rules
from phalanx.watermark.rules import mark_rules

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])
_SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def _shell_lines() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in _SHELL_BLOCK.findall(page.read_text(encoding="utf-8")):
            for line in block.splitlines():
                yield str(page.relative_to(ROOT)), line


_COMMANDS = [(page, line) for page, line in _shell_lines() if line.startswith("phalanx ")]
_TARGETS = [(page, line) for page, line in _shell_lines() if line.startswith("make ")]


@pytest.mark.parametrize(("page", "line"), _COMMANDS)
def test_every_command_in_the_documentation_is_valid(page: str, line: str) -> None:
    """What a page tells a reader to type is understood."""
    words = shlex.split(line)[1:]
    try:
        build_app().parse_args(words, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        pytest.fail(f"{page}: {line}: {error}")


@pytest.mark.parametrize(("page", "line"), _TARGETS)
def test_every_make_target_in_the_documentation_exists(page: str, line: str) -> None:
    """`make` knows the targets that pages name."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{shlex.split(line)[1]}:", makefile, re.MULTILINE), page


def test_reference_pages_are_current() -> None:
    """The pages that come from the code were written from this code (`make reference`)."""
    script = ROOT / "scripts" / "write_reference.py"
    done = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_option_is_in_the_reference() -> None:
    """The command line page has each option of each command."""
    text = (ROOT / "docs/reference/cli.md").read_text(encoding="utf-8")
    for words in command_paths():
        app = build_app()
        for word in words:
            app = app[word]
        section = text.split(f"## phalanx {' '.join(words)}\n")[1].split("\n## ")[0]
        for argument in app.assemble_argument_collection():
            if argument.name.startswith("--"):
                assert argument.name in section, (words, argument.name)


def test_every_option_has_a_help_text() -> None:
    """No option is left unexplained."""
    for words in command_paths():
        app = build_app()
        for word in words:
            app = app[word]
        for argument in app.assemble_argument_collection(parse_docstring=True):
            if argument.show:
                assert argument.parameter.help, (words, argument.name)


def test_every_rule_is_in_the_reference() -> None:
    """The signals page has each rule, and each rule says when it is wrong."""
    text = (ROOT / "docs/reference/signals.md").read_text(encoding="utf-8")
    for rule in (
        *all_rules(), *mark_rules(), *provenance_rules(), *authorship_rules(), *gateway_rules(),
    ):  # fmt: skip
        assert f"## {rule.rule_id}: {rule.name}" in text


def test_every_column_is_in_the_log_schema() -> None:
    """The log schema page describes each native column."""
    text = (ROOT / "docs/reference/log-schema.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert described == set(MAPPABLE_COLUMNS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """A relative link or picture points to a file that exists."""
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_every_page_is_in_the_navigation() -> None:
    """A page that no menu names is lost."""
    settings = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))
    named = set(re.findall(r"'([\w/-]+\.md)'", str(settings["project"]["nav"])))
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in ROOT.glob("docs/**/*.md")}
    assert {page for page in pages if not page.startswith("adr/0")} == named


def test_every_decision_is_in_the_index() -> None:
    """The page of decisions links to each of them."""
    folder = ROOT / "docs" / "adr"
    listed = set(_LINK.findall((folder / "index.md").read_text(encoding="utf-8")))
    assert {path.name for path in folder.glob("0*.md")} == listed
