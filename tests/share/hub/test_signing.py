"""What the hub signs, counts and dates: keys, cursors, moments, allowances."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import ConfigError, InputError, VerificationError
from phalanx.share.hub.allowances import Allowance, Allowances
from phalanx.share.hub.filters import asked, next_page
from phalanx.share.hub.moments import parse_moment, written_moment
from phalanx.share.hub.signing import load_or_create_key, opened, signed


def test_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    """Made once, refused if others may read it, or if it is no key."""
    path = tmp_path / "keys" / "hub.key"
    made = load_or_create_key(path)
    assert load_or_create_key(path) == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="others"):
        load_or_create_key(path)
    path.chmod(0o600)
    path.write_bytes(made + b"x")
    with pytest.raises(ConfigError, match="exactly 32"):
        load_or_create_key(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_or_create_key(path / "below")


@given(st.binary(min_size=32, max_size=32), st.text(max_size=9), st.integers(), st.binary())
def test_only_what_was_signed_is_opened(key: bytes, name: str, said: int, other: bytes) -> None:
    """With the same key, for the same purpose, unchanged."""
    text = signed(key, "next", {name: said % 2**53})
    assert opened(key, "next", text) == {name: said % 2**53}
    for purpose, used, shown in (
        ("token", key, text),
        ("next", bytes(32) if key != bytes(32) else bytes([1] * 32), text),
        ("next", key, other.decode("latin-1")),
        ("next", key, text[:-1]),
    ):
        with pytest.raises(VerificationError):
            opened(used, purpose, shown)


@given(
    st.dictionaries(
        st.sampled_from(["match[type]", "match[version]", "match[spec_version]", "added_after"]),
        st.sampled_from(["first", "all", "2.1", "2.0,2.1", "indicator,malware", "x", ""])
        | st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
    ),
    st.integers(1, 2_000),
    st.tuples(st.integers(0, 2**60), st.integers(0, 2**60)),
)
def test_a_cursor_carries_all_that_was_asked(
    given_: dict[str, str], limit: int, place: tuple[int, int]
) -> None:
    """A second page asked with nothing, or with the same filters, is the same page."""
    key = bytes(32)
    said: dict[str, str | None] = {**given_, "limit": str(limit)}
    try:
        first = asked(said, key=key, what="1 objects/", most=1_000)
    except InputError:
        return
    token = next_page(key, first, place)
    bare = asked({"next": token}, key=key, what="1 objects/", most=1_000)
    repeated = asked({**said, "next": token}, key=key, what="1 objects/", most=1_000)
    assert bare == repeated
    assert (bare.filters, bare.limit, bare.after) == (first.filters, min(limit, 1_000), place)


@given(st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999))
def test_moments_survive_writing(value: int) -> None:
    """From year 1 to year 9999."""
    assert parse_moment(written_moment(value)) == value


@given(st.text(max_size=40))
def test_texts_that_are_no_moments(text: str) -> None:
    """Are told so, whatever they hold."""
    with pytest.raises(InputError, match="no timestamp"):
        parse_moment(text)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 10), st.floats(0, 3)), max_size=50))
def test_nobody_takes_more_than_is_allowed(asks: list[tuple[str, float, float]]) -> None:
    """At most the burst and what time has filled in since, for each."""
    buckets = Allowances(Allowance(per_second=2.0, burst=3.0))
    taken: dict[str, float] = {}
    now: float = 0.0
    for who, pause, cost in asks:
        now += pause
        if not buckets.wait_seconds(who, now, cost):
            taken[who] = taken.get(who, 0.0) + cost
        assert taken.get(who, 0.0) <= 3.0 + 2.0 * now + 1e-6
