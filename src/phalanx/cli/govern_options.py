"""Options that commands of `phalanx govern` have in common."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Optional = Annotated[Path | None, Parameter(show_default=False)]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ShownOptions:
    """What of the running system may be looked at."""

    scan: Optional = None
    """Folder of the newest scan."""

    ledger: Optional = None
    """Folder of the ledger."""

    witness: Annotated[tuple[str, ...], Parameter(show_default=False, negative=())] = ()
    """Verifier key of a witness that others run; may be given several times."""

    stamp_roots: Optional = None
    """PEM certificates of authorities of time."""

    store: Annotated[str | None, Parameter(show_default=False)] = None
    """Store of daily scans: an SQLite file, or `postgresql://USER@HOST/DATABASE`."""

    gate: Optional = None
    """Database of the gate, whose audit log says what was disclosed."""

    gateway_policy: Optional = None
    """Policy of the gateway."""

    audits: Optional = None
    """Folder of signed reports of audits of marks."""

    audit_signer: Annotated[tuple[Path, ...], Parameter(show_default=False, negative=())] = ()
    """Public key (PEM) of who may sign audits; may be given several times."""

    releases: Optional = None
    """Folder with a folder for each release."""

    identities: Optional = None
    """Folder of identities of those who hand out and receive releases."""

    policy: Optional = None
    """Disclosure policy, in place of the one that comes with Phalanx."""

    duties: Optional = None
    """File of duties, in place of those that come with Phalanx."""

    answers: Optional = None
    """TOML file of what people say of controls, or of parts of them, that cannot be looked up."""
