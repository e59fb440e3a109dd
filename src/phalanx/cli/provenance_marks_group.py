"""`phalanx provenance`: marks in weights."""

from __future__ import annotations

from cyclopts import App

from phalanx.cli.provenance_marks import add_marks

provenance = App(
    name="provenance",
    help="Mark copies of a model's weights, and find out whose copy a suspect was made from.",
    help_format="markdown",
)
add_marks(provenance)
