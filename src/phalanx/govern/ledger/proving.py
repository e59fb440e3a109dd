"""An event with its proof: one file that anybody verifies without asking the ledger."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from phalanx.errors import VerificationError
from phalanx.govern.ledger.payload import MOST_BYTES, event_of, payload_of
from phalanx.json_text import parse_object
from phalanx.model.event import Event
from phalanx.transparency.checkpoints import Checkpoint
from phalanx.transparency.notes import MOST_BYTES as MOST_NOTE_BYTES
from phalanx.transparency.policy import Policy
from phalanx.transparency.proofs import Proof, parse_proof
from phalanx.transparency.salted import SALT_BYTES, salted_entry

FORMAT = "phalanx.ledger-event/1"
_MOST_FILE_BYTES = 8 * (MOST_BYTES + MOST_NOTE_BYTES)


@dataclass(frozen=True, slots=True)
class ProvedEvent:
    """What was recorded, and the way to a root that the ledger signed."""

    event: Event
    proof: Proof

    def as_text(self) -> str:
        """Return it as a file holds it."""
        said = {
            "format": FORMAT,
            "event": json.loads(payload_of(self.event)),
            "proof": self.proof.as_text(),
        }
        return json.dumps(said, indent=2, ensure_ascii=False) + "\n"

    def verify(self, policy: Policy, what: str) -> Checkpoint:
        """Return the checkpoint under which the event was logged, if it was.

        Parameters:
            policy: Which ledgers are believed, and which witnesses have to have seen it.
            what: What messages call the event.

        Raises:
            VerificationError: If it is not proved.
        """
        if len(self.proof.extra) != SALT_BYTES:
            message = f"the proof of {what} has no salt"
            raise VerificationError(message, next_step="Ask whoever keeps the ledger for it again.")
        digest = hashlib.sha256(payload_of(self.event)).digest()
        return self.proof.verify(salted_entry(digest, self.proof.extra), policy, what)


def parse_proved_event(content: bytes, what: str) -> ProvedEvent:
    """Understand a file. Nothing in it is verified yet.

    Parameters:
        content: Of the file.
        what: What messages call it.

    Raises:
        VerificationError: If it holds no event, or no proof.
        InputError: If it is no JSON.
    """
    if len(content) > _MOST_FILE_BYTES:
        raise _no_file(what)
    said = parse_object(content, what)
    proof = said.get("proof")
    if said.keys() != {"format", "event", "proof"} or said["format"] != FORMAT:
        raise _no_file(what)
    if not isinstance(proof, str):
        raise _no_file(what)
    return ProvedEvent(event_of(said["event"], what), parse_proof(proof.encode(), what))


def _no_file(what: str) -> VerificationError:
    message = f"{what} is no event of a ledger with its proof"
    return VerificationError(message, next_step="Ask whoever keeps the ledger for it again.")
