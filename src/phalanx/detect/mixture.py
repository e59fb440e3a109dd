"""Which accounts mix the programs of many principals?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.detect.population import Population
from phalanx.detect.thresholds import MINIMUM_EXCHANGES, VOLUME_RATIO
from phalanx.evidence import benjamini_hochberg, conformal_p_values
from phalanx.model import MixedAccount

ONE_IN = 50
"""One account in so many is tested, the busiest ones, and at least `FEWEST_TESTED` of all."""

FEWEST_TESTED = 20


class ResellerMixture:
    """One account carries the traffic of many principals, as a resold key or a gateway does.

    Sees: how often two exchanges of one account, drawn by chance, come from different programs,
    a program being a combination of client, request settings and system prompt. The busiest
    accounts, one in fifty, are ranked among those that sent at least an eighth of what
    the least busy of them did; which are tested is decided by volume alone. It judges nobody:
    reselling is no harvest, and is not counted as evidence for a campaign. Languages, countries
    and hours are not compared.
    Evaded by: one client and one system prompt for all customers; keys too small to be among
    the busiest.
    Honest look-alikes: declared resellers, a firm's gateway, sweeps over request settings.
    Hash-only logs: works.
    """

    rule_id = "PHX-D030"
    name = "Reseller mixture"
    source = "observation"
    columns: tuple[str, ...] = ("user_agent", "system_prompt")


@dataclass(frozen=True, slots=True)
class Mixture:
    """How much accounts mix, one entry per account."""

    exchanges: npt.NDArray[np.float64]
    unlike: npt.NDArray[np.float64]
    """Share of pairs of exchanges that come from different programs; not a number for accounts
    with too few exchanges."""

    p_values: npt.NDArray[np.float64]
    """Of the tested accounts; not a number for the others."""

    listed: npt.NDArray[np.bool_]
    reference_size: int
    """Accounts that the tested ones were ranked among."""

    @property
    def principals(self) -> npt.NDArray[np.float64]:
        """The number of equal parts that would mix as much; infinite where no two are alike."""
        with np.errstate(divide="ignore"):
            return np.asarray(1.0 / (1.0 - self.unlike))

    def columns(self) -> dict[str, pa.Array]:
        """Return columns of `accounts.parquet`: principals, null where unknown, and is_mixed."""
        unknown = ~np.isfinite(self.principals)
        return {
            "principals": pa.array(self.principals.round(1), pa.float32(), mask=unknown),
            "is_mixed": pa.array(self.listed),
        }


def find_mixtures(
    population: Population, programs: pa.Table, false_discovery_rate: float
) -> Mixture:
    """Rank accounts of a population by how much they mix.

    Parameters:
        population: Its accounts.
        programs: Columns account (hash), exchanges and alike, see `tables.programs`.
        false_discovery_rate: That Benjamini-Hochberg holds the list to.
    """
    hashes = population.accounts["account"].to_numpy()
    order = np.argsort(hashes)
    number = order[np.searchsorted(hashes, programs["account"].to_numpy(), sorter=order)]
    exchanges, alike = np.zeros(hashes.size), np.zeros(hashes.size)
    exchanges[number] = programs["exchanges"].to_numpy()
    alike[number] = programs["alike"].to_numpy()
    return rank_mixtures(exchanges, alike, false_discovery_rate)


def rank_mixtures(
    exchanges: npt.NDArray[np.float64],
    alike: npt.NDArray[np.float64],
    false_discovery_rate: float,
) -> Mixture:
    """Rank the busiest accounts by how much they mix, and list those that stand out.

    Null hypothesis of each tested account: it mixes as accounts do that sent less, but at least
    an eighth. The share of unlike pairs has the same mean at every volume, and spreads more
    where there are fewer exchanges, so that the ranks err on the side of silence.

    Parameters:
        exchanges: Of each account, shape (accounts,).
        alike: Ordered pairs of different exchanges of the account that come from one program.
        false_discovery_rate: That Benjamini-Hochberg holds the list to.

    Examples:
        >>> exchanges = np.arange(2_100.0, 100.0, -1.0)
        >>> alike = exchanges * (exchanges - 1.0)
        >>> alike[:2] *= 0.1
        >>> found = rank_mixtures(exchanges, alike, 0.1)
        >>> np.flatnonzero(found.listed).tolist(), found.principals[:3].round(1).tolist()
        ([0, 1], [10.0, 10.0, 1.0])
    """
    pairs = exchanges * (exchanges - 1.0)
    unlike = 1.0 - alike / np.maximum(pairs, 1.0)
    unlike[exchanges < MINIMUM_EXCHANGES] = np.nan
    known = np.flatnonzero(~np.isnan(unlike))
    busiest = known[np.argsort(-exchanges[known], kind="stable")]
    size = min(busiest.size, max(FEWEST_TESTED, busiest.size // ONE_IN))
    tested, others = busiest[:size], busiest[size:]
    if tested.size:
        others = others[exchanges[others] * VOLUME_RATIO >= exchanges[tested[-1]]]
    p_values = np.full(exchanges.size, np.nan)
    p_values[tested] = conformal_p_values(unlike[tested], unlike[others])
    listed = np.zeros(exchanges.size, dtype=np.bool_)
    listed[tested] = benjamini_hochberg(p_values[tested], false_discovery_rate)
    return Mixture(exchanges, unlike, p_values, listed, int(others.size))


def mixed_accounts(mixture: Mixture, accounts: pa.Table) -> tuple[MixedAccount, ...]:
    """Return the listed accounts, those that mix most first.

    Parameters:
        mixture: Of all accounts.
        accounts: Columns account_id, party_id and group_id, in the same order.
    """
    rows = np.flatnonzero(mixture.listed)
    rows = rows[np.argsort(-mixture.unlike[rows], kind="stable")]
    shown = accounts.select(["account_id", "party_id", "group_id"]).take(pa.array(rows))
    return tuple(
        MixedAccount(
            **names,
            exchanges=int(mixture.exchanges[row]),
            principals=float(min(mixture.principals[row], mixture.exchanges[row])),
            p_value=float(mixture.p_values[row]),
            reference_size=mixture.reference_size,
        )
        for row, names in zip(rows.tolist(), shown.to_pylist(), strict=True)
    )
