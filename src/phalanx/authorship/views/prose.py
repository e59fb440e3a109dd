"""Prose as it is read: letters folded, collection marks gone, the first 250 words.

Collections of human and of model text differ in what neither author wrote: line wraps, curly
quotes, capitals and spaces before commas where a corpus was tokenised, names replaced by marks.
A detector that may see them learns the collection. So nobody sees them, in any document.
"""

from __future__ import annotations

import re
import unicodedata

from phalanx.authorship.views.view import View

MOST_WORDS = 250
"""Words that are read. Scores of longer documents are those of their beginning."""

_MOST_CHARACTERS_A_WORD = 64
"""Text beyond so many characters for each word that is read is not looked at."""

_FOLDED = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", None),
        "\u2026": "...",
    }
)

_MARKS = re.compile(
    r"@[A-Z]+[0-9]*\b"  # names in school essays: @CAPS1, @LOCATION2
    r"|<(?:email|secret|user|newline|unk|s|/s|\|endoftext\|)>"  # replaced, or left by a tokenizer
    r"|@x[a-z]+"  # @xcite, @xmath in articles
)
_DOUBLED = re.compile(r"``|''")
_BEFORE_PUNCTUATION = re.compile(r"\s+([,.;:!?%)\]}]|n't\b|'(?:s|re|ve|ll|d|m)\b)")
_AFTER_BRACKET = re.compile(r"([(\[{])\s+")
_DASH = re.compile(r"\s*-+\s*")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+")


def prose_view(text: str) -> View:
    r"""Return what is read of a text.

    Parameters:
        text: As it was handed in.

    Returns:
        Its first words in lower case; nothing tells line wraps, kinds of quotes, capitals, or
        whether spaces stood before commas.

    Examples:
        >>> prose_view("In @CAPS1 , we \u201cread\u201d\n\nit - twice .").content
        b'in, we "read" it-twice.'
    """
    seen = text[: 4 * MOST_WORDS * _MOST_CHARACTERS_A_WORD]
    # Marks are told by their capitals, so they go first.
    seen = _MARKS.sub(" ", unicodedata.normalize("NFKC", seen).translate(_FOLDED))
    seen = _DOUBLED.sub('"', seen).lower()
    seen = _BEFORE_PUNCTUATION.sub(r"\1", _SPACE.sub(" ", seen))
    seen = _DASH.sub("-", _AFTER_BRACKET.sub(r"\1", seen)).strip()
    words, end = 0, len(seen)
    for found in _WORD.finditer(seen):
        words += 1
        if words == MOST_WORDS + 1:
            end = found.start()
    whole = words if len(seen) == len(text) else max(words, len(_WORD.findall(text)))
    read = min(words, MOST_WORDS)
    return View("text", seen[:end].strip().encode(errors="replace"), read, whole)
