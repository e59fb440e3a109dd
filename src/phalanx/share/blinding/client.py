"""The member's side of the key server: identifiers in, tokens out, nothing else leaves.

What is sent is blinded, in batches of few sizes, so that neither the identifiers nor their exact
number can be read off. Every answer is checked against a public key that was pinned before; a
proof that does not hold ends everything.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from phalanx.errors import ConfigError, PolicyError, ServiceError, VerificationError
from phalanx.share.blinding.encoding import from_text, to_text
from phalanx.share.blinding.epochs import EpochKey, check_chain, pinned_epoch
from phalanx.share.blinding.group import (
    ELEMENT_BYTES,
    SCALAR_BYTES,
    RandomBytes,
    as_element,
    random_element,
    random_scalar,
)
from phalanx.share.blinding.identifiers import message_of, token_of
from phalanx.share.blinding.messages import (
    LARGEST_BATCH,
    EpochsResponse,
    EvaluationRequest,
    EvaluationResponse,
)
from phalanx.share.blinding.proof import as_proof
from phalanx.share.blinding.voprf import Blinded, blind, finalize

_Answer = TypeVar("_Answer", bound=BaseModel)
_LARGEST_ANSWER_BYTES = 2 << 20
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_LATER = frozenset({429, 502, 503, 504})
"""Statuses after which the same request may succeed."""


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """How a client asks."""

    batch_sizes: tuple[int, ...] = (64, 256, LARGEST_BATCH)
    """Sizes that are sent, rising; what is left over is filled up to the next one."""

    attempts: int = 6
    """For each batch."""

    first_wait_seconds: float = 0.5
    """After the first failure; twice as long after each further one, with some chance in it."""

    longest_wait_seconds: float = 60.0
    """A server that asks for a longer pause is not waited for."""


class BlindingClient:
    """Asks a key server for tokens of one epoch.

    Parameters:
        http: Whose base address is the key server; it must follow no redirects.
        api_key: Of the member.
        epoch: With the public key that answers are checked against.
        settings: How to ask.
        random: Where blinds come from; they must not be predictable.
        sleep: How to wait, in seconds.

    Raises:
        ConfigError: If the API key would cross a network in clear, or be sent on elsewhere.
        InputError: If the public key is no element.
    """

    def __init__(
        self,
        http: httpx2.Client,
        api_key: str,
        epoch: EpochKey,
        settings: ClientSettings | None = None,
        *,
        random: RandomBytes = secrets.token_bytes,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Check the address before anything is sent."""
        _refuse_clear_text(http)
        self._http = http
        self._authorization = {"Authorization": f"Bearer {api_key}"}
        self._epoch = epoch
        self._public_key = as_element(epoch.element)
        self._settings = settings or ClientSettings()
        self._random = random
        self._sleep = sleep

    def tokens(self, kind: str, values: Sequence[str]) -> list[str]:
        """Return the token of each identifier.

        An identifier that occurs several times is asked for once.

        Parameters:
            kind: Of all of them.
            values: As the member's records have them.

        Raises:
            InputError: If one is no identifier of that kind: then nothing was sent.
            VerificationError: If a proof does not hold: then nothing is returned.
            PolicyError: If the server refuses, or the day's limit is reached.
            ServiceError: If it does not answer.
        """
        messages = [message_of(kind, value, self._epoch.epoch) for value in values]
        distinct = list(dict.fromkeys(messages))
        found: dict[bytes, str] = {}
        for start in range(0, len(distinct), self._settings.batch_sizes[-1]):
            part = distinct[start : start + self._settings.batch_sizes[-1]]
            found.update(zip(part, map(token_of, self._outputs(part)), strict=True))
        return [found[message] for message in messages]

    def _outputs(self, messages: Sequence[bytes]) -> list[bytes]:
        """Ask for one batch, filled up with elements that stand for nobody."""
        batch = [blind(message, random_scalar(self._random)) for message in messages]
        wanted = next(n for n in self._settings.batch_sizes if n >= len(batch))
        one = bytes([1]) + bytes(SCALAR_BYTES - 1)
        sent = batch + [
            Blinded(b"", one, random_element(self._random)) for _ in range(wanted - len(batch))
        ]
        request = EvaluationRequest(
            epoch=self._epoch.epoch, elements=[to_text(each.element) for each in sent]
        )
        answer = self._ask(request)
        if answer.epoch != self._epoch.epoch:
            message = "the key server answered for another epoch"
            raise VerificationError(message, next_step="Ask its operator.")
        answers = [from_text(each, ELEMENT_BYTES) for each in answer.elements]
        proof = as_proof(from_text(answer.proof, 2 * SCALAR_BYTES))
        return finalize(sent, answers, self._public_key, proof)[: len(batch)]

    def _ask(self, request: EvaluationRequest) -> EvaluationResponse:
        wait = self._settings.first_wait_seconds
        for attempt in range(1, self._settings.attempts + 1):
            try:
                status, said, body = _exchange(
                    self._http, "POST", "/v1/evaluate", self._authorization, request
                )
            except httpx2.TransportError as error:
                status, said, body = 503, type(error).__name__, b""
            if status == 200:
                return _read(EvaluationResponse, body)
            if status not in _LATER or attempt == self._settings.attempts:
                raise _refusal(status, said)
            # Half of it is chance, so that clients that failed together do not return together.
            chance = int.from_bytes(self._random(4), "big") / 2**32
            pause = max(_asked_pause(said), wait * (0.5 + chance / 2))
            if pause > self._settings.longest_wait_seconds:
                raise _refusal(status, said)
            self._sleep(pause)
            wait = min(2 * wait, self._settings.longest_wait_seconds)
        raise AssertionError  # pragma: no cover - the last attempt has raised


