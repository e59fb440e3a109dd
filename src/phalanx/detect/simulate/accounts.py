"""Accounts as columns: one array for each trait."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from phalanx.detect.simulate import clients, network

ADDRESSES_PER_ACCOUNT = 4
"""Columns of `Accounts.addresses`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Traits of many accounts; every field is an array with one row an account."""

    seed: NDArray[np.uint64]
    """What makes an account itself: its identifier and its private choices."""

    traffic_class: NDArray[np.int64]
    """Position in `BENIGN_CLASSES`; of an attacker, that of the user it poses as."""

    behaviour: NDArray[np.int64]
    """Position in `PROFILES` of what it does."""

    likeness: NDArray[np.int64]
    """Account of a real log whose image it is; -1 for none."""

    group: NDArray[np.int64]
    """Organisation, reseller or classroom; -1 for none."""

    declared: NDArray[np.bool_]
    """Whether the group stands in the log as `organisation`."""

    template_seed: NDArray[np.uint64]
    """Seed of its prompt templates."""

    country: NDArray[np.int64]
    language: NDArray[np.int64]
    offset_hours: NDArray[np.int64]
    provider: NDArray[np.int64]
    addresses: NDArray[np.int64]
    address_count: NDArray[np.int64]
    user_agent: NDArray[np.int64]
    fingerprint: NDArray[np.int64]
    model: NDArray[np.int64]
    second_model: NDArray[np.int64]
    payment: NDArray[np.uint64]
    """Seed of the payment; 0 for none."""

    mail: NDArray[np.uint64]
    """Position in `FREE_MAIL`, or the seed of a domain of its own."""

    created_us: NDArray[np.int64]
    """Creation, microseconds since 1970."""

    temperature: NDArray[np.float64]
    top_p: NDArray[np.float64]
    max_tokens: NDArray[np.int64]
    samples: NDArray[np.int64]
    logprobs: NDArray[np.bool_]
    stream: NDArray[np.bool_]
    endpoint: NDArray[np.int64]
    tools: NDArray[np.uint64]
    """Seed of the declared tools; 0 for none."""

    exchanges_per_active_day: NDArray[np.float64]
    active_day_share: NDArray[np.float64]
    phase_hours: NDArray[np.float64]

    def __len__(self) -> int:
        """Return how many accounts there are."""
        return len(self.seed)

    def take(self, rows: NDArray[np.int64]) -> Accounts:
        """Return the accounts at `rows`."""
        chosen = {item.name: getattr(self, item.name)[rows] for item in fields(self)}
        return replace(self, **chosen)

    def followed_by(self, others: Accounts) -> Accounts:
        """Return these accounts and then the others."""
        joined = {
            item.name: np.concatenate([getattr(self, item.name), getattr(others, item.name)])
            for item in fields(self)
        }
        return replace(self, **joined)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Texts that the numbers in `Accounts` stand for."""

    user_agents: pa.StringArray
    fingerprints: pa.StringArray
    models: pa.StringArray
    countries: pa.StringArray
    providers: pa.StringArray
    endpoints: pa.StringArray
    free_mail: pa.StringArray


def built_in_catalogue() -> Catalogue:
    """Return the texts that the simulator draws from when no log is given."""
    return Catalogue(
        user_agents=pa.array(clients.USER_AGENTS),
        fingerprints=clients.fingerprint_names(),
        models=pa.array(clients.MODELS),
        countries=pa.array(network.COUNTRIES),
        providers=network.provider_names(),
        endpoints=pa.array(clients.ENDPOINTS),
        free_mail=pa.array(clients.FREE_MAIL),
    )
