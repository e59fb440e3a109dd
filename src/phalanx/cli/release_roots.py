"""`phalanx release roots`: whose keys count, and what was revoked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from phalanx.cli.release_options import Names
from phalanx.cli.rendering import OutputPath, refuse_output, write_text
from phalanx.cli.terminal import Common

roots = App(
    name="roots",
    help="Publish whose keys count and what was revoked, and pin what others publish.",
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
    from phalanx.cli.release_roots_work import begin_roots

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
    from phalanx.cli.release_roots_work import add_to_roots

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
    from phalanx.cli.release_roots_work import revoke

    common.say(f"{revoke(folder, party, grant, reason)}: will be revoked")


@roots.command(name="publish")
def roots_publish(folder: Folder, /, *, keys: RoleKeys = _KEYS, common: Common = Common()) -> None:
    """Sign what is to be published. The timestamp counts for a day.

    Parameters:
        folder: Of the repository.
        keys: Folder of the keys of its roles.
        common: Options of every command.
    """
    from phalanx.cli.release_roots_work import publish

    number, lines = publish(folder, keys)
    for line in lines:
        common.say(f"{folder}: {line}")
    common.say(f"{folder}: published, number {number}")


@roots.command(name="rotate")
def roots_rotate(
    folder: Folder,
    /,
    *,
    role: Annotated[
        Literal["root", "targets", "snapshot", "timestamp"] | None, Parameter(show_default=False)
    ] = None,
    holder: Names = None,
    threshold: int = 1,
    keys: RoleKeys = _KEYS,
    common: Common = Common(),
) -> None:
    """Replace the keys of a role by a new one, or those of the root by the keys of its holders.

    It is another root, which counts when enough keys of the root before and enough of its own have
    signed it, and `publish` was run. Those in --keys sign at once, others with `roots sign`.

    Parameters:
        folder: Of the repository.
        role: Whose keys are replaced; without it the root is renewed with the keys that it has.
        holder: Key that `roots key` printed, for the role root; may be given several times.
        threshold: How many of the holders have to sign.
        keys: Folder of the keys of its roles.
        common: Options of every command.
    """
    from phalanx.cli.release_roots_work import rotate

    for line in rotate(folder, keys, role, holder or [], threshold):
        common.say(f"{folder}: {line}")


@roots.command(name="key")
def roots_key(file: Path, /, *, output: OutputPath = None, common: Common = Common()) -> None:
    """Make the key of a holder, and print what `roots rotate --holder` is given.

    Parameters:
        file: For the key, for its owner alone; kept if it is there.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.release_roots_work import holder_key

    refuse_output(output)
    write_text(f"{holder_key(file)}\n", output)
    common.detail(f"{file}: keep it offline")


@roots.command(name="sign")
def roots_sign(file: Path, /, *, key: Path, common: Common = Common()) -> None:
    """Sign a root that waits, as one of its holders, and print what it says.

    Parameters:
        file: `waiting.root.json` in the folder of the repository, or a copy of it.
        key: Of the holder.
        common: Options of every command.
    """
    from phalanx.cli.release_roots_work import sign_root

    write_text("".join(f"{line}\n" for line in sign_root(file, key)), None)
    common.say(f"{file}: signed")


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
    from phalanx.cli.release_roots_work import pin_root

    fingerprint = pin_root(root, at, out, log_policy)
    common.say(f"{out}: pinned; fingerprint of the root: {fingerprint}")
