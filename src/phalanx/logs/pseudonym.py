"""Keyed pseudonyms: HMAC-SHA256 of an identifier under the provider's key.

The same identifier has the same pseudonym under one key, and nothing links pseudonyms
of two keys, or of two columns. Whoever holds the key can test a guess (`reveal`);
nobody else can.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from pathlib import Path

from phalanx.owned import read_or_make_secret

PREFIXES = {
    "account_id": "acct_",
    "organisation": "org_",
    "conversation_id": "conv_",
    "client_ip": "ip_",
    "client_subnet": "net_",
    "payment_fingerprint": "pay_",
    "email_domain": "mail_",
}
"""Columns that are replaced by pseudonyms, and how their pseudonyms begin."""

KEY_BYTES = 32
_BLOCK_BYTES = 64
_HEX_DIGITS = 32  # 128 bits: no two of a billion identifiers collide


def pseudonym(key: bytes, column: str, value: str) -> str:
    """Return the pseudonym of one identifier.

    Parameters:
        key: The provider's key, at least 16 bytes.
        column: Column that the identifier stands in; each has pseudonyms of its own.
        value: The identifier.

    Raises:
        ValueError: If the column has no pseudonyms or the key is too short.

    Examples:
        >>> pseudonym(bytes(32), "account_id", "alice")
        'acct_37aedf11c13a1d71a1bd89180fefa331'
    """
    return str(pseudonymiser(key, column)([value])[0])


def pseudonymiser(key: bytes, column: str) -> Callable[[Iterable[str | None]], list[str | None]]:
    """Return a function that `pseudonym` is, for many values; null stays null.

    The two hash states that HMAC (RFC 2104) derives from the key are computed here and
    copied for every value, which costs half of what `hmac.digest` does.

    Examples:
        >>> hide = pseudonymiser(bytes(32), "client_ip")
        >>> hide(["192.0.2.1", None]) == [pseudonym(bytes(32), "client_ip", "192.0.2.1"), None]
        True
    """
    if column not in PREFIXES:
        message = f"{column} has no pseudonyms; columns that do: {', '.join(PREFIXES)}"
        raise ValueError(message)
    if len(key) < KEY_BYTES // 2:
        message = f"a pseudonym key has at least {KEY_BYTES // 2} bytes"
        raise ValueError(message)
    block = (key if len(key) <= _BLOCK_BYTES else hashlib.sha256(key).digest()).ljust(
        _BLOCK_BYTES, b"\0"
    )
    keyed = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
    keyed.update(_label(column))
    inner = keyed.copy
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block)).copy
    prefix = PREFIXES[column]

    def hide(values: Iterable[str | None]) -> list[str | None]:
        hidden: list[str | None] = []
        for value in values:
            if value is None:
                hidden.append(None)
                continue
            first = inner()
            first.update(value.encode())
            second = outer()
            second.update(first.digest())
            hidden.append(prefix + second.hexdigest()[:_HEX_DIGITS])
        return hidden

    return hide


def key_id(key: bytes) -> str:
    """Name a key without telling anything about it.

    Examples:
        >>> key_id(bytes(32))
        'key_7cd3ea9a5a6ac38f'
    """
    return "key_" + hmac.digest(key, b"phalanx key id v1", "sha256").hex()[:16]


def reveal(
    key: bytes, candidates: Iterable[str], pseudonyms: Iterable[str], column: str = "account_id"
) -> dict[str, str]:
    """Find which candidates stand behind pseudonyms.

    Parameters:
        key: Key under which the pseudonyms were made.
        candidates: Identifiers that may stand behind them, for example all accounts.
        pseudonyms: What is to be resolved.
        column: Column that the pseudonyms come from.

    Returns:
        Pseudonym -> identifier, for those that a candidate matches.

    Raises:
        ValueError: If the column has no pseudonyms or the key is too short.

    Examples:
        >>> secret = pseudonym(bytes(32), "account_id", "alice")
        >>> reveal(bytes(32), ["bob", "alice"], [secret]) == {secret: "alice"}
        True
    """
    wanted = set(pseudonyms)
    hide = pseudonymiser(key, column)
    found: dict[str, str] = {}
    for candidate in candidates:
        (alias,) = hide([candidate])
        if alias in wanted:
            found[alias] = candidate
    return found


def load_or_create_key(path: Path) -> bytes:
    """Read the provider's key, or make one that only its owner may read.

    Parameters:
        path: File of exactly 32 bytes. Folders on the way are made.

    Raises:
        ConfigError: If others may read the file, or it is not a key.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     made = load_or_create_key(Path(folder) / "pseudonym.key")
        ...     made == load_or_create_key(Path(folder) / "pseudonym.key"), len(made)
        (True, 32)
    """
    return read_or_make_secret(path, "pseudonym key", KEY_BYTES)


def _label(column: str) -> bytes:
    return b"phalanx pseudonym v1\0" + column.encode() + b"\0"
