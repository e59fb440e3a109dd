"""Tiles: how a log lays its tree out as files that never change.

References:
    C2SP tlog-tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from phalanx.errors import InputError, VerificationError
from phalanx.transparency.merkle import HASH_BYTES, Subtree, node_hash

WIDTH = 256
HEIGHT = 8
MOST_ENTRY_BYTES = (1 << 16) - 1
MOST_BUNDLE_BYTES = WIDTH * (2 + MOST_ENTRY_BYTES)
MOST_TILE_BYTES = WIDTH * HASH_BYTES
_KEPT_TILES = 256

Fetch = Callable[[str, int], bytes]
"""(path below the log, most bytes) -> content of a file of the log. `InputError` if it is not
there."""


def tile_path(level: int | None, index: int, width: int = WIDTH) -> str:
    """Return where a tile lies.

    Parameters:
        level: Of the tile; null for a bundle of entries.
        index: In its level.
        width: Hashes or entries in it, in [1, 256].

    Examples:
        >>> tile_path(0, 1234067), tile_path(None, 273, 112)
        ('tile/0/x001/x234/067', 'tile/entries/273.p/112')
    """
    parts = [f"{index % 1000:03}"]
    while index := index // 1000:
        parts.insert(0, f"x{index % 1000:03}")
    rest = "" if width == WIDTH else f".p/{width}"
    return f"tile/{'entries' if level is None else level}/{'/'.join(parts)}{rest}"


def width_of(level: int, index: int, size: int) -> int:
    """Return how many hashes a tile has in a log of so many entries, in [0, 256].

    Examples:
        >>> [width_of(level, index, 70_000) for level, index in ((0, 273), (1, 1), (2, 0))]
        [112, 17, 1]
    """
    return max(0, min(WIDTH, (size >> (HEIGHT * level)) - index * WIDTH))


def subtrees_of(fetch: Fetch, size: int) -> Subtree:
    """Return the subtrees of a log, whose tiles are read as they are needed.

    What is read is not believed: a proof that is made of it has to verify.

    Parameters:
        fetch: Reads a file of the log.
        size: Entries of the log, as a checkpoint says.
    """

    @lru_cache(maxsize=_KEPT_TILES)
    def tile(level: int, index: int) -> bytes:
        return read_tile(fetch, level, index, size)

    def subtree(level: int, index: int) -> bytes:
        row, above = divmod(level, HEIGHT)
        number, start = divmod(index << above, WIDTH)
        content = tile(row, number)
        hashes = [
            content[at * HASH_BYTES : (at + 1) * HASH_BYTES]
            for at in range(start, start + (1 << above))
        ]
        return _joined(hashes)

    return subtree


def read_tile(fetch: Fetch, level: int, index: int, size: int) -> bytes:
    """Read a tile as a log of so many entries has it.

    Raises:
        InputError: If it is not there.
        VerificationError: If it has another size.
    """
    width = width_of(level, index, size)
    try:
        content = fetch(tile_path(level, index, width), MOST_TILE_BYTES)
    except InputError:
        if width == WIDTH:
            raise
        # A partial tile may be gone once the full one is there.
        content = fetch(tile_path(level, index), MOST_TILE_BYTES)
    if len(content) < width * HASH_BYTES or len(content) % HASH_BYTES:
        message = f"a tile of the log has another size: {tile_path(level, index, width)}"
        raise VerificationError(message, next_step="Fetch the log again.")
    return content[: width * HASH_BYTES]


def read_bundle(fetch: Fetch, index: int, size: int) -> list[bytes]:
    """Read the entries of a bundle as a log of so many entries has it.

    Raises:
        InputError: If it is not there.
        VerificationError: If it has fewer entries, or ends within one.
    """
    width = width_of(0, index, size)
    try:
        content = fetch(tile_path(None, index, width), MOST_BUNDLE_BYTES)
    except InputError:
        if width == WIDTH:
            raise
        content = fetch(tile_path(None, index), MOST_BUNDLE_BYTES)
    what = f"{tile_path(None, index, width)}, a bundle of the log,"
    found = entries_of(content, what)
    if len(found) < width:
        message = f"{what} has {len(found)} entries, and should have {width}"
        raise VerificationError(message, next_step="Fetch the log again.")
    return found[:width]


def bundle_of(entries: Iterable[bytes]) -> bytes:
    r"""Return entries as a bundle holds them.

    Raises:
        ValueError: If an entry has more than 65,535 bytes.

    Examples:
        >>> bundle_of([b"ab", b""])
        b'\x00\x02ab\x00\x00'
    """
    parts: list[bytes] = []
    for each in entries:
        if len(each) > MOST_ENTRY_BYTES:
            message = f"an entry of a log has at most {MOST_ENTRY_BYTES:,} bytes"
            raise ValueError(message)
        parts += [len(each).to_bytes(2, "big"), each]
    return b"".join(parts)


def entries_of(bundle: bytes, what: str = "a bundle of the log") -> list[bytes]:
    """Return the entries of a bundle.

    Parameters:
        bundle: As it is served.
        what: What messages call it.

    Raises:
        VerificationError: If it ends within one.
    """
    found, at = [], 0
    while at < len(bundle):
        size = int.from_bytes(bundle[at : at + 2], "big")
        at += 2 + size
        if at > len(bundle):
            message = f"{what} ends within an entry"
            raise VerificationError(message, next_step="Fetch the log again.")
        found.append(bundle[at - size : at])
    return found


def _joined(hashes: Sequence[bytes]) -> bytes:
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [node_hash(left, right) for left, right in pairs]
    return hashes[0]
