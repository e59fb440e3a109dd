"""`phalanx watermark keys destroy`, `withdraw` and `reseal`: what ends."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from phalanx.cli.rendering import write_text
from phalanx.cli.terminal import Common
from phalanx.cli.watermark_options import VAULT, By, SealOptions, VaultFolder


def destroy(
    epoch: int,
    /,
    *,
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    by: By = None,
    common: Common = Common(),
) -> None:
    """Destroy all keys of an epoch that is over, for good. No text of it can be tested any more.

    A key file is replaced, so that older copies of the vault open to nobody. With a passphrase
    alone older copies keep what they held. Keys that were handed out are where they were handed.

    Parameters:
        epoch: Number of the epoch.
        folder: Of the vault.
        seal: What opens it.
        by: Who does it, for the log; the user of this machine if it is left out.
        common: Options of every command.
    """
    from phalanx.cli.watermark_work import act
    from phalanx.watermark.keys.ending import destroy_epoch
    from phalanx.watermark.keys.vault import Vault

    opened_by = seal.seal()
    destroy_epoch(Vault(folder, opened_by), epoch, act(by))
    common.say(
        f"epoch {epoch} was destroyed; {_reach(has_key_file=opened_by.key_file is not None)}"
    )


def withdraw(
    names: Path,
    /,
    *,
    purpose: Literal["serve", "decoy", "campaign", "account"],
    epoch: Annotated[int | None, Parameter(show_default=False)] = None,
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    by: By = None,
    common: Common = Common(),
) -> None:
    """Withdraw keys of an epoch: Phalanx derives them no more. Print the number of the epoch.

    One key cannot be destroyed while the others of its epoch are needed: all are derived from one
    root. What is withdrawn is destroyed with its epoch.

    Parameters:
        names: File of what the keys were for, one name a line.
        purpose: Of the keys.
        epoch: Of the keys; the one in use if it is left out.
        folder: Of the vault.
        seal: What opens it.
        by: Who does it, for the log; the user of this machine if it is left out.
        common: Options of every command.
    """
    from phalanx.cli.watermark_work import act, key_names_of
    from phalanx.watermark.keys.ending import withdraw_keys
    from phalanx.watermark.keys.vault import Vault

    said = key_names_of(names)
    number = withdraw_keys(Vault(folder, seal.seal()), purpose, said, act(by), epoch=epoch)
    write_text(f"{number}\n", None)
    common.say(
        f"{len(said):,} keys of epoch {number} are not derived any more; whoever opens the vault "
        "with another program still finds them, until the epoch is destroyed"
    )


def reseal(
    *,
    new_key_file: Annotated[Path | None, Parameter(show_default=False)] = None,
    new_passphrase_file: Annotated[Path | None, Parameter(show_default=False)] = None,
    ask_new_passphrase: bool = False,
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    by: By = None,
    common: Common = Common(),
) -> None:
    """Seal the vault with another passphrase or key file. Its keys stay what they are.

    Parameters:
        new_key_file: Key file from now on: a new one, or that of this vault, which is made anew.
        new_passphrase_file: File with the passphrase from now on.
        ask_new_passphrase: Ask for the passphrase from now on, beside a new key file.
        folder: Of the vault.
        seal: What opens it until now.
        by: Who does it, for the log; the user of this machine if it is left out.
        common: Options of every command.
    """
    from phalanx.cli.watermark_work import act
    from phalanx.watermark.keys import ending
    from phalanx.watermark.keys.vault import Vault

    before = seal.seal()
    following = SealOptions(
        key_file=new_key_file,
        passphrase_file=new_passphrase_file,
        ask_passphrase=ask_new_passphrase,
    ).seal(is_new=True, of="the vault from now on")
    ending.reseal(Vault(folder, before), following, act(by))
    is_anew = before.key_file is not None and before.key_file == following.key_file
    common.say(f"{folder}: sealed anew; {_reach(has_key_file=is_anew)}")
    if before.key_file is not None and not is_anew:
        common.say(f"{before.key_file}: opens older copies of the vault; delete it when it is time")


def _reach(*, has_key_file: bool) -> str:
    if has_key_file:
        return "its key file was made anew, and older copies of the vault open to nobody"
    return "older copies of the vault open with what they were sealed with"
