"""`phalanx release`: hand weights to a recipient, under a grant that both sides sign."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from phalanx.cli.release_broker import broker
from phalanx.cli.release_trust import log, roots
from phalanx.cli.rendering import OutputPath, TableOrJson, refuse_output, write_text
from phalanx.cli.terminal import Common

release = App(
    name="release",
    help="Hand weights to a partner, a regulator or a cloud, and keep track of the copies.",
    help_format="markdown",
)

release.command(roots)
release.command(log)
release.command(broker)

KeyFile = Annotated[Path, Parameter(name="--keys")]
Issuer = Annotated[Path, Parameter(name="--issuer")]
Recipient = Annotated[Path, Parameter(name="--recipient")]
Optional = Annotated[Path | None, Parameter(show_default=False)]
LogFolder = Annotated[Path | None, Parameter(name="--log", show_default=False)]
Names = Annotated[list[str] | None, Parameter(show_default=False, negative_iterable=())]
Tier = Literal["black-box", "grey-box", "white-box"]

_KEYS = Path("release.keys")


@release.command
def keygen(
    name: str,
    /,
    *,
    keys: KeyFile = _KEYS,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Make the keys of a party, and print its identity, which the other side is given.

    Its fingerprint is to be read to them, not sent the same way.

    Parameters:
        name: Of the party, as the other side will see it.
        keys: New file for the private keys, readable for its owner alone.
        output: File to write the identity into instead.
        common: Options of every command.
    """
    from phalanx.cli.release_work import identity_text, make_keys

    refuse_output(output)
    made = make_keys(name, keys)
    write_text(identity_text(made), output)
    common.say(f"{keys}: made; fingerprint: {made.fingerprint}")


