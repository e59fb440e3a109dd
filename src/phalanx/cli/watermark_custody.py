"""`phalanx watermark custody`: audit keys, which two custodians open together."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter, validators

from phalanx.cli.rendering import OutputPath, TableOrJson, hand_out, refuse_output, write_text
from phalanx.cli.terminal import Common
from phalanx.cli.watermark_options import VAULT, By, SealOptions, VaultFolder

custody = App(
    name="custody",
    help="Open audit keys, which takes two custodians: each on a machine of his own.",
    help_format="markdown",
)

CustodianFile = Annotated[Path, Parameter(name="--file")]

_FILE, _OWN = Path("custodian.sealed"), "the custodian's file"


@custody.command
def make(
    name: str,
    /,
    *,
    file: CustodianFile = _FILE,
    seal: SealOptions = SealOptions(),
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Make the keys of a custodian, and print what the vault is told: name and public keys.

    Parameters:
        name: Of the person.
        file: New file for the keys, which he keeps to himself.
        seal: What opens it from now on.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.watermark_custody_work import public_text
    from phalanx.watermark.keys.custodian_file import make_custodian

    refuse_output(output)
    write_text(public_text(make_custodian(file, name, seal.seal(is_new=True, of=_OWN))), output)
    common.say(f"{file}: made; no copy of it is anywhere else")


@custody.command
def identity(
    *,
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Print what custodians know the vault by. Its fingerprint is to be read to them, not sent.

    Parameters:
        folder: Of the vault.
        seal: What opens it.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.watermark_custody_work import document_text
    from phalanx.watermark.keys.vault import Vault

    found = Vault(folder, seal.seal()).identity()
    write_text(document_text(found.as_json()), output)
    common.say(f"fingerprint: {found.fingerprint}")


@custody.command
def trust(
    vault: Path,
    /,
    *,
    fingerprint: str,
    anew: bool = False,
    file: CustodianFile = _FILE,
    seal: SealOptions = SealOptions(),
    common: Common = Common(),
) -> None:
    """Trust a vault: from now on its requests may be approved, and those of no other.

    Parameters:
        vault: File that `identity` wrote.
        fingerprint: As somebody who runs the vault reads it to you: by telephone, not by the way
            that the file came.
        anew: Replace another vault of the same provider.
        file: Of the custodian.
        seal: What opens it.
        common: Options of every command.
    """
    from phalanx.cli.watermark_custody_work import read_identity
    from phalanx.watermark.keys.custodian_file import trust_vault

    found = read_identity(vault)
    trust_vault(file, seal.seal(of=_OWN), found, fingerprint, anew=anew)
    common.say(f"the vault of {found.provider} is trusted: {found.fingerprint}")


@custody.command
def ask(
    names: Path,
    /,
    *,
    scheme: str,
    reason: str,
    plan: Path,
    days: Annotated[float, Parameter(validator=validators.Number(gt=0, lte=30))] = 7,
    opens: Annotated[datetime | None, Parameter(show_default=False)] = None,
    epoch: Annotated[int | None, Parameter(show_default=False)] = None,
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    by: By = None,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Ask for audit keys: the vault signs a request, which is sent to two custodians.

    Parameters:
        names: File of what the keys are for, one name a line.
        scheme: Of marking, such as `phalanx-gumbel-v1`.
        reason: Why they are needed, in words that custodians read.
        plan: File of the audit's plan, which is bound in by its SHA-256.
        days: For which the keys may be opened, up to 30.
        opens: From when on; now if it is left out.
        epoch: Of the keys; the one in use if it is left out.
        folder: Of the vault.
        seal: What opens it.
        by: Who asks, and may not approve; the user of this machine if it is left out.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.watermark_custody_work import document_text, wanted
    from phalanx.cli.watermark_work import act
    from phalanx.watermark.keys import dual_control
    from phalanx.watermark.keys.vault import Vault

    refuse_output(output)
    who = act(by)
    said = wanted(names, scheme, reason, plan, opens or who.at, days, epoch)
    request = dual_control.ask(Vault(folder, seal.seal()), said, who)
    write_text(document_text(request.as_json()), output)
    common.say(f"asked; two custodians approve {request.opening.digest}")


@custody.command
def waiting(
    *,
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """List what was asked for and not opened yet.

    Parameters:
        folder: Of the vault.
        seal: What opens it.
        output_format: How to print.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.watermark_custody_work import openings_json, openings_text
    from phalanx.watermark.keys import dual_control
    from phalanx.watermark.keys.vault import Vault

    found = dual_control.waiting(Vault(folder, seal.seal()))
    write_text((openings_json if output_format == "json" else openings_text)(found), output)
    common.detail(f"{len(found)} openings")


