"""The keys that a running server holds, read again when the folder changes."""

from __future__ import annotations

import threading
from pathlib import Path

from phalanx.errors import PhalanxError, ServiceError
from phalanx.share.blinding.keyring import EPOCHS_FILE, Keyring, read_keyring


class HeldKeys:
    """Keys of a folder, as new as its list of epochs.

    Parameters:
        folder: Of the keys.

    Raises:
        InputError: If there is no list of epochs.
        ConfigError: If others may read a key.
        VerificationError: If list and keys contradict each other.
    """

    def __init__(self, folder: Path) -> None:
        """Read them once, so that a server without keys does not start."""
        self._folder = folder
        self._lock = threading.Lock()
        self._stamp = self._stamp_now()
        self._keyring = read_keyring(folder)

    def keyring(self) -> Keyring:
        """Return the keys; a rotation or a destruction by another process is seen at once.

        Raises:
            ServiceError: If the folder changed and can no longer be read.
        """
        with self._lock:
            try:
                stamp = self._stamp_now()
                if stamp != self._stamp:
                    self._keyring = read_keyring(self._folder)
                    self._stamp = stamp
            except PhalanxError as error:
                raise ServiceError(str(error), next_step=error.next_step) from error
            return self._keyring

    def _stamp_now(self) -> tuple[int, ...]:
        """Return what changes with the list of epochs, or with the files beside it."""
        try:
            seen = (self._folder.stat(), (self._folder / EPOCHS_FILE).stat())
        except FileNotFoundError:
            return ()
        return tuple(value for each in seen for value in (each.st_ino, each.st_mtime_ns))
