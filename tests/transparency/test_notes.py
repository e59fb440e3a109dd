"""Notes, checkpoints, policies and proofs in the forms of C2SP."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from phalanx.errors import VerificationError
from phalanx.transparency.checkpoints import Checkpoint, parse_checkpoint
from phalanx.transparency.note_keys import (
    LATTICE_COSIGNATURE,
    NoteKey,
    NoteSigner,
    read_key,
)
from phalanx.transparency.notes import parse_note, signed_note
from phalanx.transparency.policy import parse_policy
from phalanx.transparency.proofs import parse_proof

LOG = NoteSigner(name="lab.example/log", key=Ed25519PrivateKey.from_private_bytes(bytes(32)))
WITNESSES = [
    NoteSigner(
        name="w1.example", key=Ed25519PrivateKey.from_private_bytes(b"1" * 32), is_witness=True
    ),
    NoteSigner(name="w2.example", key=MLDSA44PrivateKey.from_seed_bytes(b"2" * 32)),
]
# The example of the first implementation of notes (golang.org/x/mod/sumdb/note).
KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
KNOWN = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
    "KE6RyyBwJnAM=\n"
)
TEXT = Checkpoint(origin=LOG.name, size=3, root=bytes(32)).as_text()
SIGNED = signed_note(TEXT, [LOG, *WITNESSES], 1_700_000_000)


def test_a_known_note() -> None:
    """A note that another implementation signed is verified, and one with another word is not."""
    assert parse_note(KNOWN, "it").signed_at(read_key(KEY), "it") == 0
    assert parse_note(KNOWN, "it").as_text() == KNOWN
    with pytest.raises(VerificationError, match="not as PeterNeumann signed it"):
        parse_note(KNOWN.replace("answer", "end"), "it").signed_at(read_key(KEY), "it")


def test_a_checkpoint_of_log_and_witnesses() -> None:
    """Each signs in its own way, says when, and is ignored by who does not know it."""
    note = parse_note(SIGNED.as_text().encode(), "it")
    assert note == SIGNED
    assert note.signed_at(LOG.public, "it") == 0
    for each in WITNESSES:
        assert note.signed_at(read_key(each.public.as_text()), "it") == 1_700_000_000
    assert note.signed_at(read_key(KEY), "it") is None
    assert parse_checkpoint(note.text, "it").size == 3


@pytest.mark.parametrize("who", [0, 1, 2])
def test_a_changed_checkpoint(who: int) -> None:
    """No signature is taken over to another text, and none of a witness to another time."""
    signer = [LOG, *WITNESSES][who]
    changed = parse_note(SIGNED.as_text().replace("\n3\n", "\n4\n", 1), "it")
    with pytest.raises(VerificationError, match="not as"):
        changed.signed_at(signer.public, "it")
    if who:
        value = bytearray(SIGNED.signatures[who].value)
        value[7] ^= 1
        assert signer.public.verifies(bytes(value), TEXT) is None


@pytest.mark.parametrize(
    "text",
    [
        "", "a\n", "a\n\n", "a\n\nb\n", "a\n\n— b\n", "a\n\n— b AAAA\n", "a\n\n— b AAAAAAA=",
        "a\r\n\n— b AAAAAAA=\n", "a\n\n— b+c AAAAAAA=\n", "a\n\n— b AAAAAAB=\n", "a" * 200_000,
    ],
)  # fmt: skip
def test_what_is_no_note(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(VerificationError, match="no signed note"):
        parse_note(text, "it")


@pytest.mark.parametrize(
    "text",
    ["a\n1\n", "a\n01\nAAAA\n", "\n1\nAAAA\n", TEXT.replace("3", "03"), TEXT.replace("3", "-3"),
     TEXT + "\n", TEXT[:-1], TEXT.replace("3", str(1 << 63))],
)  # fmt: skip
def test_what_is_no_checkpoint(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(VerificationError, match="no checkpoint"):
        parse_checkpoint(text, "it")


@pytest.mark.parametrize("text", ["", "a+b", KEY[:-1], KEY.replace("c7", "c8"), "a+00000000+AQ=="])
def test_what_is_no_key(text: str) -> None:
    """A key that does not fit its id, or is of no known kind, is refused."""
    with pytest.raises(VerificationError):
        read_key(text)


def test_a_name_of_more_bytes_than_a_signature_can_say() -> None:
    """Letters of several bytes count as several: a name that no checkpoint can hold is refused."""
    key = NoteKey(name="é" * 200, kind=LATTICE_COSIGNATURE, public=bytes(1312))
    with pytest.raises(VerificationError, match="no verifier key"):
        read_key(key.as_text())
    shorter = NoteKey(name="é" * 100, kind=LATTICE_COSIGNATURE, public=bytes(1312))
    assert read_key(shorter.as_text()) == shorter


ONE, TWO = (each.public.as_text() for each in WITNESSES)
OF_LOG = f"log {LOG.public.as_text()} https://lab.example/log\n"
OF_BOTH = f"witness X {ONE}\nwitness Y {TWO}\n"


@pytest.mark.parametrize(
    ("rule", "signers", "accepted"),
    [
        ("quorum none\n", 0, True),
        ("quorum X\n", 0, False),
        ("quorum X\n", 1, True),
        ("quorum Y\n", 1, False),
        ("group G all X Y\nquorum G\n", 1, False),
        ("group G all X Y\nquorum G\n", 2, True),
        ("group G any X Y\nquorum G\n", 1, True),
        ("group G 2 X Y\ngroup H any G\nquorum H\n", 1, False),
    ],
)
def test_a_policy_counts_witnesses(rule: str, signers: int, *, accepted: bool) -> None:
    """A checkpoint counts when as many witnesses have signed as the policy asks for."""
    policy = parse_policy(f"# ours\n{OF_LOG}{OF_BOTH}{rule}".encode(), "it")
    assert policy.places == {LOG.name: "https://lab.example/log"}
    note = signed_note(TEXT, [LOG, *WITNESSES[:signers]], 5)
    if accepted:
        assert policy.accept(note, "it").size == 3
    else:
        with pytest.raises(VerificationError, match="too few"):
            policy.accept(note, "it")


def test_a_policy_believes_no_other_log() -> None:
    """Witnesses alone do not make a checkpoint, nor does a log of another name."""
    policy = parse_policy(f"{OF_LOG}{OF_BOTH}quorum X\n".encode(), "it")
    with pytest.raises(VerificationError, match="not signed by a log"):
        policy.accept(signed_note(TEXT, WITNESSES, 5), "it")
    elsewhere = TEXT.replace(LOG.name, "lab.example/other")
    with pytest.raises(VerificationError, match="not signed by a log"):
        policy.accept(signed_note(elsewhere, [LOG, WITNESSES[0]], 5), "it")


@pytest.mark.parametrize(
    "text",
    [
        "", OF_LOG, OF_LOG + OF_LOG + "quorum none\n", f"witness X {ONE}\nwitness Z {ONE}\n",
        "quorum X\n" + OF_BOTH, OF_BOTH + "quorum none\nquorum X\n", f"log {ONE}\nquorum none\n",
        OF_BOTH + "group G 3 X Y\nquorum G\n", OF_BOTH + "group G any X X\nquorum G\n",
        OF_BOTH + "group G any X\ngroup H any X Y\nquorum H\n", "other\nquorum none\n",
        OF_BOTH + "group none any X\nquorum none\n", "\x07\nquorum none\n", "log x\nquorum none\n",
    ],
)  # fmt: skip
def test_what_is_no_policy(text: str) -> None:
    """What is defined twice, later or not at all is refused."""
    with pytest.raises(VerificationError, match="no policy"):
        parse_policy(text.encode(), "it")


NOTE = SIGNED.as_text()


@pytest.mark.parametrize(
    "text",
    [
        "", "c2sp.org/tlog-proof@v1\n", f"c2sp.org/tlog-proof@v1\n\n{NOTE}",
        f"c2sp.org/tlog-proof@v2\nindex 0\n\n{NOTE}", f"c2sp.org/tlog-proof@v1\nindex 01\n\n{NOTE}",
        f"c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n{NOTE}",
        f"c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n{NOTE}",
        f"c2sp.org/tlog-proof@v1\nindex 0\n\n{KNOWN}", "\xff",
    ],
)  # fmt: skip
def test_what_is_no_proof(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(VerificationError):
        parse_proof(
            text.encode("latin-1", errors="replace") if text == "\xff" else text.encode(), "it"
        )
