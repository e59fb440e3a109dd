"""The member's side: identifiers in, tokens out, and nothing else leaves.

What is sent is blinded, in batches of few sizes, so that neither the identifiers nor their exact
number can be read off. Every answer is checked against a public key that was pinned before; a
proof that does not hold ends everything.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from phalanx.errors import InputError, VerificationError
from phalanx.share.blinding.asking import KeyServer
from phalanx.share.blinding.encoding import from_text, to_text
from phalanx.share.blinding.epochs import EpochKey
from phalanx.share.blinding.group import (
    ELEMENT_BYTES,
    SCALAR_BYTES,
    RandomBytes,
    random_element,
    random_scalar,
)
from phalanx.share.blinding.identifiers import message_of, token_of
from phalanx.share.blinding.messages import LARGEST_BATCH, EvaluationRequest
from phalanx.share.blinding.proof import as_proof
from phalanx.share.blinding.voprf import Blinded, blind, finalize

BATCH_SIZES = (64, 256, LARGEST_BATCH)
"""All that is ever sent: what is left over is filled up to the next size."""

_ONE = bytes([1]) + bytes(SCALAR_BYTES - 1)


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
        found: dict[bytes, str] = {}
        for start in range(0, len(distinct), LARGEST_BATCH):
            part = distinct[start : start + LARGEST_BATCH]
            found.update(zip(part, map(token_of, self._outputs(part)), strict=True))
        return [found[message] for message in messages]

    def _outputs(self, messages: Sequence[bytes]) -> list[bytes]:
        batch = [blind(message, random_scalar(self._random)) for message in messages]
        # Elements that stand for nobody look like all others.
        missing = next(size for size in BATCH_SIZES if size >= len(batch)) - len(batch)
        sent = batch + [Blinded(b"", _ONE, random_element(self._random)) for _ in range(missing)]
        answer = self._server.evaluate(
            EvaluationRequest(
                epoch=self._epoch.epoch, elements=[to_text(each.element) for each in sent]
            )
        )
        try:
            answers = [from_text(each, ELEMENT_BYTES) for each in answer.elements]
            proof = as_proof(from_text(answer.proof, 2 * SCALAR_BYTES))
            return finalize(sent, answers, self._public_key, proof)[: len(batch)]
        except InputError as error:
            # It is the server's fault, not that of the caller's identifiers.
            message = f"the key server's answer is wrong: {error}"
            raise VerificationError(message, next_step="Ask its operator.") from error
