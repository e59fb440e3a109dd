"""Declared parties: who belongs together says so, and nobody gets in by the look of a name."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from phalanx.detect.parties import Parties, declare_parties


def declare(*accounts: tuple[str, str | None], declared: dict[str, str] | None = None) -> Parties:
    """Declare accounts, named with their organisations, in the order of their first exchange."""
    names, organisations = zip(*accounts, strict=True)
    return declare_parties(names, organisations, np.arange(len(accounts)), declared or {})


def test_a_name_that_ends_with_nul_is_another_name() -> None:
    """The account `bob` with a NUL behind it is not a part of `bob`."""
    parties = declare(("bob", None), ("bob\0", None), ("bob\0\0", None))
    assert parties.names == ("bob", "bob\0", "bob\0\0")
    assert parties.of_account.tolist() == [0, 1, 2]


def test_an_account_cannot_name_itself_into_an_organisation() -> None:
    """An account called like an organisation's party is a party of its own, with its own name."""
    parties = declare(
        ("organisation:Acme", None), ("a", "Acme"), ("party:Acme", None), ("b", None),
        declared={"b": "Acme"},
    )  # fmt: skip
    assert parties.count == 4
    assert parties.names == (
        "account:organisation:Acme", "organisation:Acme", "account:party:Acme", "party:Acme",
    )  # fmt: skip
    assert parties.of_account.tolist() == [0, 1, 2, 3]


def test_an_organisation_cannot_name_itself_into_a_party() -> None:
    """What an organisation is called does not make it a declared party."""
    parties = declare(("a", "party:x"), ("b", None), declared={"b": "x"})
    assert parties.names == ("organisation:party:x", "party:x")


_names = st.sampled_from(["", "a", "b", "\0", "party", "account", "organisation"])
_labels = st.lists(_names, min_size=1, max_size=3).map(":".join)


@given(st.lists(st.tuples(_labels, st.none() | _labels, st.none() | _labels), min_size=1))
def test_same_party_same_name_and_reverse(rows: list[tuple[str, str | None, str | None]]) -> None:
    """Two accounts are one party exactly when both declare the same; first come, first numbered."""
    rows = list({row[0]: row for row in rows}.values())
    declared = {account: party for account, _, party in rows if party is not None}
    parties = declare(
        *((account, organisation) for account, organisation, _ in rows), declared=declared
    )
    kinds = [
        ("party", party) if party is not None
        else ("organisation", organisation) if organisation
        else ("account", account)
        for account, organisation, party in rows
    ]  # fmt: skip
    names = [parties.names[party] for party in parties.of_account]
    assert list(parties.names) == list(dict.fromkeys(names))
    assert len(set(zip(kinds, names, strict=True))) == len(set(kinds)) == len(set(names))
