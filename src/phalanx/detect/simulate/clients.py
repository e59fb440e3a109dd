"""Clients and settings that requests carry: user agents, TLS fingerprints, models, parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from phalanx.detect.simulate.grammar.hashing import key_of

_BROWSERS = tuple(
    f"Mozilla/5.0 ({system}) {engine}"
    for system in (
        "Windows NT 10.0; Win64; x64",
        "Macintosh; Intel Mac OS X 10_15_7",
        "X11; Linux x86_64",
        "iPhone; CPU iPhone OS 18_3 like Mac OS X",
        "Linux; Android 15",
    )
    for engine in (
        "AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36",
        "AppleWebKit/605.1.15 Version/18.3 Safari/605.1.15",
        "Gecko/20100101 Firefox/144.0",
    )
)
_PROGRAMS = (
    *(f"atlas-sdk-python/{version}" for version in ("2.14.1", "2.13.0", "2.11.3", "2.9.0")),
    *(f"atlas-sdk-node/{version}" for version in ("1.22.0", "1.21.4", "1.18.2")),
    "python-httpx/0.28.1",
    "python-requests/2.32.5",
    "aiohttp/3.13.0",
    "Go-http-client/2.0",
    "okhttp/5.1.0",
    "node",
    "axios/1.12.2",
    "reqwest/0.12",
    "curl/8.15.0",
    "Java-http-client/21.0.8",
    "editor-extension/4.6.2",
    "editor-extension/4.6.0",
    "chain-framework/0.9.30",
    "n8n",
)

USER_AGENTS = _BROWSERS + _PROGRAMS
"""Every user agent; browsers first."""

BROWSER_COUNT = len(_BROWSERS)
"""How many of `USER_AGENTS` are browsers."""

_FINGERPRINTS_PER_AGENT = 4

MODELS = (
    "atlas-medium-4",
    "atlas-large-4",
    "atlas-small-4",
    "atlas-reason-4",
    "atlas-large-3",
    "atlas-code-4",
)
"""Models on offer, most used first."""

ENDPOINTS = ("/v1/messages", "/v1/chat/completions", "/v1/responses", "/v1/batches")
"""Endpoints, most used first."""

FREE_MAIL = (
    "gmail.com",
    "outlook.com",
    "qq.com",
    "yahoo.com",
    "163.com",
    "icloud.com",
    "proton.me",
    "mail.ru",
    "gmx.de",
    "hotmail.com",
)
"""Domains of free mail, most used first."""

_FREE_MAIL_WEIGHTS = np.array([44, 12, 9, 7, 6, 6, 5, 4, 4, 3], dtype=float)

TEMPERATURES = np.array([np.nan, 0.0, 0.7, 0.2, 1.0, 0.3, 0.5, 0.1, 0.8, 0.9, 0.6])
"""Sampling temperatures; NaN where the request leaves it out."""

TEMPERATURE_WEIGHTS = np.array([40, 16, 11, 9, 8, 4, 4, 3, 2, 1.5, 1.5])

TOP_P = np.array([np.nan, 1.0, 0.95, 0.9, 0.8])
"""Nucleus sampling values."""

TOP_P_WEIGHTS = np.array([76, 10, 7, 5, 2.0])

MAX_TOKENS = np.array([0, 1024, 4096, 2048, 8192, 512, 256, 16384, 1000, 2000, 4000, 300])
"""Limits on the response; 0 where the request leaves it out."""

MAX_TOKENS_WEIGHTS = np.array([30, 15, 15, 12, 8, 5, 4, 3, 3, 2, 2, 1.0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Request settings of many accounts."""

    temperature: NDArray[np.float64]
    top_p: NDArray[np.float64]
    max_tokens: NDArray[np.int64]
    samples: NDArray[np.int64]
    logprobs: NDArray[np.bool_]
    stream: NDArray[np.bool_]
    endpoint: NDArray[np.int64]


def weighted(
    weights: NDArray[np.float64], size: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw positions with the given weights."""
    edges = np.cumsum(weights / weights.sum())
    return np.minimum(np.searchsorted(edges, rng.random(size), side="right"), len(weights) - 1)


def draw_parameters(
    plain: NDArray[np.bool_], deterministic: NDArray[np.bool_], rng: np.random.Generator
) -> Parameters:
    """Draw the settings of accounts.

    Parameters:
        plain: Accounts that mostly keep the defaults.
        deterministic: Accounts whose work wants a temperature near 0.
        rng: Source of randomness.
    """
    size = len(plain)
    temperature = TEMPERATURES[weighted(TEMPERATURE_WEIGHTS, size, rng)]
    temperature[deterministic & (rng.random(size) < 0.45)] = 0.0
    temperature[plain & (rng.random(size) < 0.7)] = np.nan
    top_p = TOP_P[weighted(TOP_P_WEIGHTS, size, rng)]
    top_p[plain & (rng.random(size) < 0.6)] = np.nan
    max_tokens = MAX_TOKENS[weighted(MAX_TOKENS_WEIGHTS, size, rng)]
    max_tokens[plain & (rng.random(size) < 0.5)] = 0
    return Parameters(
        temperature=temperature,
        top_p=top_p,
        max_tokens=max_tokens,
        samples=np.where(rng.random(size) < 0.015, rng.integers(2, 9, size), 1),
        logprobs=rng.random(size) < 0.02,
        stream=rng.random(size) < np.where(plain, 0.85, 0.3),
        endpoint=weighted(np.array([60, 31, 6, 3.0]), size, rng),
    )


def draw_user_agents(
    programmatic: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw user agents; a few of each kind carry most of the traffic."""
    browser = weighted(1.0 / np.arange(1, BROWSER_COUNT + 1), len(programmatic), rng)
    program = weighted(1.0 / np.arange(1, len(_PROGRAMS) + 1), len(programmatic), rng)
    return np.where(programmatic, BROWSER_COUNT + program, browser)


def draw_fingerprints(user_agent: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw the TLS fingerprint of each client; one of a client's four is most common."""
    build = weighted(np.array([70, 18, 8, 4.0]), len(user_agent), rng)
    return user_agent * _FINGERPRINTS_PER_AGENT + build


def fingerprint_names() -> pa.StringArray:
    """Return the text of each TLS fingerprint."""
    return pa.array([_fingerprint(at) for at in range(len(USER_AGENTS) * _FINGERPRINTS_PER_AGENT)])


def _fingerprint(at: int) -> str:
    """Write one fingerprint: version, counts and two digests, as such strings look."""
    first, second = int(key_of("tls", at, 0)), int(key_of("tls", at, 1))
    return (
        f"t13d{15 + at % 3}{10 + at % 7}h2_{first & (2**48 - 1):012x}_{second & (2**48 - 1):012x}"
    )


def draw_free_mail(size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw free mail domains."""
    return weighted(_FREE_MAIL_WEIGHTS, size, rng)
