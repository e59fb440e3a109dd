"""Identifiers on their way in: one spelling each, then a pseudonym under the key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from phalanx.logs.addresses import canonical_address, subnet_of
from phalanx.logs.memo import Memo
from phalanx.logs.pseudonym import PREFIXES, pseudonymiser
from phalanx.logs.quality import Quality

Spelling = Callable[[str], str | None]
_PSEUDONYM = re.compile(rf"{PREFIXES['client_ip']}[0-9a-f]{{32}}")

_SPELLINGS: Mapping[str, Spelling] = {
    "client_ip": canonical_address,
    "client_subnet": subnet_of,
    "email_domain": lambda text: text.rpartition("@")[2].strip().lower() or None,
}


def spelled(column: str, value: str) -> str | None:
    """Return the one spelling of an identifier that a person wrote; null where it is none.

    Examples:
        >>> spelled("email_domain", "Ann@Example.org"), spelled("client_subnet", "192.0.2.0/24")
        ('example.org', '192.0.2.0/24')
        >>> spelled("client_subnet", "192.0.2.7"), spelled("client_subnet", "nowhere")
        ('192.0.2.0/24', None)
    """
    spell = _SPELLINGS.get(column)
    address = value.partition("/")[0] if column == "client_subnet" else value
    return address.strip() or None if spell is None else spell(address)


class Identifiers:
    """Spells and disguises identifying columns, each distinct value once.

    An address has one spelling; a domain is in lower case, and of a whole e-mail address
    only the domain is kept. The subnet is taken from the address before either becomes a
    pseudonym. The log of a gateway has pseudonyms of addresses in place of these: they stay, and
    have no subnet.

    Parameters:
        key: Key of the pseudonyms; null leaves identifiers in clear.
        quality: Takes notes on addresses that are none.

    Examples:
        >>> identifiers = Identifiers(None, Quality())
        >>> found = identifiers.finished({"client_ip": pa.array(["192.0.2.9:443", "?"])})
        >>> found["client_ip"].to_pylist(), found["client_subnet"].to_pylist()
        (['192.0.2.9', None], ['192.0.2.0/24', None])
        >>> hidden = {"client_ip": pa.array(["ip_" + "0" * 32])}
        >>> identifiers.finished(hidden)["client_ip"].to_pylist() == hidden["client_ip"].to_pylist()
        True
        >>> domains = pa.array(["Ann@Example.org"])
        >>> identifiers.finished({"email_domain": domains})["email_domain"].to_pylist()
        ['example.org']
    """

    def __init__(self, key: bytes | None, quality: Quality) -> None:
        """Prepare the memories; the key stays inside the functions they call."""
        self._quality = quality
        self._hidden = key is not None
        self._memos = {
            name: Memo(_disguise(name, key))
            for name in PREFIXES
            if name != "client_subnet" and (self._hidden or name in _SPELLINGS)
        }
        self._memos["client_ip"] = Memo(
            _disguise("client_ip", key), _disguise("client_subnet", key)
        )

    def finished(self, columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
        """Return the identifying columns as they leave; others are not returned.

        Parameters:
            columns: Text columns by name; `client_subnet` is made from `client_ip`.
        """
        finished: dict[str, pa.Array] = {}
        for name, column in columns.items():
            memo = self._memos.get(name)
            if memo is None or column.null_count == len(column):
                continue
            if name == "email_domain" and not self._hidden and _is_plain_domain(column):
                continue
            finished[name], *others = memo.apply(column)
            if name == "client_ip":
                (finished["client_subnet"],) = others
                lost = finished[name].null_count - column.null_count
                self._quality.note("client_ip: no IP address, left empty", lost)
        return finished


def _is_plain_domain(column: pa.Array) -> bool:
    """Say whether no cell holds what `_SPELLINGS` would change."""
    return not pc.any(pc.match_substring_regex(column, r"[A-Z@\s]|[^\x00-\x7f]")).as_py()


def _disguise(name: str, key: bytes | None) -> Callable[[list[str]], list[str | None]]:
    """Return the function from values as logged to values as they leave."""
    spell = _address_or_pseudonym if name == "client_ip" else _SPELLINGS.get(name)
    hide = None if key is None else pseudonymiser(key, name)

    def apply(values: list[str]) -> list[str | None]:
        spelled = values if spell is None else [spell(value) for value in values]
        return list(spelled) if hide is None else hide(spelled)

    return apply


def _address_or_pseudonym(text: str) -> str | None:
    return text if _PSEUDONYM.fullmatch(text) else canonical_address(text)
