"""Options of commands about marks: what opens the vault, which keys are meant, the endpoint."""

from __future__ import annotations

import getpass
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Group, Parameter, validators

from phalanx.errors import ConfigError
from phalanx.owned import read_secret_text

if TYPE_CHECKING:
    from phalanx.watermark.endpoint.settings import EndpointSettings
    from phalanx.watermark.keys.sealed_place import Seal
    from phalanx.watermark.keys.secret import Secret

_SEAL = Group.create_ordered("What opens the vault")
_KEYS = Group.create_ordered("Which keys")
_WHERE = Group.create_ordered("Where it listens")
_BOUNDS = Group.create_ordered("What it bears")
_POLICY = Group.create_ordered("What it says")
_MOST_PASSPHRASE_BYTES = 4096
_Count = Parameter(group=_BOUNDS, validator=validators.Number(gte=1))
_Rate = Parameter(group=_BOUNDS, validator=validators.Number(gt=0, lt=1e12))

VAULT = Path("watermark-vault")
"""Where the vault is, if nothing else is said."""

VaultFolder = Annotated[Path, Parameter(name="--vault")]
"""Type of the option `--vault`."""

By = Annotated[str | None, Parameter(name="--by", show_default=False)]
"""Type of the option `--by`."""


@Parameter(name="*", group=_SEAL)
@dataclass(frozen=True, kw_only=True)
class SealOptions:
    """A key file, a passphrase, or both; with neither, the passphrase is asked for."""

    key_file: Annotated[Path | None, Parameter(show_default=False)] = None
    """Key file of this vault alone: 32 random bytes, made with the vault."""

    passphrase_file: Annotated[Path | None, Parameter(show_default=False)] = None
    """File with the passphrase on one line, readable for its owner alone."""

    ask_passphrase: bool = False
    """Ask for a passphrase beside the key file."""

    def seal(self, *, is_new: bool = False, of: str = "the vault") -> Seal:
        """Return what opens the vault, or another sealed file.

        Parameters:
            is_new: A passphrase that is asked for is asked for twice.
            of: What it opens, as the person who types it is told.

        Raises:
            ConfigError: If nothing is named and nobody can be asked, or the passphrase is none.
        """
        from phalanx.watermark.keys.sealed_place import Seal
        from phalanx.watermark.keys.secret import Secret

        passphrase = None
        if self.passphrase_file is not None:
            passphrase = Secret(
                read_secret_text(
                    self.passphrase_file, "passphrase", _MOST_PASSPHRASE_BYTES
                ).encode()
            )
        elif self.ask_passphrase or self.key_file is None:
            passphrase = _asked(f"Passphrase of {of}: ")
            if is_new and passphrase != _asked("Once more: "):
                message = "the two passphrases differ"
                raise ConfigError(message, next_step="Try again.")
        return Seal(passphrase=passphrase, key_file=self.key_file)


def _asked(prompt: str) -> Secret:
    """Ask at the terminal, which does not show what is typed."""
    from phalanx.watermark.keys.secret import Secret

    if not sys.stdin.isatty():
        message = "nobody is there to type a passphrase"
        raise ConfigError(message, next_step="Name --passphrase-file or --key-file.")
    try:
        return Secret(getpass.getpass(prompt).encode())
    except (ValueError, EOFError) as error:
        message = "no passphrase was typed"
        raise ConfigError(message, next_step="Try again.") from error


@Parameter(name="*", group=_KEYS)
@dataclass(frozen=True, kw_only=True)
class KeyOptions:
    """Keys of one purpose and epoch."""

    scheme: str
    """Of marking, such as `phalanx-gumbel-v1`."""

    purpose: Literal["serve", "decoy", "campaign", "account"] = "serve"
    """What the keys are for; audit keys are derived in openings alone."""

    epoch: Annotated[int | None, Parameter(show_default=False)] = None
    """Of the keys; the one in use if it is left out."""


@Parameter(name="*", group=_KEYS)
@dataclass(frozen=True, kw_only=True)
class EndpointKeys:
    """Keys of one purpose and epoch, under one scheme or several."""

    scheme: Annotated[list[str], Parameter(negative_iterable=())]
    """Of marking, such as `phalanx-gumbel-v1`; once for each. Each name has a key under each."""

    purpose: Literal["serve", "decoy", "campaign", "account"] = "serve"
    """What the keys are for; audit keys are derived in openings alone."""

    epoch: Annotated[int | None, Parameter(show_default=False)] = None
    """Of the keys; the one in use if it is left out."""


@Parameter(name="*", group=_WHERE)
@dataclass(frozen=True, kw_only=True)
class EndpointOptions:
    """What an operator may say about a running endpoint."""

    host: str = "127.0.0.1"
    """Address to listen on; any but one of this machine needs TLS."""

    port: Annotated[int, Parameter(validator=validators.Number(gte=1, lt=65_536))] = 8473
    """Port to listen on."""

    certificate: Annotated[Path | None, Parameter(show_default=False)] = None
    """Chain of certificates for TLS."""

    certificate_key: Annotated[Path | None, Parameter(show_default=False)] = None
    """Key of the certificate."""

    proxy: Annotated[str | None, Parameter(show_default=False)] = None
    """Address of the proxy in front, which speaks TLS and names each client."""

    open_metrics: bool = False
    """Show `/metrics` to others than this machine."""

    concurrent_requests: Annotated[int, _Count] = 64
    """Of all; more are told to come back."""

    client_burst: Annotated[float, _Rate] = 10
    """Questions of one client at once, after a pause."""

    client_per_day: Annotated[float, _Rate] = 100
    """At which that is restored."""

    burst: Annotated[float, _Rate] = 200
    """Questions of all clients at once, after a pause."""

    per_day: Annotated[float, _Rate] = 50_000
    """At which that is restored."""

    log10_level: Annotated[float, Parameter(group=_POLICY)] = -9.0
    """Chance that a text which nobody marked is called marked, as a power of ten; -300 to -3."""

    blur_decades: Annotated[float, Parameter(group=_POLICY)] = 3.0
    """By how many powers of ten the level of a text may be stricter than that."""

    fewest_draws: Annotated[int, Parameter(group=_POLICY)] = 200
    """Of a text that is not too short; at least 50."""

    answers_per_draw: Annotated[int, Parameter(group=_POLICY)] = 4
    """In which the same words in the same context count, in one period."""

    period_days: Annotated[int, Parameter(group=_POLICY)] = 30
    """After which they count anew."""

    def settings(self, folder: Path) -> EndpointSettings:
        """Return the settings of the endpoint.

        Raises:
            ConfigError: If they contradict each other, or a policy would answer by chance.
        """
        from phalanx.watermark.endpoint.answering import Policy
        from phalanx.watermark.endpoint.limits import Rate
        from phalanx.watermark.endpoint.settings import EndpointSettings

        return EndpointSettings(
            folder=folder,
            policy=Policy(
                log10_level=self.log10_level,
                blur_decades=self.blur_decades,
                fewest_draws=self.fewest_draws,
                answers_per_draw=self.answers_per_draw,
                period_days=self.period_days,
            ),
            client=Rate(burst=self.client_burst, per_day=self.client_per_day),
            everybody=Rate(burst=self.burst, per_day=self.per_day),
            host=self.host,
            port=self.port,
            certificate=self.certificate,
            certificate_key=self.certificate_key,
            proxy=self.proxy,
            open_metrics=self.open_metrics,
            concurrent_requests=self.concurrent_requests,
        )
