r"""Text from outside, on its way to a terminal or a page.

A log says what its sender likes. Control characters steer terminals, and format
characters turn the order of the letters round, so that `user-exe.txt` can read
`user-txt.exe`.
"""

from __future__ import annotations

import json
import re

_STEERING = re.compile(
    # Control characters, line and paragraph separators, lone surrogates.
    "[\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
    # Format characters, the category Cf of Unicode 15.
    "\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)


def printable(text: str, *, keep: str = "") -> str:
    r"""Replace what could steer a terminal, so that it is seen and does nothing.

    Parameters:
        text: What somebody else wrote.
        keep: Control characters that may stay, such as line ends between parts of a text.

    Examples:
        >>> printable("\x1b[2Jbob\u202e") == "\ufffd[2Jbob\ufffd"
        True
        >>> printable("one\ntwo", keep="\n")
        'one\ntwo'
    """
    return _STEERING.sub(lambda match: match[0] if match[0] in keep else "\ufffd", text)


def printable_json(document: str) -> str:
    r"""Write the same characters of a JSON document as escapes, which changes nothing in it.

    Examples:
        >>> printable_json('{"name": "a\u202eb"}\n')
        '{"name": "a\\u202eb"}\n'
    """
    return _STEERING.sub(
        lambda match: match[0] if match[0] in "\n\t\r" else json.dumps(match[0])[1:-1], document
    )
