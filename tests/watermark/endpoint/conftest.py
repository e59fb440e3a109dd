"""Marked texts, and an endpoint with real keys and a clock that tests set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from phalanx.watermark.draws import draw
from phalanx.watermark.endpoint.answering import Answering, Policy
from phalanx.watermark.endpoint.detector import Detector, KeysDetector
from phalanx.watermark.endpoint.memory import Memory
from phalanx.watermark.endpoint.routes import Tokenise
from phalanx.watermark.endpoint.server import create_app
from phalanx.watermark.endpoint.settings import EndpointSettings
from phalanx.watermark.keys.secret import Secret, SecretKeys
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

START = datetime(2026, 3, 1, tzinfo=UTC)
SCHEME = PhalanxGumbel()
KEYS = SecretKeys([Secret(bytes([at]) * 32) for at in (7, 8, 9)])


@dataclass
class Clock:
    """Time as a test has it."""

    moment: datetime = START

    def __call__(self) -> datetime:
        """Return the moment."""
        return self.moment


_CLOCK = Clock()


@dataclass
class Endpoint:
    """An endpoint over HTTP."""

    http: TestClient
    clock: Clock
    settings: EndpointSettings

    def ask(self, tokens: list[int]) -> str:
        """Return the answer to a text."""
        response = self.http.post("/v1/check", json={"tokens": tokens})
        assert response.status_code == 200, response.text
        answer: str = response.json()["answer"]
        return answer


@pytest.fixture(scope="session")
def written() -> Callable[..., list[int]]:
    """Return how to write a text: each token the best of some random ones under a key."""

    def write(size: int, seed: int, key: Secret | None = None, choices: int = 6) -> list[int]:
        source = np.random.default_rng(seed)
        text: list[int] = source.integers(0, 50_000, size).tolist()
        if key is None:
            return text
        for at in range(4, size):
            offered = source.integers(0, 50_000, choices).tolist()
            drawn = draw([[*text[at - 4 : at], token] for token in offered], 4)
            scores = SCHEME.scores(drawn, key.reveal())
            text[at] = int(drawn.tokens[scores.argmax()])
        return text

    return write


@pytest.fixture(scope="session")
def marked(written: Callable[..., list[int]]) -> list[int]:
    """Return a text of 400 tokens under one of the keys."""
    return written(400, 1, next(iter(KEYS)))


@pytest.fixture
def detector() -> Detector:
    """Return a detector of three keys."""
    return KeysDetector(SCHEME, KEYS)


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Callable[..., Answering]]:
    """Return how to make what answers; keywords are of the policy."""
    with ExitStack() as stack:
        made = 0

        def make(
            *detectors: Detector, now: Callable[[], datetime] = _CLOCK, **policy: float
        ) -> Answering:
            nonlocal made
            made += 1
            memory = Memory(tmp_path / f"memory{made}", 1 << 20, 1 << 10)
            stack.callback(memory.close)
            used = detectors or (KeysDetector(SCHEME, KEYS),)
            return Answering(used, memory, Policy(**policy), now)  # type: ignore[arg-type]

        yield make


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[Callable[..., Endpoint]]:
    """Return how to make an endpoint; keywords are of its settings."""
    with ExitStack() as stack:
        made = 0

        def make(tokenise: Tokenise | None = None, **settings: object) -> Endpoint:
            nonlocal made
            made += 1
            folder = tmp_path / f"endpoint{made}"
            fields: dict[str, object] = {"folder": folder, "cells": 1 << 20, "answers": 1 << 10}
            found = EndpointSettings(**(fields | settings))  # type: ignore[arg-type]
            clock = Clock()
            app = create_app(found, [KeysDetector(SCHEME, KEYS)], tokenise=tokenise, now=clock)
            stack.callback(app.state.parts.memory.close)
            http = stack.enter_context(TestClient(app, "http://localhost", client=("192.0.2.1", 1)))
            return Endpoint(http, clock, found)

        yield make
