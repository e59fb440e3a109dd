"""Epochs follow each other, keys are sealed, and past ones are gone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import ConfigError, InputError, PhalanxError, PolicyError, VerificationError
from phalanx.share.blinding.encoding import from_text, to_text
from phalanx.share.blinding.epochs import EpochKey, check_chain, pinned_epoch
from phalanx.share.blinding.held_keys import HeldKeys
from phalanx.share.blinding.keyring import (
    EPOCHS_FILE,
    add_epoch,
    destroy_past_keys,
    read_keyring,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
MONTH, WEEK = timedelta(days=30), timedelta(days=7)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Return a folder with two epochs."""
    add_epoch(tmp_path / "keys", START, MONTH, WEEK)
    add_epoch(tmp_path / "keys", START + MONTH, MONTH, WEEK)
    return tmp_path / "keys"


def test_the_next_epoch_takes_over_and_the_old_one_answers_for_a_while(keys: Path) -> None:
    """Current and previous keys are held; what is to come or over is refused."""
    ring = read_keyring(keys)
    moments = {
        START - WEEK: (None, set()),
        START: (1, {1}),
        START + MONTH: (2, {1, 2}),
        START + MONTH + WEEK: (2, {2}),
        START + 2 * MONTH + WEEK: (None, set()),
    }
    for moment, (current, answered) in moments.items():
        now = ring.current(moment)
        assert (now.epoch if now else None) == current
        for epoch in (1, 2, 3):
            if epoch in answered:
                assert ring.pair(epoch, moment).public_key
            else:
                with pytest.raises(PolicyError):
                    ring.pair(epoch, moment)


def test_a_destroyed_key_is_gone_and_its_commitment_stays(keys: Path) -> None:
    """The chain stays whole without it."""
    after = START + MONTH + WEEK
    assert destroy_past_keys(keys, after - timedelta(seconds=1)) == ()
    assert destroy_past_keys(keys, after) == (1,)
    assert destroy_past_keys(keys, after) == ()
    ring = read_keyring(keys)
    assert [each.epoch for each in ring.epochs] == [1, 2]
    assert set(ring.pairs) == {2}
    assert add_epoch(keys, START + 3 * MONTH, MONTH, WEEK).epoch == 3


def test_keys_are_for_their_owner_alone(keys: Path) -> None:
    """A key that others can read is refused; each epoch has another one."""
    files = sorted(keys.glob("*.key"))
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600, 0o600]
    assert len({file.read_bytes() for file in files}) == 2
    files[0].chmod(0o640)
    with pytest.raises(ConfigError, match="by others"):
        read_keyring(keys)


def test_keys_are_not_in_what_is_printed(keys: Path) -> None:
    """Neither of a keyring, nor in the public list."""
    ring = read_keyring(keys)
    said = repr(ring) + (keys / EPOCHS_FILE).read_text()
    for epoch, pair in ring.pairs.items():
        for secret in (pair.private_key, (keys / f"epoch-{epoch}.key").read_bytes()):
            assert secret.hex() not in said
            assert to_text(secret) not in said
            assert repr(secret) not in said


@pytest.mark.parametrize(
    ("begins", "lifetime", "grace"),
    [(START + MONTH, MONTH, WEEK), (START + 2 * MONTH, -MONTH, WEEK), (START, MONTH, -WEEK)],
)
def test_an_epoch_that_does_not_fit_is_refused(
    keys: Path, begins: datetime, lifetime: timedelta, grace: timedelta
) -> None:
    """Times that overlap, or run backwards: nothing is changed."""
    before = {file: file.read_bytes() for file in keys.iterdir()}
    with pytest.raises(InputError):
        add_epoch(keys, begins, lifetime, grace)
    assert {file: file.read_bytes() for file in keys.iterdir()} == before


def test_a_key_that_is_not_the_published_one_is_noticed(keys: Path) -> None:
    """Keys that were mixed up would split the members."""
    (keys / "epoch-1.key").write_bytes((keys / "epoch-2.key").read_bytes())
    with pytest.raises(VerificationError, match="not the published one"):
        read_keyring(keys)


def _changed(epochs: tuple[EpochKey, ...], index: int, **fields: object) -> list[EpochKey]:
    changed = list(epochs)
    changed[index] = replace(changed[index], **fields)  # type: ignore[arg-type]
    return changed


def test_a_commitment_covers_all_that_came_before(keys: Path) -> None:
    """Another key, other times, another name in the past: the last commitment changes too."""
    epochs = read_keyring(keys).epochs
    check_chain(epochs)
    head = epochs[-1].commitment
    assert pinned_epoch(epochs, head) == epochs[-1]
    for changed in (
        _changed(epochs, 0, public_key=epochs[1].public_key),
        _changed(epochs, 0, epoch=0),
        _changed(epochs, 1, epoch=1),
        _changed(epochs, 0, valid_from=START - WEEK),
        _changed(epochs, 1, previous=""),
        _changed(epochs, 0, evaluates_until=START),
    ):
        with pytest.raises(VerificationError):
            check_chain(changed)
    with pytest.raises(VerificationError, match="no epoch"):
        pinned_epoch(_changed(epochs, 1, public_key=epochs[0].public_key), head)
    zero = _changed(epochs, 1, public_key=to_text(bytes(32)))
    with pytest.raises(VerificationError, match="no element"):
        pinned_epoch(zero, zero[1].commitment)


@pytest.mark.parametrize("text", ["", "[]x", "{}", '[{"epoch": "1"}]', "\x00", "[" * 100_000])
def test_a_list_that_is_none_is_refused(keys: Path, text: str) -> None:
    """With a plain message."""
    (keys / EPOCHS_FILE).write_text(text)
    with pytest.raises(InputError, match="not a list of epochs"):
        read_keyring(keys)


def test_a_running_server_sees_a_new_list(keys: Path) -> None:
    """Rotation needs no restart; a list that broke is an outage, not an answer."""
    held = HeldKeys(keys)
    assert len(held.keyring().epochs) == 2
    add_epoch(keys, START + 2 * MONTH, MONTH, WEEK)
    assert len(held.keyring().epochs) == 3
    destroy_past_keys(keys, START + MONTH + WEEK)
    assert set(held.keyring().pairs) == {2, 3}
    (keys / EPOCHS_FILE).unlink()
    with pytest.raises(PhalanxError):
        held.keyring()


def test_an_empty_folder_holds_no_keys(tmp_path: Path) -> None:
    """A server without keys does not start."""
    with pytest.raises(InputError, match="cannot be read"):
        HeldKeys(tmp_path)


def test_the_list_is_plain_json(keys: Path) -> None:
    """It is copied to members as it is."""
    first = json.loads((keys / EPOCHS_FILE).read_text())[0]
    assert set(first) == {
        "epoch",
        "valid_from",
        "valid_until",
        "evaluates_until",
        "public_key",
        "previous",
    }


@given(st.binary(max_size=80))
def test_bytes_have_one_spelling(data: bytes) -> None:
    """And it leads back."""
    assert from_text(to_text(data), len(data)) == data


@given(st.text(max_size=20), st.integers(0, 15))
def test_any_text_is_bytes_or_refused(text: str, size: int) -> None:
    """No second spelling of the same bytes is taken."""
    try:
        data = from_text(text, size)
    except InputError:
        return
    assert to_text(data) == text
