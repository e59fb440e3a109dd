"""Audit keys: two custodians, one purpose, one time, once; and nobody alone."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError, PhalanxError, PolicyError, VerificationError
from phalanx.watermark.keys.approval import Approval, approve
from phalanx.watermark.keys.custodians import refuse_alike, to_text
from phalanx.watermark.keys.dual_control import Wanted, ask, open_keys, waiting
from phalanx.watermark.keys.ending import destroy_epoch
from phalanx.watermark.keys.halves import AuditShares, join_root, open_half
from phalanx.watermark.keys.opening import Opening, read_document
from phalanx.watermark.keys.request import Request, VaultIdentity, sign_request
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.vault import Act
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

if TYPE_CHECKING:
    from tests.watermark.keys.conftest import House

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SETTING = PhalanxGumbel().setting
PLAN = "ab" * 32


def _wanted(**changes: Any) -> Wanted:
    fields: dict[str, Any] = {
        "names": ("suspect-1", "suspect-2"),
        "setting": SETTING,
        "reason": "Audit of student X for case 12",
        "plan": PLAN,
        "opens_at": START,
        "closes_at": START + timedelta(days=2),
    }
    return Wanted(**(fields | changes))


def _asked(house: House, **changes: Any) -> Request:
    return ask(house.vault, _wanted(**changes), Act("Mary", START))


def _approvals(house: House, request: Request, *who: int) -> tuple[Approval, Approval]:
    one, other = (approve(request, house.keys[at], START + HOUR) for at in who)
    return one, other


def _resigned(house: House, request: Request, **changes: Any) -> Request:
    """Return what the vault would have asked: signed by it, and so past the first defence."""
    with house.vault.held() as (contents, _):
        assert contents.signs is not None
        parts: dict[str, Any] = {"opening": request.opening, "shares": request.shares} | changes
        return sign_request(**parts, key=contents.signs)


def test_any_two_custodians_give_the_same_keys(house: House) -> None:
    """In any order, and the log names them."""
    found = []
    for pair in permutations(range(3), 2):
        request = _asked(house)
        approvals = _approvals(house, request, *pair)
        found.append(open_keys(house.vault, request.opening, approvals, SETTING, START + HOUR))
    assert len({each.ids for each in found}) == 1
    assert all(each.keys.reveal().tolist() == found[0].keys.reveal().tolist() for each in found)
    facts = house.vault.log.uses()[-2].facts
    assert facts["approved_by"] == ["Edith", "Grace"]
    assert (facts["reason"], facts["plan"], facts["keys"]) == (_wanted().reason, PLAN, 2)


def test_an_opening_is_carried_out_once(house: House) -> None:
    """A second time it is another use, which is asked for again."""
    request = _asked(house)
    approvals = _approvals(house, request, 0, 1)
    open_keys(house.vault, request.opening, approvals, SETTING, START + HOUR)
    with pytest.raises(PolicyError, match="was carried out"):
        open_keys(house.vault, request.opening, approvals, SETTING, START + HOUR)


def test_one_custodian_is_not_two(house: House) -> None:
    """Neither by approving twice, nor under another spelling of the name."""
    request = _asked(house)
    one, _ = _approvals(house, request, 0, 1)
    for second in (one, replace(one, custodian="ada "), replace(one, custodian="Grace")):
        with pytest.raises(PhalanxError):
            open_keys(house.vault, request.opening, (one, second), SETTING, START + HOUR)
    with pytest.raises(PolicyError, match="both approvals are of Ada"):
        open_keys(house.vault, request.opening, (one, one), SETTING, START + HOUR)


def test_who_asks_does_not_approve(house: House) -> None:
    """Not even when the custodian's own program would."""
    request = ask(house.vault, _wanted(), Act("ADA", START))
    with pytest.raises(PolicyError, match="does not approve"):
        approve(request, house.keys[0], START)
    other = _asked(house)
    ours = _approvals(house, other, 0, 1)
    with pytest.raises(PolicyError, match="does not approve"):
        open_keys(house.vault, request.opening, ours, SETTING, START + HOUR)


