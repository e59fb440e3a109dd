"""A certificate of deletion is of one recipient and one copy."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from phalanx.errors import VerificationError
from phalanx.release.grants.deletion import certify_deletion, verify_deletion

OF = {"grant": "ab" * 32, "record": "cd" * 32, "root": "ef" * 32}


def _made(deal: Any, **change: Any) -> Any:
    said = {"model": "m-1", "now": deal.now, "deleted": ("the copy",), "kept": ("backups",), **OF}
    return certify_deletion(deal.partner, **{**said, **change})


def test_what_was_certified_is_read(deal: Any) -> None:
    """Whoever pinned the recipient reads what he deleted and what he kept."""
    said = verify_deletion(_made(deal), deal.partner.identity, **OF)
    assert (said.deleted, said.kept, said.deleted_at) == (("the copy",), ("backups",), deal.now)


@pytest.mark.parametrize("part", ["grant", "record", "root"])
def test_a_certificate_of_another_copy(part: str, deal: Any) -> None:
    """A certificate that was made for another grant, release or model does not count for this."""
    with pytest.raises(VerificationError, match="another copy"):
        verify_deletion(_made(deal, **{part: "00" * 32}), deal.partner.identity, **OF)


def test_a_certificate_of_somebody_else(deal: Any) -> None:
    """Only the recipient certifies, and he says what he deleted."""
    with pytest.raises(VerificationError, match="not signed by Other"):
        verify_deletion(_made(deal), deal.other.identity, **OF)
    with pytest.raises(ValidationError):
        _made(deal, deleted=())
