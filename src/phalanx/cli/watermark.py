"""`phalanx watermark`: keys of marks, and the public detector."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.rendering import OutputPath, TableOrJson, write_text
from phalanx.cli.terminal import Common
from phalanx.cli.watermark_options import (
    VAULT,
    By,
    EndpointKeys,
    EndpointOptions,
    KeyOptions,
    SealOptions,
    VaultFolder,
)

watermark = App(
    name="watermark",
    help="Keep keys of marks, and say of a text whether it is marked.",
    help_format="markdown",
)
keys = App(name="keys", help="Keep keys of marks in their vault.", help_format="markdown")
watermark.command(keys, name="keys")
watermark.command("phalanx.cli.watermark_custody:custody", name="custody")
for _end in ("destroy", "withdraw", "reseal"):
    keys.command(f"phalanx.cli.watermark_ending:{_end}", name=_end)

Custodians = Annotated[
    list[Path] | None,
    Parameter(name="--custodian", show_default=False, negative_iterable=()),
]

# Commands that read or write texts have modules of their own, imported when they are used.
watermark.command("phalanx.cli.watermark_detect:detect", name="detect")
watermark.command("phalanx.cli.watermark_mark:mark", name="mark")
watermark.command("phalanx.cli.watermark_trace:trace", name="trace")
watermark.command("phalanx.cli.watermark_audit:audit", name="audit")
watermark.command("phalanx.cli.watermark_served:register", name="register")
watermark.command("phalanx.cli.watermark_served:code", name="code")


@watermark.command
def keygen(
    provider: str,
    /,
    *,
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    custodian: Custodians = None,
    by: By = None,
    common: Common = Common(),
) -> None:
    """Make a vault with the keys of a provider's first epoch, and print their ids.

    Parameters:
        provider: Whose keys they are, such as `example.com`.
        folder: Of the vault, where none is yet.
        seal: What opens it from now on.
        custodian: File of a custodian of audit keys, as JSON; at least two, or there are none.
        by: Who does it, for the log; the user of this machine if it is left out.
        common: Options of every command.
    """
    from phalanx.cli.watermark_work import act, custodians_of, listing_text, seen
    from phalanx.watermark.keys.vault import make_vault

    named = custodians_of(custodian or ())
    vault = make_vault(folder, provider, seal.seal(is_new=True), act(by), custodians=named)
    write_text(listing_text(seen(vault)), None)
    common.say(f"{folder}: made")


@keys.command(name="list")
def list_keys(
    *,
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    last_hash: Annotated[str | None, Parameter(show_default=False)] = None,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """List epochs with the ids of their keys, none of which is secret, and verify the log.

    Parameters:
        folder: Of the vault.
        seal: What opens it.
        last_hash: Of the log, as an earlier list said it and it was kept elsewhere: an older vault
            with its older log is found out by it.
        output_format: How to print.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.watermark_work import listing_json, listing_text, seen
    from phalanx.watermark.keys.vault import Vault

    common.detail(f"reading {folder}")
    found = seen(Vault(folder, seal.seal(), last_hash=last_hash))
    write_text((listing_json if output_format == "json" else listing_text)(found), output)


@keys.command
def rotate(
    *,
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    custodian: Custodians = None,
    by: By = None,
    common: Common = Common(),
) -> None:
    """Begin the next epoch, and print its number. Keys of earlier ones stay.

    Parameters:
        folder: Of the vault.
        seal: What opens it.
        custodian: File of a custodian of its audit keys; if none is named, those of the epoch
            before.
        by: Who does it, for the log; the user of this machine if it is left out.
        common: Options of every command.
    """
    from phalanx.cli.watermark_work import act, custodians_of
    from phalanx.watermark.keys.vault import Vault

    named = custodians_of(custodian) if custodian else None
    made = Vault(folder, seal.seal()).rotate(act(by), custodians=named)
    write_text(f"{made.number}\n", None)
    common.say(f"epoch {made.number} began at {made.begins.isoformat(timespec='seconds')}")


