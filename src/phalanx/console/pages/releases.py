"""Releases that were sealed, and the receipts that came back."""

from __future__ import annotations

from dataclasses import dataclass

from phalanx.console.desk import Asked
from phalanx.console.pages.page import Page, Shown
from phalanx.console.seen.releases import (
    Release,
    read_identities,
    read_release,
    release_names,
)
from phalanx.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Releases:
    """All releases."""

    is_named: bool
    releases: tuple[Release, ...] = ()


def releases(asked: Asked) -> Shown:
    """Look up all releases."""
    folder = asked.places.releases
    if folder is None:
        return Shown(Releases(is_named=False))
    known = read_identities(asked.places.identities)
    found = tuple(read_release(folder / name, known) for name in release_names(folder))
    return Shown(Releases(is_named=True, releases=found))


def release(asked: Asked) -> Shown:
    """Look up one release."""
    folder, name = asked.places.releases, asked.path["name"]
    if folder is None or name not in release_names(folder):
        message = "there is no such release"
        raise InputError(message, next_step="See the list of releases.")
    return Shown(read_release(folder / name, read_identities(asked.places.identities)))


PAGES = (
    Page(
        path="/releases",
        template="releases_page.html.j2",
        view=releases,
        summary="Releases that were sealed, with grants and receipts",
    ),
    Page(
        path="/releases/{name}",
        template="release_page.html.j2",
        view=release,
        summary="One release: what was granted, what was sealed, whether it was opened",
    ),
)
