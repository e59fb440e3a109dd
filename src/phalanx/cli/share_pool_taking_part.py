"""`phalanx share pool key|submit|report`: what a member does to take part in the pool."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.rendering import OutputPath, TableOrJson, write_text
from phalanx.cli.share_exchange import CONFIG, AllianceConfig
from phalanx.cli.share_pool_options import MemberOptions
from phalanx.cli.terminal import Common


def key(path: Path, /, *, common: Common = Common()) -> None:
    """Print the public key of a member, whose secret one is made where there is none.

    Parameters:
        path: File of the secret key.
        common: Options of every command.
    """
    from phalanx.share.exchange.house import public_key_of

    common.detail(f"reading {path}")
    write_text(public_key_of(path) + "\n", None)


def submit(
    scan_folder: Path,
    /,
    *,
    round_name: Annotated[str, Parameter(name="--round")],
    identifiers: Path,
    member: str,
    signing_key: Path,
    keys: str,
    keys_api_key: Path,
    commitment: Annotated[str, Parameter(allow_leading_hyphen=True)],
    options: MemberOptions,
    scan_key: Annotated[Path | None, Parameter(name="--key", show_default=False)] = None,
    alliance_config: AllianceConfig = CONFIG,
    common: Common = Common(),
) -> None:
    """Submit what a scan says of marks that accounts share, as blinded tokens.

    Only marks that two parties of a group share are blinded and sent, with the evidence of the
    group, filled up to the size that all batches have. Which tokens stand for what is kept beside
    the scan, in pool-ROUND.json, and never leaves; a submission that is refused changes nothing.

    Parameters:
        scan_folder: That `phalanx scan --for-pool` wrote.
        round_name: Of a round that is open.
        identifiers: Table (CSV, JSON Lines, Parquet) of account_id, kind and value, in clear.
        member: Your name at the hub.
        signing_key: File of your secret key, which `phalanx share pool key` made.
        keys: Address of the key server.
        keys_api_key: File of your API key there.
        commitment: Of the epoch, as the members compared it.
        options: How to reach the hub.
        scan_key: Pseudonym key of the scan.
        alliance_config: Settings of the alliance: nothing is submitted without a legal basis that
            is in force for all members. The audit log of their gate notes what left, and when.
        common: Options of every command.
    """
    from phalanx.cli.share_pool_member import Submission, submitted
    from phalanx.formats.notation import plural
    from phalanx.share.exchange.settings import load_settings

    sent = submitted(
        Submission(
            scan_folder=scan_folder,
            round_name=round_name,
            identifiers=identifiers,
            member=member,
            signing_key=signing_key,
            scan_key=scan_key,
            settings=load_settings(alliance_config),
        ),
        options,
        (keys, keys_api_key, commitment),
    )
    common.say(
        f"{round_name}: submitted {plural(sent.findings, 'mark')} in {sent.slots} entries; "
        f"not usable: {plural(sent.unusable, 'identifier')}"
    )


def report(
    scan_folder: Path,
    /,
    *,
    round_name: Annotated[str, Parameter(name="--round")],
    options: MemberOptions,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> ExitCode:
    """Show what you are told of a round: your marks whose pooled evidence passed.

    The exit status is 1 where there are any.

    Parameters:
        scan_folder: From which you submitted.
        round_name: Of a round that was evaluated.
        options: How to reach the hub.
        output_format: How to print.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.share_pool_member import told_marks, told_text
    from phalanx.formats.notation import plural

    told, unknown = told_marks(scan_folder, round_name, options)
    if unknown:
        common.say(f"told besides, and not known to {scan_folder}: {plural(unknown, 'mark')}")
    common.detail(f"told: {plural(len(told), 'mark')} of yours")
    write_text(told_text(told, output_format), output)
    return ExitCode.FINDINGS if told else ExitCode.CLEAN