def fetch_epoch(http: httpx2.Client, commitment: str) -> EpochKey:
    """Ask a key server for the epoch that a commitment stands for.

    Parameters:
        http: Whose base address is the key server.
        commitment: As the members agreed, outside the server.

    Raises:
        VerificationError: If the server published no such epoch, or its epochs do not follow
            from each other.
        ServiceError: If it does not answer.
    """
    try:
        status, said, body = _exchange(http, "GET", "/v1/epochs", {}, None)
    except httpx2.TransportError as error:
        raise _refusal(503, type(error).__name__) from error
    if status != 200:
        raise _refusal(status, said)
    epochs = [each.key() for each in _read(EpochsResponse, body).epochs]
    check_chain(epochs)
    return pinned_epoch(epochs, commitment)


def _exchange(
    http: httpx2.Client,
    method: str,
    path: str,
    headers: dict[str, str],
    request: EvaluationRequest | None,
) -> tuple[int, str, bytes]:
    """Send a request, and read no more of the answer than an honest one has.

    Returns:
        The status, the header `Retry-After`, the body.
    """
    content = request.model_dump_json() if request else None
    kind = {"Content-Type": "application/json"} if request else {}
    sent = headers | kind | {"Accept-Encoding": "identity"}
    body = bytearray()
    with http.stream(
        method, path, headers=sent, content=content, follow_redirects=False
    ) as response:
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > _LARGEST_ANSWER_BYTES:
                message = "the key server's answer is larger than any honest one"
                raise VerificationError(message, next_step="Ask its operator.")
        return response.status_code, response.headers.get("Retry-After", ""), bytes(body)


def _read(model: type[_Answer], body: bytes) -> _Answer:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        message = "the key server's answer cannot be read"
        raise VerificationError(message, next_step="Check its address and version.") from error


def _asked_pause(said: str) -> float:
    return float(said) if said.isascii() and said.isdigit() and len(said) < 9 else 0.0


def _refusal(status: int, said: str) -> PolicyError | ServiceError:
    if status == 429:
        message = f"the key server's limit is reached; it opens again in {said or 'some'} seconds"
        return PolicyError(message, next_step="Ask the operator for more, or wait.")
    if 400 <= status < 500:
        message = f"the key server refused the request ({status})"
        return PolicyError(message, next_step="Check the API key and the epoch.")
    message = f"the key server does not answer ({status} {said})".replace(" )", ")")
    return ServiceError(message, next_step="Check its address, then try again.")


def _refuse_clear_text(http: httpx2.Client) -> None:
    address = http.base_url
    if address.scheme != "https" and address.host not in _LOOPBACK:
        message = f"{address.host}: the API key would cross the network in clear"
        raise ConfigError(message, next_step="Use https.")
