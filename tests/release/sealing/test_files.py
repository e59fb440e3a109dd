"""A sealed file opens to what was sealed, whole or in part."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from io import FileIO
from pathlib import Path

import pytest
from blake3 import blake3
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phalanx.errors import InputError, VerificationError
from phalanx.release.sealing.hashing import new_hash
from phalanx.release.sealing.header import Header
from phalanx.release.sealing.reading import sealed_file
from phalanx.release.sealing.suite import CHUNK_BYTES
from phalanx.release.sealing.writing import Buffers, open_plain

KEY = bytes(range(32))


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1])
def test_content_comes_back(
    size: int, seal: Callable[..., Header], buffers: Buffers, tmp_path: Path
) -> None:
    """Whatever its length, the content comes back, and both sides hash the same."""
    content = bytes(index % 251 for index in range(997)) * (size // 997 + 1)
    (tmp_path / "plain").write_bytes(content[:size])
    there, here = new_hash("sha256"), new_hash("sha256")
    header = seal(tmp_path / "plain", tmp_path / "sealed", digest=there)
    with (
        sealed_file(tmp_path / "sealed", KEY) as file,
        FileIO(tmp_path / "opened", "wb") as opened,
    ):
        file.write_to(opened, here, buffers)
    assert (tmp_path / "opened").read_bytes() == content[:size]
    assert here.digest() == there.digest() == hashlib.sha256(content[:size]).digest()
    assert header.file_bytes == (tmp_path / "sealed").stat().st_size


@given(st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_range_can_be_read(
    sealed_path: Path, content: bytes, buffers: Buffers, data: st.DataObject
) -> None:
    """A range comes back as it is, wherever it lies between the chunks."""
    start = data.draw(st.integers(0, len(content)))
    size = data.draw(st.integers(0, len(content) - start))
    with sealed_file(sealed_path, KEY) as file:
        assert file.read(start, size, buffers) == content[start : start + size]


def test_a_range_outside_is_a_mistake(sealed_path: Path, buffers: Buffers, content: bytes) -> None:
    """A range beyond the end is no short answer."""
    with (
        sealed_file(sealed_path, KEY) as file,
        pytest.raises(ValueError, match="bytes 10 to"),
    ):
        file.read(10, len(content), buffers)


def test_the_format_can_be_read_without_this_code(sealed_path: Path, content: bytes) -> None:
    """What the reference says of the bytes is enough to open a file."""
    raw = sealed_path.read_bytes()
    name_bytes = int.from_bytes(raw[10:12], "big")
    header = raw[: 124 + name_bytes]
    made = HKDF(
        hashes.SHA256(), 71, salt=header[28:60],
        info=b"phalanx release file v1\0" + header[:92] + header[124:],
    ).derive(KEY)  # fmt: skip
    assert made[32:64] == header[92:124]
    nonce = made[64:] + (2).to_bytes(4, "big") + b"\x01"
    last = raw[len(header) + 2 * (4 * 2**20 + 16) :]
    assert AESGCM(made[:32]).decrypt(nonce, last, header) == content[8 * 2**20 :]


def test_a_file_is_as_it_was_written_once(sealed_path: Path) -> None:
    """The bytes of version 1 stay: this digest was computed once, and is not to change."""
    found = hashlib.sha256(sealed_path.read_bytes()).hexdigest()
    assert found == "1299bc92bcddcbef498e92297a3dc21671d7f784144ad7fa3831da6af731d006"


def test_two_sealings_share_no_key(seal: Callable[..., Header], tmp_path: Path) -> None:
    """The same content under the same content key is other bytes each time."""
    (tmp_path / "plain").write_bytes(b"the same" * 100)
    seal(tmp_path / "plain", tmp_path / "one", seed=1)
    seal(tmp_path / "plain", tmp_path / "other", seed=2)
    one, other = (tmp_path / "one").read_bytes(), (tmp_path / "other").read_bytes()
    assert one[-800:] != other[-800:]


def test_a_source_that_grows_is_refused(seal: Callable[..., Header], tmp_path: Path) -> None:
    """A file that has more bytes in the end than at the beginning is not sealed."""
    plain = tmp_path / "plain"
    plain.write_bytes(b"12345678")

    class Growing:
        """A hash that writes into the file while it is sealed."""

        def update(self, data: memoryview, /) -> None:
            """Take bytes, and add some to the file."""
            assert bytes(data) == b"12345678"
            with plain.open("ab") as file:
                file.write(b"9")

        def digest(self) -> bytes:
            """Return nothing that anybody asks for."""
            return b""

    with pytest.raises(InputError, match="changed its length"):
        seal(plain, tmp_path / "sealed", digest=Growing())


def test_links_and_pipes_are_no_sources(tmp_path: Path) -> None:
    """Only a regular file that is there itself is read."""
    (tmp_path / "plain").write_bytes(b"1")
    (tmp_path / "link").symlink_to(tmp_path / "plain")
    for path in (tmp_path / "link", tmp_path, tmp_path / "absent"):
        with pytest.raises(InputError, match=r"cannot be read|no regular file"):
            open_plain(path)


def test_blake3_is_the_same_hash() -> None:
    """A manifest with BLAKE3 names the digest that everybody computes."""
    found = new_hash("blake3")
    found.update(memoryview(b"abc"))
    assert found.digest() == blake3(b"abc").digest()
    with pytest.raises(VerificationError, match="not known"):
        new_hash("md5")
