"""The grammar that prompts are written in: skeletons, vocabularies, and their rendering."""

from __future__ import annotations

from phalanx.detect.simulate.grammar.book import Book, open_book
from phalanx.detect.simulate.grammar.render import render
from phalanx.detect.simulate.grammar.skeleton import Skeleton, parse_skeleton

__all__ = ["Book", "Skeleton", "open_book", "parse_skeleton", "render"]
