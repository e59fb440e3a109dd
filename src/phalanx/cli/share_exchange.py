"""`phalanx share publish|pull|match|opine|retract|identity`: a member's part in an alliance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.recording import LedgerFolder, recorder
from phalanx.cli.rendering import OutputPath, TableOrJson, refuse_output, write_text
from phalanx.cli.terminal import Common

if TYPE_CHECKING:
    from phalanx.cli.share_exchange_work import Left

AllianceConfig = Annotated[Path, Parameter(name="--alliance-config")]
Columns = Annotated[tuple[str, ...], Parameter(name="--map", show_default=False)]
Names = Annotated[tuple[str, ...], Parameter(show_default=False)]

CONFIG = Path("alliance.toml")


def identity(*, alliance_config: AllianceConfig = CONFIG, common: Common = Common()) -> None:
    """Print the public key that others know you by; the private key is made at first.

    Give it to the other members over a channel that is not the hub's: it goes into the agreement,
    under `keys` of your entry.

    Parameters:
        alliance_config: Settings of the alliance.
        common: Options of every command.
    """
    from phalanx.share.exchange.house import public_key
    from phalanx.share.exchange.settings import load_settings

    settings = load_settings(alliance_config)
    write_text(public_key(settings) + "\n", None)
    common.detail(f"of {settings.member}, whose private key is {settings.signing_key}")


def publish(
    scan: Path | None = None,
    /,
    *,
    logs: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    column_map: Columns = (),
    identifiers: Annotated[Path | None, Parameter(show_default=False)] = None,
    campaign: Names = (),
    key: Annotated[Path | None, Parameter(show_default=False)] = None,
    describe: str = "",
    submit: str = "",
    dry_run: bool = False,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    ledger: LedgerFolder = None,
    alliance_config: AllianceConfig = CONFIG,
    common: Common = Common(),
) -> ExitCode:
    """Share the campaigns of a scan: built, judged by the gate, signed, sent in a batch.

    Nothing is sent twice. What the batch has no room for, and what came too early for it, waits
    and leaves with a later run, with or without a scan. The exit status is 1 where an object is
    held or refused.

    Parameters:
        scan: Folder that `phalanx scan` wrote. Without it, only what waits is sent.
        logs: All logs of the scan, where they stand elsewhere by now. Otherwise they are those that
            the scan names. Either way they must be what they were, by their digests.
        column_map: Mapping of the logs' fields, as for `phalanx scan`; that of the scan if left
            out.
        identifiers: Your record of who carries what: a table `account_id,kind,value`. It stays in
            the house; identifiers that only accounts of a campaign carry leave as blinded tokens.
        campaign: Only this campaign of the scan; may be repeated.
        key: Pseudonym key of the scan; the one in your configuration folder if left out.
        describe: Description of the campaigns, in words. The gate reads it.
        submit: Your name: what is held is put before the approvers.
        dry_run: Say what the gate would do with each object and send nothing, not even blinded
            identifiers: tokens are made up.
        output_format: How to print. As JSON, `offered` is what left, the padding and what was left
            over from before, and the sum of what the hub took, had and refused.
        output: With --dry-run, file for a bundle of all these objects.
        ledger: Folder of the ledger that what left is recorded in as well.
        alliance_config: Settings of the alliance.
        common: Options of every command.
    """
    from phalanx.cli.share_exchange_json import departure_json, shown_json
    from phalanx.cli.share_exchange_scan import Wanted, publishable
    from phalanx.cli.share_exchange_view import bundle_text, departure_text, shown_text
    from phalanx.cli.share_exchange_work import let_leave, opened_house
    from phalanx.cli.share_words import refuse_broken
    from phalanx.errors import InputError
    from phalanx.share.exchange.publishing import show

    refuse_broken(describe=describe, submit=submit)
    refuse_output(output)
    if output is not None and not dry_run:
        message = "--output names a bundle of what --dry-run shows, and nothing is shown"
        raise InputError(message, next_step="Add --dry-run, or leave --output out.")
    recorded = recorder(ledger)
    house = opened_house(alliance_config)
    wanted = Wanted(
        scan=scan,
        logs=logs,
        column_map=column_map,
        identifiers=identifiers,
        campaigns=campaign,
        key=key,
        description=describe,
    )
    made = publishable(house, wanted, common, is_shown_only=dry_run)
    if dry_run:
        judged = show(house, made)
        if output is not None:
            write_text(bundle_text(judged), output)
        write_text((shown_json if output_format == "json" else shown_text)(judged), None)
        return _status(any(not each.decision.may_leave for each in judged))
    done = let_leave(house, made, submit)
    recorded.record("disclosure", "campaigns to the alliance", _counts(done))
    write_text((departure_json if output_format == "json" else departure_text)(done), None)
    return _status(bool(done.departure.staying or done.sent.refused))


def pull(
    *,
    from_start: bool = False,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    alliance_config: AllianceConfig = CONFIG,
    common: Common = Common(),
) -> ExitCode:
    """Fetch what others shared, verify it, and make the lists anew.

    Writes match_list.parquet and profiles/*.toml into the alliance folder, drops what was taken
    back and tells the hub so. Says what members think of your own campaigns, who has heard of what
    you took back, and what counts no longer because the agreement has dropped its key. The exit
    status is 1 where something that the hub handed out was rejected: it is named, and nothing of it
    is used.

    Parameters:
        from_start: Read the hub from its beginning, for what was rejected and would be taken now:
            after a new key or member entered the agreement.
        output_format: How to print.
        output: File to print into instead.
        alliance_config: Settings of the alliance.
        common: Options of every command.
    """
    from phalanx.cli.share_exchange_lists import pull_all
    from phalanx.cli.share_exchange_view import pulled_text
    from phalanx.cli.share_exchange_work import opened_house
    from phalanx.cli.share_lists_json import pulled_json

    refuse_output(output)
    house = opened_house(alliance_config)
    done = pull_all(house, from_start=from_start)
    write_text((pulled_json if output_format == "json" else pulled_text)(done), output)
    common.say(f"match list: {done.match_list}\nprofiles: {done.profiles}")
    return _status(bool(done.pulled.received.rejected))


def match(
    *logs: Annotated[str, Parameter(show_default=False)],
    identifiers: Annotated[Path | None, Parameter(show_default=False)] = None,
    column_map: Columns = (),
    output_format: TableOrJson = "table",
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("alliance.parquet"),
    alliance_config: AllianceConfig = CONFIG,
    common: Common = Common(),
) -> None:
    """Hold your own logs and records against the match list, for `phalanx scan --alliance`.

    A match is a lead and no verdict. Nothing leaves, but blinded identifiers to the key server.

    Parameters:
        logs: Files, folders or globs, as for `phalanx scan`.
        identifiers: Your record of who carries what: a table `account_id,kind,value`.
        column_map: Mapping of the logs' fields, as for `phalanx scan`.
        output_format: How to print what is counted; it names no accounts.
        output: File to write: one row for each account, campaign and kind of match.
        alliance_config: Settings of the alliance.
        common: Options of every command.
    """
    from phalanx.cli.share_exchange_lists import match_all
    from phalanx.cli.share_exchange_view import matches_text
    from phalanx.cli.share_exchange_work import opened_house
    from phalanx.cli.share_lists_json import matches_json
    from phalanx.cli.share_words import refuse_own_input
    from phalanx.share.exchange.matching import write_matches

    refuse_output(output)
    refuse_own_input(output, (*logs, *([identifiers] if identifiers else ())))
    found = match_all(opened_house(alliance_config), logs, column_map, identifiers, common)
    write_matches(found, output)
    is_json = output_format == "json"
    write_text(matches_json(found, output) if is_json else matches_text(found), None)
    common.say(f"matches: {output}")


def opine(
    campaign: str,
    /,
    *,
    value: Annotated[
        Literal["strongly-disagree", "disagree", "neutral", "agree", "strongly-agree"] | None,
        Parameter(show_default=False),
    ] = None,
    scan: Annotated[Path | None, Parameter(show_default=False)] = None,
    matches: Path = Path("alliance.parquet"),
    ground: Literal["own-scan", "own-review", "own-appeal"] | None = None,
    explain: str = "",
    key: Annotated[Path | None, Parameter(show_default=False)] = None,
    submit: str = "",
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    ledger: LedgerFolder = None,
    alliance_config: AllianceConfig = CONFIG,
    common: Common = Common(),
) -> ExitCode:
    """Say what you found of another's campaign: an opinion, and a sighting if you saw it.

    With `--scan`, accounts that match the campaign and that your own scan listed count as seen;
    their exchanges leave as a bucket, and the opinion is `agree` unless you say otherwise. The
    audit log keeps what your answer rests on: you decide alone.

    Parameters:
        campaign: STIX identifier of the campaign, as `phalanx share pull` lists it.
        value: How far you agree.
        scan: Folder of a scan of your own logs.
        matches: What `phalanx share match` wrote for the same logs.
        ground: What your answer rests on: `own-scan` with `--scan`, else `own-review`.
        explain: Why, in words. The gate reads it.
        key: Pseudonym key of the scan; the one in your configuration folder if left out.
        submit: Your name: what is held is put before the approvers.
        output_format: How to print; as JSON like what `publish` prints.
        output: File to print into instead.
        ledger: Folder of the ledger that the answer is recorded in as well.
        alliance_config: Settings of the alliance.
        common: Options of every command.
    """
    from phalanx.cli.share_exchange_json import departure_json
    from phalanx.cli.share_exchange_scan import Said, answer_of
    from phalanx.cli.share_exchange_view import departure_text
    from phalanx.cli.share_exchange_work import let_leave, opened_house
    from phalanx.cli.share_words import refuse_broken
    from phalanx.share.exchange.answering import note, objects_of

    refuse_broken(campaign=campaign, explain=explain, submit=submit)
    refuse_output(output)
    recorded = recorder(ledger)
    house = opened_house(alliance_config)
    said = Said(
        campaign=campaign, value=value, scan=scan, matches=matches, ground=ground,
        explanation=explain, key=key,
    )  # fmt: skip
    answer, evidence = answer_of(said)
    made = objects_of(answer, house)
    note(house, answer, evidence)
    done = let_leave(house, made, submit)
    recorded.record(
        "disclosure",
        "answer to the alliance",
        {"about": campaign, "value": answer.value, **_counts(done)},
    )
    write_text((departure_json if output_format == "json" else departure_text)(done), output)
    common.detail(f"opinion: {answer.value}")
    return _status(bool(done.departure.staying or done.sent.refused))


def retract(
    *objects: Annotated[str, Parameter(required=True)],
    alliance_config: AllianceConfig = CONFIG,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    ledger: LedgerFolder = None,
    common: Common = Common(),
) -> ExitCode:
    """Take back what you shared: it leaves at once, even where a legal basis has lapsed.

    Each object of a campaign gets a last version that says so; observables, which have no
    versions, are deleted from the hub. It cannot be undone.

    Parameters:
        objects: STIX identifiers of campaigns, each with all of its objects, or of single objects.
        alliance_config: Settings of the alliance.
        output_format: How to print.
        output: File to print into instead.
        ledger: Folder of the ledger that it is recorded in as well.
        common: Options of every command.
    """
    from phalanx.cli.share_exchange_json import retraction_json
    from phalanx.cli.share_exchange_view import retraction_text
    from phalanx.cli.share_exchange_work import opened_house, take_back
    from phalanx.cli.share_words import refuse_broken

    refuse_broken(objects=objects)
    refuse_output(output)
    recorded = recorder(ledger)
    done = take_back(opened_house(alliance_config), objects)
    for each in objects:
        recorded.record(
            "disclosure", each, {"act": "taken back", "refused": len(done.sent.refused)}
        )
    write_text((retraction_json if output_format == "json" else retraction_text)(done), output)
    common.detail("others hear of it with their next pull")
    staying = any(not each.decision.may_leave for each in done.retraction.objects)
    return _status(staying or bool(done.sent.refused))


def _counts(done: Left) -> dict[str, int]:
    return {
        "leaving": len(done.departure.leaving), "staying": len(done.departure.staying),
        "offered": done.sent.offered, "refused": len(done.sent.refused),
    }  # fmt: skip


def _status(something_stays: bool) -> ExitCode:  # noqa: FBT001 - its only parameter
    return ExitCode.FINDINGS if something_stays else ExitCode.CLEAN
