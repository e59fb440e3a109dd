"""What a page says of one account, and that it names no other."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from phalanx.detect import ScanConfig, ScanResult, appeal, scan
from phalanx.detect.appeals.seen import FEWEST_COMPARED
from phalanx.detect.habits import HABITS
from phalanx.errors import InputError
from phalanx.formats import appeal_html, appeal_json, appeal_text
from phalanx.logs.pseudonym import pseudonym
from phalanx.model import Grant


def _written(result: ScanResult, account: str) -> str:
    page = appeal(result, account)
    renderings = (appeal_html.render, appeal_json.render, appeal_text.render)
    return "".join([*(render(page) for render in renderings), page._repr_html_()])


def _of_others(result: ScanResult, account: str) -> set[str]:
    """Return every name and value of the scan that is not the account's own name."""
    accounts, links = result.accounts, result.links
    names = {
        name
        for column in (accounts["account_id"], accounts["party_id"], accounts["organisation"])
        for name in column.to_pylist()
    }
    values = {value for value in links["value"].to_pylist() if value}
    templates = {text for group in result.campaigns for text in group.facts.templates}
    return {str(text) for text in names | values | templates if text} - {account}


@pytest.fixture(scope="session")
def hidden_result(evasive: object) -> ScanResult:
    """Return the scan again, with pseudonyms, as the command line makes it."""
    exchanges = evasive.exchanges  # type: ignore[attr-defined]
    return scan(exchanges, ScanConfig(false_discovery_rate=0.1, threads=1, pseudonym_key=bytes(32)))


def test_no_page_names_another(hidden_result: ScanResult) -> None:
    """Pages of listed and unlisted accounts hold no pseudonym, value or text of another."""
    rows = hidden_result.accounts.select(["account_id", "group_id"]).to_pylist()
    in_groups = [row["account_id"] for row in rows if row["group_id"]]
    for account in (*in_groups[::25], *(row["account_id"] for row in rows[::300])):
        written = _written(hidden_result, account)
        assert account in written
        assert not [text for text in _of_others(hidden_result, account) if text in written]


def test_an_account_of_a_campaign(evasive_result: ScanResult, evasive: object) -> None:
    """Its page says which list, how sure, on what evidence, and what each link is worth."""
    campaign = evasive_result.campaigns[0]
    page = appeal(evasive_result, campaign.facts.members[0].account_id)
    assert page.placing.list_name == "campaign"
    assert page.placing.group_id == campaign.campaign_id
    assert page.placing.accounts == len(campaign.facts.members)
    assert {line.rule_id for line in page.evidence} == {
        line.rule_id for line in campaign.judgement.evidence
    }
    weights = [line.weight for line in page.evidence]
    assert "counted" in weights
    assert "left out, strongest source" in weights
    assert page.recomputed
    assert page.recomputed.without_use
    assert page.recomputed.without_use.listed_as == "undeclared_pool"
    template = next(value for value in page.seen.values if value.rule_id == "PHX-D001")
    assert template.others is not None
    assert template.others_in_group is not None
    assert 0 < template.others_in_group <= template.others
    assert page.account_id in evasive.campaign_of  # type: ignore[attr-defined]


def test_an_account_on_no_list(evasive_result: ScanResult, unlisted: str) -> None:
    """Its page says so, with what was seen and nothing to clear."""
    page = appeal(evasive_result, unlisted)
    assert page.placing.list_name == "none"
    assert page.recomputed is None
    assert page.evidence == ()
    assert page.seen.exchanges > 0
    assert 1 <= page.seen.active_days <= page.days
    assert "reports nothing" in appeal_text.render(page)
    assert "clear it" not in appeal_html.render(page)


def test_habits_are_compared_with_the_reference(
    evasive_result: ScanResult, listed: tuple[str, ...]
) -> None:
    """Each habit is a share, beside the median of many parties of like volume."""
    seen = appeal(evasive_result, listed[0]).seen
    assert seen.compared_parties >= FEWEST_COMPARED
    assert len(seen.habits) == len(HABITS) - 1
    for habit in seen.habits:
        assert 0.0 <= habit.share <= 1.0
        assert habit.reference_median is not None
        assert 0.0 <= habit.reference_median <= 1.0


def test_few_parties_are_not_described(evasive_result: ScanResult, listed: tuple[str, ...]) -> None:
    """A median of a handful would tell of each of them, so there is none."""
    row = evasive_result.accounts["account_id"].to_pylist().index(listed[0])
    few = evasive_result.accounts.slice(max(0, row - 4), 9)
    seen = appeal(replace(evasive_result, accounts=few), listed[0]).seen
    assert seen.compared_parties < FEWEST_COMPARED
    assert all(habit.reference_median is None for habit in seen.habits)


def test_an_unknown_account_is_told(evasive_result: ScanResult) -> None:
    """Somebody whom the scan did not see has no page."""
    with pytest.raises(InputError, match="saw no account 'nobody'"):
        appeal(evasive_result, "nobody")


def test_the_group_without_the_account(evasive_result: ScanResult, listed: tuple[str, ...]) -> None:
    """Evidence on the others is recorded, and is near that on all in a group of many."""
    page = appeal(evasive_result, listed[0])
    assert page.recomputed
    pair = page.recomputed.without_account
    assert pair
    assert pair.log10_e_without == pytest.approx(pair.log10_e_with, rel=0.2)


def test_a_grant_is_named(small: object) -> None:
    """A grant that covers the account stands on its page."""
    exchanges = small.exchanges  # type: ignore[attr-defined]
    account = str(exchanges["account_id"][0].as_py())
    times = exchanges["timestamp"].to_pylist()
    grant = Grant(
        grant_id="G-1", purpose="evaluation", accounts=(account,), valid_from=min(times),
        valid_until=max(times), issued_by="office",
    )  # fmt: skip
    key = bytes(32)
    result = scan(exchanges, ScanConfig(grants=(grant,), pseudonym_key=key, threads=1))
    alias = pseudonym(key, "account_id", account)
    page = appeal(result, alias)
    assert page.grant_ids == ("G-1",)
    other = next(n for n in result.accounts["account_id"].to_pylist() if n != alias)
    assert appeal(result, other).grant_ids == ()


def test_a_notebook_shows_a_summary(evasive_result: ScanResult, listed: tuple[str, ...]) -> None:
    """The page has a short form for notebooks."""
    shown = appeal(evasive_result, listed[0])._repr_html_()
    assert "campaign" in shown
    assert "<table>" in shown


def test_the_document_is_json(evasive_result: ScanResult, unlisted: str) -> None:
    """The JSON form says what it is and holds every figure of the page."""
    document = json.loads(appeal_json.render(appeal(evasive_result, unlisted)))
    assert document["schema"] == "phalanx.appeal/1"
    assert document["seen"]["exchanges"] > 0
