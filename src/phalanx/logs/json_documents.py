"""Read JSON objects from an array, or one after the other over many lines, as a stream."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator

from phalanx.logs.cast import decode_bytes
from phalanx.logs.quality import Quality

MAXIMUM_CHARACTERS = 256 << 20
"""A record that goes on for longer is given up."""

_DECODER = json.JSONDecoder(strict=False)
_BETWEEN = re.compile(r"[\s,\[\]\x00\x1e\ufeff]*")
_FIRST_KEY = re.compile(r'\{\s*("(?:[^"\\]|\\.){1,200}")\s*:')
_ANY_KEY = re.compile(r'\{\s*"')
_OPENINGS = re.compile(r'(?:[\[{]\s*|"(?:[^"\\]|\\.)*+"\s*:\s*)++')
_ESCAPED_BYTES = re.compile("([\udc80-\udcff]+)")
_CLOSE_TO_END = 16


def documents(
    pieces: Iterator[bytes], name: str, quality: Quality
) -> Iterator[tuple[int, int, dict[str, object]]]:
    """Yield the number of each record, from 1, its length as text, and the record.

    Brackets and commas between records are passed over, so that an array, several arrays
    and records without any separator read the same. After a broken record reading goes
    on at the next that begins with the same key as the first one.

    Parameters:
        pieces: The text, cut anywhere.
        name: File, for the rejects.
        quality: Takes the records that cannot be read.

    Examples:
        >>> pieces = iter([b'[{"a": 1}, {"a": 2', b'}, {"a": tru}, {"a": 4}]'])
        >>> quality = Quality()
        >>> list(documents(pieces, "x", quality))
        [(1, 8, {'a': 1}), (2, 8, {'a': 2}), (4, 8, {'a': 4})]
        >>> dict(quality.rejects)
        {'not valid JSON': 1}
    """
    source = _Text(pieces, quality)
    number = 0
    while source.at_record():
        number += 1
        value = source.record()
        if isinstance(value, dict):
            yield number, source.characters, value
        else:
            reason = value if isinstance(value, str) else "not a JSON object"
            quality.reject(name, "record", [number], reason)


class _Text:
    """A window on a text that is read as needed."""

    def __init__(self, pieces: Iterator[bytes], quality: Quality) -> None:
        self._pieces = pieces
        self._quality = quality
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape").decode
        self._text = ""
        self._anchor: re.Pattern[str] | None = None
        self.position = 0
        self.characters = 0

    def at_record(self) -> bool:
        """Move to the next record; false at the end of the text."""
        while True:
            match = _BETWEEN.match(self._text, self.position)
            self.position = match.end() if match else self.position
            if self.position < len(self._text):
                return True
            if not self._read_more(1):
                return False

    def record(self) -> object:
        """Return the record here and move behind it; a text is a reason to reject it."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self.position)
            except RecursionError:
                self._skip_nested()
                return "JSON nested too deeply"
            except json.JSONDecodeError as error:
                if self._may_be_unfinished(error) and self._read_more(len(self._text)):
                    continue
                self._skip_broken()
                return "not valid JSON"
            except ValueError:  # a number of thousands of digits
                self._skip_broken()
                return "not valid JSON"
            if self._anchor is None:
                self._learn_anchor()
            self.characters = end - self.position
            self.position = end
            return None if isinstance(value, str) else value

    def _may_be_unfinished(self, error: json.JSONDecodeError) -> bool:
        if len(self._text) - self.position > MAXIMUM_CHARACTERS:
            return False
        close = error.pos >= len(self._text) - _CLOSE_TO_END
        return close or error.msg.startswith("Unterminated string")

    def _read_more(self, wanted: int) -> bool:
        """Append at least so many characters, if there are; false when there are none."""
        parts = [self._text[self.position :]]
        added = 0
        self.position = 0
        for piece in self._pieces:
            text = self._decode(piece)
            parts.append(text)
            added += len(text)
            if added >= wanted:
                break
        else:
            rest = self._decode(b"", final=True)
            parts.append(rest)
            added += len(rest)
        self._text = "".join(parts)
        if _ESCAPED_BYTES.search(self._text):
            self._mend()
        return added > 0

    def _mend(self) -> None:
        """Read bytes that are not UTF-8 as Windows-1252, so that no surrogate remains."""
        pieces = _ESCAPED_BYTES.split(self._text)
        for index in range(1, len(pieces), 2):
            pieces[index] = decode_bytes(pieces[index].encode(errors="surrogateescape"))
            self._quality.note("text: not valid UTF-8, read as Windows-1252")
        self._text = "".join(pieces)

    def _learn_anchor(self) -> None:
        """Remember with which key a good record begins: how the next one is found."""
        match = _FIRST_KEY.match(self._text, self.position)
        if match:
            self._anchor = re.compile(r"\{\s*" + re.escape(match.group(1)) + r"\s*:")

    def _skip_nested(self) -> None:
        """Move to the innermost record of those that open one inside the other.

        Each of them alone would be followed down to where it is too deep.
        """
        if self._anchor is None:
            self._learn_anchor()
        openings = _OPENINGS.match(self._text, self.position)
        here = self.position + 1
        if openings and self._anchor:
            for match in self._anchor.finditer(self._text, here, openings.end()):
                self.position = match.start()
        if self.position < here:
            self._skip_broken()

    def _skip_broken(self) -> None:
        if self._anchor is None:
            self._learn_anchor()
        anchor = self._anchor or _ANY_KEY
        start = self.position + 1
        while True:
            match = anchor.search(self._text, start)
            if match:
                self.position = match.start()
                return
            # An anchor may be cut in two by the end of the window.
            self.position = max(len(self._text) - 256, start)
            start = 0
            if not self._read_more(1):
                self.position = len(self._text)
                return
