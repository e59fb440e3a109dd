"""What people declare: organisations, parties, grants and whom they trust."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from phalanx.errors import InputError
from phalanx.model import Grant

START = datetime(2026, 1, 1, tzinfo=UTC)


def grant(accounts: frozenset[str], until: datetime = START + timedelta(days=365)) -> Grant:
    """Authorise accounts until a date."""
    return Grant(
        grant_id="G-1",
        purpose="distillation",
        accounts=tuple(sorted(accounts)),
        valid_from=START,
        valid_until=until,
        issued_by="Licensing office",
    )


def accounts_of(group: Any) -> set[str]:
    """Return the accounts of one group."""
    return {member.account_id for member in group.facts.members}


def test_a_declared_organisation_is_one_party(evasive: Any, scanned: Any) -> None:
    """Accounts of one organisation are no undeclared group, whatever they share."""
    members = evasive.members()
    table = evasive.exchanges
    names = [
        "Acme" if account in members else organisation
        for account, organisation in zip(
            table["account_id"].to_pylist(), table["organisation"].to_pylist(), strict=True
        )
    ]
    position = table.schema.get_field_index("organisation")
    declared = table.set_column(position, "organisation", pa.array(names, pa.string()))
    result = scanned(declared)
    for group in (*result.campaigns, *result.undeclared_pools):
        assert not accounts_of(group) & members
    parties = {
        party
        for account, party in zip(
            result.accounts["account_id"].to_pylist(),
            result.accounts["party_id"].to_pylist(),
            strict=True,
        )
        if account in members
    }
    assert parties == {"organisation:Acme"}
    assert result.population.parties <= result.population.accounts - len(members) + 1


def test_a_party_file_declares_what_the_log_does_not(evasive: Any, scanned: Any) -> None:
    """Accounts that a file puts into one party are one party too."""
    members = evasive.members()
    result = scanned(evasive.exchanges, parties=dict.fromkeys(members, "acme"))
    for group in (*result.campaigns, *result.undeclared_pools):
        assert not accounts_of(group) & members
    assert "party:acme" in result.accounts["party_id"].to_pylist()


def test_a_granted_group_is_authorised(evasive: Any, evasive_result: Any, scanned: Any) -> None:
    """A grant for every member moves the group to its own list, facts and all."""
    result = scanned(evasive.exchanges, grants=(grant(evasive.members()),))
    assert result.campaigns == ()
    (group,) = result.authorised
    assert group.grant_ids == ("G-1",)
    assert group.facts == evasive_result.campaigns[0].facts
    assert "authorised" in result.accounts["verdict"].to_pylist()
    assert set(result.accounts["campaign_id"].to_pylist()) == {None}


def test_a_grant_is_found_behind_pseudonyms(evasive: Any, scanned: Any) -> None:
    """Grants name accounts as they stand in the log; the key hides them alike."""
    result = scanned(evasive.exchanges, grants=(grant(evasive.members()),), pseudonym_key=b"k" * 32)
    assert result.campaigns == ()
    assert len(result.authorised) == 1


@pytest.mark.parametrize("what", ["half", "expired"])
def test_a_grant_that_does_not_cover_all_hides_nothing(
    what: str, evasive: Any, evasive_result: Any, scanned: Any
) -> None:
    """Half of the members, or half of the time, authorises nobody else."""
    members = evasive.members()
    if what == "half":
        given = grant(frozenset(sorted(members)[::2]))
    else:
        given = grant(members, until=datetime(2026, 3, 6, tzinfo=UTC))
    result = scanned(evasive.exchanges, grants=(given,))
    assert result.authorised == ()
    assert [c.campaign_id for c in result.campaigns] == [
        c.campaign_id for c in evasive_result.campaigns
    ]
    (campaign,) = result.campaigns
    listed = accounts_of(campaign)
    covered = listed & set(given.accounts) if what == "half" else set()
    assert campaign.grants == (("G-1",) if covered else ())
    assert campaign.granted_accounts == len(covered)
    steps = {action.kind: action.accounts for action in campaign.actions}
    assert steps["verify"] == len(listed) - len(covered)
    assert steps["rate-limit"] <= len(listed) - len(covered)
    if what == "expired":
        (note,) = result.run.notes
        assert note.startswith("grant G-1: account used outside its time, 2026-01-01 to 2026-03-06")


def test_a_grant_for_nobody_is_noted(small: Any, scanned: Any) -> None:
    """A grant that names no account of the log is probably misspelt, and is told."""
    result = scanned(small.exchanges, grants=(grant(frozenset({"nobody-of-that-name"})),))
    assert result.run.notes == {"grant G-1: names no account of this log": 1}


def test_trusted_accounts_are_the_reference(evasive: Any, scanned: Any) -> None:
    """With a trusted file the reference is that file, and nobody else."""
    trusted = frozenset(
        [account for account, label in evasive.campaign_of.items() if label is None][:300]
    )
    result = scanned(evasive.exchanges, trusted=trusted)
    parties = {
        party
        for account, party in zip(
            result.accounts["account_id"].to_pylist(),
            result.accounts["party_id"].to_pylist(),
            strict=True,
        )
        if account in trusted
    }
    assert result.population.reference_parties == len(parties)
    for campaign in result.campaigns:
        assert len(accounts_of(campaign) & evasive.members()) >= 0.95 * len(accounts_of(campaign))


@pytest.mark.parametrize("key", [None, bytes(32)])
def test_names_that_do_not_occur_are_counted(small: Any, scanned: Any, key: bytes | None) -> None:
    """Whoever misspells some of the names is told how many."""
    account, organisation = (
        next(name for name in small.exchanges[column].to_pylist() if name)
        for column in ("account_id", "organisation")
    )
    result = scanned(
        small.exchanges,
        pseudonym_key=key,
        trusted=frozenset({account, organisation, "nobody", "nowhere"}),
        parties={account: "p", "nobody": "p"},
    )
    said = {
        "trusted: name that does not occur in the log": 2,
        "parties: account that does not occur in the log": 1,
    }
    assert result.run.notes == said
    assert result.run.warnings == tuple(said)


def test_trusting_nobody_in_the_log_is_an_error(small: Any, scanned: Any) -> None:
    """A trusted file that names no one who appears is a mistake, not an empty reference."""
    with pytest.raises(InputError, match="none of the trusted"):
        scanned(small.exchanges, trusted=frozenset({"nobody-of-that-name"}))
