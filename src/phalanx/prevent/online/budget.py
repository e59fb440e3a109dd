"""How much error the watch may spend, and on what."""

from __future__ import annotations

from dataclasses import dataclass

from phalanx.errors import ConfigError

_REFERENCE_SHARE = 0.1
"""Of the watch's error that the reference may mislead with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """One false discovery rate, and the hypotheses that share it.

    The list of accounts and the list of pools have half each of what the reference leaves. A list
    holds its rate over all epochs together: each account, or pool, in each epoch is a hypothesis
    of its own, and their number is fixed beforehand.

    Raises:
        ConfigError: If a number lies outside its range.

    Examples:
        >>> budget = Budget(false_discovery_rate=0.01, share=0.2, epochs=4, accounts=100_000,
        ...                 pools=200)
        >>> round(budget.scan_rate, 6), round(budget.list_rate, 6), round(budget.failure, 6)
        (0.008, 0.0009, 0.0002)
    """

    false_discovery_rate: float
    """Of what scans and the watch list together."""

    share: float
    """Of it that the watch may spend."""

    epochs: int
    """For which the reference is used."""

    accounts: int
    """That are watched in an epoch at most."""

    pools: int
    """That are watched in an epoch at most."""

    def __post_init__(self) -> None:
        """Check ranges once, where the mistake is made."""
        for name, value in (("rate", self.false_discovery_rate), ("share", self.share)):
            if not 0.0 < value < 1.0:
                message = f"the {name} must lie between 0 and 1, not {value:g}"
                raise ConfigError(message, next_step="A rate of 0.01 and a share of 0.2 are usual.")
        for name, count, most in (
            ("epochs", self.epochs, 1_000),
            ("accounts", self.accounts, 1 << 30),
            ("pools", self.pools, 1_000_000),
        ):
            if not 1 <= count <= most:
                message = f"{name} must lie in [1, {most}], not {count}"
                raise ConfigError(message, next_step="Name a number in that range.")

    @property
    def rate(self) -> float:
        """Return what the watch spends in all."""
        return self.false_discovery_rate * self.share

    @property
    def scan_rate(self) -> float:
        """Return what is left for the list of a scan: its `--fdr`."""
        return self.false_discovery_rate - self.rate

    @property
    def failure(self) -> float:
        """Return the probability that the reference may mislead with."""
        return self.rate * _REFERENCE_SHARE

    @property
    def list_rate(self) -> float:
        """Return the false discovery rate of each of the two lists."""
        return (self.rate - self.failure) / 2
