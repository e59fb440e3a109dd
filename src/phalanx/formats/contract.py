"""Contract test that every output passes, ours and those of extensions.

Inherit it in a test module, say which output is meant and which scans to try it on:

    class TestMine(FormatContract):
        @pytest.fixture
        def render(self): return my_package.render

        @pytest.fixture
        def result(self): return a_scan_with_campaigns()
"""

from __future__ import annotations

from dataclasses import replace

from phalanx.detect.result import ScanResult
from phalanx.formats.protocol import Format


def _require(holds: bool, message: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not holds:
        raise AssertionError(message)


def _without_findings(result: ScanResult) -> ScanResult:
    return replace(
        result,
        campaigns=(),
        authorised=(),
        undeclared_pools=(),
        suspicious_parties=(),
        not_judged=(),
        mixed_accounts=(),
    )


class FormatContract:
    """What any output must keep. The inheriting class gives the fixtures `render` and `result`."""

    def test_is_a_format(self, render: Format) -> None:
        """An output is a callable that takes a result and returns text."""
        _require(isinstance(render, Format), f"{render!r} cannot be called with a result")

    def test_is_text_that_ends_with_a_line_feed(self, render: Format, result: ScanResult) -> None:
        """A document is text, can be written as UTF-8, and ends with a line feed."""
        text = render(result)
        _require(isinstance(text, str), "an output must be text")
        _require(bool(text.encode("utf-8")), "an output must not be empty")
        _require(text.endswith("\n"), "an output must end with a line feed")

    def test_same_result_gives_same_text(self, render: Format, result: ScanResult) -> None:
        """Rendering twice gives the same text: no clock, no chance, no hidden state."""
        _require(render(result) == render(result), "two renderings differ")

    def test_nothing_found_is_a_document_too(self, render: Format, result: ScanResult) -> None:
        """A scan without findings renders to a whole document."""
        _require(render(_without_findings(result)).endswith("\n"), "no document for a clean scan")

    def test_every_campaign_is_named(self, render: Format, result: ScanResult) -> None:
        """Each campaign identifier stands in the output."""
        _require(bool(result.campaigns), "the contract needs a result with campaigns")
        text = render(result)
        for campaign in result.campaigns:
            _require(campaign.campaign_id in text, f"{campaign.campaign_id} is missing")

    def test_leaves_the_result_alone(self, render: Format, result: ScanResult) -> None:
        """Rendering does not change the tables of the result."""
        before = (result.accounts, result.links, result.daily)
        render(result)
        after = (result.accounts, result.links, result.daily)
        for old, new in zip(before, after, strict=True):
            _require(old.equals(new), "a table was changed")
