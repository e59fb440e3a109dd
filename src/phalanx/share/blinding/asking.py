"""Asking the key server over HTTP: what it may be asked, and what its answers must look like."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from phalanx.errors import VerificationError
from phalanx.share.asking import Patience, PatientClient
from phalanx.share.blinding.epochs import EpochKey, check_chain, pinned_epoch
from phalanx.share.blinding.group import RandomBytes
from phalanx.share.blinding.messages import EpochsResponse, EvaluationRequest, EvaluationResponse

_Answer = TypeVar("_Answer", bound=BaseModel)
_LARGEST_ANSWER_BYTES = 2 << 20


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
        self._client = PatientClient(
            http,
            "key server",
            {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"},
            largest_answer_bytes=_LARGEST_ANSWER_BYTES,
            patience=patience,
            random=random,
            sleep=sleep,
        )

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
        content = request.model_dump_json().encode() if request else None
        reply = self._client.ask(method, path, content)
        if reply.status != 200:
            raise self._client.refusal(reply, "Check the API key and the epoch.")
        return reply.body


def _read(model: type[_Answer], body: bytes) -> _Answer:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        message = "the key server's answer cannot be read"
        raise VerificationError(message, next_step="Check its address and version.") from error
