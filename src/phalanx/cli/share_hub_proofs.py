"""`phalanx share hub`: what members prove themselves with besides API keys."""

from __future__ import annotations

from pathlib import Path

from phalanx.cli.share_hub_options import DATABASE, Database
from phalanx.cli.terminal import Common


def add_certificate(
    name: str,
    certificate: Path,
    /,
    *,
    database: Database = DATABASE,
    common: Common = Common(),
) -> None:
    """Say that a client certificate is a member's, for `serve --client-certificates`.

    Parameters:
        name: Of the member.
        certificate: File with the certificate (PEM); its key stays with the member.
        database: Of the hub.
        common: Options of every command.
    """
    from phalanx.cli.share_hub_work import existing_hub, fingerprint_of, now
    from phalanx.share.hub import add_certificate as add

    fingerprint = fingerprint_of(certificate)
    with existing_hub(database) as found, found.write() as connection:
        add(connection, name, fingerprint, now())
    common.say(f"{name}: proves itself with {fingerprint}")


def remove_certificates(
    name: str, /, *, database: Database = DATABASE, common: Common = Common()
) -> None:
    """Let no client certificate prove a member any more; enter those that stay again.

    Parameters:
        name: Of the member.
        database: Of the hub.
        common: Options of every command.
    """
    from phalanx.cli.share_hub_work import existing_hub
    from phalanx.formats.notation import plural
    from phalanx.share.hub import remove_certificates as remove

    with existing_hub(database) as found, found.write() as connection:
        gone = remove(connection, name)
    common.say(f"{name}: proves itself no longer with {plural(gone, 'certificate')}")


def set_password(
    name: str,
    password_file: Path,
    /,
    *,
    database: Database = DATABASE,
    common: Common = Common(),
) -> None:
    """Let a member prove itself with a password too, for clients that take no API key.

    Parameters:
        name: Of the member.
        password_file: File with the password on one line, readable for its owner alone.
        database: Of the hub.
        common: Options of every command.
    """
    from phalanx.cli.share_hub_work import set_password_from

    set_password_from(database, name, password_file)
    common.say(f"{name}: has a password")
