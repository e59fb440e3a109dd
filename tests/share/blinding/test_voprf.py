"""The protocol of RFC 9497: its own answers, and what must never pass."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.errors import InputError, VerificationError
from phalanx.share.blinding.group import (
    IDENTITY,
    ORDER,
    multiply,
    random_element,
    random_scalar,
    scalar_from_uniform,
)
from phalanx.share.blinding.hashing import expand_message_xmd
from phalanx.share.blinding.proof import Proof, as_proof, verify_proof
from phalanx.share.blinding.voprf import (
    KeyPair,
    blind,
    blind_evaluate,
    derive_key_pair,
    evaluate,
    finalize,
)

KEY = derive_key_pair(bytes(32), b"test")
OTHER_KEY = derive_key_pair(bytes(31) + b"\1", b"test")
scalars = st.binary(min_size=64, max_size=64).map(scalar_from_uniform).filter(any)
messages = st.binary(max_size=200)


@pytest.mark.parametrize(
    ("domain", "length"), [(b"", 1), (bytes(256), 1), (b"x", 0), (b"x", 16_321)]
)
def test_what_cannot_be_stretched_is_wrong_use(domain: bytes, length: int) -> None:
    """A domain or a length out of range."""
    with pytest.raises(ValueError, match="a domain has"):
        expand_message_xmd(b"", domain, length)


@given(st.lists(st.tuples(messages, scalars), min_size=1, max_size=5), scalars)
@settings(max_examples=25)
def test_both_ways_lead_to_the_same_output(pairs: list[tuple[bytes, bytes]], nonce: bytes) -> None:
    """Blinds come off without a trace."""
    batch = [blind(*pair) for pair in pairs]
    answers, proof = blind_evaluate(KEY, [each.element for each in batch], nonce)
    assert finalize(batch, answers, KEY.public_key, proof) == [
        evaluate(KEY, message) for message, _ in pairs
    ]


@given(messages, messages, scalars)
def test_any_question_may_hide_any_input(first: bytes, second: bytes, scalar: bytes) -> None:
    """For each input there is a blind that makes it look like this: the server learns nothing.

    Question = scalar x H(first). The group has prime order, so H(second) reaches the same
    element with exactly one scalar, and all scalars are equally likely. What can be checked
    without logarithms is that the question is a whole element whose blind can be undone.
    """
    asked = blind(first, scalar)
    assert asked.element != IDENTITY
    assert (blind(second, scalar).element == asked.element) == (first == second)


def test_one_input_never_looks_the_same() -> None:
    """Two questions of one input have nothing in common; their bytes are spread evenly."""
    source = random.Random(1).randbytes
    seen = [blind(b"alice", random_scalar(source)).element for _ in range(400)]
    other = [blind(b"bob", random_scalar(source)).element for _ in range(400)]
    assert len({*seen, *other}) == 800
    # The mean of 400 x 31 uniform bytes has a standard error of 0.66; both are six of them wide.
    for sample in (seen, other):
        spread = [byte for element in sample for byte in element[:31]]
        assert abs(sum(spread) / len(spread) - 127.5) < 4


@given(st.integers(0, 2), scalars)
@settings(max_examples=20)
def test_a_key_of_ones_own_is_noticed(count: int, nonce: bytes) -> None:
    """A server that answers with another key than the pinned one cannot prove it."""
    batch = [blind(bytes([i]), nonce) for i in range(count + 1)]
    answers, proof = blind_evaluate(OTHER_KEY, [each.element for each in batch], nonce)
    with pytest.raises(VerificationError):
        finalize(batch, answers, KEY.public_key, proof)
    lying = KeyPair(OTHER_KEY.private_key, KEY.public_key)
    answers, proof = blind_evaluate(lying, [each.element for each in batch], nonce)
    with pytest.raises(VerificationError):
        finalize(batch, answers, KEY.public_key, proof)


@given(scalars, st.sampled_from(["answer", "order", "question", "challenge", "response", "fewer"]))
@settings(max_examples=30)
def test_nothing_can_be_changed_on_the_way(nonce: bytes, what: str) -> None:
    """Another answer, another order, another question, another proof: nothing comes out."""
    batch = [blind(bytes([i]), nonce) for i in range(3)]
    answers, proof = blind_evaluate(KEY, [each.element for each in batch], nonce)
    if what == "answer":
        answers[1] = multiply(nonce, answers[1])
    elif what == "order":
        answers[0], answers[1] = answers[1], answers[0]
    elif what == "question":
        batch[2] = blind(b"x", nonce)
    elif what == "challenge":
        proof = Proof(nonce, proof.response)
    elif what == "response":
        proof = Proof(proof.challenge, nonce)
    else:
        answers.pop()
    with pytest.raises(VerificationError):
        finalize(batch, answers, KEY.public_key, proof)


@pytest.mark.parametrize(
    "element",
    [
        IDENTITY,
        b"",
        bytes(31),
        bytes(33),
        b"\xff" * 32,
        (2**255 - 19).to_bytes(32, "little"),  # zero, written in another way
        (2**255 - 19 + 8).to_bytes(32, "little"),
        b"\1" + bytes(31),  # negative
    ],
)
def test_what_is_no_element_is_refused(element: bytes) -> None:
    """The identity, other lengths, other ways to write an element."""
    with pytest.raises(InputError) as error:
        blind_evaluate(KEY, [element], random_scalar(random.Random(2).randbytes))
    assert element.hex() not in error.value.diagnostics() or not element


@given(st.binary(max_size=40))
def test_any_bytes_are_an_element_or_refused(data: bytes) -> None:
    """Nothing else happens."""
    try:
        answers, proof = blind_evaluate(KEY, [data], b"\5" + bytes(31))
    except InputError:
        return
    assert verify_proof(KEY.public_key, [data], answers, proof)


@pytest.mark.parametrize(
    "data", [b"", bytes(63), bytes(65), bytes(32) + ORDER.to_bytes(32, "little"), b"\xff" * 64]
)
def test_what_is_no_proof_is_refused(data: bytes) -> None:
    """Another length, or a scalar that could be written in two ways."""
    with pytest.raises(InputError):
        as_proof(data)


@given(st.binary(min_size=64, max_size=64))
def test_no_proof_can_be_guessed(data: bytes) -> None:
    """Zero scalars included."""
    question = random_element(random.Random(3).randbytes)
    answer = multiply(KEY.private_key, question)
    try:
        proof = as_proof(data)
    except InputError:
        return
    assert not verify_proof(KEY.public_key, [question], [answer], proof)


def test_an_empty_batch_proves_nothing() -> None:
    """Neither does one of another length than was asked."""
    assert not verify_proof(KEY.public_key, [], [], Proof(bytes(32), bytes(32)))


def test_a_seed_has_one_length() -> None:
    """A short one would be a weak key."""
    with pytest.raises(ValueError, match="32 bytes"):
        derive_key_pair(bytes(31), b"")


def test_keys_and_inputs_are_not_printed() -> None:
    """What is printed ends up in logs."""
    assert KEY.private_key.hex() not in repr(KEY).encode().hex()
    assert "private" not in repr(KEY)
    assert "alice" not in repr(blind(b"alice", b"\5" + bytes(31)))


def test_the_copy_of_libsodium_is_removed() -> None:
    """Rbcl leaves a file of three megabytes at every start."""
    import rbcl

    assert not Path(rbcl._sodium._name).exists()
