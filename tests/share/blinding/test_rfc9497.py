"""Known answers: RFC 9497, appendix A.1.2, and RFC 9380, appendix K.3."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from phalanx.share.blinding.hashing import expand_message_xmd
from phalanx.share.blinding.proof import as_proof
from phalanx.share.blinding.voprf import (
    KeyPair,
    blind,
    blind_evaluate,
    derive_key_pair,
    evaluate,
    finalize,
)

SEED = bytes([0xA3]) * 32
KEY_INFO = bytes.fromhex("74657374206b6579")
PRIVATE_KEY = bytes.fromhex("e6f73f344b79b379f1a0dd37e07ff62e38d9f71345ce62ae3a9bc60b04ccd909")
PUBLIC_KEY = bytes.fromhex("c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e")


@dataclass(frozen=True)
class Vector:
    """One run of the protocol; lists have one entry for each input."""

    inputs: tuple[bytes, ...]
    blinds: tuple[bytes, ...]
    questions: tuple[bytes, ...]
    answers: tuple[bytes, ...]
    nonce: bytes
    proof: bytes
    outputs: tuple[bytes, ...]


def _bytes(*lines: str) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(line) for line in lines)


_SHORT, _LONG = "00", "5a" * 17
_BLIND = "64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706"
_OTHER = "222a5e897cf59db8145db8d16e597e8facb80ae7d4e26d9881aa6f61d645fc0e"
_OUTPUT_SHORT = (
    "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d"
    "a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c"
)
_OUTPUT_LONG = (
    "8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60"
    "356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6"
)

VECTORS = (
    Vector(
        inputs=_bytes(_SHORT),
        blinds=_bytes(_BLIND),
        questions=_bytes("863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945"),
        answers=_bytes("aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e"),
        nonce=bytes.fromhex(_OTHER),
        proof=bytes.fromhex(
            "ddef93772692e535d1a53903db24367355cc2cc78de93b3be5a8ffcc6985dd06"
            "6d4346421d17bf5117a2a1ff0fcb2a759f58a539dfbe857a40bce4cf49ec600d"
        ),
        outputs=_bytes(_OUTPUT_SHORT),
    ),
    Vector(
        inputs=_bytes(_LONG),
        blinds=_bytes(_BLIND),
        questions=_bytes("cc0b2a350101881d8a4cba4c80241d74fb7dcbfde4a61fde2f91443c2bf9ef0c"),
        answers=_bytes("60a59a57208d48aca71e9e850d22674b611f752bed48b36f7a91b372bd7ad468"),
        nonce=bytes.fromhex(_OTHER),
        proof=bytes.fromhex(
            "401a0da6264f8cf45bb2f5264bc31e109155600babb3cd4e5af7d181a2c9dc0a"
            "67154fabf031fd936051dec80b0b6ae29c9503493dde7393b722eafdf5a50b02"
        ),
        outputs=_bytes(_OUTPUT_LONG),
    ),
    Vector(
        inputs=_bytes(_SHORT, _LONG),
        blinds=_bytes(_BLIND, _OTHER),
        questions=_bytes(
            "863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945",
            "90a0145ea9da29254c3a56be4fe185465ebb3bf2a1801f7124bbbadac751e654",
        ),
        answers=_bytes(
            "aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e",
            "cc5ac221950a49ceaa73c8db41b82c20372a4c8d63e5dded2db920b7eee36a2a",
        ),
        nonce=bytes.fromhex("419c4f4f5052c53c45f3da494d2b67b220d02118e0857cdbcf037f9ea84bbe0c"),
        proof=bytes.fromhex(
            "cc203910175d786927eeb44ea847328047892ddf8590e723c37205cb74600b0a"
            "5ab5337c8eb4ceae0494c2cf89529dcf94572ed267473d567aeed6ab873dee08"
        ),
        outputs=_bytes(_OUTPUT_SHORT, _OUTPUT_LONG),
    ),
)

EXPANDED = (
    (b"", 32, "6b9a7312411d92f921c6f68ca0b6380730a1a4d982c507211a90964c394179ba"),
    (b"abc", 32, "0da749f12fbe5483eb066a5f595055679b976e93abe9be6f0f6318bce7aca8dc"),
    (
        b"abcdef0123456789",
        32,
        "087e45a86e2939ee8b91100af1583c4938e0f5fc6c9db4b107b83346bc967f58",
    ),
    (
        b"",
        128,
        (
            "41b037d1734a5f8df225dd8c7de38f851efdb45c372887be655212d07251b921"
            "b052b62eaed99b46f72f2ef4cc96bfaf254ebbbec091e1a3b9e4fb5e5b619d2e"
            "0c5414800a1d882b62bb5cd1778f098b8eb6cb399d5d9d18f5d5842cf5d13d7e"
            "b00a7cff859b605da678b318bd0e65ebff70bec88c753b159a805d2c89c55961"
        ),
    ),
)
"""Message, length and what SHA-512 makes of it."""

EXPANDED_DOMAIN = b"QUUX-V01-CS02-with-expander-SHA512-256"


@pytest.mark.parametrize("vector", VECTORS, ids=["short", "long", "batch"])
def test_the_answers_of_the_standard(vector: Vector) -> None:
    """Questions, answers, proof and outputs are those of RFC 9497, bit by bit."""
    key = derive_key_pair(SEED, KEY_INFO)
    assert key == KeyPair(PRIVATE_KEY, PUBLIC_KEY)
    batch = [blind(*each) for each in zip(vector.inputs, vector.blinds, strict=True)]
    assert tuple(each.element for each in batch) == vector.questions
    answers, proof = blind_evaluate(key, vector.questions, vector.nonce)
    assert tuple(answers) == vector.answers
    assert bytes(proof) == vector.proof
    assert tuple(finalize(batch, answers, PUBLIC_KEY, as_proof(vector.proof))) == vector.outputs
    assert tuple(evaluate(key, each) for each in vector.inputs) == vector.outputs


@pytest.mark.parametrize(("message", "length", "expected"), EXPANDED)
def test_messages_are_stretched_as_the_standard_says(
    message: bytes, length: int, expected: str
) -> None:
    """RFC 9380 gives these."""
    assert expand_message_xmd(message, EXPANDED_DOMAIN, length).hex() == expected
