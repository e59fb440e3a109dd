"""`phalanx release roots` and `phalanx release log`: whose keys count, and what was handed out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from phalanx.cli.rendering import OutputPath, refuse_output, write_text
from phalanx.cli.terminal import Common

roots = App(
    name="roots",
    help="Publish whose keys count and what was revoked, and pin what others publish.",
    help_format="markdown",
)
log = App(
    name="log",
    help="Keep a log of grants and releases that can only grow, and prove what is in it.",
    help_format="markdown",
)

Folder = Annotated[Path, Parameter(name="FOLDER")]
RoleKeys = Annotated[Path, Parameter(name="--keys")]
Optional = Annotated[Path | None, Parameter(show_default=False)]

_KEYS = Path("roots.keys")


@roots.command(name="init")
def roots_init(
    folder: Folder,
    /,
    *,
    keys: RoleKeys = _KEYS,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Begin a repository of roots, and print its first root, which others pin.

    Serve `FOLDER/public` as files. Publish anew each day: what is older than a day is refused.

    Parameters:
        folder: New one, for the repository.
        keys: Folder of the keys of its roles, for their owner alone.
        output: File to write the root into instead.
        common: Options of every command.
    """
    from phalanx.cli.release_trust_work import begin_roots

    refuse_output(output)
    root, fingerprint = begin_roots(folder, keys)
    write_text(root, output)
    common.say(f"{folder}: begun; fingerprint of its root: {fingerprint}")


@roots.command(name="add")
def roots_add(
    folder: Folder,
    files: list[Path],
    /,
    *,
    kind: Annotated[Literal["party", "terms", "log-policy"], Parameter(name="--as")] = "party",
    common: Common = Common(),
) -> None:
    """Add identities, terms or the policy of a log to what is to be published.

    Parameters:
        folder: Of the repository.
        files: Identities of parties, terms of licences, or one policy of logs.
        kind: What they are.
        common: Options of every command.
    """
    from phalanx.cli.release_trust_work import add_to_roots

    for name in add_to_roots(folder, files, kind):
        common.say(f"{name}: will be published")


@roots.command(name="revoke")
def roots_revoke(
    folder: Folder,
    /,
    *,
    party: Annotated[str | None, Parameter(show_default=False)] = None,
    grant: Optional = None,
    reason: str,
    common: Common = Common(),
) -> None:
    """Revoke the keys of a party or a grant. It counts when it is published.

    Parameters:
        folder: Of the repository.
        party: Fingerprint of the party.
        grant: File of the grant.
        reason: For those who are refused.
        common: Options of every command.
    """
    from phalanx.cli.release_trust_work import revoke

    common.say(f"{revoke(folder, party, grant, reason)}: will be revoked")


@roots.command(name="publish")
def roots_publish(folder: Folder, /, *, keys: RoleKeys = _KEYS, common: Common = Common()) -> None:
    """Sign what is to be published. The timestamp counts for a day.

    Parameters:
        folder: Of the repository.
        keys: Folder of the keys of its roles.
        common: Options of every command.
    """
    from phalanx.cli.release_trust_work import publish

    common.say(f"{folder}: published, number {publish(folder, keys)}")


@roots.command(name="pin")
def roots_pin(
    root: Path,
    /,
    *,
    at: str,
    out: Path,
    log_policy: Optional = None,
    common: Common = Common(),
) -> None:
    """Pin the root of a provider, for `open --trust`. Compare its fingerprint with him.

    Parameters:
        root: That the provider handed over, as he did with his identity.
        at: Folder or URL of what he publishes.
        out: New folder, in which it is remembered what was seen.
        log_policy: Own policy of logs and witnesses (C2SP tlog-policy), in place of the provider's.
        common: Options of every command.
    """
    from phalanx.cli.release_trust_work import pin_root

    fingerprint = pin_root(root, at, out, log_policy)
    common.say(f"{out}: pinned; fingerprint of the root: {fingerprint}")


@log.command(name="init")
def log_init(folder: Folder, /, *, origin: str, common: Common = Common()) -> None:
    """Begin a log, and print the line of a policy that believes it.

    Serve `FOLDER/public` as files.

    Parameters:
        folder: New one, for the log and what opens its entries.
        origin: Its name, such as `lab.example/releases`.
        common: Options of every command.
    """
    from phalanx.cli.release_trust_work import begin_log

    write_text(begin_log(folder, origin), None)
    common.say(f"{folder}: begun")


@log.command(name="add")
def log_add(folder: Folder, files: list[Path], /, *, common: Common = Common()) -> None:
    """Enter signed statements, such as receipts: each as a salted digest.

    Parameters:
        folder: Of the log.
        files: Statements.
        common: Options of every command.
    """
    from phalanx.cli.release_trust_work import add_to_log

    for name, index in add_to_log(folder, files):
        common.say(f"{name}: entry {index:,}")


@log.command(name="prove")
def log_prove(
    folder: Folder,
    release: Annotated[Path, Parameter(name="RELEASE")],
    /,
    *,
    common: Common = Common(),
) -> None:
    """Enter a sealed release, and put proofs beside its files; again, under a newer checkpoint.

    Parameters:
        folder: Of the log.
        release: Folder of the release.
        common: Options of every command.
    """
    from phalanx.cli.release_trust_work import prove

    common.say(f"{release}: proved in a log of {prove(folder, release):,} entries")


@log.command(name="cosign")
def log_cosign(
    place: str,
    /,
    *,
    log_key: str,
    name: str,
    key: Path,
    memory: Path,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Witness a log: cosign its checkpoint, if it is what was seen before and more.

    Parameters:
        place: Folder or URL of the log.
        log_key: Verifier key of the log, as its keeper read it to you.
        name: Of the witness, such as `forum.example/w1`.
        key: File of the witness's secret, for its owner alone; made if it is missing.
        memory: Folder of what this witness saw; keep it.
        output: File to write the cosigned checkpoint into instead.
        common: Options of every command.
    """
    from phalanx.cli.release_trust_work import cosigned

    refuse_output(output)
    note, public = cosigned(place, log_key, name, key, memory)
    write_text(note, output)
    common.say(f"witness key: {public}")


@log.command(name="cosigned")
def log_cosigned(
    folder: Folder, file: Path, /, *, witness: list[str], common: Common = Common()
) -> None:
    """Take over what witnesses signed. Then prove the releases again.

    Parameters:
        folder: Of the log.
        file: The cosigned checkpoint.
        witness: Verifier key of a witness; may be given several times.
        common: Options of every command.
    """
    from phalanx.cli.release_trust_work import take_cosigned

    common.say(f"{folder}: {take_cosigned(folder, file, witness)} new signatures")


@log.command(name="check")
def log_check(folder: Folder, /, *, common: Common = Common()) -> None:
    """Verify that the log is what its checkpoint says, and every opening that of its entry.

    Parameters:
        folder: Of the log.
        common: Options of every command.
    """
    from phalanx.cli.release_trust_work import check_log

    write_text(f"{check_log(folder):,} entries are as the checkpoint says\n", None)
    common.detail(f"{folder}: verified")
