"""Identifiers, brought to the one form that all members give them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.share.blinding.identifiers import KINDS, canonical, message_of, token_of


@pytest.mark.parametrize(
    ("kind", "value", "form"),
    [
        ("email", "Ada@Example.COM", "ada@example.com"),
        ("email", "ada+one+two@example.com.", "ada@example.com"),
        ("email", "+only@example.com", "+only@example.com"),
        ("email", "a.d.a+x@gmail.com", "ada@gmail.com"),
        ("email", "a.d.a@example.com", "a.d.a@example.com"),
        ("email", "\uff41da@bücher.example", "ada@xn--bcher-kva.example"),
        ("email", "ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"),
        ("phone", "+44 20 7946 0018", "+442079460018"),
        ("phone", "0049 (0)30/901820", "+4930901820"),
        ("phone", "\uff0b44\u201120\u20117946\u20110018", "+442079460018"),
        ("payment", " 4f3c ", "4f3c"),
        ("payment", "4F3C", "4F3C"),
        ("device", "A1:b2", "A1:b2"),
    ],
)
def test_one_identifier_has_one_form(kind: str, value: str, form: str) -> None:
    """However a record spells it."""
    assert canonical(kind, value) == form


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "nobody"),
        ("email", "@example.com"),
        ("email", "a@b@example.com"),
        ("email", "a b@example.com"),
        ("email", "a@localhost"),
        ("email", "a@exa mple.com"),
        ("email", "a@-.com"),
        ("email", "a@" + "b" * 64 + ".com"),
        ("email", "x" * 600),
        ("phone", "020 7946 0018"),
        ("phone", "+0123456789"),
        ("phone", "+44 20 CALL ME"),
        ("phone", "+4420794600181234"),
        ("payment", "  "),
        ("device", "\ud800"),
        ("iban", "DE00"),
    ],
)
def test_what_is_none_is_refused_and_not_repeated(kind: str, value: str) -> None:
    """Messages are logged, so they hold no identifier."""
    with pytest.raises(InputError) as error:
        canonical(kind, value)
    assert value.strip() == "" or value not in error.value.diagnostics()


@given(st.sampled_from(sorted(KINDS)), st.text(max_size=60))
def test_the_form_of_a_form_is_itself(kind: str, text: str) -> None:
    """So it does not matter who brings it to its form, or how often."""
    with suppress(InputError):
        form = canonical(kind, text)
        assert canonical(kind, form) == form


@given(
    st.text("abcdefgh.\u00e4\u0130\ufb01+", min_size=1, max_size=12), st.sampled_from(["B.example"])
)
def test_addresses_that_are_used_have_stable_forms(local: str, domain: str) -> None:
    """Letters whose lower case is several characters included."""
    with suppress(InputError):
        form = canonical("email", f"{local}@{domain}")
        assert canonical("email", form) == form == canonical("email", form.upper().lower())


def test_epochs_and_kinds_have_nothing_in_common() -> None:
    """What is hashed says which they are, and fields cannot run together."""
    said = {
        message_of(kind, value, epoch)
        for kind in ("payment", "device")
        for value in ("a1", "1")
        for epoch in (1, 11, 0)
    }
    assert len(said) == 12


@pytest.mark.parametrize("epoch", [-1, 2**31])
def test_an_epoch_has_a_number(epoch: int) -> None:
    """As the wire objects have it."""
    with pytest.raises(InputError):
        message_of("device", "a1", epoch)


def test_a_token_is_half_an_output() -> None:
    """An output of another length is wrong use."""
    assert token_of(bytes(range(64))) == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    with pytest.raises(ValueError, match="64 bytes"):
        token_of(bytes(32))
