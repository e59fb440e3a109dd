"""Schemes by name: what is refused says why and what to do."""

from __future__ import annotations

import pytest

from phalanx.errors import InputError
from phalanx.watermark.schemes.names import Value, read_name, write_name
from phalanx.watermark.schemes.registry import open_scheme, scheme_names
from phalanx.watermark.schemes.scheme import Scheme


def test_all_are_installed() -> None:
    """Every scheme that ships has an entry point."""
    assert set(scheme_names()) >= {
        "kgw-transformers-v1",
        "phalanx-gumbel-v1",
        "sbw-selfhash-v1",
        "synthid-transformers-v1",
        "vllm-gumbel-dual-v1",
        "vllm-gumbel-v1",
    }


def test_a_scheme_fits_the_protocol() -> None:
    """What a name opens is a scheme."""
    assert isinstance(open_scheme("sbw-selfhash-v1?gamma=0.25"), Scheme)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("phalanx-gumbel-v0", "no scheme phalanx-gumbel-v0"),
        ("phalanx-gumbel-v1?width=2", "unexpected keyword argument 'width'"),
        ("phalanx-gumbel-v1?context_width=99", "must be 1 to 16"),
        ("phalanx-gumbel-v1?context_width", "expected NAME"),
        ("phalanx-gumbel-v1?context_width=2&context_width=3", "each once"),
        ("phalanx-gumbel-v1?context_width=wide", "must be a whole number, not wide"),
        ("phalanx-gumbel-v1?context_width=2.0", "must be a whole number, not 2.0"),
        ("kgw-transformers-v1?vocabulary=100.0", "must be a whole number, not 100.0"),
        ("kgw-transformers-v1?vocabulary=2147483647", "vocabulary must be 2 to 1,048,576"),
        ("synthid-transformers-v1?table_seed=1.5", "must be a whole number, not 1.5"),
        ("synthid-transformers-v1?table_seed=-1", "must be 0 to 2"),
        ("synthid-transformers-v1?depth=31", "must be 1 to 30"),
        ("sbw-selfhash-v1?gamma=inf", "above 0 and below 1"),
        ("sbw-selfhash-v1?gamma=nan", "above 0 and below 1"),
        ("sbw-selfhash-v1?gamma=1e-300", "above 0 and below 1"),
        ("kgw-transformers-v1", "missing a required argument: 'vocabulary'"),
        ("kgw-transformers-v1?vocabulary=9&seeding=minhash", "lefthash or selfhash"),
        ("", "no scheme"),
    ],
)
def test_what_is_refused(name: str, why: str) -> None:
    """A name that opens nothing is bad input, with the next step."""
    with pytest.raises(InputError, match=why) as caught:
        open_scheme(name)
    assert caught.value.next_step


def test_names_are_read_as_written() -> None:
    """Parameters keep their types over writing and reading."""
    chosen: dict[str, Value] = {"vocabulary": 5, "share": 0.25, "seeding": "selfhash", "left": 1}
    assert read_name(write_name("some-v1", chosen, {"left": 1})) == (
        "some-v1",
        {"vocabulary": 5, "share": 0.25, "seeding": "selfhash"},
    )
