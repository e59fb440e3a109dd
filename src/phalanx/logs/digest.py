"""SHA-256 of an input file, computed beside its reading."""

from __future__ import annotations

import hashlib
from pathlib import Path
from threading import Event, Thread

_PIECE = 1 << 20


class FileDigest:
    """Hashes a file in a thread of its own; hashlib lets other threads run meanwhile.

    Parameters:
        path: File to hash.

    Examples:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     FileDigest(Path(file.name)).result()[:8]
        'e3b0c442'
    """

    def __init__(self, path: Path) -> None:
        """Start hashing."""
        self._path = path
        self._digest = ""
        self._error: OSError | None = None
        self._cancelled = Event()
        self._thread = Thread(target=self._run, name=f"sha256 {path.name}", daemon=True)
        self._thread.start()

    def result(self) -> str:
        """Wait for the digest.

        Raises:
            OSError: If the file could not be read.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._digest

    def cancel(self) -> None:
        """Stop hashing: nobody will ask for the result."""
        self._cancelled.set()

    def _run(self) -> None:
        try:
            digest = hashlib.sha256()
            with self._path.open("rb", buffering=0) as file:
                while (piece := file.read(_PIECE)) and not self._cancelled.is_set():
                    digest.update(piece)
            self._digest = digest.hexdigest()
        except OSError as error:
            # Raised again in the thread that asks for the result.
            self._error = error
