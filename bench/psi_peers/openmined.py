"""`python -m psi_peers.openmined ASKER RESPONDER MODE`: openmined.psi, with its defaults."""

from __future__ import annotations

import sys

import private_set_intersection.python as psi

from psi_peers.sides import Steps, items_of, say

FALSE_POSITIVE_RATE = 1e-9
"""That any item of a question is found by mistake; ours is far below."""


def measure(asker_items: int, responder_items: int, *, which: bool) -> None:
    """Let one ask the other."""
    mine, theirs = items_of(asker_items, responder_items)
    steps = Steps()
    client = psi.client.CreateWithNewKey(which)
    request = client.CreateRequest(mine)
    steps.end("ask")
    server = psi.server.CreateWithNewKey(which)
    setup = server.CreateSetupMessage(FALSE_POSITIVE_RATE, len(mine), theirs)
    response = server.ProcessRequest(request)
    steps.end("answer")
    if which:
        found = len(client.GetIntersection(setup, response))
    else:
        found = client.GetIntersectionSize(setup, response)
    steps.end("read")
    say(steps, found=found, sent_bytes=sum(x.ByteSize() for x in (setup, request, response)))


if __name__ == "__main__":
    measure(int(sys.argv[1]), int(sys.argv[2]), which=sys.argv[3] == "intersection")
