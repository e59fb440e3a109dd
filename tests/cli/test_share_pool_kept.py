"""What tokens stand for is on disk before a batch is sent, and survives whatever happens then."""

from __future__ import annotations

from pathlib import Path

import pytest

from phalanx.cli.share_pool_kept import KeptMark, all_kept, kept_path, kept_while_sent
from phalanx.errors import InputError, PhalanxError, PolicyError, ServiceError
from phalanx.share.pool.refusals import IS_OVER, SENT_BEFORE, refusal_in, refusal_of

CARD = KeptMark("payment", "card", ("a1", "a2"))
MAIL = KeptMark("email", "a@example.com", ("a1",))


def _send(path: Path, digest: str, meaning: dict[str, KeptMark]) -> None:
    with kept_while_sent(path, digest * 64, meaning):
        assert all_kept(path).items() >= meaning.items()


def test_nothing_is_sent_whose_meaning_is_not_kept(tmp_path: Path) -> None:
    """It can be read while it is sent, and stands alone at its place afterwards."""
    path = kept_path(tmp_path, "2026-11")
    with pytest.raises(InputError, match="not there"):
        all_kept(path)
    _send(path, "a", {"t": CARD})
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o077 == 0


def test_what_was_kept_never_shrinks(tmp_path: Path) -> None:
    """A later batch adds to it."""
    path = kept_path(tmp_path, "2026-11")
    _send(path, "a", {"t": CARD})
    _send(path, "b", {})
    _send(path, "c", {"u": MAIL})
    assert all_kept(path) == {"t": CARD, "u": MAIL}


@pytest.mark.parametrize(
    ("failure", "more"),
    [
        (refusal_of(SENT_BEFORE), 0),
        (refusal_of(IS_OVER), 1),  # it may have ended after an attempt that was taken
        (PolicyError("the limit is reached"), 1),
        (ServiceError("no answer"), 1),
    ],
)
def test_what_may_have_been_taken_is_kept(tmp_path: Path, failure: PhalanxError, more: int) -> None:
    """Only a refusal that holds for every attempt lets it go."""
    path = kept_path(tmp_path, "2026-11")
    _send(path, "a", {"t": CARD})
    with pytest.raises(type(failure)), kept_while_sent(path, "b" * 64, {"u": MAIL}):
        raise failure
    assert ("u" in all_kept(path)) is bool(more)
    assert all_kept(path)["t"] == CARD
    assert len(list(tmp_path.iterdir())) == 1 + more


def test_another_round_is_not_taken_for_this_one(tmp_path: Path) -> None:
    """Whatever names of rounds begin with."""
    path = kept_path(tmp_path, "1")
    _send(path, "a", {"t": CARD})
    _send(kept_path(tmp_path, "1.json"), "b", {"u": MAIL})
    assert all_kept(path) == {"t": CARD}


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"description": "?"}', b"[" * 9_000])
def test_other_answers_are_not_the_pools(body: bytes) -> None:
    """Words that the pool does not use mean nothing."""
    assert refusal_in(body) is None
