"""A server of TAXII 2.1, its API roots and collections, as one member knows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx2

from phalanx.errors import ConfigError, InputError, PhalanxError, VerificationError
from phalanx.share.asking import PatientClient, Reply
from phalanx.share.client.answers import ApiRoot, CollectionInfo, Collections, Discovery, read

_COLLECTIONS = "/collections/"
_ADVICE = "Check the URL, the key and the member's rights."


class TaxiiServer:
    """A server that a member reaches; `connected` makes it.

    Parameters:
        client: Asks it.
        origin: Its address.
        url: On it, of whatever the member named: the server, an API root or a collection.
        sleep: How to wait, in seconds.
    """

    def __init__(
        self,
        client: PatientClient,
        origin: httpx2.URL,
        url: str,
        sleep: Callable[[float], None],
    ) -> None:
        """Keep what was named."""
        self._client = client
        self._origin = origin
        self._path = self.path_of(url)
        self.sleep = sleep

    def discover(self) -> Discovery:
        """Return what the server says of itself.

        Raises:
            PhalanxError: As `ask`.
        """
        return read(Discovery, self.ask("GET", "/taxii2/").body)

    def api_root(self, url: str = "") -> ApiRoot:
        """Return what the server says of an API root.

        Parameters:
            url: Of the API root; empty takes the one that was named, itself or by a collection.

        Raises:
            PhalanxError: As `ask`.
        """
        return read(ApiRoot, self.ask("GET", self._root_path(url)).body)

    def collections(self, url: str = "") -> tuple[CollectionInfo, ...]:
        """Return the collections of an API root that the member knows of.

        Parameters:
            url: Of the API root; empty takes the one that was named, itself or by a collection.

        Raises:
            PhalanxError: As `ask`.
        """
        path = self._root_path(url) + "collections/"
        return read(Collections, self.ask("GET", path).body).collections

    def collection(self, url: str = "") -> Collection:
        """Return a collection, which is not asked for yet.

        Parameters:
            url: Of the collection; empty takes the one that was named.

        Raises:
            ConfigError: If that is the URL of something else.
        """
        path = self.path_of(url) if url else self._path
        root, found, name = path.rstrip("/").rpartition(_COLLECTIONS)
        if not (root and found and name) or "/" in name:
            message = f"{path[:200]}: not the URL of a collection"
            next_step = "Write it like https://hub.example.com/ROOT/collections/NAME/."
            raise ConfigError(message, next_step=next_step)
        return Collection(self, f"{root}/", f"{root}{_COLLECTIONS}{name}/")

    def path_of(self, url: str) -> str:
        """Return where a URL leads on this server; it is never followed to another one.

        Parameters:
            url: As a member or the server wrote it; it may be relative.

        Raises:
            VerificationError: If it leads elsewhere: the key is for this server only.
        """
        try:
            target = self._origin.join(url)
        except (httpx2.InvalidURL, ValueError) as error:
            message = f"{url[:100]!r}: no URL"
            raise VerificationError(message, next_step="Ask the server's operator.") from error
        if target.copy_with(raw_path=b"/", fragment=None) != self._origin:
            message = f"{url[:100]!r}: on another server than the one that was named"
            next_step = "Name that server, with the key that is for it."
            raise VerificationError(message, next_step=next_step)
        return target.raw_path.decode("ascii").partition("?")[0].rstrip("/") + "/"

    def ask(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> Reply:
        """Ask, and return a success.

        Raises:
            InputError: If what was asked for is not there, or not for this member.
            PolicyError: If the server refuses, or a limit is reached for long.
            VerificationError: If the answer is larger than any honest one.
            ServiceError: If there is none.
        """
        reply = self.try_asking(method, path, content, parameters)
        if 200 <= reply.status < 300:
            return reply
        raise self.error_of(reply, path)

    def try_asking(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> Reply:
        """Ask, and return the answer, whatever it is.

        Raises:
            VerificationError: If it is larger than any honest one.
        """
        return self._client.ask(method, path, content, parameters)

    def error_of(self, reply: Reply, path: str) -> PhalanxError:
        """Return what an answer that is no success means."""
        if reply.status == 404:
            message = f"{self._origin.host}{path[:200]}: not there, or not for this member"
            return InputError(message, next_step=_ADVICE)
        return self._client.refusal(reply, _ADVICE)

    def _root_path(self, url: str) -> str:
        path = self.path_of(url) if url else self._path
        return path.partition(_COLLECTIONS)[0].rstrip("/") + "/"


class Collection:
    """A collection of a server; the functions of this package read it and add to it.

    Parameters:
        server: That holds it.
        root: Path of its API root.
        path: Its own.
    """

    def __init__(self, server: TaxiiServer, root: str, path: str) -> None:
        """Ask nothing yet."""
        self.server = server
        self.root = root
        self.path = path

    def info(self) -> CollectionInfo:
        """Return what the server says of it, the rights of the member among it.

        Raises:
            PhalanxError: As `TaxiiServer.ask`.
        """
        return read(CollectionInfo, self.server.ask("GET", self.path).body)
