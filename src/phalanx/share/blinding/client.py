"""The member's side: identifiers in, tokens out, and nothing else leaves.

What is sent is blinded, in batches of few sizes, so that neither the identifiers nor their exact
number can be read off. Every answer is checked against a public key that was pinned before; a
proof that does not hold ends everything.

A batch is filled up with *probes*: blinded generators, whose answer is the public key. A proof of
a batch weighs each pair by a hash of that pair alone, so a server with much computing power could
find answers that are wrong and whose errors cancel out (Wagner's generalised birthdays). It has to
spoil many answers at once, and meets a probe.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from operator import attrgetter

from phalanx.errors import InputError, VerificationError
from phalanx.share.blinding.asking import KeyServer
from phalanx.share.blinding.encoding import from_text, to_text
from phalanx.share.blinding.epochs import EpochKey
from phalanx.share.blinding.group import (
    ELEMENT_BYTES,
    SCALAR_BYTES,
    RandomBytes,
    multiply_generator,
    random_scalar,
)
from phalanx.share.blinding.identifiers import message_of, token_of
from phalanx.share.blinding.messages import LARGEST_BATCH, EvaluationRequest
from phalanx.share.blinding.proof import as_proof
from phalanx.share.blinding.voprf import Blinded, blind, finalize, output_of

BATCH_SIZES = (64, 256, LARGEST_BATCH)
"""All that is ever sent: what is left over is filled up to the next size."""

_PROBED = 16
"""One element in so many is a probe, at least."""

_PROBE = b""
"""Stands where others have an identifier, which is never empty."""


class BlindingClient:
    """Makes tokens of one epoch, together with a key server.

    Parameters:
        server: That holds the key.
        epoch: With the public key that answers are checked against.
        random: Where blinds come from; they must not be predictable.

    Raises:
        InputError: If the public key is no element.
    """

    def __init__(
        self, server: KeyServer, epoch: EpochKey, random: RandomBytes = secrets.token_bytes
    ) -> None:
        """Check the public key before anything is sent."""
        self._server = server
        self._epoch = epoch
        self._public_key = epoch.element
        self._random = random

    def tokens(self, kind: str, values: Sequence[str]) -> list[str]:
        """Return the token of each identifier.

        An identifier that occurs several times is asked for once.

        Parameters:
            kind: Of all of them.
            values: As the member's records have them.

        Raises:
            InputError: If one is no identifier of that kind: then nothing was sent.
            VerificationError: If an answer or its proof is wrong: then nothing is returned.
            PolicyError: If the server refuses, or a limit is reached for long.
            ServiceError: If it does not answer.
        """
        messages = [message_of(kind, value, self._epoch.epoch) for value in values]
        distinct = list(dict.fromkeys(messages))
        room = _room(LARGEST_BATCH)
        found: dict[bytes, bytes] = {}
        for start in range(0, len(distinct), room):
            found |= self._outputs(distinct[start : start + room])
        return [token_of(found[message]) for message in messages]

    def _outputs(self, messages: Sequence[bytes]) -> dict[bytes, bytes]:
        batch = [blind(message, random_scalar(self._random)) for message in messages]
        size = next(size for size in BATCH_SIZES if _room(size) >= len(batch))
        blinds = [random_scalar(self._random) for _ in range(size - len(batch))]
        batch += [Blinded(_PROBE, each, multiply_generator(each)) for each in blinds]
        # Random elements in order say nothing of what they hide, and nobody can find the probes.
        batch.sort(key=attrgetter("element"))
        answer = self._server.evaluate(
            EvaluationRequest(
                epoch=self._epoch.epoch, elements=[to_text(each.element) for each in batch]
            )
        )
        try:
            answers = [from_text(each, ELEMENT_BYTES) for each in answer.elements]
            proof = as_proof(from_text(answer.proof, 2 * SCALAR_BYTES))
            outputs = finalize(batch, answers, self._public_key, proof)
        except InputError as error:
            # It is the server's fault, not that of the caller's identifiers.
            raise _wrong(reason=str(error)) from error
        known = output_of(_PROBE, self._public_key)
        found = {}
        for each, output in zip(batch, outputs, strict=True):
            if each.message != _PROBE:
                found[each.message] = output
            elif output != known:
                raise _wrong(reason="what was known before is answered with something else")
        return found


def _room(size: int) -> int:
    """Return how many identifiers a batch holds beside its probes."""
    return size - size // _PROBED


def _wrong(reason: str) -> VerificationError:
    message = f"the key server's answer is wrong: {reason}"
    return VerificationError(message, next_step="Ask its operator.")