def test_an_opening_holds_for_its_time(house: House) -> None:
    """Not before, not after; what is over cannot be approved."""
    request = _asked(house, opens_at=START + 2 * HOUR)
    approvals = _approvals(house, request, 0, 1)
    with pytest.raises(PolicyError, match="begins at"):
        open_keys(house.vault, request.opening, approvals, SETTING, START + HOUR)
    late = request.opening.closes_at
    with pytest.raises(PolicyError, match="was over"):
        open_keys(house.vault, request.opening, approvals, SETTING, late)
    with pytest.raises(PolicyError, match="was over"):
        approve(request, house.keys[2], late)


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "Something else that is wanted"},
        {"plan": "cd" * 32},
        {"names": ("suspect-3",)},
        {"closes_at": START + timedelta(days=9)},
        {"by": "Anna"},
        {"scheme": "other"},
    ],
)
def test_what_was_approved_is_what_is_done(house: House, changes: dict[str, Any]) -> None:
    """An opening with anything changed is another, which nobody asked for or approved."""
    request = _asked(house)
    approvals = _approvals(house, request, 0, 1)
    with pytest.raises(PhalanxError):
        open_keys(
            house.vault, replace(request.opening, **changes), approvals, SETTING, START + HOUR
        )
    second = _asked(house)  # the same words: still another opening
    with pytest.raises(VerificationError, match="of another opening"):
        open_keys(house.vault, second.opening, approvals, SETTING, START + HOUR)
    with pytest.raises(InputError, match="opening is of keys of"):
        open_keys(house.vault, request.opening, approvals, PhalanxGumbel(2).setting, START + HOUR)


def test_an_approval_is_as_it_was_signed(house: House) -> None:
    """Nobody adds halves, moves the time, or signs for another."""
    request = _asked(house)
    one, other = _approvals(house, request, 0, 1)
    for changed in (
        replace(other, approved_at=START),
        replace(other, halves={**other.halves, "Ada": other.halves["Edith"]}),
        replace(other, halves={}),
        replace(other, custodian="Edith"),
        replace(other, signature=one.signature),
        replace(other, opening="0" * 64),
    ):
        with pytest.raises(VerificationError, match="not as it was signed"):
            open_keys(house.vault, request.opening, (one, changed), SETTING, START + HOUR)
    with pytest.raises(InputError, match="no custodian"):
        open_keys(
            house.vault,
            request.opening,
            (one, replace(other, custodian="Eve")),
            SETTING,
            START + HOUR,
        )
    with pytest.raises(InputError, match="base64url"):
        open_keys(
            house.vault,
            request.opening,
            (one, replace(other, signature="x")),
            SETTING,
            START + HOUR,
        )


def test_a_custodian_who_gives_a_wrong_half_is_found_out(house: House) -> None:
    """Halves are of one pair: swapped, they do not open, even where the vault swapped them."""
    request = _asked(house)
    shares = request.shares
    # The half that Grace has with Edith stands as the one that she has with Ada.
    mine = [each for each in shares.halves if each.holder == "Grace"]
    swapped = {"Ada": mine[1].sealed, "Edith": mine[0].sealed}
    others = tuple(each for each in shares.halves if each.holder != "Grace")
    forged = replace(
        shares, halves=(*others, *(replace(each, sealed=swapped[each.other]) for each in mine))
    )
    with pytest.raises(VerificationError, match="does not open"):
        approve(_resigned(house, request, shares=forged), house.keys[1], START)


