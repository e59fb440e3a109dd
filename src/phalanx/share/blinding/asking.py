"""Asking the key server over HTTP: bounded answers, patience, no clear text."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from phalanx.errors import ConfigError, PolicyError, ServiceError, VerificationError
from phalanx.share.blinding.epochs import EpochKey, check_chain, pinned_epoch
from phalanx.share.blinding.group import RandomBytes
from phalanx.share.blinding.messages import EpochsResponse, EvaluationRequest, EvaluationResponse

_Answer = TypeVar("_Answer", bound=BaseModel)
_LARGEST_ANSWER_BYTES = 2 << 20
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


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    retry_after: str
    body: bytes = b""


class KeyServer:
    """A key server as one member reaches it.

    Parameters:
        http: Whose base address is the key server.
        api_key: Of the member.
        patience: How long to ask again.
        random: Where the chance in a wait comes from.
        sleep: How to wait, in seconds.

    Raises:
        ConfigError: If the API key would cross a network in clear.
    """

    def __init__(
        self,
        http: httpx2.Client,
        api_key: str,
        patience: Patience | None = None,
        random: RandomBytes = secrets.token_bytes,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Check the address before anything is sent."""
        if http.base_url.scheme != "https" and http.base_url.host not in _LOOPBACK:
            message = f"{http.base_url.host}: the API key would cross the network in clear"
            raise ConfigError(message, next_step="Use https.")
        self._http = http
        self._headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
        self._patience = patience or Patience()
        self._random = random
        self._sleep = sleep

    def epoch(self, commitment: str) -> EpochKey:
        """Return the epoch that a commitment stands for.

        Parameters:
            commitment: As the members agreed, outside the server.

        Raises:
            VerificationError: If the server published no such epoch, or its epochs do not
                follow from each other.
            PolicyError: If it refuses.
            ServiceError: If it does not answer.
        """
        listed = _read(EpochsResponse, self._ask("GET", "/v1/epochs", None))
        epochs = [each.key() for each in listed.epochs]
        check_chain(epochs)
        return pinned_epoch(epochs, commitment)

    def evaluate(self, request: EvaluationRequest) -> EvaluationResponse:
        """Send blinded elements, and return what comes back, unchecked.

        Raises:
            VerificationError: If it cannot be read.
            PolicyError: If the server refuses, or a limit is reached for long.
            ServiceError: If it does not answer.
        """
        return _read(EvaluationResponse, self._ask("POST", "/v1/evaluate", request))

    def _ask(self, method: str, path: str, request: EvaluationRequest | None) -> bytes:
        wait = self._patience.first_wait_seconds
        attempt = 1
        while True:
            try:
                reply = self._exchange(method, path, request)
            except httpx2.TransportError as error:
                reply = _Reply(503, type(error).__name__)
            if reply.status == 200:
                return reply.body
            # Half of it is chance, so that clients that failed together do not return together.
            chance = int.from_bytes(self._random(4), "big") / 2**32
            pause = max(_seconds(reply.retry_after), wait * (0.5 + chance / 2))
            is_last = attempt >= self._patience.attempts
            if is_last or reply.status not in _LATER or pause > self._patience.longest_wait_seconds:
                raise _refusal(reply)
            self._sleep(pause)
            wait *= 2
            attempt += 1

    def _exchange(self, method: str, path: str, request: EvaluationRequest | None) -> _Reply:
        """Send a request, and read no more of the answer than an honest one has."""
        content = request.model_dump_json() if request else None
        headers = self._headers | {"Accept-Encoding": "identity"}
        body = bytearray()
        with self._http.stream(
            method, path, headers=headers, content=content, follow_redirects=False
        ) as response:
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > _LARGEST_ANSWER_BYTES:
                    message = "the key server's answer is larger than any honest one"
                    raise VerificationError(message, next_step="Ask its operator.")
            after = response.headers.get("Retry-After", "")
            return _Reply(response.status_code, after, bytes(body))


def _read(model: type[_Answer], body: bytes) -> _Answer:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        message = "the key server's answer cannot be read"
        raise VerificationError(message, next_step="Check its address and version.") from error


def _seconds(said: str) -> float:
    return float(said) if said.isascii() and said.isdigit() and len(said) < 9 else 0.0


def _refusal(reply: _Reply) -> PolicyError | ServiceError:
    if reply.status == 429:
        message = f"the key server's limit is reached for {_seconds(reply.retry_after):.0f} seconds"
        return PolicyError(message, next_step="Wait, or ask its operator for a higher one.")
    if 400 <= reply.status < 500:
        message = f"the key server refused the request ({reply.status})"
        return PolicyError(message, next_step="Check the API key and the epoch.")
    message = f"the key server does not answer ({reply.status})"
    return ServiceError(message, next_step="Check its address, then try again.")
