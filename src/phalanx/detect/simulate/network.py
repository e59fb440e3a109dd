"""Addresses: which provider, which subnet, which host.

Addresses lie in ranges that nobody uses (240.0.0.0/4 and 2001:db8::/32), so that a report
on simulated traffic never points at a real network. Providers carry private-use numbers.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

COUNTRIES = (
    "US", "DE", "GB", "IN", "CN", "JP", "BR", "FR", "RU", "ES", "MX", "CA", "PL", "ID", "NG", "AU",
)  # fmt: skip
"""Countries of accounts, most frequent first."""

COUNTRY_WEIGHTS = np.array([26, 9, 8, 11, 8, 6, 5, 5, 5, 4, 3, 4, 2, 2, 1, 1], dtype=float)
COUNTRY_OFFSETS = np.array([-5, 1, 0, 5, 8, 9, -3, 1, 3, 1, -6, -5, 1, 7, 1, 10])
"""Hours from UTC of the local clock."""

RESIDENTIAL_PROVIDERS = 3
"""Access providers of each country."""

CLOUD_PROVIDERS = 8
"""Hosting companies, which have no country of their own."""

_SUBNETS = 1024
_CARRIER_GRADE = 8
_IPV6_SHARE = 0.12
_IPV6 = np.int64(1) << np.int64(40)


def provider_count() -> int:
    """Return how many providers there are."""
    return len(COUNTRIES) * RESIDENTIAL_PROVIDERS + CLOUD_PROVIDERS


def provider_names() -> pa.StringArray:
    """Return the autonomous system of each provider."""
    return pa.array([f"AS{4_200_000_000 + 37 * at}" for at in range(provider_count())])


def residential_provider(country: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Choose an access provider of each country; the first has half of the customers."""
    chosen = rng.choice(RESIDENTIAL_PROVIDERS, size=len(country), p=(0.5, 0.3, 0.2))
    return country * RESIDENTIAL_PROVIDERS + chosen


def cloud_provider(size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Choose hosting companies, large ones more often."""
    weights = 1.0 / np.arange(1, CLOUD_PROVIDERS + 1)
    chosen = rng.choice(CLOUD_PROVIDERS, size=size, p=weights / weights.sum())
    return len(COUNTRIES) * RESIDENTIAL_PROVIDERS + chosen


def draw_addresses(
    provider: NDArray[np.int64], width: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw `width` addresses of each account's provider, as codes.

    Low subnets are crowded: they stand for carrier-grade translation and popular regions
    of a cloud, where strangers share a subnet and sometimes an address.
    """
    shape = (len(provider), width)
    subnet = (_SUBNETS * rng.random(shape) ** 2.2).astype(np.int64)
    host = np.where(
        subnet < _CARRIER_GRADE, rng.integers(1, 60, shape), rng.integers(1, 255, shape)
    )
    version_4 = address_code(provider[:, None], subnet, host)
    residential = provider < len(COUNTRIES) * RESIDENTIAL_PROVIDERS
    home = rng.integers(0, 2**16, len(provider))
    version_6 = _IPV6 | (home[:, None] << 16) | rng.integers(1, 2**16, shape)
    modern = residential & (rng.random(len(provider)) < _IPV6_SHARE)
    return np.where(modern[:, None], version_6, version_4)


def address_code(
    provider: NDArray[np.int64], subnet: NDArray[np.int64], host: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the code of a version-4 address: 32 bits, first octet from 241 on."""
    first = 241 + provider // 60
    second = (provider % 60) * 4 + (subnet >> 8)
    return np.asarray((first << 24) | (second << 16) | ((subnet & 255) << 8) | host, dtype=np.int64)


def draw_neighbours(
    addresses: NDArray[np.int64],
    providers: NDArray[np.int64],
    wanted: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Draw addresses that lie among those of given accounts.

    Parameters:
        addresses: Addresses of the given accounts, one row each.
        providers: Provider of each given account.
        wanted: Provider of each new account; must occur in `providers`.
        rng: Source of randomness.

    Returns:
        As many addresses for each new account as the given ones have: fresh hosts in the
        subnets of customers of the same provider (version 6: fresh sites).
    """
    order = np.argsort(providers, kind="stable")
    ranked = providers[order]
    low = np.searchsorted(ranked, wanted, side="left")[:, None]
    high = np.searchsorted(ranked, wanted, side="right")[:, None]
    shape = (len(wanted), addresses.shape[1])
    whose = order[low + (rng.random(shape) * (high - low)).astype(np.int64)]
    near = addresses[whose, rng.integers(0, addresses.shape[1], shape)]
    site = rng.integers(0, 2**16, (len(wanted), 1))
    fresh_site = _IPV6 | (site << 16) | rng.integers(1, 2**16, shape)
    return np.where(
        near >= _IPV6, fresh_site, (near & ~np.int64(255)) | rng.integers(1, 255, shape)
    )


def region(code: int) -> int:
    """Return the /16 around a version-4 address, or one of ours for a version-6 address."""
    return (250 << 24) if code >= int(_IPV6) else code & 0xFFFF0000


def write_addresses(codes: NDArray[np.int64]) -> pa.StringArray:
    """Write address codes as text."""
    distinct, place = np.unique(codes, return_inverse=True)
    texts = [_text(code) for code in distinct.tolist()]
    return pa.array(texts, type=pa.string()).take(pa.array(place.ravel()))


def _text(code: int) -> str:
    if code >= int(_IPV6):
        return f"2001:db8:{(code >> 16) & 0xFFFF:x}:1::{code & 0xFFFF:x}"
    return f"{code >> 24}.{(code >> 16) & 255}.{(code >> 8) & 255}.{code & 255}"
