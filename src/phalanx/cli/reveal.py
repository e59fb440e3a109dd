"""`phalanx reveal`: who stands behind a pseudonym, and a note of who asked."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from phalanx.cli.inputs import parse_columns, read_names
from phalanx.cli.recording import LedgerFolder, recorder
from phalanx.cli.rendering import OutputPath, TableOrJson, write_text
from phalanx.cli.scan_key import key_of_scan
from phalanx.cli.terminal import Common
from phalanx.errors import ConfigError, InputError, reason_of
from phalanx.printable import printable, printable_json


def reveal(
    scan_folder: Path,
    /,
    *,
    log: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    ids: Annotated[Path | None, Parameter(show_default=False)] = None,
    account: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    column_map: Annotated[tuple[str, ...], Parameter(name="--map", show_default=False)] = (),
    key: Annotated[Path | None, Parameter(show_default=False)] = None,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    ledger: LedgerFolder = None,
    common: Common = Common(),
) -> None:
    """Resolve pseudonyms to account ids, and record who did.

    Candidates from `--log` or `--ids` are hashed with the key and compared. Who asked, when, and
    how many were resolved is appended to `reveals.jsonl` in the scan folder.

    Parameters:
        scan_folder: Folder that `phalanx scan` wrote.
        log: Log whose account ids are candidates; may be repeated.
        ids: File of candidate account ids, one a line.
        account: Pseudonym to resolve; may be repeated. Without it, the accounts of all listed
            campaigns are resolved.
        column_map: Mapping of the log's fields, as for `phalanx scan`.
        key: Pseudonym key of the scan; the one in your configuration folder when left out.
        output_format: How to print.
        output: File to write instead.
        ledger: Folder of the ledger that the reveal is recorded in as well.
        common: Options of every command.
    """
    from phalanx.logs import pseudonym

    recorded = recorder(ledger)
    secret = key_of_scan(scan_folder, key)
    if secret is None:
        message = f"{scan_folder}: the scan kept identifiers in clear"
        raise InputError(message, next_step="Read them in its report; there is nothing to reveal.")
    wanted = set(account) or set(_campaign_accounts(scan_folder))
    if not wanted:
        message = f"{scan_folder}: the scan lists no campaign whose accounts could be resolved"
        raise InputError(message, next_step="Name pseudonyms with --account.")
    candidates = _candidates(log, ids, column_map)
    found = pseudonym.reveal(secret, candidates, wanted)
    note_reveal(scan_folder, asked=len(wanted), resolved=len(found))
    recorded.record(
        "reveal", f"scan {scan_folder.name}", {"asked": len(wanted), "resolved": len(found)}
    )
    write_text(_render(found, output_format), output)
    common.say(f"resolved {len(found)} of {len(wanted)}; noted in {scan_folder / 'reveals.jsonl'}")


def _campaign_accounts(scan_folder: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = scan_folder / "accounts.parquet"
    try:
        table = pq.read_table(path, columns=["account_id", "campaign_id"])
    except (OSError, pa.ArrowException) as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Scan again.") from error
    return [row["account_id"] for row in table.to_pylist() if row["campaign_id"]]


def _candidates(
    logs: tuple[str, ...], ids: Path | None, column_map: tuple[str, ...]
) -> Iterable[str]:
    if bool(logs) == (ids is not None):
        message = "candidates come from either --log or --ids"
        raise ConfigError(message, next_step="Pass one of the two.")
    return _accounts_of(logs, column_map) if ids is None else read_names(ids)


def _accounts_of(logs: tuple[str, ...], column_map: tuple[str, ...]) -> Iterator[str]:
    from phalanx.logs import ReadOptions, open_log

    options = ReadOptions(columns=parse_columns(column_map))
    for batch in open_log(logs, options).batches():
        yield from batch.column("account_id").unique().to_pylist()


def note_reveal(scan_folder: Path, *, asked: int, resolved: int) -> None:
    """Append to `reveals.jsonl` who asked, when, and how many were resolved.

    Raises:
        InputError: If the line cannot be written; then nothing may be shown.
    """
    line = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "by": getpass.getuser(),
        "asked": asked,
        "resolved": resolved,
    }
    path = scan_folder / "reveals.jsonl"
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    except OSError as error:
        message = f"{path}: the reveal cannot be recorded, so nothing is shown: {error.strerror}"
        raise InputError(message, next_step="Make the scan folder writable.") from error


def _render(found: Mapping[str, str], output_format: str) -> str:
    if output_format == "json":
        text = json.dumps(dict(sorted(found.items())), indent=2, ensure_ascii=False)
        return printable_json(text) + "\n"
    width = max(map(len, found), default=0)
    return "".join(
        f"{alias:<{width}}  {printable(account)}\n" for alias, account in sorted(found.items())
    )
