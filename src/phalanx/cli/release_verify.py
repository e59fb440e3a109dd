"""`phalanx release verify` and `certify-deletion`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from phalanx.cli.release_options import KEYS, Issuer, KeyFile, Names, Optional
from phalanx.cli.rendering import OutputPath, refuse_output, write_text
from phalanx.cli.terminal import Common


def certify_deletion(
    folder: Annotated[Path, Parameter(name="RELEASE")],
    /,
    *,
    issuer: Issuer,
    gone: Annotated[list[Path], Parameter(negative_iterable=())],
    deleted: Names = None,
    kept: Names = None,
    keys: KeyFile = KEYS,
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
    from phalanx.cli.release_verifying import deletion_text

    refuse_output(output)
    write_text(deletion_text(folder, issuer, gone, deleted or [], kept or [], keys), output)
    common.say(f"{folder}: certified; send it to the issuer")


def verify(
    path: str,
    /,
    *,
    issuer: Issuer,
    recipient: Optional = None,
    receipt: Optional = None,
    grant_file: Annotated[Path | None, Parameter(name="--grant", show_default=False)] = None,
    deletion: Optional = None,
    manifest: Optional = None,
    only: Names = None,
    keys: Annotated[Path | None, Parameter(name="--keys", show_default=False)] = None,
    memory: Optional = None,
    trust: Optional = None,
    common: Common = Common(),
) -> None:
    """Verify a release that nobody opened, a model against its manifest, or evidence of a leak.

    Of a release: both signatures of the grant, the record, and the header of every sealed file,
    for which no key is needed; with the recipient's keys also every chunk and every file, and
    nothing is written. Of a model: the signature of its manifest and every file. Of evidence that
    `trace` wrote: its signature, and that the grant commits to the codeword that was found.

    Parameters:
        path: Folder or URL of a release, folder or file of a model, or file of evidence.
        issuer: Identity of the issuer.
        recipient: Identity of the recipient; needed for a release, unless his keys are named.
        receipt: File of a receipt, which has to be of this release, or that the evidence names.
        grant_file: That both have signed, to verify evidence.
        deletion: File of a certificate that the copy was deleted, which has to be of this release.
        manifest: Signed manifest of a model, in the Model Signing format; `model.sig` in its
            folder if it is left out.
        only: File of a model, or of a release whose keys are named, to verify, and no other; may
            be given several times.
        keys: Of the recipient, to verify what is in a release as well.
        memory: Of the newest grants that were opened; beside the keys if it is left out.
        trust: Folder that `roots pin` made: a release is verified against these roots and their log
            as well. With --keys it is the one beside the keys if it is left out; what was not
            verified is printed.
        common: Options of every command.
    """
    from phalanx.cli.release_opening import opener_of, verified_inside_text
    from phalanx.cli.release_verifying import refuse_beside, verified_text
    from phalanx.release.places.store import place_of

    inside = {"--keys": keys, "--memory": memory, "--only": only}
    if grant_file is not None:
        from phalanx.cli.release_evidence import evidence_text

        refuse_beside(
            "--grant",
            {**inside, "--trust": trust, "--deletion": deletion, "--manifest": manifest},
        )
        write_text(evidence_text(Path(path), issuer, recipient, grant_file, receipt), None)
        return
    place = place_of(path)
    if keys is not None:
        refuse_beside(
            "--keys",
            {"--recipient": recipient, "--receipt": receipt, "--deletion": deletion,
             "--manifest": manifest},
        )  # fmt: skip
        with common.progress("Verifying") as told:
            who = opener_of(keys, issuer, memory, trust=trust, unsafe_any_file=True)
            said = verified_inside_text(place, who, only, told)
        write_text(said, None)
        return
    said = verified_text(place, issuer, recipient, receipt, deletion, manifest, only, trust)
    write_text(said, None)
    common.detail(f"{path}: verified")
