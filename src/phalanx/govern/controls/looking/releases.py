"""Looking at copies of weights that were sealed."""

from __future__ import annotations

from phalanx.govern.controls.catalogue import Control
from phalanx.govern.controls.looking.looked import Looked, some
from phalanx.govern.controls.observed import Observed


def grants_are_signed(_: Control, seen: Observed) -> Looked:
    """Ask whether the grant of each copy verifies under the identities of both."""
    return _verified(seen, "have a grant that both signed, and a record that belongs to it")


def copies_are_sealed(_: Control, seen: Observed) -> Looked:
    """Ask whether the record and the headers of each copy verify for its one recipient."""
    return _verified(seen, "are sealed for the recipient of their grant, as far as headers tell")


def copies_are_marked(_: Control, seen: Observed) -> Looked:
    """Ask whether the grant of each copy commits to a mark."""
    if not seen.releases:
        return _nothing(seen)
    without = [each.name for each in seen.releases if not each.is_marked]
    said = f"{len(seen.releases) - len(without):,} of {len(seen.releases):,} copies have a grant "
    said += "that commits to a mark of the copy"
    return Looked(not without, said + (f"; without: {some(without)}." if without else "."))


def _verified(seen: Observed, what: str) -> Looked:
    if not seen.releases:
        return _nothing(seen)
    wrong = [each.name for each in seen.releases if each.problem and not each.is_unknown]
    unknown = [each.name for each in seen.releases if each.is_unknown]
    good = len(seen.releases) - len(wrong) - len(unknown)
    said = f"{good:,} of {len(seen.releases):,} copies {what}"
    if wrong:
        return Looked(is_so=False, said=f"{said}; not: {some(wrong)}.")
    if unknown:
        return Looked(None, f"{said}; not verified for want of identities: {some(unknown)}.")
    return Looked(is_so=True, said=f"{said}.")


def _nothing(seen: Observed) -> Looked:
    if seen.releases is None:
        return Looked(None, "No folder of releases was named.")
    return Looked(None, "Nothing was released.")
