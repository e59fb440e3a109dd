"""Schemes by name: `phalanx-gumbel-v1`, `kgw-transformers-v1?vocabulary=32000`.

A package adds a scheme by an entry point in the group `phalanx.watermark_schemes`, whose value
takes the parameters that may stand behind the name, and passes
`phalanx.watermark.schemes.contract.SchemeContract`.
"""

from __future__ import annotations

import inspect
from importlib.metadata import entry_points

from phalanx.errors import ConfigError, InputError
from phalanx.watermark.schemes.names import Value, read_name
from phalanx.watermark.schemes.scheme import Scheme

ENTRY_POINTS = "phalanx.watermark_schemes"


def scheme_names() -> tuple[str, ...]:
    """Return the versioned names of all installed schemes.

    Examples:
        >>> "phalanx-gumbel-v1" in scheme_names()
        True
    """
    return tuple(sorted(entry_points(group=ENTRY_POINTS).names))


def open_scheme(name: str) -> Scheme:
    """Return the scheme of a name, with the parameters that stand behind it.

    Parameters:
        name: `NAME` or `NAME?parameter=value&parameter=value`; a `Setting` gives it back.

    Raises:
        InputError: If there is no such scheme, or it does not take the parameters.
        ConfigError: If the scheme is installed and cannot be loaded.

    Examples:
        >>> open_scheme("phalanx-gumbel-v1?context_width=2").setting.context_width
        2
        >>> open_scheme("kgw-transformers-v1?vocabulary=32000").setting.key_bytes
        7
        >>> open_scheme("phalanx-gumbel-v0")
        Traceback (most recent call last):
        phalanx.errors.InputError: there is no scheme phalanx-gumbel-v0
    """
    try:
        base, parameters = read_name(name)
    except ValueError as error:
        raise InputError(str(error), next_step="Mend the name of the scheme.") from error
    points = tuple(entry_points(group=ENTRY_POINTS, name=base))
    if not points:
        message = f"there is no scheme {base}"
        raise InputError(message, next_step=f"Name one of {', '.join(scheme_names())}.")
    try:
        make = points[0].load()
    except (ImportError, AttributeError) as error:
        message = f"scheme {base} ({points[0].value}) cannot be loaded: {error}"
        raise ConfigError(message, next_step="Install its package anew, or remove it.") from error
    taken = inspect.signature(make)
    try:
        taken.bind(**parameters)
        _check_whole(taken, parameters)
        scheme: Scheme = make(**parameters)
    except (TypeError, ValueError) as error:
        message = f"scheme {base} does not take {parameters or 'no parameters'}: {error}"
        known = ", ".join(taken.parameters)
        raise InputError(message, next_step=f"Its parameters are: {known}.") from error
    return scheme


def _check_whole(taken: inspect.Signature, parameters: dict[str, Value]) -> None:
    """Raise a `TypeError` if a whole number was asked for, and another was given."""
    for name, value in parameters.items():
        parameter = taken.parameters.get(name)
        # An annotation is a type, or its name where it was not looked up.
        if parameter and parameter.annotation in {int, "int"} and not isinstance(value, int):
            message = f"{name} must be a whole number, not {value}"
            raise TypeError(message)
