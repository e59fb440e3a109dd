"""`phalanx release open`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from phalanx.cli.recording import Facts, LedgerFolder, recorder
from phalanx.cli.release_options import KEYS, Issuer, KeyFile, Names, Optional
from phalanx.cli.rendering import TableOrJson, refuse_output, write_text
from phalanx.cli.terminal import Common


def open_one(
    folder: Annotated[str, Parameter(name="RELEASE")],
    /,
    *,
    issuer: Issuer,
    out: str,
    receipt: Path,
    tensor: Names = None,
    keys: KeyFile = KEYS,
    memory: Optional = None,
    trust: Optional = None,
    without_roots: bool = False,
    session: Optional = None,
    token: Optional = None,
    unsafe_any_file: bool = False,
    ledger: LedgerFolder = None,
    output_format: TableOrJson = "table",
    common: Common = Common(),
) -> None:
    """Open a release, and sign the receipt. Nothing is there before everything was verified.

    It prints which checks were made, and which this version does not make.

    Parameters:
        folder: Of the release, or its URL.
        issuer: Identity of the issuer, whose fingerprint he read to you.
        out: Folder of the model, which may not be there yet; a file of safetensors with --tensor.
        receipt: File for the receipt, which is sent to the issuer.
        tensor: Open this tensor and no other; may be given several times. Only the chunks that
            hold it are read and verified; what was not is printed, and stands in the receipt.
        keys: Of the recipient.
        memory: File of the newest grants that were opened here, so that no older one comes back;
            beside the keys if it is left out.
        trust: Folder that `roots pin` made. Roots have to be of today, and revoke nothing of this
            release; where a policy of logs goes with them, it has to be in the log. Left out, it is
            the folder beside the keys with `.trust` added; without that nothing is opened.
        without_roots: Open although it cannot be known whether keys or the grant were revoked, as
            the receipt will say. A grant that demands roots is not opened so.
        session: File that `broker challenge` made, where the key is with a broker.
        token: File of the attestation token that was made for it.
        unsafe_any_file: Take files of any kind, programs and pickles among them.
        ledger: Folder of the ledger that the receipt is recorded in as well.
        output_format: How to print.
        common: Options of every command.
    """
    from phalanx.cli.release_opening import local_path, opened_text, opener_of, part_text
    from phalanx.release.places.store import place_of

    refuse_output(receipt)
    recorded = recorder(ledger)
    place, target = place_of(folder), local_path(out)
    who = opener_of(
        keys, issuer, memory,
        trust=trust, without_roots=without_roots, session=session, token=token,
        unsafe_any_file=unsafe_any_file,
    )  # fmt: skip
    as_json = output_format == "json"
    with common.progress("Opening") as told:
        if tensor:
            said = part_text(place, tensor, target, receipt, who, told, as_json=as_json)
        else:
            said = opened_text(place, target, receipt, who, told, as_json=as_json)
    facts: Facts = {"act": "opened", "tensors": len(tensor or ())}
    recorded.record("receipt", "release opened", facts, artefact=receipt)
    write_text(said, None)
    common.say(f"{out}: opened")
