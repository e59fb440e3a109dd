"""The table of commands. A command's module is imported when the command is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cyclopts import App, Group, Parameter

from phalanx import __version__
from phalanx.cli.settings import SettingsSource

_DETECT = Group.create_ordered("Find campaigns")
_READ = Group.create_ordered("Read what was found")
_MEASURE = Group.create_ordered("Measure your detection power")
_PREVENT = Group.create_ordered("Decide what the next request gets")
_SHARE = Group.create_ordered("Share with other providers")
_MARK = Group.create_ordered("Mark what a model says")
_AUTHOR = Group.create_ordered("Say what models wrote")
_PROVE = Group.create_ordered("Prove where a model comes from")
_RELEASE = Group.create_ordered("Hand weights to others")
_GOVERN = Group.create_ordered("Govern what was done")
_SETUP = Group.create_ordered("Set up")

# Where each command's function is. Its docstring is its help.
_COMMANDS = {
    "demo": ("phalanx.cli.demo:demo", _DETECT),
    "scan": ("phalanx.cli.scan:scan", _DETECT),
    "sketch-corpus": ("phalanx.cli.sketch_corpus:sketch_corpus", _DETECT),
    "appeal": ("phalanx.cli.appeal:appeal", _READ),
    "explain": ("phalanx.cli.explain:explain", _READ),
    "reveal": ("phalanx.cli.reveal:reveal", _READ),
    "simulate": ("phalanx.cli.simulate:simulate", _MEASURE),
    "evaluate": ("phalanx.cli.evaluate:evaluate", _MEASURE),
    "completion": ("phalanx.cli.completion:completion", _SETUP),
}

# Where the commands are that have commands of their own.
_NESTED = {
    "campaigns": ("phalanx.cli.campaigns:campaigns", _READ),
    "profile": ("phalanx.cli.profile:profile", _READ),
    "gateway": ("phalanx.cli.gateway:gateway", _PREVENT),
    "share": ("phalanx.cli.share:share", _SHARE),
    "watermark": ("phalanx.cli.watermark:watermark", _MARK),
    "authorship": ("phalanx.cli.authorship:authorship", _AUTHOR),
    "provenance": ("phalanx.cli.provenance:provenance", _PROVE),
    "release": ("phalanx.cli.release:release", _RELEASE),
    "govern": ("phalanx.cli.govern:govern", _GOVERN),
    "console": ("phalanx.cli.console:console", _GOVERN),
    "store": ("phalanx.cli.store:store", _SETUP),
    "config": ("phalanx.cli.config:config", _SETUP),
}


def build_app(listed: Sequence[str] | None = None) -> App:
    """Return the application; a command is imported when it is used.

    Parameters:
        listed: Words of a group whose commands are about to be listed, none for all there are.
            Each comes with its summary, which is the first line of its docstring.
    """
    app = App(
        name="phalanx",
        help="Find, prove and stop unauthorised distillation of AI models, with stated error.",
        help_format="plaintext",
        help_epilogue=(
            "Exit status: 0 clean, 1 findings at or above --fail-on, 2 usage or bad input, "
            "3 an outside service failed, 70 an unforeseen error."
        ),
        version=__version__,
        config=SettingsSource(frozenset({*_COMMANDS, *_NESTED}), _options_below),
        default_parameter=Parameter(negative=()),
    )
    for name, (target, group) in _COMMANDS.items():
        app.command(target, name=name, group=group, help_format="markdown")
    for name, (target, group) in _NESTED.items():
        app.command(target, name=name, group=group)
    if listed is not None and (above := _named(app, listed)):
        for name in above:
            above[name]  # imports the command
    return app


def _named(app: App, words: Sequence[str]) -> App | None:
    """Return the group of commands of these words, or nothing where they name none."""
    for word in words:
        if word not in app:
            return None
        app = app[word]
    return app


def command_paths() -> tuple[tuple[str, ...], ...]:
    """Return the words that name each command, those of nested ones included.

    Examples:
        >>> ("scan",) in command_paths(), ("config", "show") in command_paths()
        (True, True)
    """
    return tuple(_paths(build_app(), ()))


def _options_below(words: tuple[str, ...]) -> frozenset[str]:
    """Return the options of all commands of a group."""
    app = _command(build_app(), words)
    return frozenset(
        name
        for path in _paths(app, ())
        for argument in _command(app, path).assemble_argument_collection()
        for name in argument.names
        if name.startswith("--")
    )


def _command(app: App, words: tuple[str, ...]) -> App:
    for word in words:
        app = app[word]
    return app


def _paths(app: App, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if words and app.default_command is not None:
        yield words
    for name in app:
        if not name.startswith("-"):
            yield from _paths(app[name], (*words, name))
