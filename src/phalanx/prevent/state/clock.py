"""The clock of the state: it follows that of the machine, and never goes back."""

from __future__ import annotations

from dataclasses import dataclass

LATE_US = 5_000_000
"""A moment that is earlier than the one before by no more than this is a late arrival."""

AHEAD_US = 3_600_000_000
"""A longer silence may be a step ahead of the clock, and is counted."""


@dataclass(slots=True)
class StateClock:
    """Turns moments of the machine into moments that never go back.

    Counts fade with time. If the clock of the machine is set back, time would stand still until it
    has caught up, and everybody's counts pile up; so from then on the difference is added. If it is
    set ahead, counts fade as if that time had passed: nobody can tell it from a silence. Both are
    counted, so that whoever keeps the machine hears of it.
    """

    latest_us: int | None = None
    """Latest moment of the machine; none before the first."""

    ahead_us: int = 0
    """What is added to the clock of the machine."""

    steps_back: int = 0
    """How often it was set back."""

    jumps_ahead: int = 0
    """How often more than an hour passed in silence, or the clock was set ahead."""

    def at(self, now_us: int) -> int:
        """Return the moment of the state for a moment of the machine.

        Parameters:
            now_us: Microseconds since 1970.

        Examples:
            >>> clock = StateClock()
            >>> [clock.at(second * 1_000_000) for second in (100, 110, 108, 20, 30)]
            [100000000, 110000000, 110000000, 110000000, 120000000]
            >>> clock.steps_back
            1
        """
        if self.latest_us is None:
            self.latest_us = now_us
        elif now_us >= self.latest_us:
            self.jumps_ahead += now_us - self.latest_us > AHEAD_US
            self.latest_us = now_us
        elif self.latest_us - now_us > LATE_US:
            self.steps_back += 1
            self.ahead_us += self.latest_us - now_us
            self.latest_us = now_us
        return self.latest_us + self.ahead_us

    def start_from(self, state_us: int, now_us: int) -> None:
        """Go on from a snapshot: not before the moment at which it was taken.

        Parameters:
            state_us: That moment, by the clock of the state.
            now_us: Now, by the clock of the machine.
        """
        self.latest_us = now_us
        self.ahead_us = max(state_us - now_us, 0)
        self.steps_back += self.ahead_us > LATE_US

    def catch_up(self, state_us: int) -> None:
        """Go on from a moment of the state that this clock is behind: it was set back.

        Parameters:
            state_us: By the clock of the state.

        Examples:
            >>> clock = StateClock()
            >>> clock.at(100), clock.catch_up(900), clock.at(101)
            (100, None, 901)
        """
        if self.latest_us is not None and state_us > self.latest_us + self.ahead_us:
            self.ahead_us = state_us - self.latest_us
            self.steps_back += 1
