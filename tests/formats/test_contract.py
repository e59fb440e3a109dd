"""Every output that is installed keeps the contract of outputs."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

from phalanx.formats import Format
from phalanx.formats.contract import FormatContract

NAMES = ("html", "json", "ocsf", "sarif", "stix", "table")


@pytest.fixture(params=NAMES)
def render(request: pytest.FixtureRequest) -> Format:
    """Return each of our outputs, as a user finds it."""
    (entry,) = entry_points(group="phalanx.formats", name=request.param)
    loaded = entry.load()
    assert isinstance(loaded, Format)
    return loaded


class TestEveryFormat(FormatContract):
    """The six outputs of Phalanx pass the contract that extensions inherit."""


class TestContractItself:
    """A contract that nothing can break would prove nothing."""

    def test_refuses_a_format_without_the_campaigns(self, result: object) -> None:
        """A format that leaves a campaign out fails."""
        with pytest.raises(AssertionError, match="is missing"):
            FormatContract().test_every_campaign_is_named(lambda _: "\n", result)  # type: ignore[arg-type]

    def test_refuses_a_format_that_changes(self, result: object) -> None:
        """A format that counts its calls fails."""
        calls = iter("ab")
        with pytest.raises(AssertionError, match="two renderings differ"):
            FormatContract().test_same_result_gives_same_text(
                lambda _: next(calls),
                result,  # type: ignore[arg-type]
            )
