r"""Texts as a reader would take them: what hides a word from a list is undone.

Full-width and mathematical letters, accents, letters of other scripts that look like Latin
ones, invisible characters, digits for letters, letters set apart.
"""

from __future__ import annotations

import re
import unicodedata

_HIDDEN = frozenset({"Cf", "Mn", "Me", "Cc", "Co", "Cs"})

# Letters that cannot be told from Latin ones by eye, after case folding.
_ALIKE = {
    # Cyrillic
    **str.maketrans(
        "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d",
        "aeopcyxijshdqw",
    ),
    **str.maketrans("\u043a\u043c\u0442\u0432\u043d", "kmtbh"),
    # Greek
    **str.maketrans("\u03b1\u03b5\u03b9\u03bf\u03c1\u03c4\u03c5\u03bd\u03ba\u03c7", "aeioptuvkx"),
    # Armenian
    **str.maketrans("\u0585\u057d\u0578\u0570\u0581", "ounhg"),
    # Latin letters of phonetics, and with strokes
    **str.maketrans("\u0131\u0261\u0251\u1d0f\u1d04\u026a\u0280\u1d07\u1d00", "igaocirea"),
    **str.maketrans("\u0142\u00f8\u0111", "lod"),
}
_FOR_LETTERS = str.maketrans("013457@$!|", "oieastasil")
_STANDS_FOR = re.compile("[013457@$!|]")
_WORD = re.compile(r"[^\W_]+")
_APART = re.compile(r"(?<![^\W_])(?:[^\W_][\W_]{1,3}){2,}[^\W_](?![^\W_])")


def undisguised(text: str) -> str:
    r"""Return a text case-folded, without accents and invisible characters, in plain forms.

    Examples:
        >>> undisguised("\uff30r\u200bi\u00e7e \uff14\uff15")
        'price 45'
    """
    if text.isascii() and text.isprintable():
        return text.casefold()
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(
        each for each in plain if unicodedata.category(each) not in _HIDDEN or each in "\n\t"
    )
    return unicodedata.normalize("NFKC", kept)


def readings(text: str) -> tuple[str, ...]:
    r"""Return the ways in which a text can be read, each for a look at its words.

    Parameters:
        text: As it was written.

    Returns:
        The plain form; the same with look-alike letters of other scripts taken as Latin, with
        digits taken as letters, and with letters that were set apart put together.

    Examples:
        >>> any("price" in words_of(each) for each in readings("p r i c e"))
        True
        >>> any("price" in words_of(each) for each in readings("\u0440r1c\u0435"))
        True
    """
    plain = undisguised(text)
    latin = plain if plain.isascii() else plain.translate(_ALIKE)
    spelt = _APART.sub(lambda match: re.sub(r"[\W_]+", "", match[0]), latin)
    read = dict.fromkeys((plain, latin, spelt))
    spelt_out = (
        each.translate(_FOR_LETTERS) for each in (latin, spelt) if _STANDS_FOR.search(each)
    )
    return tuple(read | dict.fromkeys(spelt_out))


def is_disguised(text: str) -> bool:
    r"""Tell whether a text holds characters that a plain English text does not need.

    Examples:
        >>> is_disguised("caf\u00e9"), is_disguised("p\u200brice")
        (False, True)
    """
    for each in () if text.isascii() else text:
        if each.isascii():
            continue
        if unicodedata.category(each) in _HIDDEN or "LATIN" not in unicodedata.name(each, ""):
            return True
        if unicodedata.normalize("NFKC", each) != each:
            return True
    return False


def words_of(text: str) -> list[str]:
    """Return the words of a text that was undisguised, in order.

    Examples:
        >>> words_of("per-token, 3 usd")
        ['per', 'token', '3', 'usd']
    """
    return _WORD.findall(text)
