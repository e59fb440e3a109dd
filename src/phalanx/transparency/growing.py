"""What files a log gets when entries are added: pure, from its right edge to the next one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from phalanx.transparency.merkle import HASH_BYTES, leaf_hash, node_hash
from phalanx.transparency.tiles import HEIGHT, WIDTH, bundle_of, tile_path


@dataclass(slots=True)
class Edge:
    """The right edge of a log: tiles and the bundle that are not full yet."""

    size: int = 0
    entries: list[bytes] = field(default_factory=list)
    tiles: list[list[bytes]] = field(default_factory=list)
    """For each level, the hashes of the tile that is growing."""

    def add(self, entries: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
        """Add entries, and yield every file that is full by that, with its path."""
        for entry in entries:
            self.entries.append(entry)
            if len(self.entries) == WIDTH:
                yield tile_path(None, self.size // WIDTH), bundle_of(self.entries)
                self.entries = []
            yield from self._grow(leaf_hash(entry))
            self.size += 1

    def partial(self) -> Iterator[tuple[str, bytes]]:
        """Yield the files that are not full, with their paths."""
        if self.entries:
            width = len(self.entries)
            yield tile_path(None, self.size // WIDTH, width), bundle_of(self.entries)
        for level, hashes in enumerate(self.tiles):
            if hashes:
                index = self.size >> (HEIGHT * (level + 1))
                yield tile_path(level, index, len(hashes)), b"".join(hashes)

    def _grow(self, found: bytes) -> Iterator[tuple[str, bytes]]:
        for level in range(64 // HEIGHT):
            if level == len(self.tiles):
                self.tiles.append([])
            self.tiles[level].append(found)
            if len(self.tiles[level]) < WIDTH:
                return
            hashes, self.tiles[level] = self.tiles[level], []
            yield tile_path(level, self.size >> (HEIGHT * (level + 1))), b"".join(hashes)
            while len(hashes) > 1:
                pairs = zip(hashes[::2], hashes[1::2], strict=True)
                hashes = [node_hash(left, right) for left, right in pairs]
            (found,) = hashes


def hashes_of(tile: bytes) -> list[bytes]:
    """Return the hashes of a tile."""
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]
