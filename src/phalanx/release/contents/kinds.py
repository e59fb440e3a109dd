"""Which files may be in a release, by name and by what is in them.

A name promises a kind, and the content has to keep it: a pickle that calls itself
`model.safetensors` or `vocab.txt` is refused. Whoever needs another kind says so by name
(`--unsafe-any-file`), on both sides.
"""

from __future__ import annotations

import codecs
from pathlib import PurePosixPath

from phalanx.errors import InputError, PolicyError
from phalanx.release.contents.pickled import LOOKED_AT_BYTES, pickle_in
from phalanx.release.sealing.streams import Source
from phalanx.release.sealing.suite import CHUNK_BYTES
from phalanx.tensor_layout import LENGTH_BYTES, header_length, parse_layout

_TEXT = frozenset({".txt", ".md", ".rst", ".jinja", ".tiktoken", ".yaml", ".yml", ".toml", ".csv"})
_UNNAMED_TEXT = frozenset({"LICENSE", "LICENCE", "NOTICE", "README", "COPYING", "USE_POLICY"})
_SENTENCEPIECE = b"\x0a"  # the first field of its protocol buffer: a piece of the vocabulary
_NEXT = "Convert it to safetensors, leave it out, or take the risk with --unsafe-any-file."


def refuse_unfit(name: str, file: Source) -> None:
    """Refuse a file that is neither weights, settings, a tokenizer nor text.

    Parameters:
        name: In its release.
        file: It is read from wherever it has to be.

    Raises:
        PolicyError: With why.
    """
    path = PurePosixPath(name)
    beginning = _read(file, 0, LOOKED_AT_BYTES)
    ending = path.suffix.lower()
    if ending == ".safetensors":
        _refuse_other_layout(name, file, beginning)
    elif kind := pickle_in(beginning):
        raise _unfit(name, f"is {kind}: loading it runs whatever program its author put in")
    elif ending == ".json":
        if beginning.lstrip()[:1] not in {b"{", b"["}:
            raise _unfit(name, "is no JSON document")
        _refuse_other_than_text(name, file)
    elif ending in {".model", ".spm"}:
        if not beginning.startswith(_SENTENCEPIECE):
            raise _unfit(name, "is no SentencePiece vocabulary")
    elif ending in _TEXT or path.name in _UNNAMED_TEXT:
        _refuse_other_than_text(name, file)
    else:
        raise _unfit(name, "is of a kind that is not handed on")


def _refuse_other_layout(name: str, file: Source, beginning: bytes) -> None:
    whole = file.seek(0, 2)
    try:
        length = header_length(beginning, whole, name)
        parse_layout(_read(file, LENGTH_BYTES, length), whole, name)
    except InputError as error:
        kind = pickle_in(beginning)
        raise _unfit(
            name, f"is {kind}" if kind else str(error).removeprefix(name).strip()
        ) from error


def _refuse_other_than_text(name: str, file: Source) -> None:
    decode = codecs.getincrementaldecoder("utf-8")().decode
    at = 0
    try:
        while piece := _read(file, at, CHUNK_BYTES):
            at += len(piece)
            if b"\0" in piece:
                raise _unfit(name, "is no text: it holds zero bytes")
            decode(piece)
        decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _unfit(name, "is no text in UTF-8") from error


def _read(file: Source, start: int, size: int) -> bytes:
    file.seek(start)
    found = bytearray()
    while len(found) < size and (piece := file.read(min(size - len(found), CHUNK_BYTES))):
        found += piece
    return bytes(found)


def _unfit(name: str, why: str) -> PolicyError:
    message = f"{name!r} {why}"
    return PolicyError(message, next_step=_NEXT)
