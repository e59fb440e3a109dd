"""Options of the console, and the settings that they amount to."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Group, Parameter, validators

from phalanx.errors import ConfigError

if TYPE_CHECKING:
    from phalanx.console.settings import ConsoleSettings, Places
    from phalanx.store import DatabasePlace

_SHOWN = Group.create_ordered("What it shows")
_WHERE = Group.create_ordered("Where it listens")
_SIGN_IN = Group.create_ordered("How people sign in")
_Optional = Annotated[Path | None, Parameter(show_default=False)]
_Several = Annotated[tuple[Path, ...], Parameter(show_default=False, negative="")]
_Minutes = Annotated[
    float, Parameter(group=_SIGN_IN, validator=validators.Number(gt=0, lte=10_080))
]

Data = Annotated[Path, Parameter(name="--data")]


@Parameter(name="*", group=_SHOWN)
@dataclass(frozen=True, kw_only=True)
class ShownPlaces:
    """What the console shows."""

    scan: _Several = ()
    """Folder that `phalanx scan` wrote; may be given several times."""

    store: Annotated[str | None, Parameter(show_default=False)] = None
    """Database of daily scans, as `phalanx scan --store` takes it; it is only read."""

    alliance: _Optional = None
    """Settings of the member, as `phalanx share` takes them."""

    audits: _Optional = None
    """Folder of signed reports of audits of marks."""

    audit_signer: _Several = ()
    """Public key (PEM) of somebody who may sign audits; may be given several times."""

    releases: _Optional = None
    """Folder with a folder for each release."""

    identities: _Optional = None
    """Folder of identities of those who hand out and receive releases."""

    cases: Annotated[str | None, Parameter(show_default=False)] = None
    """Database of cases, as `phalanx govern case` takes it."""

    case_files: _Optional = None
    """Folder of the files of cases, where it is not beside their database."""

    packages: _Optional = None
    """Folder with a folder for each package of evidence."""

    believed: _Optional = None
    """Policy of packages and ledgers that are believed."""

    incidents: _Optional = None
    """Folder of incidents (TOML), whose clocks are shown."""

    ledger: _Optional = None
    """Folder of the ledger, which acts in the console are recorded in."""

    answers: _Optional = None
    """What people say of controls that nobody can look up (TOML)."""

    profile: str = "baseline"
    """Of controls."""

    def places(self) -> Places:
        """Return what the console reads.

        Raises:
            ConfigError: If the store or the database of cases can be none.
            InputError: If it is not there.
        """
        from phalanx.cli.databases import made_before
        from phalanx.console.settings import Places
        from phalanx.store import place_of

        # Both are only read: a wrong name must not make an empty one.
        store = None
        if self.store is not None:
            store = made_before(self.store, "store", "Name one that `phalanx scan --store` made.")
        if self.cases is not None:
            made_before(self.cases, "database of cases", "`phalanx govern case open` makes it.")
        return Places(
            scans=self.scan,
            store=store,
            alliance=self.alliance,
            audits=self.audits,
            audit_signers=self.audit_signer,
            releases=self.releases,
            identities=self.identities,
            cases=None if self.cases is None else place_of(self.cases, self.case_files),
            packages=self.packages,
            believed=self.believed,
            incidents=self.incidents,
            ledger=self.ledger,
            answers=self.answers,
            profile=self.profile,
        )


@Parameter(name="*", group=_WHERE)
@dataclass(frozen=True, kw_only=True)
class ConsoleOptions:
    """Where the console listens, and how people sign in."""

    host: str = "127.0.0.1"
    """Address to listen on; any but one of this machine needs TLS."""

    port: Annotated[int, Parameter(validator=validators.Number(gte=1, lt=65_536))] = 8480
    """Port to listen on."""

    url: str = ""
    """Under which browsers reach it, such as https://phalanx.lab.example, where that is another."""

    certificate: _Optional = None
    """Chain of certificates for TLS."""

    certificate_key: _Optional = None
    """Key of the certificate."""

    behind_proxy: bool = False
    """Something in front of it speaks TLS, and says from where a request came."""

    concurrent_requests: Annotated[int, Parameter(validator=validators.Number(gte=1))] = 512
    """Of all; more are told to come back."""

    idle_minutes: _Minutes = 30.0
    """After which a session that nobody uses is over."""

    session_minutes: _Minutes = 720.0
    """After which a session is over, used or not."""

    program_days: Annotated[
        int, Parameter(group=_SIGN_IN, validator=validators.Number(gte=1, lte=366))
    ] = 30
    """For which a program may trade its token for another, from when the first was made."""

    breached: Annotated[Path | None, Parameter(group=_SIGN_IN, show_default=False)] = None
    """List of SHA-1 digests of passwords that were breached, in their order: nobody may have one
    of these."""

    oidc_issuer: Annotated[str | None, Parameter(group=_SIGN_IN, show_default=False)] = None
    """Identity provider, as it stands in its tokens; people sign in there, too."""

    oidc_client_id: Annotated[str | None, Parameter(group=_SIGN_IN, show_default=False)] = None
    """Under which the provider knows the console."""

    oidc_client_secret: Annotated[Path | None, Parameter(group=_SIGN_IN, show_default=False)] = None
    """File that holds the secret which the provider gave."""

    oidc_claim: Annotated[
        Literal["email", "preferred_username", "sub"], Parameter(group=_SIGN_IN)
    ] = "email"
    """What of its tokens is the name of a user."""

    def settings(self, database: DatabasePlace, places: Places) -> ConsoleSettings:
        """Return the settings of the console.

        Raises:
            ConfigError: If they contradict each other.
        """
        from phalanx.console.people.breached import BreachedList
        from phalanx.console.people.elsewhere import ProviderSettings
        from phalanx.console.people.sessions import Limits
        from phalanx.console.settings import ConsoleSettings

        if (self.oidc_issuer is None) != (self.oidc_client_id is None):
            message = "--oidc-issuer and --oidc-client-id go together"
            raise ConfigError(message, next_step="Give both, or neither.")
        provider = None
        if self.oidc_issuer is not None and self.oidc_client_id is not None:
            provider = ProviderSettings(
                issuer=self.oidc_issuer,
                client_id=self.oidc_client_id,
                client_secret=self.oidc_client_secret,
                claim=self.oidc_claim,
            )
        known = {each.name for each in fields(ConsoleSettings)}
        said = {each.name: getattr(self, each.name) for each in fields(self) if each.name in known}
        said["breached"] = None if self.breached is None else BreachedList(self.breached)
        return ConsoleSettings(
            database=database,
            places=places,
            provider=provider,
            limits=Limits(
                idle_seconds=60 * self.idle_minutes,
                whole_seconds=60 * self.session_minutes,
                program_seconds=86_400 * self.program_days,
            ),
            **said,
        )
