"""`phalanx watermark register` and `code`: who was served under which key or codeword."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from phalanx.cli.rendering import refuse_output
from phalanx.cli.terminal import Common
from phalanx.cli.watermark_options import VAULT, By, KeyOptions, SealOptions, VaultFolder

Output = Annotated[Path, Parameter(name=["--output", "-o"])]
Moment = Annotated[datetime | None, Parameter(show_default=False)]


def register(
    names: Path,
    /,
    *,
    which: KeyOptions,
    output: Output,
    first_served: Moment = None,
    last_served: Moment = None,
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    by: By = None,
    common: Common = Common(),
) -> None:
    """Write the register of who was served under which key, which `trace` searches.

    It holds names and identifiers, no key. An account that was served and is not in it is never
    found; each row counts in the correction of a trace.

    Parameters:
        names: File of accounts or campaigns with a key each, one name a line; or, if it ends in
            `.csv`, rows of `account,key_name,first_served,last_served,tokens` with that header,
            where accounts may share a key.
        which: Scheme, purpose and epoch of the keys.
        output: File to write: Parquet if it ends in `.parquet`, lines of JSON otherwise.
        first_served: When the first of these was served, where a list of names says nothing of
            it; the beginning of the epoch if it is left out. Without a time zone it is in UTC.
        last_served: When the last was; the end of the epoch, or now.
        folder: Of the vault.
        seal: What opens it.
        by: Who does it, for the log; the user of this machine if it is left out.
        common: Options of every command.
    """
    from phalanx.cli.watermark_served_work import registered
    from phalanx.cli.watermark_work import act
    from phalanx.watermark.keys.vault import Vault
    from phalanx.watermark.tracing import write_register

    refuse_output(output)
    vault = Vault(folder, seal.seal())
    rows = registered(vault, names, which, act(by), first_served, last_served)
    write_register(output, rows)
    common.say(f"{output}: {len(rows):,} rows of epoch {rows[0].epoch}, {rows[0].scheme}")


def code(
    names: Path,
    /,
    *,
    name: str,
    scheme: str,
    output: Output,
    collusion: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=100))] = 5,
    false_accusation: Annotated[
        float, Parameter(validator=validators.Number(gt=1e-300, lt=1))
    ] = 1e-6,
    epoch: Annotated[int | None, Parameter(show_default=False)] = None,
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    by: By = None,
    common: Common = Common(),
) -> None:
    """Write the file of a code: accounts that share keys and are told apart by their codewords.

    For large registers, where a key for each account costs too much. `mark --code` serves with it,
    `trace --code` searches it. The file holds no secret. A code is made once, for all accounts that
    it is ever to have: with other accounts or numbers it is another one.

    Parameters:
        names: File of accounts, one a line.
        name: Of the code, which its keys are derived for.
        scheme: Under which texts are marked, such as `phalanx-gumbel-v1`.
        output: File to write.
        collusion: Accounts that may pool their texts and still be traced, mostly.
        false_accusation: Chance that anyone at all is accused whose text is not there; it holds
            however many pooled theirs.
        epoch: Of the keys; the one in use if it is left out.
        folder: Of the vault.
        seal: What opens it.
        by: Who does it, for the log; the user of this machine if it is left out.
        common: Options of every command.
    """
    from phalanx.cli.rendering import write_text
    from phalanx.cli.watermark_served_work import coded
    from phalanx.cli.watermark_work import act
    from phalanx.formats.json import to_text
    from phalanx.watermark.keys.vault import Vault

    refuse_output(output)
    plan = (name, scheme, collusion, false_accusation, epoch)
    made = coded(Vault(folder, seal.seal()), names, plan, act(by))
    write_text(to_text(made.as_json()), output)
    common.say(
        f"{output}: {len(made.accounts):,} accounts, {made.plan.length:,} places for "
        f"{made.collusion} traitors; any false accusation: at most {made.false_accusation:g}"
    )
