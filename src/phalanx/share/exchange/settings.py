"""Settings of a member, from one file: whom it speaks to, as whom, and where its secrets stand."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from phalanx.errors import ConfigError, reason_of
from phalanx.share.client import Access
from phalanx.share.gate import SHIPPED
from phalanx.share.gate.policy import read_toml
from phalanx.share.wire import Handling, member_id
from phalanx.share.wire.markings import Pap, Tlp

SCHEMA: Literal["phalanx.alliance/1"] = "phalanx.alliance/1"
"""What a file of settings says it is."""

_NEXT = "See docs/how-to/share-a-campaign.md."


@dataclass(frozen=True, slots=True, kw_only=True)
class HubAccess:
    """A collection of a hub, and how to get at it."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    url: str
    """Of the collection: `https://hub.example.com/alliance/collections/campaigns/`."""

    api_key: Path | None = None
    """File that holds the API key of the member."""

    authority: Path | None = None
    """Certificates of those who issue the hub's; null trusts whom this machine trusts."""

    certificate: Path | None = None
    """Chain of the member's own certificate, for mutual TLS."""

    certificate_key: Path | None = None

    @property
    def access(self) -> Access:
        """The same for the client."""
        return Access(
            key=self.api_key,
            authority=self.authority,
            certificate=self.certificate,
            certificate_key=self.certificate_key,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyServerAccess:
    """A key server, and how to get at it."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    url: str
    """Its address."""

    api_key: Path
    """File that holds the API key of the member."""

    epochs: tuple[str, ...]
    """Commitments of epochs, as the members compared them: no other key is believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSettings:
    """How one member takes part in an alliance. Paths are taken from the folder of the file."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    schema: Literal["phalanx.alliance/1"]
    """Identifier of this format with its major version."""

    member: str
    """Pseudonym under which it appears to the others."""

    agreement: Path
    """File of the agreement (docs/how-to/disclosure-policy.md)."""

    bases: tuple[str, ...]
    """Legal bases by their names in the policy, together for all jurisdictions; the first one is
    named in the markings of objects."""

    signing_key: Path
    """File of 32 bytes that its objects are signed with."""

    hub: HubAccess
    key_server: KeyServerAccess | None = None
    """Without one, no identifiers are shared or compared."""

    group_keys: Path | None = None
    """File of group keys by epoch; without one, no templates are shared or compared."""

    folder: Path = Path("alliance")
    """Where all that is sent and received is kept."""

    gate: Path = Path("gate.db")
    """File of approvals and of the audit log."""

    policy: Path = SHIPPED
    """Disclosure policy; the one that is installed if none is named."""

    purpose: str = "detect"
    """Why it shares: one of those that the policy names."""

    to: str = "all"
    """All members, or a group of the agreement."""

    tlp: Tlp = "amber"
    """Label of what it shares."""

    pap: Pap = "amber"
    """Actions that receivers may take."""

    least_confidence: float = 0.9
    """Probability of belonging to a campaign from which on an account is shared, in (0, 1]."""

    @property
    def member_id(self) -> str:
        """Identifier of the identity under which it appears."""
        return member_id(self.member)

    @property
    def handling(self) -> Handling:
        """Markings of what it shares."""
        return Handling(tlp=self.tlp, pap=self.pap, legal_basis=self.bases[0])


_ADAPTER: TypeAdapter[MemberSettings] = TypeAdapter(MemberSettings)
_UNKNOWN = "unexpected_keyword_argument"
_PLAIN = frozenset({"member", "purpose", "to"})


def load_settings(path: Path) -> MemberSettings:
    """Read the settings of a member.

    Parameters:
        path: Of a TOML file.

    Raises:
        ConfigError: If it is none, with what is wrong.
    """
    try:
        read, _ = read_toml(path)
    except (OSError, ValueError, RecursionError) as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise ConfigError(message, next_step=_NEXT) from error
    if read.get("schema") != SCHEMA:
        message = f"{path}: `schema` is not {SCHEMA}"
        raise ConfigError(message, next_step=_NEXT)
    try:
        settings = _ADAPTER.validate_python(read)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)
        # A name that nobody knows may be why another is missing.
        first = next((each for each in wrong if each["type"] == _UNKNOWN), wrong[0])
        place = ".".join(str(step) for step in first["loc"])
        if first["type"] == _UNKNOWN:
            raise _unknown(path, place) from error
        message = f"{path}: {place}: {first['msg']}"
        raise ConfigError(message, next_step=_NEXT) from error
    _refuse_wrong(path, settings)
    return _placed(settings, path.parent)


def _unknown(path: Path, place: str) -> ConfigError:
    """Return that there is no such setting, and which one may be meant."""
    section, _, name = place.rpartition(".")
    record = {"hub": HubAccess, "key_server": KeyServerAccess}.get(section, MemberSettings)
    names = [each.name for each in fields(record)]
    near = get_close_matches(name, names, n=1)
    meant = f"Did you mean `{near[0]}`?" if near else f"There are: {', '.join(names)}."
    return ConfigError(f"{path}: {place}: there is no such setting", next_step=meant)


def _refuse_wrong(path: Path, settings: MemberSettings) -> None:
    wrong = {
        "bases: at least one": not settings.bases,
        "least_confidence: in (0, 1]": not 0.0 < settings.least_confidence <= 1.0,
        f"{', '.join(sorted(_PLAIN))}: not empty": not all(
            getattr(settings, name).strip() for name in _PLAIN
        ),
        "key_server.epochs: at least one commitment": settings.key_server is not None
        and not settings.key_server.epochs,
    }
    for reason, is_wrong in wrong.items():
        if is_wrong:
            message = f"{path}: {reason}"
            raise ConfigError(message, next_step=_NEXT)


def _placed(settings: MemberSettings, folder: Path) -> MemberSettings:
    """Return settings whose paths lead from where the program runs."""
    parts: dict[str, object] = {"hub": replace(settings.hub, **_paths(settings.hub, folder))}
    if settings.key_server is not None:
        parts["key_server"] = replace(settings.key_server, **_paths(settings.key_server, folder))
    return replace(settings, **_paths(settings, folder), **parts)  # type: ignore[arg-type] # as named


def _paths(record: MemberSettings | HubAccess | KeyServerAccess, folder: Path) -> dict[str, Any]:
    values = {each.name: getattr(record, each.name) for each in fields(record)}
    return {name: folder / each for name, each in values.items() if isinstance(each, Path)}
