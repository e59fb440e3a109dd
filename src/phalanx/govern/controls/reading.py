"""Reading a catalogue of controls: TOML, checked whole."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from phalanx.errors import InputError
from phalanx.govern.checked_toml import not_like, read_checked
from phalanx.govern.controls.catalogue import Catalogue, Control, Family
from phalanx.govern.controls.checks import CHECKS

SHIPPED = Path(__file__).with_name("phx.toml")
"""The catalogue that comes with Phalanx."""

SCHEMA = "phalanx.controls/1"
_WHAT = "catalogue of controls"
_Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)]
_Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9. -]{0,63}$")]
_Title = Annotated[str, StringConstraints(pattern=r"^[^\n]{1,200}$")]
_Text = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Control(_Strict):
    id: _Id
    title: _Title
    statement: _Text
    evidence: _Text
    profiles: frozenset[_Id] = Field(min_length=1)
    check: _Id | None = None
    rest: _Text | None = None
    days: int | None = Field(default=None, ge=1, le=3660)
    maps: dict[_Id, tuple[_Reference, ...]] = {}


class _Family(_Strict):
    id: _Id
    title: _Title
    control: tuple[_Control, ...] = Field(min_length=1)


class _File(_Strict):
    schema_: str = Field(alias="schema", pattern=f"^{SCHEMA}$")
    version: _Title
    dated: date
    title: _Title
    frameworks: dict[_Id, _Title]
    profiles: dict[_Id, _Text]
    family: tuple[_Family, ...]


def read_catalogue(path: Path) -> Catalogue:
    """Read a catalogue.

    Parameters:
        path: TOML of the schema `phalanx.controls/1`.

    Raises:
        InputError: If it cannot be read, or is not as the schema has it.
    """
    found, sha256 = read_checked(path, _File, _WHAT)
    _refuse_unknown(found, path)
    return Catalogue(
        title=found.title,
        version=found.version,
        dated=found.dated,
        sha256=sha256,
        frameworks=found.frameworks,
        profiles=found.profiles,
        families=tuple(
            Family(
                id=each.id,
                title=each.title,
                controls=tuple(Control(**control.model_dump()) for control in each.control),
            )
            for each in found.family
        ),
    )


def _refuse_unknown(found: _File, path: Path) -> None:
    controls = [each for family in found.family for each in family.control]
    names = Counter([*(each.id for each in found.family), *(each.id for each in controls)])
    if twice := [name for name, times in names.items() if times > 1]:
        raise _wrong(path, f"{twice[0]} stands there twice")
    for control in controls:
        if control.rest is not None and control.check is None:
            raise _wrong(path, f"{control.id}: a rest is left by a check, and there is none")
        for kind, said, known in (
            ("profile", control.profiles, found.profiles),
            ("framework", control.maps, found.frameworks),
            ("check", {control.check} - {None}, CHECKS),
        ):
            if unknown := sorted(str(each) for each in set(said) - set(known)):
                raise _wrong(path, f"{control.id}: there is no {kind} {unknown[0]!r}")


def _wrong(path: Path, why: str) -> InputError:
    return not_like(path, _WHAT, why)