@custody.command
def show(
    request: Path,
    /,
    *,
    file: CustodianFile = _FILE,
    seal: SealOptions = SealOptions(),
    common: Common = Common(),
) -> None:
    """Verify a request, and print what would be approved. Nothing is given away.

    Parameters:
        request: File of the request.
        file: Of the custodian, in which stands which vault he trusts.
        seal: What opens it.
        common: Options of every command.
    """
    from phalanx.cli.watermark_custody_work import openings_text, verified_request

    read = verified_request(request, file, seal.seal(of=_OWN)).opening
    write_text(openings_text([read]), None)
    common.say("the trusted vault signed this request")


@custody.command
def approve(
    request: Path,
    /,
    *,
    digest: str,
    file: CustodianFile = _FILE,
    seal: SealOptions = SealOptions(),
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Approve a request: this gives your halves for this opening, and for no other.

    Parameters:
        request: File of the request.
        digest: Of the opening, at least its first 16 digits, as `show` printed it above what it
            says. It is how Phalanx knows that this request was read.
        file: Of the custodian.
        seal: What opens it.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.watermark_custody_work import approved, document_text

    refuse_output(output)
    found = approved(request, digest, file, seal.seal(of=_OWN))
    write_text(document_text(found.as_json()), output)
    common.say(f"{found.custodian} approved {found.opening}")


@custody.command(name="open")
def open_both(
    one: Path,
    other: Path,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    commitment: Annotated[Path | None, Parameter(show_default=False)] = None,
    seed: Annotated[Path | None, Parameter(show_default=False)] = None,
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    common: Common = Common(),
) -> None:
    """Open audit keys with the approvals of two custodians, once, and write them into a file.

    Parameters:
        one: File of an approval.
        other: File of the approval of another custodian.
        output: New file for the keys, for its owner alone. Delete it when the audit is over.
        commitment: New file for a commitment to the keys, to be published before the first
            question of the audit.
        seed: New file for what hides the keys in it, for its owner alone.
        folder: Of the vault.
        seal: What opens it.
        common: Options of every command.
    """
    from phalanx.cli.watermark_custody_work import committed_to, opened_both, refuse_files
    from phalanx.watermark.keys.handed_out import handed_out
    from phalanx.watermark.keys.vault import Vault

    refuse_files(output, commitment, seed)
    opening, keys = opened_both(Vault(folder, seal.seal()), one, other)
    hand_out(handed_out(opening, keys), output)
    if commitment is not None and seed is not None:
        write_text(committed_to(keys, opening.plan, seed), commitment)
    common.say(f"{len(keys.ids):,} keys: {output}")


@custody.command
def disclose(
    name: str,
    opened: Path,
    /,
    *,
    commitment: Path,
    seed: Path,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Disclose one audit key of a commitment after the audit. What this prints gives it away.

    Parameters:
        name: What the key is for.
        opened: File that `open` wrote the keys into.
        commitment: File of the commitment.
        seed: File that `open` made.
        output: New file to write instead, readable for its owner alone.
        common: Options of every command.
    """
    from phalanx.cli.rendering import refuse_known
    from phalanx.cli.watermark_custody_work import read_keys
    from phalanx.cli.watermark_work import opened_text, read_published

    refuse_known(output)
    keys = read_keys(opened).keys
    hand_out(opened_text(keys, name, read_published(commitment), seed), output)
    common.say(f"{name}: disclosed; it marks nothing that is secret any more")
