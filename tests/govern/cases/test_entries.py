"""An act as it is kept: in one form, in one place, or refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.govern.cases.conftest import BEGUN, House

from phalanx.errors import VerificationError
from phalanx.govern.cases import Entry, Noted, case_of
from phalanx.govern.cases.entries import entry_of, refuse_broken_chain

ENTRY = Entry(
    case="case-7", number=2, at=BEGUN, by="ana", login="ana@lab", previous="ab" * 32,
    act=Noted(text="Zoë said: “wait”."),
)  # fmt: skip


def test_an_act_comes_back_as_it_was() -> None:
    """With the digest that the next one names."""
    again = entry_of(ENTRY.payload(), "it")
    assert again == ENTRY
    assert again.digest == ENTRY.digest


@given(st.data())
def test_an_act_with_another_byte_is_another_one_or_none(data: st.DataObject) -> None:
    """Never the same."""
    payload = ENTRY.payload()
    at = data.draw(st.integers(0, len(payload) - 1))
    other = bytes([payload[at] ^ data.draw(st.integers(1, 255))])
    try:
        found = entry_of(payload[:at] + other + payload[at + 1 :], "it")
    except VerificationError:
        return
    assert found.digest != ENTRY.digest


@given(st.binary(max_size=400))
def test_any_bytes_are_no_act(content: bytes) -> None:
    """And that is told, whatever they are."""
    with pytest.raises(VerificationError, match="it is not as it was kept"):
        entry_of(content, "it")


@pytest.mark.parametrize(
    "change",
    [
        lambda payload: payload.replace(b'{"act"', b'{ "act"', 1),
        lambda payload: payload[:-1] + b',"more":1}',
        lambda payload: payload.replace(b'"noted"', b'"gossip"'),
        lambda payload: payload.replace(b'"number":2', b'"number":0'),
        lambda _: b"[" * 100_000,
    ],
)  # fmt: skip
def test_an_act_in_another_form_is_refused(change: Callable[[bytes], bytes]) -> None:
    """Two forms of one act would have two digests."""
    with pytest.raises(VerificationError):
        entry_of(change(ENTRY.payload()), "it")


def test_a_chain_is_of_one_case_without_gaps(light: House) -> None:
    """The one that does not follow is named."""
    light.open()
    entries = light.cases.entries("case-7")
    refuse_broken_chain(entries, "case-7")
    for broken, which in (
        (entries[1:], "act 1"),
        ((entries[0], entries[2]), "act 2"),
        ((entries[0], entries[1], entries[3]), "act 3"),
        ((*entries[:3], entries[3].model_copy(update={"previous": "00" * 32})), "act 4"),
        ((entries[0].model_copy(update={"at": BEGUN + timedelta(days=1)}), *entries[1:]), "act 2"),
    ):
        with pytest.raises(VerificationError, match=f"{which} of case-7"):
            refuse_broken_chain(broken, "case-7")
    with pytest.raises(VerificationError, match="act 1 of case-8"):
        refuse_broken_chain(entries, "case-8")
    with pytest.raises(ValueError, match="at least the act that opened it"):
        case_of([])
