"""The table of commands. A command's module is imported when the command is used."""

from __future__ import annotations

from collections.abc import Iterator

from cyclopts import App, Group, Parameter

from phalanx import __version__
from phalanx.cli.settings import SettingsSource

_DETECT = Group.create_ordered("Find campaigns")
_READ = Group.create_ordered("Read what was found")
_MEASURE = Group.create_ordered("Measure your detection power")
_SETUP = Group.create_ordered("Set up")

# Name -> (where it is, help line, group). The help lines stand here so that
# `phalanx --help` imports no command.
_COMMANDS = {
    "demo": ("demo:demo", "Tell the whole story on simulated traffic.", _DETECT),
    "scan": ("scan:scan", "Find campaigns in exchange logs.", _DETECT),
    "campaigns": ("campaigns:campaigns", "List what a scan found, or show one group.", _READ),
    "explain": ("explain:explain", "Explain a signal or a test by its rule id.", _READ),
    "reveal": ("reveal:reveal", "Resolve pseudonyms to account ids, and record who did.", _READ),
    "simulate": ("simulate:simulate", "Make labelled traffic, or inject campaigns.", _MEASURE),
    "evaluate": ("evaluate:evaluate", "Measure a scan against labels.", _MEASURE),
    "config": ("config:config", "Show every setting and where its value came from.", _SETUP),
    "completion": ("completion:completion", "Print or install completion for a shell.", _SETUP),
}


def build_app() -> App:
    """Return the application with every command registered and none imported."""
    app = App(
        name="phalanx",
        help="Find, prove and stop unauthorised distillation of AI models, with stated error.",
        help_format="plaintext",
        help_epilogue=(
            "Exit status: 0 clean, 1 findings at or above --fail-on, 2 usage or bad input, "
            "3 an outside service failed."
        ),
        version=__version__,
        config=SettingsSource(frozenset(_COMMANDS)),
        default_parameter=Parameter(negative=()),
    )
    for name, (target, help_line, group) in _COMMANDS.items():
        app.command(f"phalanx.cli.{target}", name=name, help=help_line, group=group)
    return app


def command_paths() -> tuple[tuple[str, ...], ...]:
    """Return the words that name each command, those of nested ones included.

    Examples:
        >>> ("scan",) in command_paths(), ("config", "show") in command_paths()
        (True, True)
    """
    return tuple(_paths(build_app(), ()))


def _paths(app: App, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if words and app.default_command is not None:
        yield words
    for name in app:
        if not name.startswith("-"):
            yield from _paths(app[name], (*words, name))
