"""Secrets are not seen: in no repr, error, traceback with variables, log, or pickle."""

from __future__ import annotations

import base64
import copy
import gc
import pickle
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import structlog

from phalanx.errors import InputError
from phalanx.watermark.keys.contents import from_secret
from phalanx.watermark.keys.custodian_keys import from_secret as custodian_from_secret
from phalanx.watermark.keys.handed_out import read_handed_out
from phalanx.watermark.keys.sealed_place import Seal, SealedPlace
from phalanx.watermark.keys.secret import Secret, SecretKeys
from phalanx.watermark.keys.tree import derive_keys
from phalanx.watermark.keys.vault import KIND, VAULT_FILE, Act, Vault
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

if TYPE_CHECKING:
    from tests.watermark.keys.conftest import House

START = datetime(2026, 3, 1, tzinfo=UTC)
PASSPHRASE = b"correct horse battery staple"
SETTING = PhalanxGumbel().setting


def _spellings(secret: bytes) -> list[str]:
    return [
        secret.hex(),
        base64.b64encode(secret).decode().rstrip("="),
        base64.urlsafe_b64encode(secret).decode().rstrip("="),
        repr(secret)[2:-1],
        str(list(secret))[1:-1],
        str(int.from_bytes(secret, "big")),
        str(int.from_bytes(secret, "little")),
    ]


def _refuse_seen(said: str, *secrets: bytes) -> None:
    assert len(said) > 20
    for secret in secrets:
        for spelling in _spellings(secret):
            assert spelling not in said


def _with_variables(error: BaseException) -> str:
    """Return a traceback with the variables of every frame, as crash reporters write it."""
    found = traceback.TracebackException.from_exception(error, capture_locals=True)
    seen = [error]
    while seen[-1].__context__ is not None:
        seen.append(seen[-1].__context__)
    others = [traceback.TracebackException.from_exception(e, capture_locals=True) for e in seen[1:]]
    return "".join("".join(each.format()) for each in (found, *others))


def test_the_search_finds_what_is_there() -> None:
    """A key in a variable of a frame that an error came through is seen."""

    def careless() -> None:
        key = bytes(range(32))
        message = f"{len(key)} bytes"
        raise ValueError(message)

    with pytest.raises(ValueError, match="32 bytes") as raised:
        careless()
    with pytest.raises(AssertionError):
        _refuse_seen(_with_variables(raised.value), bytes(range(32)))


def test_a_secret_is_not_printed() -> None:
    """By nothing that prints objects."""
    value = bytes(range(32))
    secret, keys = Secret(value), derive_keys(Secret(value), ["a", "b"], SETTING)
    seal = Seal(passphrase=Secret(PASSPHRASE))
    with structlog.testing.capture_logs() as logged:
        structlog.get_logger().info("derived", key=secret, keys=keys, seal=seal)
    said = f"{secret} {secret!r} {secret!s:>40} {keys} {seal} {logged}"
    _refuse_seen(said, value, PASSPHRASE, *(key.reveal() for key in keys))


def test_a_secret_is_not_pickled_copied_or_hashed() -> None:
    """Where its bytes would leave the object."""
    secret = Secret(b"abc")
    for taken in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            taken(secret)
    with pytest.raises(TypeError):
        hash(secret)
    assert secret == Secret(b"abc") != Secret(b"abd")
    assert secret != b"abc"
    with pytest.raises(ValueError, match="at least one byte"):
        Secret(b"")
    with pytest.raises(ValueError, match="of one length"):
        SecretKeys([Secret(b"a"), Secret(b"ab")])


def _wrong_passphrase(house: House) -> None:
    Vault(house.folder, Seal(passphrase=Secret(PASSPHRASE + b"!"))).listing()


def _no_such_epoch(house: House) -> None:
    house.vault.derive("serve", ["a"], SETTING, Act("x", START), epoch=9)


def _bad_name(house: House) -> None:
    house.vault.derive("serve", ["a", "a b"], SETTING, Act("x", START))


def _clock_set_back(house: House) -> None:
    house.vault.rotate(Act("x", START - timedelta(days=1)))


def _flipped_bit(house: House) -> None:
    path = house.folder / VAULT_FILE
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    house.vault.listing()


def _no_space(house: House) -> None:
    path = house.folder / VAULT_FILE
    path.unlink()
    path.mkdir()
    path.joinpath("x").touch()
    SealedPlace(path, KIND, house.seal).write(Secret(b"a secret that is written"), 1)


def _broken_inside(house: House) -> None:
    SealedPlace(house.folder / VAULT_FILE, KIND, house.seal).write(Secret(b'{"chain": 1}'), 9)
    house.vault.listing()


@pytest.mark.parametrize(
    "fail",
    [
        _wrong_passphrase,
        _no_such_epoch,
        _bad_name,
        _clock_set_back,
        _flipped_bit,
        _no_space,
        _broken_inside,
    ],
)
def test_no_error_holds_a_secret(make: Callable[..., House], fail: Callable[..., None]) -> None:
    """Neither in its words nor in the variables of any frame that it came through."""
    house = make(passphrase=Secret(PASSPHRASE))
    content = SealedPlace(house.folder / VAULT_FILE, KIND, house.seal).read().content
    contents = from_secret(content)
    assert contents is not None
    root = contents.current.root
    assert root is not None
    with pytest.raises(Exception, match=r".") as raised:
        fail(house)
    said = _with_variables(raised.value)
    _refuse_seen(said, PASSPHRASE, contents.chain.reveal(), root.reveal(), content.reveal()[:60])


def test_no_object_that_stays_holds_a_key_in_the_open(house: House) -> None:
    """After a key was derived, nothing but secrets holds it."""
    act = Act("x", START)
    found = house.vault.derive("serve", ["a"], SETTING, act)
    (key,) = found.keys
    value = key.reveal()
    gc.collect()
    # By type, and by the methods of `dict`: some objects of other libraries warn when they are
    # asked for their class, or import half a library when they are asked for their values.
    holders = [
        each
        for each in gc.get_objects()
        if (
            issubclass(type(each), dict)
            and any(type(v) is bytes and v == value for v in dict.values(each))
        )
        or (
            issubclass(type(each), list | tuple)
            and any(type(v) is bytes and v == value for v in each)
        )
    ]
    assert holders == []
    _refuse_seen(repr(found) + repr(vars(house.vault)), value)


def test_a_key_is_not_in_the_log(house: House) -> None:
    """Nor whose it is."""
    found = house.vault.derive("account", ["acct_deadbeef"], SETTING, Act("x", START))
    (key,) = found.keys
    text = (house.folder / "uses.jsonl").read_text()
    _refuse_seen(text, key.reveal(), b"acct_deadbeef")
    assert "acct_deadbeef" not in text


HANDED_OUT = bytes(range(1, 33))


def _refused(content: Secret) -> str:
    with pytest.raises(InputError) as raised:
        read_handed_out(content)
    return _with_variables(raised.value)


@pytest.mark.parametrize("form", ['{"schema": "phalanx.audit-keys/1", "key": "%s"}', "%s"])
def test_no_error_of_keys_that_were_handed_out_holds_one(form: str) -> None:
    """What is read from a file is in no variable of a frame; a custodian's file is read alike."""
    _refuse_seen(_refused(Secret((form % HANDED_OUT.hex()).encode())), HANDED_OUT)
    assert custodian_from_secret(Secret((form % HANDED_OUT.hex()).encode()[:60])) is None
