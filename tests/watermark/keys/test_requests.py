"""Requests: what the vault did not sign gives no half away, and what was approved is so once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phalanx.errors import InputError, PhalanxError, PolicyError, VerificationError
from phalanx.watermark.keys.approval import approve
from phalanx.watermark.keys.custodian_file import (
    approve_noted,
    make_custodian,
    read_custodian,
    trust_vault,
)
from phalanx.watermark.keys.custodian_keys import CustodianKeys, as_secret, from_secret
from phalanx.watermark.keys.custodians import to_text
from phalanx.watermark.keys.dual_control import Wanted, ask, open_keys
from phalanx.watermark.keys.halves import split_root
from phalanx.watermark.keys.request import (
    Request,
    identity_of,
    sign_request,
    verify_request,
)
from phalanx.watermark.keys.sealed_place import Seal, SealedPlace
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.stretching import Cost
from phalanx.watermark.keys.vault import Act, Vault, make_vault
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

if TYPE_CHECKING:
    from tests.watermark.keys.conftest import House

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SETTING = PhalanxGumbel().setting
CHEAP = Cost(memory_kib=19 * 1024, passes=1, lanes=1)
MARY = Act("Mary", START)


def _wanted(**changes: Any) -> Wanted:
    fields: dict[str, Any] = {
        "names": ("suspect-1",),
        "setting": SETTING,
        "reason": "Audit of student X for case 12",
        "plan": "ab" * 32,
        "opens_at": START,
        "closes_at": START + timedelta(days=2),
    }
    return Wanted(**(fields | changes))


@pytest.fixture
def request_(house: House) -> Request:
    """Return what the vault asked."""
    return ask(house.vault, _wanted(), MARY)


def test_a_forged_request_gives_no_half_away(house: House, request_: Request) -> None:
    """Neither another recipient, nor anything else, under the old signature or another's."""
    mallory = Secret(bytes(range(32)))
    own_key = X25519PrivateKey.from_private_bytes(bytes([9]) * 32).public_key()
    stolen = replace(request_.opening, recipient=to_text(own_key.public_bytes_raw()))
    for forged in (
        replace(request_, opening=stolen),
        sign_request(stolen, request_.shares, mallory),
        sign_request(request_.opening, request_.shares, mallory),
        replace(request_, opening=replace(request_.opening, reason="Something else entirely")),
        replace(request_, opening=replace(request_.opening, names=("another",))),
        replace(request_, opening=replace(request_.opening, closes_at=START + 3 * HOUR)),
        replace(request_, shares=replace(request_.shares, halves=request_.shares.halves[:2])),
    ):
        for keys in house.keys:
            with pytest.raises(VerificationError, match="did not sign this request"):
                approve(forged, keys, START + HOUR)
    with pytest.raises(InputError, match="base64url"):
        approve(replace(request_, signature="x"), house.keys[0], START)
    assert approve(request_, house.keys[0], START + HOUR).custodian == "Ada"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_character_of_a_request_can_be_changed(
    house: House, request_: Request, data: st.DataObject
) -> None:
    """Any one, of any field: it is refused when read, or the signature no longer holds."""
    said = json.dumps(request_.as_json())
    identity = house.vault.identity()
    verify_request(request_, identity)
    place = data.draw(st.integers(0, len(said) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda each: each != said[place]))
    changed = said[:place] + other + said[place + 1 :]
    found = None
    with suppress(PhalanxError, ValueError):
        found = Request.from_json(json.loads(changed))
        verify_request(found, identity)
        assert found == request_  # a letter of an escape may be large
        return
    assert found != request_


def test_a_swapped_custodian_is_refused(house: House, request_: Request) -> None:
    """Halves for other people's keys are not those that the vault signed."""
    eve = CustodianKeys("Grace", Secret(bytes([5]) * 32), Secret(bytes([6]) * 32))
    people = (house.custodians[0], eve.public, house.custodians[2])
    swapped = split_root(Secret(bytes(32)), "example.com", 1, people, bytes)
    forged = replace(request_, shares=replace(swapped, root_id=request_.shares.root_id))
    with pytest.raises(VerificationError, match="did not sign"):
        approve(forged, house.keys[0], START + HOUR)
    identity = house.vault.identity()
    eve = eve.trusting(identity, identity.fingerprint, anew=False)
    with pytest.raises(VerificationError, match="holds other keys"):
        approve(request_, eve, START + HOUR)
    mine = approve(request_, house.keys[0], START + HOUR)
    for hers in (replace(mine, custodian="Grace"), replace(mine, custodian="Eve")):
        with pytest.raises(PhalanxError):
            open_keys(house.vault, request_.opening, (mine, hers), SETTING, START + HOUR)


