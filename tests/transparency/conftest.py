"""A log in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from phalanx.transparency.log_folder import LogFolder
from phalanx.transparency.note_keys import NoteSigner

LOG = NoteSigner(name="lab.example/log", key=Ed25519PrivateKey.from_private_bytes(bytes(32)))


@pytest.fixture
def log(tmp_path: Path) -> LogFolder:
    """Return an empty log."""
    made = LogFolder(tmp_path / "log", LOG)
    made.begin(1)
    return made
