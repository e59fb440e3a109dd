"""`phalanx release broker`: keys of releases for attested machines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.rendering import OutputPath, refuse_output, write_text
from phalanx.cli.terminal import Common

broker = App(
    name="broker",
    help="Hand the keys of releases to machines that were attested, so often and so long.",
    help_format="markdown",
)

KeyFile = Annotated[Path, Parameter(name="--keys")]
LogFolder = Annotated[Path, Parameter(name="--log")]
Optional = Annotated[Path | None, Parameter(show_default=False)]

_KEYS, _DATABASE, _LOG = Path("broker.keys"), "broker.db", Path("broker.log")


@broker.command
def add(
    release: Annotated[Path, Parameter(name="RELEASE")],
    /,
    *,
    issuer: Path,
    recipient: Path,
    policy: Path,
    attester: Path,
    keys: KeyFile = _KEYS,
    database: str = _DATABASE,
    log_folder: LogFolder = _LOG,
    common: Common = Common(),
) -> None:
    """Take over a release that was sealed with `--broker`, or change its policy.

    Parameters:
        release: Its folder.
        issuer: Identity of the issuer.
        recipient: Identity of the recipient.
        policy: What a token has to say, how often and how long the key is handed out (TOML).
        attester: JSON Web Key Set of the attester, which is pinned.
        keys: Of the broker.
        database: SQLite file, or `postgresql://USER@HOST/DATABASE`; the password comes from
            PGPASSWORD.
        log_folder: Of the log of decisions, which `log init` made.
        common: Options of every command.
    """
    from phalanx.cli.release_broker_work import add_release

    grant = add_release(release, issuer, recipient, policy, attester, keys, database, log_folder)
    common.say(f"grant {grant}: its key is handed out under {policy}")


@broker.command
def serve(
    *,
    keys: KeyFile = _KEYS,
    database: str = _DATABASE,
    log_folder: LogFolder = _LOG,
    trust: Optional = None,
    without_roots: bool = False,
    host: str = "127.0.0.1",
    port: int = 8473,
    certificate: Optional = None,
    certificate_key: Optional = None,
    behind_proxy: bool = False,
    common: Common = Common(),
) -> ExitCode:
    """Answer machines: a challenge, then the key, if token and policy fit.

    Parameters:
        keys: Of the broker.
        database: As for `add`.
        log_folder: Of the log of decisions. No key is handed out that is not in it.
        trust: Folder that `roots pin` made: what these roots revoke is not handed out.
        without_roots: Hand keys out although nobody says what was revoked.
        host: Address to listen on; any but one of this machine needs TLS.
        port: Port to listen on.
        certificate: Chain of certificates for TLS.
        certificate_key: Key of the certificate.
        behind_proxy: Something in front of the broker speaks TLS.
        common: Options of every command.
    """
    from functools import partial

    from phalanx.cli.release_broker_work import running_broker
    from phalanx.cli.serving import serve_until_told
    from phalanx.errors import ConfigError
    from phalanx.release.broker.service import serve as run
    from phalanx.release.broker.settings import BrokerSettings
    from phalanx.store import database_of

    if (trust is None) is not without_roots:
        message = "a broker asks roots what was revoked, or is told that there are none"
        raise ConfigError(message, next_step="Name --trust, or --without-roots.")
    settings = BrokerSettings(
        database_of(database), host, port, certificate, certificate_key, behind_proxy
    )
    made = running_broker(keys, settings.database, log_folder, trust)
    return serve_until_told(partial(run, made, settings), "the broker listens", settings, common)


@broker.command
def challenge(
    release: Annotated[Path, Parameter(name="RELEASE")],
    /,
    *,
    url: str,
    session: Path,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Ask a broker for a challenge, and print the nonce that the attester has to vouch for.

    Run it in the machine that is attested: the key that is made here opens the release, once.
    Then: `phalanx release open --session FILE --token FILE`.

    Parameters:
        release: Folder of the release.
        url: Of the broker.
        session: New file for what the machine keeps until then, for its owner alone.
        output: File to write the nonce into instead.
        common: Options of every command.
    """
    from phalanx.cli.release_broker_work import begin_session

    refuse_output(output)
    write_text(begin_session(release, url, session) + "\n", output)
    common.say(f"{session}: get a token with this eat_nonce within five minutes")


@broker.command
def decisions(
    *, database: str = _DATABASE, output: OutputPath = None, common: Common = Common()
) -> None:
    """Print every decision as it was signed, one a line.

    Parameters:
        database: As for `add`.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.release_broker_work import decisions_text

    refuse_output(output)
    text = decisions_text(database)
    write_text(text, output)
    common.detail(f"{len(text.splitlines()):,} decisions")
