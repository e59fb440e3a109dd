"""A profile's clear values become the hashes that a scan under any key computes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from phalanx.detect.attribution.draft import unresolved, with_clear_values
from phalanx.detect.attribution.targets import targets_of
from phalanx.detect.narrow import Narrowing, narrow
from phalanx.logs import ReadOptions, open_log
from phalanx.logs.engine import DuckDBEngine
from phalanx.logs.pseudonym import key_id
from phalanx.model import ActorProfile, ProfileSource, RequestSettings, Trait

KEY, OTHER = b"k" * 32, b"o" * 32
PROMPT = "Solve task 17 with every intermediate step written out, then check it again."
SYSTEM = "You write training examples. Be exact."
START = datetime(2026, 3, 2, tzinfo=UTC)
SETTINGS = RequestSettings(
    user_agent="north/1", endpoint="/v1", temperature=0.7, max_tokens=100, stream=True, n=1
)
PROFILE = ActorProfile(
    schema="phalanx.profile/1",
    name="North Lab",
    sources=(ProfileSource(title="Report", date=date(2026, 2, 12)),),
    traits=(
        Trait(family="template", values=(PROMPT,)),
        Trait(family="system prompt", values=(SYSTEM,)),
        Trait(family="tls", values=("t13d",)),
        Trait(family="payment", values=("card-1",)),
        Trait(family="email", values=("Ann@North.example",)),
        Trait(family="subnet", values=("192.0.2.77",)),
        Trait(family="asn", values=("AS64500",)),
    ),
    settings=(SETTINGS,),
)
COLUMNS = {
    "template": "opening", "system prompt": "system", "tls": "tls", "payment": "payment",
    "email": "email", "subnet": "subnet", "asn": "asn", "parameters": "parameters",
}  # fmt: skip
"""Family -> column of the narrow table."""


def _log() -> pa.Table:
    rows = [
        {
            "timestamp": START + timedelta(minutes=minute), "account_id": f"a{minute}",
            "model": "m", "prompt": PROMPT.replace("17", str(minute)), "system_prompt": SYSTEM,
            "tls_fingerprint": "t13d", "payment_fingerprint": "card-1",
            "email_domain": "north.example", "client_ip": f"192.0.2.{minute}", "asn": "AS64500",
            "user_agent": "north/1", "endpoint": "/v1", "temperature": 0.7, "max_tokens": 100,
            "stream": True, "n": 1,
        }
        for minute in range(4)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows)


def _narrow(key: bytes | None) -> pa.Table:
    log = open_log(_log(), ReadOptions(pseudonym_key=key))
    with DuckDBEngine(memory_limit_bytes=200_000_000, threads=1) as engine:
        table, _ = narrow(engine, log, Narrowing(key=key, keep_excerpts=False, step_hours=6))
        return table.to_pyarrow()


@pytest.mark.parametrize("key", [None, KEY, OTHER])
def test_clear_values_are_found_under_every_key(key: bytes | None) -> None:
    """Each family of the profile has exactly the hash that the log of the scan has."""
    table, targets = _narrow(key), targets_of(PROFILE, key)
    assert set(targets) == set(COLUMNS)
    for family, column in COLUMNS.items():
        assert targets[family].hashes.tolist() == np.unique(table[column].to_numpy()).tolist()
        assert targets[family].unusable == ""


def _hashed_profile(key: bytes) -> ActorProfile:
    """Return the profile as a scan under a key would draft it, without its log."""
    table = _narrow(key)
    hidden = next(iter(open_log(_log(), ReadOptions(pseudonym_key=key)).batches()))
    names = {
        "payment": "payment_fingerprint", "email": "email_domain", "subnet": "client_subnet",
    }  # fmt: skip
    traits = []
    for family, column in COLUMNS.items():
        code = int(table[column][0].as_py()) & (2**64 - 1)
        hashes = (f"{code:016x}",)
        if family in names:
            hashes = (hidden.column(names[family])[0].as_py(),)
        traits.append(Trait(family=family, hashes=hashes))  # type: ignore[arg-type] # the families
    return ActorProfile(
        schema="phalanx.profile/1", name="", sources=(), key_id=key_id(key), traits=tuple(traits)
    )


def test_hashes_are_found_under_their_own_key() -> None:
    """Pseudonyms and hashes of a scan serve scans under the same key, and say so to others."""
    profile = _hashed_profile(KEY)
    clear, own = targets_of(PROFILE, KEY), targets_of(profile, KEY)
    assert {f: t.hashes.tolist() for f, t in own.items()} == {
        f: t.hashes.tolist() for f, t in clear.items()
    }
    assert all("another key" in each.unusable for each in targets_of(profile, OTHER).values())


def test_the_log_turns_hashes_into_clear_values() -> None:
    """With the log of its scan a draft can be used under any key."""
    batches = open_log(_log(), ReadOptions()).batches()
    clear = with_clear_values(_hashed_profile(KEY), batches, KEY)
    assert unresolved(clear) == 0
    assert clear.key_id == ""
    assert {f: t.hashes.tolist() for f, t in targets_of(clear, OTHER).items()} == {
        f: t.hashes.tolist() for f, t in targets_of(PROFILE, OTHER).items()
    }


def test_values_that_the_log_does_not_show_stay_hashes() -> None:
    """Another log resolves nothing, and nothing is lost."""
    other = _log().slice(0, 0)
    batches = open_log(other, ReadOptions()).batches() if other.num_rows else iter(())
    profile = _hashed_profile(KEY)
    assert with_clear_values(profile, batches, KEY) == profile


def test_a_text_too_short_to_have_an_opening_is_not_looked_for() -> None:
    """Everybody says hello: such a template says that it cannot be used."""
    profile = ActorProfile(
        schema="phalanx.profile/1", name="X", sources=PROFILE.sources,
        traits=(Trait(family="template", values=("hello",)),),
    )  # fmt: skip
    assert "no value" in targets_of(profile, KEY)["template"].unusable