@release.command
def request(
    model: str,
    /,
    *,
    purpose: Annotated[list[str], Parameter(negative_iterable=())],
    environment: str,
    tier: Tier = "white-box",
    keys: KeyFile = _KEYS,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Ask for a model: sign who asks, what for, and where it would run.

    Parameters:
        model: Its name.
        purpose: What it is wanted for; may be given several times.
        environment: Where it would run, such as `own data centre`.
        tier: How far into the model one would see.
        keys: Of the recipient.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.release_work import asked, request_text

    refuse_output(output)
    write_text(request_text(keys, asked(model, purpose, tier, environment)), output)
    common.detail(f"asked for {model}")


@release.command
def grant(
    request_file: Annotated[Path, Parameter(name="REQUEST")],
    /,
    *,
    recipient: Recipient,
    terms: Path,
    keys: KeyFile = _KEYS,
    codeword: Optional = None,
    codeword_key: Optional = None,
    log_folder: LogFolder = None,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Grant what was asked for, or less of it. It counts when the recipient has accepted it.

    Parameters:
        request_file: That the recipient made.
        recipient: Identity of the recipient, whose fingerprint he read to you.
        terms: Of the licence (TOML).
        keys: Of the issuer.
        codeword: File with the codeword of this copy, in zeros and ones, if it is marked.
        codeword_key: File of the key that hides it, for its owner alone; made if it is missing.
        log_folder: Of the log that the grant is entered into.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.release_work import commitment_of, grant_text, read_identity, read_terms

    refuse_output(output)
    party = read_identity(recipient)
    committed = commitment_of(codeword, codeword_key)
    said = grant_text(request_file, party, keys, read_terms(terms), committed)
    if log_folder is not None:
        from phalanx.cli.release_trust_work import enter_text

        enter_text(log_folder, said)
    write_text(said, output)
    common.say(f"granted to {party.name}, fingerprint: {party.fingerprint}")


@release.command
def accept(
    grant_file: Annotated[Path, Parameter(name="GRANT")],
    /,
    *,
    request_file: Annotated[Path, Parameter(name="--request")],
    issuer: Issuer,
    keys: KeyFile = _KEYS,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Accept a grant: sign it too, after having read it. From then on it counts.

    Parameters:
        grant_file: That the issuer made.
        request_file: That it answers.
        issuer: Identity of the issuer, whose fingerprint he read to you.
        keys: Of the recipient.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.release_work import accepted_text, read_identity

    refuse_output(output)
    party = read_identity(issuer)
    write_text(accepted_text(grant_file, party, keys, request_file), output)
    common.say(f"accepted from {party.name}, fingerprint: {party.fingerprint}")


@release.command
def seal(
    model: Path,
    grant_file: Annotated[Path, Parameter(name="GRANT")],
    /,
    *,
    recipient: Recipient,
    out: Path,
    keys: KeyFile = _KEYS,
    to_broker: Annotated[Path | None, Parameter(name="--broker", show_default=False)] = None,
    hash_type: Annotated[Literal["sha256", "blake3"], Parameter(name="--hash")] = "sha256",
    digests: Optional = None,
    log_folder: LogFolder = None,
    unsafe_any_file: bool = False,
    common: Common = Common(),
) -> None:
    """Seal a model for the recipient of a grant. A run that was broken off is gone on with.

    Parameters:
        model: Folder or file; a snapshot of Hugging Face's cache is taken as it is.
        grant_file: That both have signed.
        recipient: Identity of the recipient.
        out: Folder of the release, which may not be there yet.
        keys: Of the issuer.
        to_broker: Identity of a broker, who is given the key in place of the recipient, and hands
            it to attested machines.
        hash_type: Of the manifest. Every verifier knows `sha256`; `blake3` is quicker.
        digests: File of digests of files that were hashed before: unchanged ones are not hashed
            again. Made if it is missing.
        log_folder: Of the log that grant and release are entered into; proofs lie in the release.
        unsafe_any_file: Seal files of any kind, programs and pickles among them.
        common: Options of every command.
    """
    from phalanx.cli.release_work import sealed_text

    with common.progress("Sealing") as told:
        said = sealed_text(
            model, grant_file, recipient, out, keys, hash_type, digests, told,
            broker=to_broker, unsafe_any_file=unsafe_any_file,
        )  # fmt: skip
    write_text(said, None)
    common.say(f"{out}: sealed")
    if log_folder is not None:
        from phalanx.cli.release_trust_work import prove

        common.say(f"{out}: proved in a log of {prove(log_folder, out):,} entries")


@release.command(name="open")
def open_one(
    folder: Annotated[Path, Parameter(name="RELEASE")],
    /,
    *,
    issuer: Issuer,
    out: Path,
    receipt: Path,
    keys: KeyFile = _KEYS,
    memory: Optional = None,
    trust: Optional = None,
    session: Optional = None,
    token: Optional = None,
    unsafe_any_file: bool = False,
    output_format: TableOrJson = "table",
    common: Common = Common(),
) -> None:
    """Open a release, and sign the receipt. Nothing is there before everything was verified.

    It prints which checks were made, and which this version does not make.

    Parameters:
        folder: Of the release.
        issuer: Identity of the issuer, whose fingerprint he read to you.
        out: Folder of the model, which may not be there yet.
        receipt: File for the receipt, which is sent to the issuer.
        keys: Of the recipient.
        memory: File of the newest grants that were opened here, so that no older one comes back;
            beside the keys if it is left out.
        trust: Folder that `roots pin` made. Roots have to be of today, and revoke nothing of this
            release; where a policy of logs goes with them, it has to be in the log. Left out, it is
            the folder beside the keys with `.trust` added, if it is there.
        session: File that `broker challenge` made, where the key is with a broker.
        token: File of the attestation token that was made for it.
        unsafe_any_file: Take files of any kind, programs and pickles among them.
        output_format: How to print.
        common: Options of every command.
    """
    from phalanx.cli.release_trust_work import trusted_of
    from phalanx.cli.release_work import opened_text

    refuse_output(receipt)
    pinned = keys.with_name(f"{keys.name}.trust")
    trusted = trusted_of(trust or (pinned if pinned.exists() else None))
    with common.progress("Opening") as told:
        said = opened_text(
            folder, issuer, out, receipt, keys, memory, told,
            trusted=trusted, session=session, token=token,
            unsafe_any_file=unsafe_any_file, as_json=output_format == "json",
        )  # fmt: skip
    write_text(said, None)
    common.say(f"{out}: opened")


@release.command
def certify_deletion(
    folder: Annotated[Path, Parameter(name="RELEASE")],
    /,
    *,
    issuer: Issuer,
    gone: Annotated[list[Path], Parameter(negative_iterable=())],
    deleted: Names = None,
    kept: Names = None,
    keys: KeyFile = _KEYS,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Sign that a copy was deleted, as the grant asks for. It binds; it proves nothing.

    Parameters:
        folder: Of the release.
        issuer: Identity of the issuer.
        gone: Folder or file of the opened model, which must not be there any more; may be given
            several times.
        deleted: Another copy or derivative that was deleted, in words; may be given several times.
        kept: What was not deleted, such as `backups until June`, in words; may be given several
            times.
        keys: Of the recipient.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.release_work import deletion_text

    refuse_output(output)
    write_text(deletion_text(folder, issuer, gone, deleted or [], kept or [], keys), output)
    common.say(f"{folder}: certified; send it to the issuer")


@release.command
def verify(
    path: Path,
    /,
    *,
    issuer: Issuer,
    recipient: Optional = None,
    receipt: Optional = None,
    deletion: Optional = None,
    manifest: Optional = None,
    only: Names = None,
    common: Common = Common(),
) -> None:
    """Verify a release that nobody opened, or a model against its signed manifest.

    Of a release: both signatures of the grant, the record, and the header of every sealed file,
    for which no key is needed. Of a model: the signature of its manifest and every file.

    Parameters:
        path: Folder of a release, or folder or file of a model.
        issuer: Identity of the issuer.
        recipient: Identity of the recipient; needed for a release.
        receipt: File of a receipt, which has to be of this release.
        deletion: File of a certificate that the copy was deleted, which has to be of this release.
        manifest: Signed manifest of a model, in the Model Signing format; `model.sig` in its
            folder if it is left out.
        only: File of a model to verify, and no other; may be given several times.
        common: Options of every command.
    """
    from phalanx.cli.release_work import verified_text

    write_text(verified_text(path, issuer, recipient, receipt, deletion, manifest, only), None)
    common.detail(f"{path}: verified")