def test_one_half_alone_is_random_bytes(house: House) -> None:
    """Halves of different pairs do not go together either."""
    shares = _asked(house).shares
    opened = {
        (each.holder, each.other): open_half(
            each, shares, next(k for k in house.keys if k.name == each.holder).receiving_key
        )
        for each in shares.halves
    }
    assert len({each.reveal() for each in opened.values()}) == 6
    join_root(opened["Ada", "Grace"], opened["Grace", "Ada"], shares)
    with pytest.raises(VerificationError, match="do not give the audit root"):
        join_root(opened["Ada", "Grace"], opened["Edith", "Ada"], shares)


def test_the_vault_alone_holds_no_audit_key(house: House) -> None:
    """Opened by its owner, it has halves that are sealed to others, and the id of their root."""
    request = _asked(house)
    derived = open_keys(
        house.vault, request.opening, _approvals(house, request, 0, 1), SETTING, START + HOUR
    )
    with house.vault.held() as (contents, _):
        epoch = contents.current
        assert epoch.root is not None
        from phalanx.watermark.keys.tree import derive_keys, purpose_root

        other = derive_keys(purpose_root(epoch.root, "audit"), request.opening.names, SETTING)
    assert other.reveal().tolist() != derived.keys.reveal().tolist()


def test_audit_keys_go_with_their_epoch(house: House) -> None:
    """New halves for each epoch, made without custodians being there; gone when destroyed."""
    first = _asked(house)
    house.vault.rotate(Act("Mary", START + HOUR))
    assert _asked(house).shares.root_id != first.shares.root_id
    approvals = _approvals(house, first, 1, 2)
    assert open_keys(house.vault, first.opening, approvals, SETTING, START + HOUR).ids
    later = _asked(house, epoch=1)
    approvals = _approvals(house, later, 0, 1)
    assert later.opening in waiting(house.vault)
    destroy_epoch(house.vault, 1, Act("Mary", START + HOUR))
    assert [each.epoch for each in waiting(house.vault)] == [2]
    with pytest.raises(PolicyError, match="was destroyed"):
        open_keys(house.vault, later.opening, approvals, SETTING, START + HOUR)
    with pytest.raises(PolicyError, match="was destroyed"):
        _asked(house, epoch=1)


def test_an_epoch_without_custodians_has_no_audit_keys(house: House) -> None:
    """And one whose custodians changed is theirs alone."""
    first = _asked(house)
    house.vault.rotate(Act("Mary", START), custodians=())
    with pytest.raises(PolicyError, match="without custodians"):
        _asked(house)
    house.vault.rotate(Act("Mary", START), custodians=house.custodians[:2])
    request = _asked(house)
    with pytest.raises(InputError, match="no custodian"):
        approve(request, house.keys[2], START)
    stranger = replace(house.keys[0], signs=Secret(bytes(32)), receives=Secret(bytes(32)))
    with pytest.raises(VerificationError, match="holds other keys"):
        approve(request, stranger, START)
    with pytest.raises(PolicyError, match="another vault or epoch"):
        approve(_resigned(house, request, shares=first.shares), house.keys[0], START)


def test_everything_travels_as_json(house: House) -> None:
    """Request, identity and approvals are the same after having been written and read."""
    request = _asked(house)
    approvals = _approvals(house, request, 0, 1)

    def sent(said: dict[str, Any]) -> Any:
        return read_document(json.dumps(said).encode())

    assert Request.from_json(sent(request.as_json())) == request
    identity = house.vault.identity()
    assert VaultIdentity.from_json(sent(identity.as_json())) == identity
    read = tuple(Approval.from_json(sent(each.as_json())) for each in approvals)
    assert read == approvals
    assert open_keys(house.vault, request.opening, approvals, SETTING, START + HOUR).ids


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["opening", "custodian", "approved_at", "halves", "signature", "names", "reason",
                 "plan", "by", "opens_at", "closes_at", "provider", "epoch", "root_id", "scheme",
                 "recipient", "custodians", "shares", "schema", "signs", "line", "before",
                 "asked_at"]
            ),
            inner,
        )
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_any_json_is_refused_in_words(said: Any) -> None:
    """Whatever a custodian is sent."""
    readers = (Opening, Approval, AuditShares, Request, VaultIdentity)
    for read in (each.from_json for each in readers):
        with suppress(InputError):
            read(read_document(json.dumps(said).encode()))


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_in_words(content: bytes) -> None:
    """As above."""
    with suppress(InputError):
        assert isinstance(read_document(content), dict)
    with pytest.raises(InputError, match="more than"):
        read_document(b" " * ((4 << 20) + 1))


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "short"},
        {"reason": "x" * 2001},
        {"plan": "x"},
        {"names": ()},
        {"names": ("a", "a")},
        {"closes_at": START},
        {"closes_at": START + timedelta(days=31)},
    ],
)
def test_an_opening_that_nobody_could_judge_is_refused(
    house: House, changes: dict[str, Any]
) -> None:
    """Without reason, plan, names, or end."""
    with pytest.raises(InputError):
        _asked(house, **changes)


