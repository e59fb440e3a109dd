"""The language of a document: of code by its file, of prose by its commonest words."""

from __future__ import annotations

import re

CODE = {
    ".c": "c", ".cc": "cpp", ".cpp": "cpp", ".cs": "csharp", ".go": "go", ".h": "c",
    ".hpp": "cpp", ".java": "java", ".js": "js", ".jsx": "js", ".kt": "kotlin", ".php": "php",
    ".py": "python", ".r": "r", ".rb": "ruby", ".rs": "rust", ".scala": "scala", ".sh": "shell",
    ".swift": "swift", ".ts": "ts", ".tsx": "ts",
}  # fmt: skip
"""Suffix of a file -> language of the code in it."""

OTHER = "other"
"""Language that is not told apart from others."""

_ENGLISH = frozenset(
    {
        "the", "of", "and", "to", "a", "in", "is", "it", "that", "was", "for", "on", "are",
        "as", "with", "be", "at", "this", "have", "from", "or", "by", "not", "but", "they",
        "you", "we", "he", "she", "his", "her", "their", "which", "can", "will", "had",
        "has", "were", "been", "an", "if", "there", "what", "when", "who", "so", "would",
        "all", "my", "i", "one", "more", "about", "up", "out", "them", "no", "do", "our",
        "your", "than",
    }
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_LOOKED_AT = 4000
_LEAST_SHARE = 0.2


def language_of(text: str) -> str:
    """Return `en` where a fifth of the words are the commonest of English, `other` elsewhere.

    Examples:
        >>> language_of("It is one of the things that we have.")
        'en'
        >>> language_of("Das ist eines der Dinge, die wir haben.")
        'other'
    """
    words = _WORD.findall(text[:_LOOKED_AT].lower())
    common = sum(word in _ENGLISH for word in words)
    return "en" if words and common >= _LEAST_SHARE * len(words) else OTHER
