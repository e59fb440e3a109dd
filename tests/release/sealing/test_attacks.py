"""Nothing of a sealed file can be changed, left out, moved or passed off as something else."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from phalanx.errors import VerificationError
from phalanx.release.sealing.file_keys import derive
from phalanx.release.sealing.header import FIXED_BYTES, Header, parse_header
from phalanx.release.sealing.reading import header_bytes, sealed_file
from phalanx.release.sealing.suite import CHUNK_BYTES, TAG_BYTES, nonce
from phalanx.release.sealing.writing import Buffers

KEY = bytes(range(32))
NAME = "model.safetensors"
START = FIXED_BYTES + len(NAME)
SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES
FIELDS = {
    "magic": 3,
    "version": 7,
    "suite": 9,
    "name length": 11,
    "content length": 19,
    "content length, high": 12,
    "chunk count": 27,
    "salt": 30,
    "grant": 70,
    "commitment": 100,
    "name": FIXED_BYTES + 2,
    "first chunk": START + 5,
    "first tag": START + SEALED_CHUNK - 1,
    "middle chunk": START + SEALED_CHUNK + 77,
    "last chunk": START + 2 * SEALED_CHUNK + 3,
    "last tag": -1,
}


def _open(path: Path, buffers: Buffers, key: bytes = KEY) -> bytes:
    found = bytearray()
    with sealed_file(path, key) as file:
        for piece in file.pieces(buffers):
            found += piece
    return bytes(found)


@pytest.mark.parametrize("at", FIELDS.values(), ids=FIELDS.keys())
def test_a_flipped_bit_is_found(
    at: int, sealed_path: Path, buffers: Buffers, tmp_path: Path
) -> None:
    """In every field of the format, one bit that is another one stops the opening."""
    raw = bytearray(sealed_path.read_bytes())
    raw[at] ^= 1
    (tmp_path / "changed").write_bytes(raw)
    with pytest.raises(VerificationError):
        _open(tmp_path / "changed", buffers)


def test_a_flipped_bit_is_found_in_every_byte_of_a_small_file(
    seal: Callable[..., Header], buffers: Buffers, tmp_path: Path
) -> None:
    """Each byte of a whole file is authenticated, and each bit of some."""
    (tmp_path / "plain").write_bytes(b"content")
    seal(tmp_path / "plain", tmp_path / "sealed")
    raw = (tmp_path / "sealed").read_bytes()
    assert _open(tmp_path / "sealed", buffers) == b"content"
    for at in range(len(raw)):
        changed = bytearray(raw)
        changed[at] ^= 1 << at % 8
        (tmp_path / "changed").write_bytes(changed)
        with pytest.raises(VerificationError):
            _open(tmp_path / "changed", buffers)


def test_every_truncation_is_found(
    seal: Callable[..., Header], buffers: Buffers, tmp_path: Path
) -> None:
    """A file that was cut off anywhere, or has a byte more, is not opened."""
    (tmp_path / "plain").write_bytes(b"content")
    seal(tmp_path / "plain", tmp_path / "sealed")
    raw = (tmp_path / "sealed").read_bytes()
    for changed in [*(raw[:length] for length in range(len(raw))), raw + b"\0"]:
        (tmp_path / "changed").write_bytes(changed)
        with pytest.raises(VerificationError):
            _open(tmp_path / "changed", buffers)


def test_a_truncation_with_a_header_that_lies_is_found(
    sealed_path: Path, buffers: Buffers, tmp_path: Path
) -> None:
    """Whoever cuts off a chunk and mends all lengths does not know the key of that header."""
    raw = sealed_path.read_bytes()
    header = parse_header(raw[:2000], len(raw), "it")
    shorter = Header(
        name=header.name, content_bytes=2 * CHUNK_BYTES, salt=header.salt, grant=header.grant,
        commitment=header.commitment,
    )  # fmt: skip
    cut = shorter.as_bytes() + raw[START : START + 2 * SEALED_CHUNK]
    (tmp_path / "cut").write_bytes(cut)
    with pytest.raises(VerificationError, match="header was changed"):
        _open(tmp_path / "cut", buffers)


@pytest.mark.parametrize(
    "order",
    [(1, 0, 2), (0, 0, 2), (0, 2, 1), (1, 1, 2)],
    ids=["swapped", "repeated", "last moved", "first replaced"],
)
def test_chunks_stay_where_they_are(
    order: tuple[int, ...], sealed_path: Path, buffers: Buffers, tmp_path: Path
) -> None:
    """Chunks in another order, twice, or in the place of others are found."""
    raw = sealed_path.read_bytes()
    chunks = [raw[START + at * SEALED_CHUNK :][:SEALED_CHUNK] for at in range(3)]
    (tmp_path / "moved").write_bytes(raw[:START] + b"".join(chunks[at] for at in order))
    with pytest.raises(VerificationError):
        _open(tmp_path / "moved", buffers)


def test_chunks_of_another_file_do_not_fit(
    seal: Callable[..., Header], buffers: Buffers, tmp_path: Path
) -> None:
    """A chunk of another file of the same release, under the same content key, is found."""
    for name, seed in (("a", 1), ("b", 2)):
        (tmp_path / name).write_bytes(name.encode() * 50)
        seal(tmp_path / name, tmp_path / f"{name}.sealed", name=name, seed=seed)
    one, other = ((tmp_path / f"{name}.sealed").read_bytes() for name in "ab")
    (tmp_path / "mixed").write_bytes(one[:125] + other[125:])
    with pytest.raises(VerificationError, match="chunk 0"):
        _open(tmp_path / "mixed", buffers)


@pytest.mark.parametrize("key", [bytes(32), bytes(range(1, 33))])
def test_another_key_does_not_open(key: bytes, sealed_path: Path, buffers: Buffers) -> None:
    """The key of another recipient is told at the header, before anything is decrypted."""
    with pytest.raises(VerificationError, match="another key"):
        _open(sealed_path, buffers, key)


def test_one_file_opens_under_one_key_only(buffers: Buffers, tmp_path: Path) -> None:
    """Ciphertext that two keys open, which AES-GCM allows, fails at the commitment.

    The attack is real: one ciphertext with one tag, valid under two keys. The commitment in the
    header can be that of one of them, and the other recipient is told.
    """
    blank = Header(
        name=NAME, content_bytes=32, salt=bytes(32), grant=bytes(32), commitment=bytes(32)
    )
    one, other = derive(KEY, blank), derive(bytes(32), blank)
    header = Header(
        name=NAME, content_bytes=32, salt=bytes(32), grant=bytes(32), commitment=one.commitment
    )
    chunk = _collision(one.nonce_prefix, other.nonce_prefix, header.as_bytes())
    raw_keys = [_raw_key(KEY, blank), _raw_key(bytes(32), blank)]
    for raw, keys in zip(raw_keys, (one, other), strict=True):
        at = nonce(keys.nonce_prefix, 0, is_last=True)
        AESGCM(raw).decrypt(at, chunk, header.as_bytes())  # both keys accept it
    (tmp_path / "two").write_bytes(header.as_bytes() + chunk)
    assert len(_open(tmp_path / "two", buffers)) == 32
    with pytest.raises(VerificationError, match="another key"):
        _open(tmp_path / "two", buffers, bytes(32))


def _raw_key(content_key: bytes, header: Header) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = b"phalanx release file v1\0" + header.bound
    return HKDF(hashes.SHA256(), 71, salt=header.salt, info=info).derive(content_key)[:32]


def _collision(prefix: bytes, other_prefix: bytes, aad: bytes) -> bytes:
    """Return 32 bytes and a tag that both keys accept: one block is solved for in GF(2^128)."""
    blank = Header(
        name=NAME, content_bytes=32, salt=bytes(32), grant=bytes(32), commitment=bytes(32)
    )
    tags = []
    first = bytes(16)
    for key, start in ((KEY, prefix), (bytes(32), other_prefix)):
        raw = _raw_key(key, blank)
        tags.append((raw, nonce(start, 0, is_last=True)))
    # The tag is linear in the second block: tag = c + block * H^2, with H^2 from two questions.
    parts = []
    for raw, at in tags:
        zero = _tag_of(raw, at, first + bytes(16), aad)
        unit = _tag_of(raw, at, first + (1 << 127).to_bytes(16, "big"), aad)
        parts.append((zero, zero ^ unit))
    (zero_one, square_one), (zero_other, square_other) = parts
    block = _times(zero_one ^ zero_other, _inverse(square_one ^ square_other))
    tag = zero_one ^ _times(block, square_one)
    return first + block.to_bytes(16, "big") + tag.to_bytes(16, "big")


def _tag_of(key: bytes, at: bytes, ciphertext: bytes, aad: bytes) -> int:
    cipher = AESGCM(key)
    stream = cipher.encrypt(at, bytes(len(ciphertext)), aad)[:-16]
    plain = bytes(left ^ right for left, right in zip(ciphertext, stream, strict=True))
    return int.from_bytes(cipher.encrypt(at, plain, aad)[-16:], "big")


def _times(left: int, right: int) -> int:
    """Multiply in the field of GHASH, where the highest bit is the constant term."""
    product = 0
    for place in range(127, -1, -1):
        if right >> place & 1:
            product ^= left
        left = left >> 1 ^ (0xE1 << 120 if left & 1 else 0)
    return product


def _inverse(value: int) -> int:
    """Return value^(2^128 - 2)."""
    found, power = 1 << 127, value
    for _ in range(127):
        power = _times(power, power)
        found = _times(found, power)
    return found


def test_names_that_lead_elsewhere_are_refused_in_the_header(sealed_path: Path) -> None:
    """A header with a path that climbs is refused before any key is asked for."""
    header = parse_header(sealed_path.read_bytes()[:2000], sealed_path.stat().st_size, "it")
    for name in ("../model.safetensor", "/etc/model.safeten", "a\\b", "a/./b", "a\nb"):
        lying = Header(
            name=name, content_bytes=0, salt=header.salt, grant=header.grant,
            commitment=header.commitment,
        )  # fmt: skip
        with pytest.raises(VerificationError, match="no name of a file"):
            parse_header(lying.as_bytes(), lying.file_bytes, "it")


def test_noise_is_no_sealed_file(buffers: Buffers, tmp_path: Path) -> None:
    """Bytes of any kind end in words and in no other error."""
    noise = random.Random(3)
    for size in (0, 7, 8, 123, 124, 2000):
        for start in (b"", b"PHXFILE1", b"PHXFILE1\0\1"):
            (tmp_path / "noise").write_bytes(start + noise.randbytes(size))
            with pytest.raises(VerificationError):
                _open(tmp_path / "noise", buffers)


def test_what_failed_leaves_no_content_behind(
    sealed_path: Path, buffers: Buffers, tmp_path: Path
) -> None:
    """Of a chunk that is not as it was sealed, nothing stays in the buffer that callers see."""
    raw = bytearray(sealed_path.read_bytes())
    raw[START + 100] ^= 1
    (tmp_path / "changed").write_bytes(raw)
    with pytest.raises(VerificationError):
        _open(tmp_path / "changed", buffers)
    assert not any(buffers.plain[:1000])
    assert header_bytes(parse_header(bytes(raw[:2000]), len(raw), "it")) == START
