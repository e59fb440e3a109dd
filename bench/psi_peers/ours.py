"""`python -m psi_peers.ours ASKER RESPONDER MODE`: Phalanx, on one thread."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from phalanx.share.blinding.allowances import Allowances
from phalanx.share.blinding.psi import LARGEST_SET, Asker, Counterparties, Mode, Responder, Terms
from phalanx.share.blinding.tables import open_tables
from phalanx.store import place_of
from psi_peers.sides import Steps, items_of, say


def measure(asker_items: int, responder_items: int, mode: Mode) -> None:
    """Let one ask the other."""
    mine, theirs = ([x.encode() for x in items] for items in items_of(asker_items, responder_items))
    with tempfile.TemporaryDirectory() as folder:
        counts = Allowances(open_tables(place_of(str(Path(folder, "psi.db")))))
        terms = Terms(frozenset(Mode), entries_per_day=LARGEST_SET)
        responder = Responder(theirs, Counterparties({"asker": terms}, counts))
        steps = Steps()
        asker = Asker(mine, mode)
        question = list(asker.question())
        steps.end("ask")
        answer = list(responder.answer("asker", question, datetime.now(UTC)))
        steps.end("answer")
        found = asker.result(answer)
        steps.end("read")
    say(steps, found=found.cardinality, sent_bytes=sum(map(len, question + answer)))


if __name__ == "__main__":
    measure(int(sys.argv[1]), int(sys.argv[2]), Mode[sys.argv[3].upper()])
