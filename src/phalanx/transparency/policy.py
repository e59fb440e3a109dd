"""A policy: which logs are believed, and which witnesses have to have seen a checkpoint.

A log alone could show one tree to the recipient and another one to everybody else. Witnesses sign
only what is consistent with what they signed before: where enough of them have signed, there is
one tree.

References:
    C2SP tlog-policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from phalanx.errors import VerificationError
from phalanx.printable import printable
from phalanx.transparency.checkpoints import Checkpoint, parse_checkpoint
from phalanx.transparency.note_keys import (
    COSIGNATURE,
    LATTICE_COSIGNATURE,
    NOTE,
    NoteKey,
    read_key,
)
from phalanx.transparency.notes import Note

MOST_BYTES = 1 << 18
MOST_NAMES = 128
"""Of logs, witnesses and groups together; the specification asks for 32 of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Witnesses and groups of which so many have to have signed."""

    least: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What makes a checkpoint count."""

    logs: tuple[NoteKey, ...]
    places: Mapping[str, str] = field(default_factory=dict)
    """Origin of a log -> where it is read."""

    witnesses: Mapping[str, NoteKey] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str | None = None
    """Name of a witness or group; null asks for no witness."""

    def accept(self, note: Note, what: str) -> Checkpoint:
        """Return a checkpoint that one of the logs signed, and enough of the witnesses.

        Parameters:
            note: The signed checkpoint.
            what: What messages call it.

        Raises:
            VerificationError: If it is not signed so, or is none.
        """
        found = parse_checkpoint(note.text, what)
        of_log = [
            each
            for each in self.logs
            if each.name == found.origin and note.signed_at(each, what) is not None
        ]
        if not of_log:
            message = f"{what} is not signed by a log of the policy"
            raise VerificationError(message, next_step="Ask for a proof of a log that you trust.")
        seen = {
            name for name, key in self.witnesses.items() if note.signed_at(key, what) is not None
        }
        if self.quorum is not None and not self._is_met(self.quorum, seen):
            message = f"{what} was seen by {len(seen)} witnesses, which are too few"
            raise VerificationError(message, next_step="Ask for one that more witnesses cosigned.")
        return found

    def _is_met(self, name: str, seen: set[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in seen
        return sum(self._is_met(each, seen) for each in group.members) >= group.least


def parse_policy(content: bytes, what: str) -> Policy:
    r"""Understand a policy.

    Parameters:
        content: Of a file.
        what: What messages call it.

    Raises:
        VerificationError: If it is none, names a key twice, or something that it does not define
            before.

    Examples:
        >>> key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
        >>> parse_policy(f"log {key}\nquorum none\n".encode(), "it").logs[0].name
        'PeterNeumann'
    """
    if len(content) > MOST_BYTES:
        raise _no_policy(what, 0, "it is too large")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise _no_policy(what, 0, "it is no UTF-8") from error
    reading = _Reading(what)
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.replace("\t", " ").split(" ")
        words = [each for each in words if each]
        if any(each < " " for each in line.replace("\t", " ")):
            raise _no_policy(what, number, "it holds control characters")
        if words and not words[0].startswith("#"):
            reading.line(number, words)
    return reading.whole()


class _Reading:
    """A policy as far as it was read."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._logs: list[NoteKey] = []
        self._places: dict[str, str] = {}
        self._witnesses: dict[str, NoteKey] = {}
        self._groups: dict[str, Group] = {}
        self._quorum: list[str | None] = []
        self._taken: set[str] = set()

    def line(self, number: int, words: list[str]) -> None:
        """Read one line."""
        match words:
            case ["log", key, *place] if len(place) <= 1:
                found = self._key(number, key, {NOTE, LATTICE_COSIGNATURE}, self._logs)
                self._logs.append(found)
                if place:
                    self._places[found.name] = place[0]
            case ["witness", name, key, *place] if len(place) <= 1:
                kinds = {COSIGNATURE, LATTICE_COSIGNATURE}
                found = self._key(number, key, kinds, self._witnesses.values())
                self._new(number, name)
                self._witnesses[name] = found
            case ["group", name, least, *members] if members:
                self._group(number, name, least, members)
            case ["quorum", name] if not self._quorum:
                if name != "none" and name not in self._witnesses and name not in self._groups:
                    raise self._wrong(number, "the quorum is not defined before")
                self._quorum.append(None if name == "none" else name)
            case _:
                raise self._wrong(number, "it cannot be understood")
        if len(self._logs) + len(self._witnesses) + len(self._groups) > MOST_NAMES:
            raise self._wrong(number, "it names too many")

    def whole(self) -> Policy:
        """Return what was read."""
        if not self._quorum:
            raise self._wrong(0, "it has no quorum")
        return Policy(
            logs=tuple(self._logs),
            places=self._places,
            witnesses=self._witnesses,
            groups=self._groups,
            quorum=self._quorum[0],
        )

    def _key(self, number: int, text: str, kinds: set[int], known: Iterable[NoteKey]) -> NoteKey:
        try:
            found = read_key(text)
        except VerificationError as error:
            raise self._wrong(number, "its key is none") from error
        if found.kind not in kinds:
            raise self._wrong(number, "its key is of another kind")
        if any(each.public == found.public for each in known):
            raise self._wrong(number, "its key stands twice")
        return found

    def _group(self, number: int, name: str, least: str, members: list[str]) -> None:
        counts = {"any": 1, "all": len(members)}
        count = int(least) if least.isdecimal() and len(least) < 4 else counts.get(least, 0)
        if not 1 <= count <= len(members):
            raise self._wrong(number, "so many cannot sign")
        used = {each for group in self._groups.values() for each in group.members}
        defined = self._witnesses.keys() | self._groups.keys()
        if len(set(members)) < len(members) or used & set(members) or not set(members) <= defined:
            raise self._wrong(number, "a member is not defined before, or counts twice")
        self._new(number, name)
        self._groups[name] = Group(least=count, members=tuple(members))

    def _new(self, number: int, name: str) -> None:
        if name == "none" or name in self._taken:
            raise self._wrong(number, "the name is taken")
        self._taken.add(name)

    def _wrong(self, number: int, why: str) -> VerificationError:
        return _no_policy(self._what, number, why)


def _no_policy(what: str, number: int, why: str) -> VerificationError:
    where = f", line {number}" if number else ""
    message = f"{printable(what)}{where}: no policy of logs: {why}"
    return VerificationError(message, next_step="Write it as C2SP tlog-policy has it.")
