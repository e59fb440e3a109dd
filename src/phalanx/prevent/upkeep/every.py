"""Work that is done again and again beside the requests."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread


class Every:
    """Does something every so many seconds, in a thread, until it is closed.

    Parameters:
        seconds: From the end of one time to the begin of the next.
        work: That is done.
        failed: Called with an error that the work did not foresee; the work goes on the next time.
    """

    def __init__(
        self, seconds: float, work: Callable[[], None], failed: Callable[[Exception], None]
    ) -> None:
        """Begin; the first time comes after so many seconds."""
        self._seconds = seconds
        self._work = work
        self._failed = failed
        self._ended = Event()
        self._thread = Thread(target=self._run, name="phalanx upkeep", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, after the work that is being done."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._seconds):
            try:
                self._work()
            except Exception as error:  # noqa: BLE001 - told to `failed`: upkeep must not die silently
                self._failed(error)
