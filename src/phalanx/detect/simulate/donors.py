"""The accounts of a real log, as the accounts that campaigns pose as."""

from __future__ import annotations

import ipaddress

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from phalanx.detect.simulate import network
from phalanx.detect.simulate.accounts import ADDRESSES_PER_ACCOUNT, Accounts, Catalogue
from phalanx.detect.simulate.clients import draw_free_mail
from phalanx.detect.simulate.grammar.hashing import key_of, mix
from phalanx.detect.simulate.host import Host
from phalanx.detect.simulate.profiles import PROFILES

_POPULAR_DOMAIN_SHARE = 0.02


def host_accounts(host: Host, rng: np.random.Generator) -> tuple[Accounts, Catalogue]:
    """Describe the accounts of a log by the traits that campaigns copy.

    Parameters:
        host: The log.
        rng: Source of randomness, for traits that the log does not carry.

    Returns:
        One account for each account of the log, and the texts that their numbers stand for.
    """
    size = len(host.first_row)
    coded = {
        name: _coded(host.column(name))
        for name in ("user_agent", "tls_fingerprint", "model", "country", "asn", "endpoint")
    }
    mail, free_mail = _mail(host.column("email_domain"), rng)
    seed = mix(np.arange(size, dtype=np.uint64), key_of("host", host.start_us))
    model = coded["model"][0]
    accounts = Accounts(
        seed=seed,
        traffic_class=np.zeros(size, dtype=np.int64),
        behaviour=np.full(size, list(PROFILES).index("coding")),
        likeness=np.arange(size),
        group=np.full(size, -1, dtype=np.int64),
        declared=np.zeros(size, dtype=bool),
        template_seed=mix(seed, key_of("template")),
        country=coded["country"][0],
        language=np.zeros(size, dtype=np.int64),
        offset_hours=np.zeros(size, dtype=np.int64),
        provider=coded["asn"][0],
        addresses=_addresses(host.column("client_ip"), rng),
        address_count=rng.integers(1, ADDRESSES_PER_ACCOUNT + 1, size),
        user_agent=coded["user_agent"][0],
        fingerprint=coded["tls_fingerprint"][0],
        model=model,
        second_model=model[rng.integers(0, size, size)],
        payment=_present(host.column("payment_fingerprint"), seed),
        mail=mail,
        created_us=_created(host),
        temperature=_numbers(host.column("temperature")),
        top_p=_numbers(host.column("top_p")),
        max_tokens=_whole(host.column("max_tokens"), 0),
        samples=_whole(host.column("n"), 1),
        logprobs=_whole(host.column("logprobs"), 0) > 0,
        stream=_whole(host.column("stream"), 0) > 0,
        endpoint=coded["endpoint"][0],
        tools=_present(host.column("tools_hash"), seed),
        exchanges_per_active_day=host.volume / np.maximum(host.active_days, 1),
        active_day_share=host.active_days / host.days,
        phase_hours=np.zeros(size),
    )
    catalogue = Catalogue(
        user_agents=coded["user_agent"][1],
        fingerprints=coded["tls_fingerprint"][1],
        models=coded["model"][1],
        countries=coded["country"][1],
        providers=coded["asn"][1],
        endpoints=coded["endpoint"][1],
        free_mail=free_mail,
    )
    return accounts, catalogue


def _coded(column: pa.Array) -> tuple[NDArray[np.int64], pa.Array]:
    """Number the values of a column; null is a value."""
    encoded = pc.dictionary_encode(column, null_encoding="encode")
    return encoded.indices.to_numpy().astype(np.int64), encoded.dictionary


def _mail(column: pa.Array, rng: np.random.Generator) -> tuple[NDArray[np.uint64], pa.Array]:
    """Split domains into popular ones, which are kept, and others, which are made anew."""
    place, domains = _coded(column)
    count = np.bincount(place, minlength=len(domains))
    null = np.asarray(domains.is_null())
    popular = np.flatnonzero((count >= max(2.0, _POPULAR_DOMAIN_SHARE * len(place))) | null)
    if len(popular) == 0:
        return draw_free_mail(len(place), rng).astype(np.uint64) + np.uint64(2**32), domains[:0]
    position = np.full(len(domains), -1, dtype=np.int64)
    position[popular] = np.arange(len(popular))
    own = mix(np.arange(len(place), dtype=np.uint64), key_of("mail"))
    kept = position[place]
    mail = np.where(kept >= 0, np.maximum(kept, 0).astype(np.uint64), own)
    return mail, domains.take(pa.array(popular))


def _addresses(column: pa.Array, rng: np.random.Generator) -> NDArray[np.int64]:
    """Read version-4 addresses; draw one of the simulator's where there is none."""
    codes = [_address(text) for text in column.to_pylist()]
    known = np.array([code if code is not None else -1 for code in codes], dtype=np.int64)
    provider = network.residential_provider(np.zeros(len(known), dtype=np.int64), rng)
    drawn = network.draw_addresses(provider, 1, rng)[:, 0]
    given = known[known >= 0]
    if len(given):
        drawn = given[rng.integers(0, len(given), len(known))]
    chosen = np.where(known >= 0, known, drawn)
    return np.repeat(chosen[:, None], ADDRESSES_PER_ACCOUNT, axis=1)


def _address(text: str | None) -> int | None:
    try:
        address = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    return int(address) if address.version == 4 else None


def _present(column: pa.Array, seed: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a seed where the column has a value, else 0."""
    return np.where(np.asarray(column.is_valid()), mix(seed, key_of("own")), np.uint64(0))


def _created(host: Host) -> NDArray[np.int64]:
    """Return the creation times, or half a year before the log where there are none."""
    column = host.column("account_created_at").cast(pa.int64())
    otherwise = host.start_us - 180 * 86_400_000_000
    return np.asarray(column.fill_null(otherwise).to_numpy(zero_copy_only=False), dtype=np.int64)


def _numbers(column: pa.Array) -> NDArray[np.float64]:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)


def _whole(column: pa.Array, otherwise: int) -> NDArray[np.int64]:
    return np.asarray(column.cast(pa.int64()).fill_null(otherwise).to_numpy(), dtype=np.int64)
