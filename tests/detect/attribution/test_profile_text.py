"""Profiles are read exactly, or refused with a plain message."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.detect.attribution.profile_text import parse_profile, profile_json, profile_toml
from phalanx.detect.attribution.targets import targets_of
from phalanx.errors import InputError
from phalanx.model import ActorProfile, ProfileSource, RequestSettings, Trait
from phalanx.model.profile import TraitFamily

VALID = """
schema = "phalanx.profile/1"
name = "North Lab"
aliases = ["NL-7"]
key_id = "key_0123456789abcdef"
hours_of_week = [HOURS]

[[sources]]
title = "Report on North Lab"
date = 2026-02-12
url = "https://example.org/north"

[[traits]]
family = "email"
values = ["north.example"]
persistence = 0.7

[[traits]]
family = "template"
hashes = ["00000000000000ab"]

[[settings]]
user_agent = "north/1"
temperature = 0.7
stream = true
""".replace("HOURS", ", ".join(["0.5"] * 168))


def _toml(text: str) -> ActorProfile:
    return parse_profile(text, "north.toml", is_json=False)


def test_a_profile_is_read() -> None:
    """Every field arrives, and what is left out has its default."""
    profile = _toml(VALID)
    assert (profile.name, profile.aliases, profile.role) == ("North Lab", ("NL-7",), "operator")
    assert profile.sources[0].date == date(2026, 2, 12)
    assert [trait.persistence for trait in profile.traits] == [0.7, 0.5]
    assert profile.settings[0].temperature == 0.7
    assert len(profile.hours_of_week) == 168


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('title = "Report on North Lab"', 'title = " "', "title is empty"),
        ("date = 2026-02-12", "", "date"),
        ("[[sources]]", "[[origins]]", "unknown field 'origins'"),
        ('name = "North Lab"', 'name = ""', "name"),
        ("phalanx.profile/1", "phalanx.profile/9", "phalanx.profile/9"),
        ('family = "email"', 'family = "shoe size"', "family"),
        ('family = "email"', 'family = "template"', "one entry"),
        ('family = "email"', 'family = "hours"', "hours_of_week"),
        ('family = "email"', 'family = "parameters"', "settings"),
        ("persistence = 0.7", "persistence = 1.0", "persistence"),
        ("persistence = 0.7", "persistence = nan", "persistence"),
        ("persistence = 0.7", "persistance = 0.7", "unknown field 'persistance'"),
        ("stream = true", "streaming = true", "unknown field 'streaming'"),
        ("[0.5, ", "[", "168"),
        ("[0.5, ", "[-0.5, ", "168"),
        ("[0.5, ", "[inf, ", "168"),
        ("https://", "javascript:", "url"),
        ("stream = true", "n = 99999999999999999999", "lie below"),
        ("aliases", "drafted_from = 2026-01-02\naliases", "drafted_until"),
        (
            "aliases",
            "drafted_from = 2026-01-02\ndrafted_until = 2026-01-01\naliases",
            "drafted_until",
        ),
    ],
)
def test_mistakes_are_told(old: str, new: str, told: str) -> None:
    """What cannot be meant is refused, with the file and the place."""
    assert old in VALID
    with pytest.raises(InputError, match=told) as caught:
        _toml(VALID.replace(old, new))
    assert "north.toml" in str(caught.value)
    assert caught.value.next_step


def test_without_a_source_nobody_is_named() -> None:
    """A profile without sources is refused, whether they are absent or an empty list."""
    head = 'schema = "phalanx.profile/1"\nname = "X"\n'
    traits = '\n[[traits]]\nfamily = "email"\nvalues = ["a.example"]\n'
    for sources in ("", "sources = []\n"):
        with pytest.raises(InputError, match="sources"):
            _toml(head + sources + traits)


def test_without_a_trait_there_is_nothing_to_compare() -> None:
    """A name with sources alone cannot be looked for."""
    text = VALID[: VALID.index("[[traits]]")]
    text = text.replace("hours_of_week", "# hours_of_week")
    with pytest.raises(InputError, match="no trait"):
        _toml(text)


def test_a_huge_profile_is_refused() -> None:
    """More than 2^20 characters are not parsed."""
    with pytest.raises(InputError, match="more than"):
        _toml("#" * (1 << 20) + VALID)


def _texts(most: int = 40) -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=most).filter(
        lambda text: bool(text.strip())
    )


PROFILES = st.builds(
    ActorProfile,
    schema=st.just("phalanx.profile/1"),
    name=_texts(),
    sources=st.lists(
        st.builds(ProfileSource, title=_texts(), date=st.dates(), url=st.just("")),
        min_size=1, max_size=3,
    ).map(tuple),
    aliases=st.lists(_texts(), max_size=3).map(tuple),
    role=st.sampled_from(["operator", "network"]),
    key_id=st.sampled_from(["", "key_0123456789abcdef"]),
    traits=st.lists(
        st.builds(
            Trait,
            family=st.sampled_from(
                [each for each in get_args(TraitFamily) if each not in {"hours", "parameters"}]
            ),
            values=st.lists(_texts(), min_size=1, max_size=3).map(tuple),
            hashes=st.lists(st.just("00000000000000ab"), max_size=2).map(tuple),
            persistence=st.floats(0.01, 0.99),
        ),
        min_size=1, max_size=4, unique_by=lambda trait: trait.family,
    ).map(tuple),
    settings=st.lists(
        st.builds(
            RequestSettings,
            user_agent=st.none() | _texts(),
            temperature=st.none() | st.floats(0, 2),
            n=st.none() | st.integers(0, 9),
            logprobs=st.none() | st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
    hours_of_week=st.just(()) | st.just((0.25,) * 168),
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(PROFILES, st.none() | st.tuples(st.dates(), st.dates()).map(sorted))
def test_what_is_written_is_read_back(profile: ActorProfile, days: list[date] | None) -> None:
    """Both notations keep everything, whatever characters it has."""
    if days is not None:
        profile = replace(profile, drafted_from=days[0], drafted_until=days[1])
    assert parse_profile(profile_toml(profile, "a\ncomment"), "x", is_json=False) == profile
    assert parse_profile(profile_json(profile), "x", is_json=True) == profile


@settings(deadline=None, max_examples=150)
@given(
    st.integers(0, len(VALID)),
    st.integers(0, 30),
    st.text(max_size=12) | st.just('"\\ud800"'),
    st.sampled_from(["json", "toml"]),
)
def test_a_damaged_profile_is_read_or_refused(
    start: int, length: int, instead: str, notation: str
) -> None:
    """Whatever is changed, a profile that can be hashed comes out, or an `InputError`."""
    is_json = notation == "json"
    text = profile_json(_toml(VALID)) if is_json else VALID
    damaged = text[:start] + instead + text[start + length :]
    with suppress(InputError):
        profile = parse_profile(damaged, "x", is_json=is_json)
        assert profile.sources
        targets_of(profile, bytes(32))


@settings(deadline=None, max_examples=100)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["name", "sources", "traits", "settings", "hours_of_week", "title", "family"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_json_of_any_shape_is_refused_plainly(value: object) -> None:
    """Values of the wrong kind in any place end in an `InputError`."""
    document = {"schema": "phalanx.profile/1"} | (
        value if isinstance(value, dict) else {"name": value}
    )
    with suppress(InputError):
        parse_profile(json.dumps(document), "x", is_json=True)


def test_half_a_surrogate_pair_is_refused() -> None:
    """JSON can write text that is none; nothing could be hashed of it."""
    text = profile_json(_toml(VALID)).replace("north.example", "\\ud800")
    with pytest.raises(InputError, match="surrogate"):
        parse_profile(text, "x", is_json=True)
