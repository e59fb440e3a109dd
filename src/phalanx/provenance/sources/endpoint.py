"""A model behind an endpoint of OpenAI's kind that gives log-probabilities of the prompt.

`POST BASE/completions` with `echo` and `logprobs`, as vLLM and SGLang serve it. The servers differ:
some refuse `max_tokens` of 0, so one token is asked for and cut off again; some ignore `echo`
without a word, which is noticed by the number of tokens.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
import numpy as np
import numpy.typing as npt

from phalanx.errors import InputError, ServiceError, reason_of
from phalanx.provenance.sources.recorded import checked

_MOST_BYTES = 1 << 26
_SECONDS = 120.0
_NEXT_STEP = "Serve the model with vLLM or SGLang, or record its answers in a file."


class CompletionsEndpoint:
    """A model that a server names.

    Parameters:
        base: Such as `http://127.0.0.1:8000/v1`.
        model: Its name there.
        key: Sent as a bearer token, if there is one.
        http: A client to use; else one of its own, which follows no redirect.
    """

    def __init__(
        self, base: str, model: str, *, key: str = "", http: httpx2.Client | None = None
    ) -> None:
        """Connect to nothing yet."""
        self._url = base.rstrip("/") + "/completions"
        self._model = model
        self._headers = {"authorization": f"Bearer {key}"} if key else {}
        self._http = http or httpx2.Client(timeout=_SECONDS, follow_redirects=False)

    @property
    def name(self) -> str:
        """Name of the model."""
        return self._model

    def log_probabilities(self, texts: Sequence[str]) -> list[npt.NDArray[np.float64]]:
        """Ask for each text by itself.

        Raises:
            ServiceError: If the server does not answer, or refuses.
            InputError: If its answer holds no log-probabilities of the prompt.
        """
        result = []
        for text in texts:
            said = self._ask({"prompt": text, "max_tokens": 1, "echo": True, "logprobs": 1})
            try:
                result.append(_of_prompt(said))
            except (ValueError, KeyError, TypeError, IndexError) as error:
                message = (
                    f"{self._url} gives no log-probabilities of the prompt: {reason_of(error)}"
                )
                raise InputError(message, next_step=_NEXT_STEP) from error
        return result

    def answers(self, questions: Sequence[str], tokens: int) -> list[str | None]:
        """Ask each question by itself, at temperature 0.

        Raises:
            ServiceError: If the server does not answer, or refuses.
            InputError: If its answer holds no text.
        """
        result: list[str | None] = []
        for question in questions:
            said = self._ask({"prompt": question, "max_tokens": tokens})
            try:
                text = said["choices"][0]["text"]
            except (KeyError, TypeError, IndexError):
                text = None
            if not isinstance(text, str):
                message = f"{self._url} answers without a text"
                raise InputError(message, next_step=_NEXT_STEP)
            result.append(text)
        return result

    def _ask(self, asked: Mapping[str, object]) -> Any:  # noqa: ANN401 - JSON of a stranger
        body = {"model": self._model, "temperature": 0, **asked}
        try:
            with self._http.stream("POST", self._url, json=body, headers=self._headers) as reply:
                parts, size = [], 0
                for part in reply.iter_bytes():
                    size += len(part)
                    if size > _MOST_BYTES:
                        message = f"{self._url} answers with more than {_MOST_BYTES:,} bytes"
                        raise ServiceError(message, next_step="Ask about shorter texts.")
                    parts.append(part)
        except httpx2.HTTPError as error:
            message = f"{self._url} cannot be asked: {reason_of(error)}"
            raise ServiceError(message, next_step="Check the address and the server.") from error
        if reply.status_code != 200:
            message = f"{self._url} answers with status {reply.status_code}"
            raise ServiceError(message, next_step="See the server's log; check the key and model.")
        try:
            return json.loads(b"".join(parts))
        except (ValueError, RecursionError) as error:
            message = f"{self._url} does not answer in JSON"
            raise ServiceError(message, next_step="Check that the address ends in /v1.") from error


def _of_prompt(said: Any) -> npt.NDArray[np.float64]:  # noqa: ANN401 - JSON of a stranger
    """Return the log-probabilities of the prompt's tokens after the first."""
    listed = list(said["choices"][0]["logprobs"]["token_logprobs"])
    usage = said["usage"]
    sent, written = int(usage["prompt_tokens"]), int(usage["completion_tokens"])
    if len(listed) != sent + written or sent < 1 or written < 0 or listed[0] is not None:
        message = (
            f"{len(listed)} of them for {sent} tokens of the prompt and {written} of the answer"
        )
        raise ValueError(message)
    return checked(listed[1:sent])