def test_custodians_are_different_persons(house: House) -> None:
    """By name and by key."""
    ada, grace, _ = house.custodians
    for alike in (
        (ada,),
        (ada, replace(grace, name=" ADA".strip())),
        (ada, replace(grace, signs=ada.signs)),
        (ada, replace(grace, receives=ada.receives)),
        (ada, replace(grace, name="")),
        (ada, replace(grace, name="\x1b[2J")),
        (ada, replace(grace, signs="x")),
        tuple(replace(ada, name=f"{at}", signs=to_text(bytes([at]) * 32)) for at in range(17)),
    ):
        with pytest.raises(InputError):
            refuse_alike(alike)


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "Audit of student X\x1b[2Jfor case 12"}, {"reason": "Audit \ud800 of student"},
        {"names": ["a b"]}, {"names": [1]}, {"names": ["\ud800"]}, {"scheme": "\x1b[2J"},
        {"provider": "\ud800"}, {"recipient": "\ud800"}, {"epoch": True}, {"epoch": 1e999},
        {"line": 0}, {"line": 2**60}, {"line": True}, {"before": "x"}, {"epoch": 2**60},
        {"asked_at": "2026-03-01T00:00:00"}, {"asked_at": "2026-04-01T00:00:00+00:00"},
        {"asked_at": "2025-12-01T00:00:00+00:00"}, {"plan": "AB" * 32},
        {"opens_at": "0001-01-01T00:00:00+14:00"}, {"by": "\x07Mary"},
    ],
)  # fmt: skip
def test_an_opening_shows_what_is_approved(house: House, changes: dict[str, Any]) -> None:
    """Nothing in it steers a terminal, has two forms, or cannot be signed."""
    said = _asked(house).opening.as_json()
    with pytest.raises(InputError):
        Opening.from_json(said | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"epoch": 1e999}, {"epoch": True}, {"root_id": "\ud800"}, {"provider": "\ud800"},
        {"custodians": []}, {"halves": [{"holder": "Eve", "other": "Ada", "sealed": ""}]},
        {"halves": [{"holder": "Ada", "other": "Grace", "sealed": "\ud800"}]}, {"epoch": 2**60},
        {"halves": [{"holder": [], "other": "Ada", "sealed": ""}]},
    ],
)  # fmt: skip
def test_shares_from_outside_are_checked(house: House, changes: dict[str, Any]) -> None:
    """A custodian may be handed anything."""
    with pytest.raises(InputError):
        AuditShares.from_json(_asked(house).shares.as_json() | changes)


def test_nothing_is_sealed_to_a_key_that_everybody_opens(house: House) -> None:
    """The points of small order of X25519 give the same secret to all."""
    request = _asked(house)
    open_to_all = replace(request.opening, recipient=to_text(bytes(32)))
    with pytest.raises(InputError, match="not a public key"):
        approve(_resigned(house, request, opening=open_to_all), house.keys[0], START)