def test_a_vault_that_is_not_trusted_is_not_answered(house: House, request_: Request) -> None:
    """One without a pin approves nothing; neither does one who trusts another vault."""
    nobody = replace(house.keys[0], trusts={})
    with pytest.raises(PolicyError, match="does not know the vault"):
        approve(request_, nobody, START + HOUR)
    other = identity_of("example.com", Secret(bytes(32)))
    with pytest.raises(VerificationError, match="not this one"):
        nobody.trusting(other, house.vault.identity().fingerprint, anew=False)
    with pytest.raises(PolicyError, match=r"another vault of .* is trusted"):
        house.keys[0].trusting(other, other.fingerprint, anew=False)
    changed = house.keys[0].trusting(other, other.fingerprint.upper(), anew=True)
    with pytest.raises(VerificationError, match="did not sign"):
        approve(request_, changed, START + HOUR)
    elsewhere = identity_of("example.org", Secret(bytes(32)))
    both = house.keys[0].trusting(elsewhere, elsewhere.fingerprint, anew=False)
    assert approve(request_, both, START + HOUR).custodian == "Ada"


def test_a_request_is_approved_once(house: House, request_: Request) -> None:
    """The same one comes again, or another one of the same line of the log."""
    keys = house.keys[0].having_approved(request_.opening)
    with pytest.raises(PolicyError, match="approved this request before"):
        approve(request_, keys, START + HOUR)
    again = ask(house.vault, _wanted(), MARY)
    assert approve(again, keys, START + HOUR).opening == again.opening.digest


def test_an_older_vault_that_asks_again_is_noticed_by_custodians(
    house: House, tmp_path: Path
) -> None:
    """Vault and log were both put back: the line that is asked with has been another request."""
    copy = tmp_path / "copy"
    shutil.copytree(house.folder, copy)
    first = ask(house.vault, _wanted(), MARY)
    keys = house.keys[0].having_approved(first.opening)
    second = ask(Vault(copy, house.seal), _wanted(reason="A use that nobody shall see"), MARY)
    assert second.opening.line == first.opening.line
    with pytest.raises(VerificationError, match="older vault was put in its place"):
        approve(second, keys, START + HOUR)


def test_an_approval_is_not_replayed(house: House, request_: Request) -> None:
    """Neither for a second use, nor for another opening, nor after its time."""
    approvals = tuple(approve(request_, each, START + HOUR) for each in house.keys[:2])
    one, other = approvals
    again = ask(house.vault, _wanted(), MARY)
    with pytest.raises(VerificationError, match="of another opening"):
        open_keys(house.vault, again.opening, (one, other), SETTING, START + HOUR)
    with pytest.raises(PolicyError, match="was over"):
        open_keys(house.vault, request_.opening, (one, other), SETTING, START + 49 * HOUR)
    open_keys(house.vault, request_.opening, (one, other), SETTING, START + HOUR)
    with pytest.raises(PolicyError, match="was carried out"):
        open_keys(house.vault, request_.opening, (one, other), SETTING, START + HOUR)


def test_moments_are_held_to(house: House, request_: Request) -> None:
    """Nobody approves before it was asked; what was approved after now is not carried out."""
    with pytest.raises(PolicyError, match="which is not yet"):
        approve(request_, house.keys[0], START - HOUR)
    late = tuple(approve(request_, each, START + 5 * HOUR) for each in house.keys[:2])
    with pytest.raises(PolicyError, match="approved before it was asked, or after now"):
        open_keys(house.vault, request_.opening, (late[0], late[1]), SETTING, START + HOUR)
    soon = tuple(approve(request_, each, START - timedelta(minutes=5)) for each in house.keys[:2])
    assert open_keys(house.vault, request_.opening, (soon[0], soon[1]), SETTING, START + HOUR).ids


def test_a_request_names_the_line_of_the_log_that_notes_it(house: House) -> None:
    """So what was approved can be held against the log."""
    for _ in range(3):
        found = ask(house.vault, _wanted(), MARY).opening
        line = house.vault.log.uses()[found.line - 1]
        assert (line.kind, line.previous) == ("asked", found.before)
        assert line.facts["opening"] == found.digest


