"""Cases: what is gathered on one matter, by whom, and what two people agreed on.

A case is the list of what was done in it: each act names the one before it by its digest, and
nothing is ever taken back. What a case is now follows from its acts (`case_of`); whether somebody
may do something follows from what it is (`refuse`). `Cases` keeps the acts in a database and the
files of items in a folder, and brings every act into the ledger.
"""

from __future__ import annotations

from phalanx.govern.cases.acts import (
    Act,
    Approved,
    Asked,
    Claimed,
    Gathered,
    Handled,
    Held,
    ItemKind,
    Joined,
    Left,
    Noted,
    Opened,
    Packed,
    Rejected,
    Wish,
)
from phalanx.govern.cases.case import Case, Hold, Item, Person, Request, RequestState, case_of
from phalanx.govern.cases.cases import Cases, open_cases
from phalanx.govern.cases.entries import Entry
from phalanx.govern.cases.gathering import Found
from phalanx.govern.cases.listed import Listed, Pending
from phalanx.govern.cases.records import records_of
from phalanx.govern.cases.rules import refuse

__all__ = [
    "Act",
    "Approved",
    "Asked",
    "Case",
    "Cases",
    "Claimed",
    "Entry",
    "Found",
    "Gathered",
    "Handled",
    "Held",
    "Hold",
    "Item",
    "ItemKind",
    "Joined",
    "Left",
    "Listed",
    "Noted",
    "Opened",
    "Packed",
    "Pending",
    "Person",
    "Rejected",
    "Request",
    "RequestState",
    "Wish",
    "case_of",
    "open_cases",
    "records_of",
    "refuse",
]
