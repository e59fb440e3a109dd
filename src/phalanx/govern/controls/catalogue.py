"""What a catalogue of controls is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What has to be so, and what shows it."""

    id: str
    title: str
    statement: str
    evidence: str
    """What shows that it is so."""

    profiles: frozenset[str]
    """That ask for it, besides those that build on them."""

    check: str | None = None
    """What Phalanx looks up by itself; null where people are asked."""

    rest: str | None = None
    """What a look-up cannot see of the control; null where it sees the whole."""

    days: int | None = None
    """How old what is looked up may be, where that matters."""

    maps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Framework -> ids there that have to do with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Controls on one subject."""

    id: str
    title: str
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All controls at one version."""

    title: str
    version: str
    dated: date
    sha256: str
    """Of the file, in hexadecimal."""

    frameworks: Mapping[str, str]
    """Short name -> the framework with its version."""

    profiles: Mapping[str, str]
    """Name -> whom it is for, in order: each holds those before it."""

    families: tuple[Family, ...]

    def __iter__(self) -> Iterator[Control]:
        """Yield all controls, in order."""
        for family in self.families:
            yield from family.controls

    def of_profile(self, profile: str) -> tuple[Control, ...]:
        """Return the controls that a profile asks for, with those of the profiles before it.

        Raises:
            KeyError: If there is no such profile.

        Examples:
            >>> from phalanx.govern.controls.reading import SHIPPED, read_catalogue
            >>> catalogue = read_catalogue(SHIPPED)
            >>> [len(catalogue.of_profile(name)) for name in catalogue.profiles]
            [15, 24, 42]
        """
        names = list(self.profiles)
        if profile not in names:
            raise KeyError(profile)
        wanted = frozenset(names[: names.index(profile) + 1])
        return tuple(each for each in self if each.profiles & wanted)