def test_a_vault_of_the_first_form_signs_from_its_next_epoch_on(house: House) -> None:
    """It opens as before, asks for nothing until then, and keeps its keys."""
    place = SealedPlace(house.folder / "vault.sealed", "watermark-vault", house.seal)
    opened = place.read()
    said = json.loads(opened.content.reveal())
    said |= {"schema": "phalanx.watermark-vault/1", "pending": [{"opening": {}, "key": "00"}]}
    del said["signs"], said["epochs"][0]["withdrawn"]
    before = house.vault.derive("serve", ["a"], SETTING, MARY)
    place.write(Secret(rfc8785.dumps(said)), opened.generation + 1)
    with pytest.raises(PolicyError, match="before vaults signed"):
        ask(house.vault, _wanted(), MARY)
    with pytest.raises(PolicyError, match="before vaults signed"):
        house.vault.identity()
    after = house.vault.derive("serve", ["a"], SETTING, MARY)
    assert after.keys.reveal().tolist() == before.keys.reveal().tolist()
    house.vault.rotate(MARY)
    first = house.vault.identity()
    house.vault.rotate(MARY)
    assert house.vault.identity() == first
    assert ask(house.vault, _wanted(epoch=1), MARY).opening.epoch == 1


def test_each_vault_signs_with_a_key_of_its_own(make: Callable[..., House], tmp_path: Path) -> None:
    """Two of one provider are told apart; the key is not in the log, nor is it printed."""
    house = make()
    other = make_vault(tmp_path / "other", "example.com", house.seal, MARY)
    assert house.vault.identity().fingerprint != other.identity().fingerprint
    with house.vault.held() as (contents, _):
        assert contents.signs is not None
        key, said = contents.signs.reveal(), repr(contents)
    said += (house.folder / "uses.jsonl").read_text()
    assert key.hex() not in said
    assert repr(key)[2:-1] not in said


def test_a_custodian_has_a_sealed_file_of_his_own(house: House, tmp_path: Path) -> None:
    """With which he trusts and approves; what he approved is noted before it is handed out."""
    seal = Seal(passphrase=Secret(b"only I know this one"), cost=CHEAP)
    path = tmp_path / "ada"
    public = make_custodian(path, "Ada", seal)
    keys = read_custodian(path, seal)
    assert keys.public == public
    assert keys.signs != keys.receives
    assert path.stat().st_mode & 0o777 == 0o600
    assert "Secret(32 bytes)" in repr(keys)
    with pytest.raises(InputError, match="there already"):
        make_custodian(path, "Ada", seal)
    with pytest.raises(InputError, match="no such custodian"):
        read_custodian(tmp_path / "grace", seal)
    house.vault.rotate(MARY, custodians=(public, house.custodians[1]))
    request = ask(house.vault, _wanted(), MARY)
    with pytest.raises(PolicyError, match="does not know the vault"):
        approve_noted(path, seal, request, START)
    identity = house.vault.identity()
    with pytest.raises(VerificationError, match="not this one"):
        trust_vault(path, seal, identity, "0" * 32)
    trust_vault(path, seal, identity, f" {identity.fingerprint[:16]} {identity.fingerprint[16:]}")
    mine = approve_noted(path, seal, request, START)
    with pytest.raises(PolicyError, match="approved this request before"):
        approve_noted(path, seal, request, START)
    hers = approve(request, house.keys[1], START)
    assert open_keys(house.vault, request.opening, (mine, hers), SETTING, START).ids


def test_a_custodians_file_of_the_first_form_is_read(tmp_path: Path) -> None:
    """Two keys and the name: it trusts nobody yet. Anything else is said to be damaged."""
    seal = Seal(key_file=tmp_path / "k")
    place = SealedPlace(tmp_path / "a", "custodian", seal)
    place.write(Secret(bytes([1]) * 32 + bytes([2]) * 32 + b"Ada"), 1)
    found = read_custodian(tmp_path / "a", seal)
    assert (found.name, found.signs, dict(found.trusts)) == ("Ada", Secret(bytes([1]) * 32), {})
    again = from_secret(as_secret(found))
    assert again == found
    for number, wrong in enumerate(
        (b"short", b'{"schema": "x"}', b'{"', b'{"schema": 1, "a": []}')
    ):
        place.write(Secret(wrong), number + 2)
        with pytest.raises(VerificationError, match="holds no keys of a custodian"):
            read_custodian(tmp_path / "a", seal)


def test_a_custodians_file_is_no_vault(tmp_path: Path) -> None:
    """Its kind is sealed in."""
    seal = Seal(key_file=tmp_path / "k")
    folder = tmp_path / "other"
    folder.mkdir()
    make_custodian(folder / "vault.sealed", "Ada", seal)
    with pytest.raises(VerificationError, match="holds a custodian, not a"):
        Vault(folder, seal).listing()
