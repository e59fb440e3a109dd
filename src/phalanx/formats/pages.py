"""What every page has in common: escaping, one style, a policy that runs and fetches nothing."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from phalanx.formats import notation, wording
from phalanx.printable import printable

TEMPLATES = Path(__file__).parent / "templates"


def environment(before: Sequence[Path] = ()) -> Environment:
    """Return a new environment of templates with the notation of numbers and the style.

    Parameters:
        before: Folders of templates that are looked into first.
    """
    made = Environment(
        loader=FileSystemLoader([*before, TEMPLATES]),
        autoescape=True,
        finalize=_without_control_characters,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        e_value=notation.e_value,
        p_value=notation.p_value,
        count=notation.count,
        short_count=notation.short_count,
        share=notation.share,
        money_usd=notation.money_usd,
        plural=notation.plural,
        minute=notation.minute,
    )
    made.globals.update(style=trusted(source("report.css")), wording=wording)
    return made


def source(name: str) -> str:
    """Return the text of one of our own templates, styles or scripts."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def trusted(text: str) -> Markup:
    """Mark our own files and drawings as markup, never text from a log."""
    return Markup(text)  # noqa: S704 - the callers hand over nothing from outside


def policy(scripts: Iterable[str] = ()) -> str:
    """Return a content security policy that runs the given scripts and fetches nothing."""
    digests = [
        f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    ]
    allowed = " ".join(digests or ["'none'"])
    # Charts set style attributes on their marks, so styles cannot be named by digest.
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _without_control_characters(value: object) -> object:
    is_text = isinstance(value, str) and not isinstance(value, Markup)
    return printable(value, keep="\n\t") if is_text else value  # type: ignore[arg-type]