@keys.command
def commit(
    names: Path,
    /,
    *,
    which: KeyOptions,
    plan: Path,
    seed: Path,
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    by: By = None,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Commit to keys before an audit: publish what this prints before the first question.

    It says how many keys there are, and nothing of any of them.

    Parameters:
        names: File of what the keys are for, one name a line.
        which: Scheme, purpose and epoch of the keys.
        plan: File of the audit's plan, which is bound in by its SHA-256.
        seed: New file for what hides the keys, for its owner alone: keep it, `open` needs it.
        folder: Of the vault.
        seal: What opens it.
        by: Who does it, for the log; the user of this machine if it is left out.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.rendering import refuse_known, refuse_output
    from phalanx.cli.watermark_work import act, commitment_text, committed, derived, digest_of
    from phalanx.watermark.keys.vault import Vault

    refuse_known(seed)
    refuse_output(output)
    said = digest_of(plan)
    found = derived(Vault(folder, seal.seal()), names, which, act(by))
    made = committed(found, said, seed)
    write_text(commitment_text(made), output)
    common.say(f"committed to {made.keys:,} keys of {made.scheme}")


@keys.command(name="open")
def open_one(
    name: str,
    names: Path,
    /,
    *,
    which: KeyOptions,
    commitment: Path,
    seed: Path,
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    by: By = None,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Open one key of a commitment after the audit. What this prints gives that key away.

    Parameters:
        name: What the key is for.
        names: File of all names, as they were committed to.
        which: Scheme, purpose and epoch, as they were committed to.
        commitment: File of the commitment.
        seed: File that `commit` made.
        folder: Of the vault.
        seal: What opens it.
        by: Who does it, for the log; the user of this machine if it is left out.
        output: New file to write instead, readable for its owner alone.
        common: Options of every command.
    """
    from phalanx.cli.rendering import hand_out, refuse_known
    from phalanx.cli.watermark_work import act, derived, opened_text, read_published
    from phalanx.watermark.keys.vault import Vault

    refuse_known(output)
    published = read_published(commitment)
    found = derived(Vault(folder, seal.seal()), names, which, act(by))
    hand_out(opened_text(found, name, published, seed), output)
    common.say(f"{name}: opened; it marks nothing that is secret any more")


@keys.command
def verify(
    commitment: Path,
    opened: Path,
    /,
    *,
    plan: Annotated[Path | None, Parameter(show_default=False)] = None,
    common: Common = Common(),
) -> None:
    """Verify that a key was among those that were committed to. Nothing secret is needed.

    Parameters:
        commitment: File that was published before the audit.
        opened: File of the key.
        plan: File of the audit's plan, if it was published: it must be the one that is bound in.
        common: Options of every command.
    """
    from phalanx.cli.watermark_work import verified

    write_text(verified(commitment, opened, plan) + "\n", None)
    common.detail("index, key, scheme, plan and root agree")


@watermark.command
def endpoint(
    names: Path,
    /,
    *,
    which: EndpointKeys,
    memory: Path = Path("watermark-endpoint"),
    tokenizer: Annotated[Path | None, Parameter(show_default=False)] = None,
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    by: By = None,
    options: EndpointOptions = EndpointOptions(),
    common: Common = Common(),
) -> ExitCode:
    """Run the public detector until it is told to stop.

    It says `marked`, `not seen` or `too short to tell`, and no score. It neither keeps nor logs
    texts, and writes a line of JSON for each question to standard error.

    Parameters:
        names: File of what the keys are for, one name a line; a text is tested for all of them.
        which: Schemes, purpose and epoch of the keys.
        memory: Folder of what it remembers: how often which evidence was used.
        tokenizer: `tokenizer.json` of the model; without it, tokens are taken and no text.
        folder: Of the vault, which is opened once, at the start.
        seal: What opens it.
        by: Who does it, for the log; the user of this machine if it is left out.
        options: How it listens, what it bears, what it says.
        common: Options of every command.
    """
    from functools import partial

    from phalanx.cli.serving import serve_until_told
    from phalanx.cli.watermark_work import act, detectors_of
    from phalanx.watermark.endpoint.server import serve as run
    from phalanx.watermark.keys.vault import Vault
    from phalanx.watermark.texts import open_tokenizer

    settings = options.settings(memory)
    tokenise = None if tokenizer is None else open_tokenizer(tokenizer).numbers_of
    detectors = detectors_of(Vault(folder, seal.seal()), names, which, act(by))
    serve = partial(run, settings, detectors, tokenise)
    return serve_until_told(serve, "the detector listens", settings, common)
