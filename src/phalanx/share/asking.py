"""Asking a server over HTTP: bounded answers, patience, no clear text."""

from __future__ import annotations

import secrets
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx2

from phalanx.errors import ConfigError, PolicyError, ServiceError, VerificationError
from phalanx.printable import printable

RandomBytes = Callable[[int], bytes]

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_LATER = frozenset({429, 502, 503, 504})
"""Statuses after which the same request may succeed."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server is asked again."""

    attempts: int = 6
    """For each request."""

    first_wait_seconds: float = 0.5
    """After the first failure; twice as long after each further one, with some chance in it."""

    longest_wait_seconds: float = 60.0
    """A server that asks for a longer pause is not waited for."""

    answer_seconds: float = 600.0
    """In which an answer must have arrived, however steadily it trickles."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that asking again would not change, or not soon."""

    status: int
    """503 where there was none."""

    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    failure: str = ""
    """Why there was none, in words."""

    @property
    def wait_seconds(self) -> float:
        """How long the server asks to wait; 0 where it does not say so in seconds."""
        said = self.headers.get("retry-after", "")
        return float(said) if said.isascii() and said.isdigit() and len(said) < 9 else 0.0


class PatientClient:
    """A server as one member reaches it.

    Parameters:
        http: Whose base address is the server.
        name: What messages call it, such as "key server".
        headers: Of every request; the proof of who asks among them.
        largest_answer_bytes: That an honest server sends.
        patience: How long to ask again.
        random: Where the chance in a wait comes from.
        sleep: How to wait, in seconds.
        clock: Seconds that only grow.

    Raises:
        ConfigError: If the proof would cross a network in clear.
    """

    def __init__(  # noqa: PLR0913 - what tests set
        self,
        http: httpx2.Client,
        name: str,
        headers: Mapping[str, str],
        *,
        largest_answer_bytes: int,
        patience: Patience | None = None,
        random: RandomBytes = secrets.token_bytes,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Check the address before anything is sent."""
        if http.base_url.scheme != "https" and not is_loopback(http.base_url):
            message = f"{http.base_url.host}: the API key would cross the network in clear"
            raise ConfigError(message, next_step="Use https.")
        self.name = name
        self._http = http
        self._headers = {**headers, "Accept-Encoding": "identity"}
        self._largest_answer_bytes = largest_answer_bytes
        self._patience = patience or Patience()
        self._random = random
        self._sleep = sleep
        self._clock = clock

    def ask(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> Reply:
        """Ask until there is an answer that asking again would not change, or patience ends.

        Parameters:
            method: Of HTTP; what is sent may arrive more than once.
            path: On the server.
            content: Body of the request.
            parameters: Of the URL.

        Raises:
            VerificationError: If the answer is larger, or slower, than any honest one.
        """
        wait = self._patience.first_wait_seconds
        attempt = 1
        while True:
            try:
                reply = self._exchange(method, path, content, parameters)
            except httpx2.TransportError as error:
                reply = Reply(503, failure=_in_words(error))
            # Half of it is chance, so that clients that failed together do not return together.
            chance = int.from_bytes(self._random(4), "big") / 2**32
            pause = max(reply.wait_seconds, wait * (0.5 + chance / 2))
            is_last = attempt >= self._patience.attempts
            if is_last or reply.status not in _LATER or pause > self._patience.longest_wait_seconds:
                return reply
            self._sleep(pause)
            wait *= 2
            attempt += 1

    def refusal(self, reply: Reply, advice: str) -> PolicyError | ServiceError:
        """Return what an answer that is no success means.

        Parameters:
            reply: The answer.
            advice: What to do about a request that the server does not want.
        """
        if reply.status == 429:
            message = f"the {self.name}'s limit is reached for {reply.wait_seconds:.0f} seconds"
            return PolicyError(message, next_step="Wait, or ask its operator for a higher one.")
        if reply.status == 401:
            message = f"the {self.name} knows no such API key (401)"
            next_step = f"Name the file of the key that the {self.name}'s operator gave you: the "
            return PolicyError(
                message, next_step=next_step + "hub and the key server give one each."
            )
        if 300 <= reply.status < 400:
            to = printable(reply.headers.get("location", "")[:200]) or "nowhere"
            message = (
                f"the {self.name} at {self._address} redirects to {to} ({reply.status}), and an "
                "API key does not follow"
            )
            next_step = "If that is where it is now, name that address: a key is for one server."
            return ServiceError(message, next_step=next_step)
        if 400 <= reply.status < 500:
            message = f"the {self.name} refused the request ({reply.status})"
            return PolicyError(message, next_step=advice)
        if reply.failure:
            message = f"the {self.name} at {self._address} does not answer: {reply.failure}"
            return ServiceError(message, next_step="Check its address, and that it runs.")
        message = f"the {self.name} at {self._address} does not answer ({reply.status})"
        return ServiceError(message, next_step="Check its address, then try again.")

    @property
    def _address(self) -> str:
        url = self._http.base_url
        port = url.port or (443 if url.scheme == "https" else 80)
        return f"{url.host}:{port}"

    def _exchange(
        self, method: str, path: str, content: bytes | None, parameters: Mapping[str, str] | None
    ) -> Reply:
        """Send a request, and read no more of the answer than an honest one has."""
        body = bytearray()
        until = self._clock() + self._patience.answer_seconds
        with self._http.stream(
            method,
            path,
            headers=self._headers,
            content=content,
            params=parameters,
            follow_redirects=False,
        ) as response:
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > self._largest_answer_bytes or self._clock() > until:
                    message = f"the {self.name}'s answer is larger or slower than any honest one"
                    raise VerificationError(message, next_step="Ask its operator.")
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Reply(response.status_code, headers, bytes(body))


def _in_words(error: httpx2.TransportError) -> str:
    """Return why a connection failed."""
    cause: BaseException | None = error
    while cause is not None:
        match cause:
            case ConnectionRefusedError():
                return "nobody listens there"
            case socket.gaierror():
                return "no machine has that name"
            case ssl.SSLCertVerificationError():
                return "its certificate is not trusted"
            case ssl.SSLError():
                return "it does not speak TLS as this machine does"
        cause = cause.__cause__ or cause.__context__
    is_late = isinstance(error, httpx2.TimeoutException)
    return "it took too long" if is_late else "the connection broke"


def is_loopback(url: httpx2.URL) -> bool:
    """Tell whether an address is of this machine.

    Examples:
        >>> is_loopback(httpx2.URL("http://127.0.0.1:80/")), is_loopback(httpx2.URL("http://a/"))
        (True, False)
    """
    return url.host in _LOOPBACK
