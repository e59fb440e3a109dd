"""`phalanx appeal`: one page about one account, for whoever contests a finding."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from phalanx.cli.rendering import OutputPath, write_text
from phalanx.cli.terminal import Common
from phalanx.errors import InputError

if TYPE_CHECKING:
    from phalanx.detect.result import ScanResult

_RENDERERS = {
    "table": "phalanx.formats.appeal_text",
    "html": "phalanx.formats.appeal_html",
    "json": "phalanx.formats.appeal_json",
}


def appeal(
    account: str,
    /,
    *,
    scan: Path = Path("phalanx-scan"),
    key: Annotated[Path | None, Parameter(show_default=False)] = None,
    output_format: Annotated[
        Literal["table", "html", "json"], Parameter(name=["--format", "-f"])
    ] = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Say what one account was listed for, and what would change that.

    One page for a person who was banned, a support agent or counsel: what was seen of the account,
    which evidence counted, the judgement without each link, and what would clear it. Of other
    accounts it holds counts only. An account that is given in clear is looked up with the scan's
    key, and a line in `reveals.jsonl` notes who asked.

    Parameters:
        account: Account as it stands in the scan, or in clear.
        scan: Folder that `phalanx scan` wrote.
        key: Pseudonym key of the scan; the one in your configuration folder when left out.
        output_format: How to print; `html` prints on two sheets of paper at most.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.detect.appeals import appeal as appeal_of
    from phalanx.formats.folder import read_scan

    common.detail(f"reading {scan}")
    result = read_scan(scan)
    page = appeal_of(result, _as_in_scan(result, scan, account, key))
    write_text(import_module(_RENDERERS[output_format]).render(page), output)


def _as_in_scan(result: ScanResult, scan: Path, account: str, key: Path | None) -> str:
    """Return the name of an account in the scan, looking it up with the key if need be."""
    from phalanx.cli.reveal import note_reveal
    from phalanx.detect.appeals import has_account
    from phalanx.logs.pseudonym import pseudonym

    try:
        account.encode()
    except UnicodeEncodeError as error:
        message = f"{account!r}: an account's name is UTF-8 text"
        raise InputError(message, next_step="Check the spelling.") from error
    if has_account(result, account):
        return account
    secret = _key(scan, account, key)
    alias = account if secret is None else pseudonym(secret, "account_id", account)
    known = has_account(result, alias)
    if secret is not None:
        note_reveal(scan, asked=1, resolved=int(known))
    if not known:
        message = f"{scan}: the scan saw no account {account!r}"
        raise InputError(message, next_step="Check the spelling, and that it is the right scan.")
    return alias


def _key(scan: Path, account: str, key: Path | None) -> bytes | None:
    """Return the key of a scan, saying for whom it is needed; null where there is none."""
    from phalanx.cli.scan_key import key_of_scan

    try:
        return key_of_scan(scan, key)
    except InputError as error:
        message = f"{scan}: no account is called {account!r}, and none can be looked up: {error}"
        raise InputError(message, next_step=error.next_step) from error
