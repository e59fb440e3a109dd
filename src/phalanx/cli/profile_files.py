"""Profiles of known actors on disk, and the priors of kinds of operator."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from phalanx.errors import ConfigError, InputError

if TYPE_CHECKING:
    from phalanx.model import ActorProfile

MOST_PROFILES = 1_000
"""A folder with more is refused: every profile is compared with every listed group."""

_MOST_BYTES = 1 << 22
_SUFFIXES = (".json", ".toml")


def profile_paths(place: Path) -> tuple[Path, ...]:
    """Return the profiles of a folder, or the one file that is named, in order.

    Raises:
        InputError: If a folder with files in it has none, or more than `MOST_PROFILES`.
    """
    try:
        there = tuple(sorted(place.iterdir())) if place.is_dir() else (place,)
        paths = tuple(path for path in there if path.suffix in _SUFFIXES or path == place)
    except OSError as error:
        message = f"{place}: {error.strerror}"
        raise InputError(message, next_step="Check the path.") from error
    # `phalanx share pull` makes a folder that is empty until somebody shares an actor.
    if there and not 0 < len(paths) <= MOST_PROFILES:
        message = f"{place}: {len(paths):,} profiles (.toml or .json), expected 1 to 1,000"
        raise InputError(message, next_step="Name a folder of profiles.")
    return paths


def read_profiles(place: Path) -> tuple[ActorProfile, ...]:
    """Read all profiles of a folder, or one file.

    Raises:
        InputError: If a file is no profile, has no source, or two have one name.
    """
    from phalanx.detect.attribution.profile_text import parse_profile

    profiles: dict[str, ActorProfile] = {}
    for path in profile_paths(place):
        profile = parse_profile(_text(path), str(path), is_json=path.suffix == ".json")
        if profile.name in profiles:
            message = f"{path}: another profile is called {profile.name!r} too"
            raise InputError(message, next_step="Join the two, or rename one.")
        profiles[profile.name] = profile
    return tuple(profiles.values())


def parse_priors(pairs: Iterable[str]) -> dict[str, float]:
    """Parse `kind=probability` pairs of `--prior`.

    Raises:
        ConfigError: If a pair names no kind, is no probability, or comes twice.

    Examples:
        >>> parse_priors(["reseller=0.4"])
        {'reseller': 0.4}
    """
    from phalanx.model import OperatorKind

    kinds = get_args(OperatorKind)
    priors: dict[str, float] = {}
    for pair in pairs:
        kind, _, number = (part.strip() for part in pair.partition("="))
        share = _number(number)
        if kind not in kinds or kind in priors or not 0.0 < share < 1.0:
            message = f"--prior {pair!r}: expected kind=probability, each kind once, in (0, 1)"
            raise ConfigError(message, next_step=f"Kinds are: {', '.join(kinds)}.")
        priors[kind] = share
    total = math.fsum(priors.values())
    if total >= 1.0 and not (len(priors) == len(kinds) and math.isclose(total, 1.0)):
        message = f"--prior: the probabilities sum to {total:g}"
        raise ConfigError(message, next_step="Leave something to the kinds that are not named.")
    if len(priors) == len(kinds) and not math.isclose(total, 1.0):
        message = f"--prior: all kinds are named, and their probabilities sum to {total:g}"
        raise ConfigError(message, next_step="Let them sum to 1.")
    return priors


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            message = f"{path}: longer than 4 MiB"
            raise InputError(message, next_step="Keep the values that matter.")
        return data.decode("utf-8")
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise InputError(message, next_step="Check the path and the file.") from error
    except UnicodeDecodeError as error:
        message = f"{path}: not UTF-8 text"
        raise InputError(message, next_step="Save it as UTF-8.") from error
