"""What accounts of listed groups wrote, from the narrow table: texts and principals."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import _

from phalanx.detect.population import Population

TEXT_COLUMNS = {"template": "opening", "system prompt": "system"}
"""Family of texts -> narrow column of their hashes."""


@dataclass(frozen=True, slots=True)
class TextUse:
    """Which parties used which texts of one family; each pair once."""

    party: npt.NDArray[np.int64]
    value: npt.NDArray[np.int64]
    """Hash of the text."""

    writers: npt.NDArray[np.bool_]
    """Parties that used any text of the family, shape (parties,)."""


def party_of_hash(population: Population) -> pa.Table:
    """Return columns account (hash) and party, one row per account."""
    hashes = population.accounts["account"].to_numpy()
    return pa.table({"account": hashes, "party": population.parties.of_account})


def used_by(
    narrow: ibis.Table, population: Population, column: str, parties: npt.NDArray[np.int64]
) -> pa.Table:
    """Return how often some parties used each text.

    Parameters:
        narrow: The narrow table.
        population: Who is who.
        column: Column of hashes, 0 where there is none.
        parties: The parties.

    Returns:
        Columns party, value and exchanges, one row per party and text.
    """
    table = party_of_hash(population)
    chosen = table.filter(pa.array(np.isin(table["party"].to_numpy(), parties)))
    return (
        narrow.filter(_[column] != 0)
        .select("account", value=_[column])
        .inner_join(ibis.memtable(chosen), "account")
        .group_by("party", "value")
        .agg(exchanges=_.count())
        .to_pyarrow()
    )


def users_of(
    narrow: ibis.Table, population: Population, column: str, values: npt.NDArray[np.int64]
) -> TextUse:
    """Return all parties that used some texts, in one pass over the log.

    Parameters:
        narrow: The narrow table.
        population: Who is who.
        column: Column of hashes, 0 where there is none.
        values: Hashes of the texts.
    """
    everybody = ibis.memtable(party_of_hash(population))
    sent = narrow.filter(_[column] != 0).select("account", value=_[column])
    pairs = (
        sent.inner_join(ibis.memtable(pa.table({"value": np.unique(values)})), "value")
        .inner_join(everybody, "account")
        .select("party", "value")
        .distinct()
        .to_pyarrow()
    )
    writing = sent.select("account").distinct().inner_join(everybody, "account").to_pyarrow()
    writers = np.zeros(population.parties.count, dtype=np.bool_)
    writers[writing["party"].to_numpy()] = True
    return TextUse(pairs["party"].to_numpy(), pairs["value"].to_numpy(), writers)


def principals(
    narrow: ibis.Table, population: Population, parties: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return how many principals seem to stand behind each account.

    A principal is told by its program: a pair of request settings and system prompt. The
    number is the effective one, exp of the entropy of exchanges over pairs, so that a rare
    deviation counts little.

    Parameters:
        narrow: The narrow table.
        population: Who is who.
        parties: Whose accounts are looked at.

    Returns:
        Party and effective number of principals, one entry per account.
    """
    table = party_of_hash(population)
    chosen = table.filter(pa.array(np.isin(table["party"].to_numpy(), parties)))
    rows = (
        narrow.select("account", "parameters", "system")
        .inner_join(ibis.memtable(chosen), "account")
        .group_by("account", "party", "parameters", "system")
        .agg(exchanges=_.count())
        .to_pyarrow()
    )
    accounts, first, place = np.unique(
        rows["account"].to_numpy(), return_index=True, return_inverse=True
    )
    sent = rows["exchanges"].to_numpy().astype(np.float64)
    total = np.bincount(place, weights=sent, minlength=accounts.size)
    share = sent / total[place]
    entropy = np.bincount(place, weights=-share * np.log(share), minlength=accounts.size)
    return rows["party"].to_numpy()[first], np.exp(entropy)
