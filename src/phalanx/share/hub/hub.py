"""A hub at work: its database, its clock, and what each request begins with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, ip_address, ip_network

from sqlalchemy import Connection
from starlette.requests import ClientDisconnect, Request

from phalanx.share.hub.allowances import Allowances
from phalanx.share.hub.answers import RequestError, is_acceptable, is_taxii
from phalanx.share.hub.database import Database
from phalanx.share.hub.directory import Collection, Root, collection_of, root_of
from phalanx.share.hub.gauges import Gauges
from phalanx.share.hub.identity import Identities
from phalanx.share.hub.members import Member
from phalanx.share.hub.moments import microseconds
from phalanx.share.hub.opinions import Aggregate
from phalanx.share.hub.settings import HubSettings
from phalanx.share.hub.structure import Check

CERTIFICATE = "phalanx.certificate"
"""Under which the fingerprint of the client's certificate stands in what the server hands on."""

_DRAINED = 4
"""Times the largest body that is read and dropped, so that a client can read why."""


@dataclass(frozen=True, slots=True)
class Hub:
    """What the endpoints work with."""

    settings: HubSettings
    database: Database
    key: bytes
    identities: Identities
    requests: Allowances
    """Of each member."""

    failures: Allowances
    """Of each address, to prove that it is somebody, and fail."""

    check: Check
    together: Aggregate
    gauges: Gauges
    clock: Callable[[], datetime]

    def now(self) -> int:
        """Return the time in microseconds."""
        return microseconds(self.clock())

    def caller(self, request: Request) -> Member:
        """Return who asks, if it may ask now, and takes TAXII.

        Raises:
            RequestError: If not.
        """
        address = f"address {place_of(request.client.host) if request.client else ''}"
        seconds = time.monotonic()
        _refuse_for(self.failures.wait_seconds(address, seconds, cost=0.0))
        certificate = request.scope.get(CERTIFICATE)
        try:
            member = self.identities.of(request.headers, certificate)
        except RequestError:
            self.failures.wait_seconds(address, seconds)
            raise
        request.state.member = member.name
        _refuse_for(self.requests.wait_seconds(f"member {member.number}", seconds))
        if not is_acceptable(request.headers.get("accept")):
            raise RequestError(406, "the hub speaks TAXII 2.1 only")
        if len(request.query_params.multi_items()) > len(request.query_params):
            raise RequestError(400, "a parameter stands twice")
        return member

    async def body(self, request: Request) -> bytes:
        """Return the body of a request, if it is TAXII, not too large, and arrives in time.

        Raises:
            RequestError: If not.
        """
        if not is_taxii(request.headers.get("content-type")):
            raise RequestError(415, "a body is application/taxii+json;version=2.1")
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise RequestError(415, "a body is not compressed")
        most, parts, size = self.settings.largest_body_bytes, [], 0
        try:
            async with asyncio.timeout(self.settings.body_seconds):
                async for part in request.stream():
                    size += len(part)
                    if size <= most:
                        parts.append(part)
                    elif size > _DRAINED * most:
                        break
        except TimeoutError as error:
            raise RequestError(408, "the body did not arrive in time") from error
        except ClientDisconnect as error:
            raise RequestError(400, "the body is not whole") from error
        if size > most:
            raise RequestError(413, f"a body has at most {most:,} bytes")
        return b"".join(parts)

    def metrics_are_open_to(self, request: Request) -> bool:
        """Tell whether somebody may read the counts."""
        if self.settings.open_metrics:
            return True
        # Whoever comes through a proxy of this machine may seem to come from it.
        if self.settings.behind_proxy:
            return False
        try:
            return request.client is not None and ip_address(request.client.host).is_loopback
        except ValueError:
            return False


def place_of(host: str) -> str:
    """Return the place in the network that fails as one: of version 6 whoever has one has 2^64.

    Parameters:
        host: Address of a client.

    Examples:
        >>> place_of("192.0.2.7"), place_of("::ffff:192.0.2.7"), place_of("2001:db8::1%eth0")
        ('192.0.2.7', '192.0.2.7', '2001:db8::/64')
        >>> place_of("a socket")
        'a socket'
    """
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network(f"{address}/64", strict=False))


def seen_root(connection: Connection, member: Member, name: str) -> Root:
    """Return an API root that a member sees.

    Raises:
        RequestError: If it sees none of that name.
    """
    root = root_of(connection, member.number, name)
    if root is None:
        raise RequestError(404, "no such API root")
    return root


def known_collection(connection: Connection, member: Member, root: str, name: str) -> Collection:
    """Return a collection that a member knows of.

    Raises:
        RequestError: If it knows of none of that name.
    """
    seen_root(connection, member, root)
    found = collection_of(connection, member.number, root, name)
    if found is None:
        raise RequestError(404, "no such collection")
    return found


def readable(connection: Connection, member: Member, root: str, name: str) -> Collection:
    """Return a collection that a member may read.

    Raises:
        RequestError: If it may not.
    """
    found = known_collection(connection, member, root, name)
    if not found.rights.can_read:
        raise RequestError(403, "this collection may not be read")
    return found


def writable(connection: Connection, member: Member, root: str, name: str) -> Collection:
    """Return a collection that a member may write to.

    Raises:
        RequestError: If it may not.
    """
    found = known_collection(connection, member, root, name)
    if not found.rights.can_write:
        raise RequestError(403, "nothing may be added to this collection")
    return found


def deletable(connection: Connection, member: Member, root: str, name: str) -> Collection:
    """Return a collection in which a member may delete its own objects.

    Raises:
        RequestError: If it may not.
    """
    found = known_collection(connection, member, root, name)
    rights = found.rights
    if not (rights.can_delete and rights.can_read and rights.can_write):
        raise RequestError(403, "nothing may be deleted from this collection")
    return found


def _refuse_for(seconds: float) -> None:
    if seconds > 0:
        wait = {"Retry-After": f"{seconds + 1:.0f}"}
        raise RequestError(429, "too many requests", wait)
