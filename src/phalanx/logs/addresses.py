"""Client addresses: one spelling for each, and the network that it belongs to."""

from __future__ import annotations

import re
import socket

_V4_MAPPED = b"\0" * 10 + b"\xff\xff"
_V4_WITH_PORT = re.compile(r"^(\d+\.\d+\.\d+\.\d+):\d+$")
_V6_IN_BRACKETS = re.compile(r"^\[([^\]]+)\](?::\d+)?$")


def canonical_address(text: str) -> str | None:
    """Return the usual spelling of an address, or null when the text is none.

    A port, a zone and the later hops of a forwarding chain are dropped; an IPv4 address
    inside an IPv6 one is written as IPv4.

    Examples:
        >>> canonical_address("203.0.113.7:51000"), canonical_address("::ffff:203.0.113.7")
        ('203.0.113.7', '203.0.113.7')
        >>> canonical_address("2001:DB8:0::1"), canonical_address("unknown")
        ('2001:db8::1', None)
    """
    packed = _packed(text)
    if packed is None:
        return None
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, packed)


def subnet_of(address: str) -> str | None:
    """Return the /24 of an IPv4 address or the /48 of an IPv6 one.

    Examples:
        >>> subnet_of("203.0.113.7"), subnet_of("2001:db8:1:2::3")
        ('203.0.113.0/24', '2001:db8:1::/48')
    """
    packed = _packed(address)
    if packed is None:
        return None
    if len(packed) == 4:
        return f"{packed[0]}.{packed[1]}.{packed[2]}.0/24"
    return socket.inet_ntop(socket.AF_INET6, packed[:6] + b"\0" * 10) + "/48"


def _packed(text: str) -> bytes | None:
    try:
        return socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError):
        pass
    text = text.split(",", 1)[0].strip()
    match = _V4_WITH_PORT.match(text) or _V6_IN_BRACKETS.match(text)
    text = (match.group(1) if match else text).split("%", 1)[0]
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        return packed[12:] if packed[:12] == _V4_MAPPED else packed
    return None
