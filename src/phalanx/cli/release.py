"""`phalanx release`: hand weights to a recipient, under a grant that both sides sign."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from phalanx.cli.recording import LedgerFolder, recorder
from phalanx.cli.release_broker import broker
from phalanx.cli.release_log import log
from phalanx.cli.release_options import (
    KEYS,
    Issuer,
    KeyFile,
    LogFolder,
    MarksOptions,
    Optional,
    Recipient,
    Tier,
)
from phalanx.cli.release_roots import roots
from phalanx.cli.rendering import OutputPath, refuse_output, write_text
from phalanx.cli.terminal import Common

release = App(
    name="release",
    help="Hand weights to a partner, a regulator or a cloud, and keep track of the copies.",
    help_format="markdown",
)

release.command(roots)
release.command(log)
release.command(broker)


@release.command
def keygen(
    name: str,
    /,
    *,
    keys: KeyFile = KEYS,
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
    keys: KeyFile = KEYS,
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
    keys: KeyFile = KEYS,
    codeword: Optional = None,
    codeword_key: Optional = None,
    ours: Optional = None,
    marks: MarksOptions = MarksOptions(),
    log_folder: LogFolder = None,
    ledger: LedgerFolder = None,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Grant what was asked for, or less of it. It counts when the recipient has accepted it.

    With --marks, --marks-key and --ours the recipient is entered into the register of marks, which
    is made if it is missing, and the grant commits to his codeword. `seal` then writes the mark.

    Parameters:
        request_file: That the recipient made.
        recipient: Identity of the recipient, whose fingerprint he read to you.
        terms: Of the licence (TOML).
        keys: Of the issuer.
        codeword: File with the codeword of this copy, in zeros and ones, if it is marked.
        codeword_key: File of the key that hides it, for its owner alone; made if it is missing.
        ours: Folder of the model, without a mark.
        marks: Where marks are kept.
        log_folder: Of the log that the grant is entered into.
        ledger: Folder of the ledger that the grant is recorded in as well.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.release_work import commitment_of, grant_text, read_identity, read_terms

    refuse_output(output)
    recorded = recorder(ledger)
    party = read_identity(recipient)
    if marks != MarksOptions():
        from phalanx.cli.release_marks import commitment_of_mark, granted_marks

        where, model = granted_marks(marks, codeword_key, codeword, ours)
        committed: str | None = commitment_of_mark(where, model, party)
    else:
        committed = commitment_of(codeword, codeword_key)
    said = grant_text(request_file, party, keys, read_terms(terms), committed)
    if log_folder is not None:
        from phalanx.cli.release_log_work import enter_text

        enter_text(log_folder, said)
    recorded.record("grant", f"release to {party.name}", {"act": "granted"}, artefact=said.encode())
    write_text(said, output)
    common.say(f"granted to {party.name}, fingerprint: {party.fingerprint}")


@release.command
def accept(
    grant_file: Annotated[Path, Parameter(name="GRANT")],
    /,
    *,
    request_file: Annotated[Path, Parameter(name="--request")],
    issuer: Issuer,
    only_read: bool = False,
    keys: KeyFile = KEYS,
    ledger: LedgerFolder = None,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Accept a grant: sign it too, after having read it. From then on it counts.

    What it says is printed, before it is signed; with --only-read it is not signed.

    Parameters:
        grant_file: That the issuer made.
        request_file: That it answers.
        issuer: Identity of the issuer, whose fingerprint he read to you.
        only_read: Print what the grant says, and sign nothing.
        keys: Of the recipient.
        ledger: Folder of the ledger that the acceptance is recorded in as well.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.release_work import accepted_text, read_identity, terms_of

    refuse_output(output)
    recorded = recorder(ledger)
    party = read_identity(issuer)
    terms = terms_of(grant_file, party)
    if only_read:
        write_text(terms, output)
        return
    common.say(terms.rstrip())
    said = accepted_text(grant_file, party, keys, request_file)
    recorded.record(
        "grant", f"release of {party.name}", {"act": "accepted"}, artefact=said.encode()
    )
    write_text(said, output)
    common.say(f"accepted from {party.name}, fingerprint: {party.fingerprint}")


@release.command
def seal(
    model: str,
    grant_file: Annotated[Path, Parameter(name="GRANT")],
    /,
    *,
    recipient: Recipient,
    out: str,
    keys: KeyFile = KEYS,
    to_broker: Annotated[Path | None, Parameter(name="--broker", show_default=False)] = None,
    hash_type: Annotated[Literal["sha256", "blake3"], Parameter(name="--hash")] = "sha256",
    digests: Optional = None,
    log_folder: LogFolder = None,
    unsafe_any_file: bool = False,
    codeword_key: Optional = None,
    marks: MarksOptions = MarksOptions(),
    common: Common = Common(),
) -> None:
    """Seal a model for the recipient of a grant. A run that was broken off is gone on with.

    With --marks, --marks-key and --codeword-key the copy is marked first, with the codeword that
    the grant commits to. The marked copy stands beside the release until it is sealed.

    Parameters:
        model: Folder, file, or URL; a snapshot of Hugging Face's cache is taken as it is.
        grant_file: That both have signed.
        recipient: Identity of the recipient.
        out: Folder of the release, or URL, where nothing may be yet.
        keys: Of the issuer.
        to_broker: Identity of a broker, who is given the key in place of the recipient, and hands
            it to attested machines.
        hash_type: Of the manifest. Every verifier knows `sha256`; `blake3` is quicker.
        digests: File of digests of files that were hashed before: unchanged ones are not hashed
            again. Made if it is missing.
        log_folder: Of the log that grant and release are entered into; proofs lie in the release.
        unsafe_any_file: Seal files of any kind, programs and pickles among them.
        codeword_key: File of the key that hides the codeword.
        marks: Where marks are kept.
        common: Options of every command.
    """
    from phalanx.cli.release_opening import local_path
    from phalanx.cli.release_work import sealed_text, sealing_of
    from phalanx.release.places.place import Folder
    from phalanx.release.places.store import place_of

    source, target = place_of(model), place_of(out)
    proved = None if log_folder is None else local_path(out)
    if log_folder is not None:
        from phalanx.release.logged.book import open_book

        open_book(log_folder)  # that there is one is known before a model is sealed for an hour
    how = sealing_of(
        grant_file, recipient, keys, hash_type, broker=to_broker, unsafe_any_file=unsafe_any_file
    )
    if marks == MarksOptions():
        with common.progress("Sealing") as told:
            said = sealed_text(source, target, how, digests, told)
    else:
        from phalanx.cli.release_marks import folders_of, marked_copy_for, marks_of

        where, (ours, beside) = marks_of(marks, codeword_key), folders_of(source, target)
        with (
            common.progress("Marking and sealing") as told,
            marked_copy_for(where, ours, beside, how, told) as copy,
        ):
            said = sealed_text(Folder(copy), target, how, digests, told)
    write_text(said, None)
    common.say(f"{out}: sealed")
    if log_folder is not None and proved is not None:
        from phalanx.cli.release_log_work import prove

        common.say(f"{out}: proved in a log of {prove(log_folder, proved):,} entries")


release.command("phalanx.cli.release_open:open_one", name="open")
release.command("phalanx.cli.release_verify:certify_deletion", name="certify-deletion")
release.command("phalanx.cli.release_verify:verify", name="verify")
release.command("phalanx.cli.release_trace:trace", name="trace")
