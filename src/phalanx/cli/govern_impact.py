"""What the command about impact does."""

from __future__ import annotations

import json
from pathlib import Path

from phalanx.detect.response import KNOWN_SETS
from phalanx.errors import ConfigError, InputError
from phalanx.formats.folder import read_scan
from phalanx.govern.impact import Figure, Impact, impact_of, read_price_list
from phalanx.printable import printable, printable_json


def estimated(
    scan: Path, campaign: str, prices: Path | None, confidence: float, output_format: str
) -> str:
    """Estimate what a campaign of a scan took, as text.

    Raises:
        InputError: If the scan or the prices cannot be read, or there is no such campaign.
        ConfigError: If the confidence is none.
    """
    if not 0 < confidence < 1:
        message = f"a confidence lies between 0 and 1, and {confidence:g} does not"
        raise ConfigError(message, next_step="Leave --confidence out.")
    result = read_scan(scan)
    found = next((each for each in result.campaigns if each.campaign_id == campaign), None)
    if found is None:
        message = f"{scan}: lists no campaign {printable(campaign)[:80]!r}"
        raise InputError(message, next_step="`phalanx campaigns show` lists what it found.")
    listed = None if prices is None else read_price_list(prices)
    impact = impact_of(found.facts, confidence=confidence, training_sets=KNOWN_SETS, prices=listed)
    return _json(impact, campaign) if output_format == "json" else _lines(impact, campaign)


def _lines(impact: Impact, campaign: str) -> str:
    width = max(len(each.title) for each in impact.figures)
    lines = [f"What {campaign} took, each with an interval of {impact.confidence:.0%}", ""]
    lines += [
        f"  {each.title:<{width}}  {_number(each, each.span.point)} "
        f"({_number(each, each.span.low)} to {_number(each, each.span.high)}) {each.unit}"
        for each in impact.figures
    ]
    lines += ["", "Assumed", *(f"  - {each}" for each in impact.assumptions)]
    lines += ["", "Not known, and in no figure", *(f"  - {each}" for each in impact.unknown)]
    return printable("\n".join([*lines, "", impact.method]), keep="\n") + "\n"


def _number(figure: Figure, value: float) -> str:
    return f"{value:,.3g}" if figure.unit == "sets" else f"{value:,.0f}"


def _json(impact: Impact, campaign: str) -> str:
    said = {
        "schema": "phalanx.impact/1",
        "campaign": campaign,
        "confidence": impact.confidence,
        "method": impact.method,
        "figures": [
            {
                "id": each.id,
                "title": each.title,
                "unit": each.unit,
                "low": each.span.low,
                "point": each.span.point,
                "high": each.span.high,
            }
            for each in impact.figures
        ],
        "assumptions": list(impact.assumptions),
        "unknown": list(impact.unknown),
    }
    return printable_json(json.dumps(said, indent=2, ensure_ascii=False)) + "\n"
