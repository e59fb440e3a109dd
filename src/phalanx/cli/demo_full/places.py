"""Where everything of the full demo stands: a house for each party, under one folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from phalanx.errors import InputError, reason_of


@dataclass(frozen=True, slots=True)
class Provider:
    """The house of a provider."""

    folder: Path
    name: str
    """Under which the hub knows it."""

    pseudonym: str
    """Under which the others know it."""

    jurisdiction: str

    @property
    def early(self) -> Path:
        """Log of the first week."""
        return self.folder / "log-early.parquet"

    @property
    def late(self) -> Path:
        """Log of the three weeks after it."""
        return self.folder / "log-late.parquet"

    @property
    def live(self) -> Path:
        """What comes in on the day after the logs."""
        return self.folder / "log-live.parquet"

    @property
    def identifiers(self) -> Path:
        """Who carries what."""
        return self.folder / "identifiers.parquet"

    @property
    def pseudonym_key(self) -> Path:
        """Key of pseudonyms."""
        return self.folder / "pseudonym.key"

    @property
    def alliance(self) -> Path:
        """Settings of the alliance."""
        return self.folder / "alliance.toml"

    @property
    def scan_early(self) -> Path:
        """Scan of the first week, for the pool."""
        return self.folder / "scan-early"

    @property
    def scan(self) -> Path:
        """Scan of the three weeks after it, with what the pool told."""
        return self.folder / "scan"

    @property
    def store(self) -> Path:
        """Store of that scan, which a gateway reads."""
        return self.folder / "scans.db"

    @property
    def told_marks(self) -> Path:
        """What the pool told, as a scan takes it."""
        return self.folder / "told-marks.parquet"

    @property
    def ledger(self) -> Path:
        """What was done here."""
        return self.folder / "ledger"

    @property
    def ledger_policy(self) -> Path:
        """What believes that ledger."""
        return self.folder / "ledger.policy"


@dataclass(frozen=True, slots=True)
class Places:
    """All houses."""

    out: Path

    @property
    def operator(self) -> Path:
        """Who runs hub, pool and key server."""
        return self.out / "operator"

    @property
    def labels(self) -> Path:
        """What was planted: nobody in the story reads it."""
        return self.out / "labels.parquet"

    @property
    def a(self) -> Provider:
        """The provider that is stolen from, and goes all the way."""
        return Provider(self.out / "a", "provider-a", "member-amber-falcon", "us")

    @property
    def b(self) -> Provider:
        """The other one."""
        return Provider(self.out / "b", "provider-b", "member-quiet-river", "eu")

    @property
    def providers(self) -> tuple[Provider, Provider]:
        """Both."""
        return self.a, self.b

    @property
    def vault(self) -> Path:
        """Keys of marks of the first provider."""
        return self.a.folder / "vault"

    @property
    def vault_key(self) -> Path:
        """What opens the vault."""
        return self.a.folder / "vault.key"

    @property
    def key_names(self) -> Path:
        """What the keys that are asked about are for, one a line."""
        return self.a.folder / "key-names.txt"

    @property
    def gateway(self) -> Path:
        """Policy of the gateway, its keys, and what it decided and served."""
        return self.a.folder / "gateway"

    @property
    def teacher(self) -> Path:
        """The model that is served."""
        return self.a.folder / "teacher.npz"

    @property
    def words(self) -> Path:
        """Its vocabulary."""
        return self.a.folder / "words.json"

    @property
    def audit(self) -> Path:
        """Plans, commitments, and what was read."""
        return self.a.folder / "audit"

    @property
    def audits(self) -> Path:
        """Signed reports of audits, and nothing else."""
        return self.a.folder / "audits"

    @property
    def cases(self) -> Path:
        """Database of cases; their files are beside it."""
        return self.a.folder / "cases.db"

    @property
    def package(self) -> Path:
        """The case as it is handed over."""
        return self.a.folder / "packages" / "case-1"

    @property
    def case_policy(self) -> Path:
        """What believes packages of the first provider."""
        return self.a.folder / "cases.policy"

    @property
    def thief(self) -> Path:
        """Who harvests, and trains."""
        return self.out / "thief"

    @property
    def third_party(self) -> Path:
        """Who verifies: what was handed over, and nothing else."""
        return self.out / "third-party"


def new_places(out: Path) -> Places:
    """Make the folders of a new story.

    Raises:
        InputError: If there is something in the folder, or it cannot be written.
    """
    places = Places(out.absolute())
    try:
        if out.exists() and any(out.iterdir()):
            message = f"{out}: holds something already, and a ledger is never written over"
            raise InputError(message, next_step="Name a new folder with --out, or remove it.")
        for each in (places.operator, places.a.folder, places.b.folder, places.thief):
            each.mkdir(parents=True, mode=0o700)
    except OSError as error:
        message = f"{out}: cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Name another folder with --out.") from error
    return places
