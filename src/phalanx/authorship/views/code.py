"""Code as it is read: without comments and docstrings, the first eighty lines that say anything.

What a function is asked to do stands in its comments, and was written by whoever set the task.
Collections differ in it more than authors do: the human side of one has docstrings, the other side
has none. So comments are not read, nor what a string says, nor a prompt that was left in front.
"""

from __future__ import annotations

import re

from phalanx.authorship.views.view import View

MOST_LINES = 80
"""Lines that are read."""

_MOST_CHARACTERS = 64 * 1024
_PROMPT = re.compile(r"\A.*?^### Response:?[^\n]*\n", re.DOTALL | re.MULTILINE)
_FENCE = re.compile(r"^```[\w+-]*[^\n]*\n(.*?)(?:^```|\Z)", re.DOTALL | re.MULTILINE)

_HASHED = frozenset({"python", "ruby", "shell", "r", "perl", "yaml", "toml"})
"""Languages whose comments begin with a number sign."""

_STRINGS = r"""(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
# What is never closed ends with the code: looking for its end again and again would take long.
_OF_HASH = re.compile(
    r'(?P<block>"""(?:\\.|[^\\])*?(?:"""|\Z)|'
    r"'''(?:\\.|[^\\])*?(?:'''|\Z))|" + _STRINGS + r"|(?P<line>#[^\n]*)",
    re.DOTALL,
)
# A single quote begins a lifetime in Rust, so that only short ones count as text.
_OF_SLASHES = re.compile(
    r'(?P<block>/\*.*?(?:\*/|\Z))|(?P<text>"(?:\\.|[^"\\])*"|'
    r"'(?:\\.[^'\n]{0,8}|[^'\\\n])'|`[^`]*`)"
    r"|(?P<line>//[^\n]*)",
    re.DOTALL,
)


def code_view(code: str, language: str) -> View:
    r"""Return what is read of a piece of code.

    Parameters:
        code: As it was handed in.
        language: In lower case, such as `python`; what is unknown is read like C.

    Returns:
        Its first lines that are neither empty nor comments, indentation in spaces; what strings
        say is gone.

    Examples:
        >>> code_view("def f(x):\n\t'''Add.'''\n\n\treturn x + 'a'  # one\n", "python").content
        b"def f(x):\n    return x + ''"
    """
    seen = code[:_MOST_CHARACTERS].replace("\r\n", "\n")
    seen = _PROMPT.sub("", seen, count=1)
    fenced = _FENCE.search(seen)
    seen = fenced[1] if fenced else seen
    pattern = _OF_HASH if language in _HASHED else _OF_SLASHES
    seen = pattern.sub(_kept, seen).expandtabs(4)
    lines = [line.rstrip() for line in seen.split("\n")]
    lines = [line for line in lines if line]
    read = lines[:MOST_LINES]
    return View("code", "\n".join(read).encode(errors="replace"), len(read), len(lines))


def _kept(found: re.Match[str]) -> str:
    """Return what stays of a comment, a docstring or a string: quotes tell that one was there."""
    if found["text"] is not None:
        return found["text"][0] * 2
    if found["block"] is not None and found["block"][0] in "\"'":
        before = found.string[: found.start()].rpartition("\n")[2]
        # A docstring stands alone on its line; any other text of several lines is a value.
        return '""' if before.strip() else ""
    return ""
