"""The vault: rotation, destruction, sealing, what is noticed, and what two processes do."""

from __future__ import annotations

import json
import os
import shutil
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from phalanx.errors import ConfigError, InputError, PolicyError, VerificationError
from phalanx.watermark.keys.contents import Contents, as_secret, from_secret
from phalanx.watermark.keys.ending import destroy_epoch, reseal
from phalanx.watermark.keys.sealed_file import read_sealed
from phalanx.watermark.keys.sealed_place import Seal, SealedPlace
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.stretching import Cost
from phalanx.watermark.keys.tree import derive_key, epoch_root, purpose_root
from phalanx.watermark.keys.vault import KIND, LOG_FILE, VAULT_FILE, Act, Vault, make_vault
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

if TYPE_CHECKING:
    from tests.watermark.keys.conftest import House

START = datetime(2026, 3, 1, tzinfo=UTC)
LATER = START + timedelta(days=30)
SETTING = PhalanxGumbel().setting
ACT, ACT_LATER = Act("Mary", START), Act("Mary", LATER)
PASSPHRASE = Secret(b"correct horse battery staple")
CHEAP = Cost(memory_kib=19 * 1024, passes=1, lanes=1)


def _inside(house: House) -> Contents:
    found = from_secret(SealedPlace(house.folder / VAULT_FILE, KIND, house.seal).read().content)
    assert found is not None
    return found


def _key(house: House, epoch: int | None = None, name: str = "a") -> Secret:
    (key,) = house.vault.derive("serve", [name], SETTING, ACT_LATER, epoch=epoch).keys
    return key


def test_keys_stay_the_same_until_their_epoch_is_destroyed(house: House) -> None:
    """Whatever happens to later epochs."""
    first = _key(house)
    assert house.vault.rotate(ACT_LATER).number == 2
    second = _key(house)
    assert (_key(house, 1), _key(house, 2)) == (first, second)
    assert first != second
    destroy_epoch(house.vault, 1, ACT_LATER)
    assert _key(house) == second
    with pytest.raises(PolicyError, match="was destroyed"):
        _key(house, 1)


def test_nothing_inside_leads_back_to_a_destroyed_epoch(house: House) -> None:
    """Not its root, not the chain; its audit halves are gone too."""
    before = _inside(house)
    root = before.epochs[0].root
    assert root is not None
    house.vault.rotate(ACT_LATER)
    destroy_epoch(house.vault, 1, ACT_LATER)
    after = _inside(house)
    assert root.reveal().hex() not in as_secret(after).reveal().decode()
    assert before.chain.reveal().hex() not in as_secret(after).reveal().decode()
    assert (after.epochs[0].root, after.epochs[0].shares) == (None, None)
    assert epoch_root(after.chain, 1) != root
    assert epoch_root(after.chain, 2) == after.epochs[1].root


def test_a_vault_of_before_does_not_open_after_a_destruction(house: House, tmp_path: Path) -> None:
    """Its key file is another one now: this is what makes the destruction reach copies."""
    house.vault.rotate(ACT_LATER)
    copy = tmp_path / "copy"
    shutil.copytree(house.folder, copy)
    assert len(Vault(copy, house.seal).listing()) == 2
    destroy_epoch(house.vault, 1, ACT_LATER)
    with pytest.raises(ConfigError, match="not the passphrase or key file"):
        Vault(copy, house.seal).listing()
    assert house.vault.listing()[0].destroyed == LATER


def test_an_epoch_in_use_or_gone_is_not_destroyed(house: House) -> None:
    """And one that never was neither."""
    with pytest.raises(PolicyError, match="in use"):
        destroy_epoch(house.vault, 1, ACT)
    house.vault.rotate(ACT_LATER)
    destroy_epoch(house.vault, 1, ACT_LATER)
    with pytest.raises(PolicyError, match="was destroyed"):
        destroy_epoch(house.vault, 1, ACT_LATER)
    for number in (0, 3, -1):
        with pytest.raises(InputError, match="there is no epoch"):
            destroy_epoch(house.vault, number, ACT_LATER)
    with pytest.raises(InputError, match="began at"):
        house.vault.rotate(ACT)


def test_the_list_says_ids_and_dates_and_nothing_secret(house: House) -> None:
    """It may be published."""
    house.vault.rotate(ACT_LATER)
    first, second = house.vault.listing()
    assert (first.begins, first.ends, second.ends) == (START, LATER, None)
    assert set(second.ids) == {"serve", "audit", "decoy", "campaign", "account"}
    assert second.custodians == ("Ada", "Grace", "Edith")
    assert len({*first.ids.values(), *second.ids.values()}) == 10
    found = house.vault.derive("account", ["acct_1", "acct_2"], SETTING, ACT_LATER)
    public = found.public()
    assert [each.key_id for each in public] == list(found.ids)
    assert "acct_1" not in repr(public)
    root = _inside(house).current.root
    assert root is not None
    key = derive_key(purpose_root(root, "account"), "acct_1", SETTING)
    assert next(iter(found.keys)) == key


def test_audit_keys_are_not_derived_by_one_alone(house: House) -> None:
    """And a vault without them says so; an empty list of names is refused."""
    with pytest.raises(PolicyError, match="two custodians"):
        house.vault.derive("audit", ["a"], SETTING, ACT)
    with pytest.raises(InputError, match="no purpose"):
        house.vault.derive("other", ["a"], SETTING, ACT)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no key was asked for"):
        house.vault.derive("serve", [], SETTING, ACT)


def test_files_are_for_their_owner_alone(house: House) -> None:
    """Whatever the umask; and what others may read is refused."""
    key_file = house.seal.key_file
    assert key_file is not None
    for path in (house.folder / VAULT_FILE, house.folder / LOG_FILE, key_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(house.folder.stat().st_mode) == 0o700
    for path in (key_file, house.folder / VAULT_FILE, house.folder / LOG_FILE):
        path.chmod(0o640)
        with pytest.raises(ConfigError, match="can be read by others"):
            house.vault.listing()
        path.chmod(0o600)
    assert house.vault.listing()


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_a_loose_umask_opens_nothing(make: Callable[..., House], umask: int) -> None:
    """From the first byte on."""
    before = os.umask(umask)
    try:
        house = make()
        house.vault.rotate(ACT_LATER)
    finally:
        os.umask(before)
    for path in house.folder.iterdir():
        if path.name != "lock":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_each_kind_of_seal_opens_with_all_of_it_only(
    make: Callable[..., House], tmp_path: Path
) -> None:
    """Passphrase and key file together are both needed."""
    key_file = tmp_path / "k"
    house = make(passphrase=PASSPHRASE, key_file=key_file)
    assert house.vault.listing()
    wrong = Secret(b"another passphrase")
    for seal, said in (
        (Seal(passphrase=PASSPHRASE), "sealed with a key file too"),
        (Seal(key_file=key_file), "sealed with a passphrase too"),
        (Seal(passphrase=wrong, key_file=key_file), "not the passphrase or key file"),
    ):
        with pytest.raises(ConfigError, match=said):
            Vault(house.folder, seal).listing()
    with pytest.raises(ConfigError, match="passphrase, a key file, or both"):
        Seal()


def test_the_seal_can_be_replaced(make: Callable[..., House], tmp_path: Path) -> None:
    """Keys stay, the former seal opens nothing."""
    house = make(passphrase=PASSPHRASE)
    key = _key(house)
    new = Seal(passphrase=Secret(b"another passphrase"), key_file=tmp_path / "new", cost=CHEAP)
    reseal(house.vault, new, ACT_LATER)
    assert _key(house) == key
    assert len(Vault(house.folder, new).listing()) == 1
    with pytest.raises(ConfigError):
        Vault(house.folder, house.seal).listing()


def test_an_interrupted_replacement_of_a_key_file_is_finished(house: House) -> None:
    """The vault was written under the new key file, which has not taken its place yet."""
    house.vault.rotate(ACT_LATER)
    key_file = house.seal.key_file
    assert key_file is not None
    old = key_file.read_bytes()
    destroy_epoch(house.vault, 1, ACT_LATER)
    new = key_file.read_bytes()
    following = key_file.with_name(f"{key_file.name}.next")
    key_file.write_bytes(old)
    following.write_bytes(new)
    following.chmod(0o600)
    assert house.vault.listing()[0].destroyed
    assert (key_file.read_bytes(), following.exists()) == (new, False)


def test_an_interrupted_writing_is_taken_up(house: House) -> None:
    """The vault is newer than the log says, or the log has a torn line."""
    log = house.folder / LOG_FILE
    house.vault.rotate(ACT_LATER)
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:-1]) + b'{"torn')
    assert len(house.vault.listing()) == 2
    assert house.vault.rotate(ACT_LATER).number == 3
    assert house.vault.log.uses()[-1].kind == "written"


def test_an_older_vault_in_its_place_is_noticed(house: House, tmp_path: Path) -> None:
    """By the log; both together by the hash that was kept elsewhere."""
    old, old_log = (house.folder / name for name in (VAULT_FILE, LOG_FILE))
    kept = {path: path.read_bytes() for path in (old, old_log)}
    house.vault.rotate(ACT_LATER)
    head = house.vault.log.uses()[-1].line_hash
    newest = old.read_bytes()
    old.write_bytes(kept[old])
    with pytest.raises(VerificationError, match="an older vault"):
        house.vault.listing()
    old_log.write_bytes(kept[old_log])
    assert len(house.vault.listing()) == 1  # nothing on this machine knows better
    with pytest.raises(VerificationError, match="lines were removed"):
        Vault(house.folder, house.seal, last_hash=head).listing()
    old.write_bytes(newest)
    with pytest.raises(VerificationError, match="lines were removed"):
        house.vault.listing()
    assert tmp_path.is_dir()


def test_a_changed_log_is_noticed(house: House) -> None:
    """Any line that is not as it was written, left out, or in another place."""
    house.vault.rotate(ACT_LATER)
    log = house.folder / LOG_FILE
    lines = log.read_bytes().splitlines(keepends=True)
    for changed in (
        [lines[0].replace(b"Mary", b"Anna"), *lines[1:]],
        [*lines[:1], *lines[2:]],
        [lines[1], lines[0], *lines[2:]],
        [*lines, b"{}\n"],
        [*lines, b"not json\n"],
    ):
        log.write_bytes(b"".join(changed))
        with pytest.raises(VerificationError, match="was changed or removed"):
            house.vault.listing()
    log.write_bytes(b"")
    with pytest.raises(VerificationError, match="lines were removed"):
        house.vault.listing()


def test_the_log_says_what_was_done(house: House) -> None:
    """In order, by whom."""
    house.vault.derive("campaign", ["c1"], SETTING, Act("server", START))
    house.vault.rotate(ACT_LATER)
    kinds = [(use.kind, use.by) for use in house.vault.log.uses()]
    assert kinds == [
        ("made", "Mary"),
        ("written", "Mary"),
        ("derived", "server"),
        ("rotated", "Mary"),
        ("written", "Mary"),
    ]
    facts = house.vault.log.uses()[2].facts
    assert (facts["purpose"], facts["keys"], facts["epoch"]) == ("campaign", 1, 1)


def test_two_rotations_at_once_make_two_epochs_or_one(house: House) -> None:
    """Who comes second is told to wait; no epoch is lost or made twice."""
    made: list[int] = []
    refused: list[str] = []
    together = threading.Barrier(4)

    def rotate() -> None:
        together.wait()
        try:
            made.append(Vault(house.folder, house.seal).rotate(ACT_LATER).number)
        except InputError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=rotate) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(made) + len(refused) == 4
    assert made
    assert all("another process is using this vault" in said for said in refused)
    assert sorted(made) == list(range(2, 2 + len(made)))
    assert len(house.vault.listing()) == 1 + len(made)


def test_a_vault_is_made_once(house: House, tmp_path: Path) -> None:
    """What is there is never replaced; what is not there is said."""
    with pytest.raises(InputError, match="holds a vault already"):
        make_vault(house.folder, "example.com", house.seal, ACT)
    with pytest.raises(InputError, match="no vault"):
        Vault(tmp_path / "other", house.seal).listing()
    with pytest.raises(InputError, match="no name of a provider"):
        make_vault(tmp_path / "other", "Example", house.seal, ACT)


@pytest.mark.parametrize("text", ["[]", "{}", "1", "", '{"schema": "phalanx.watermark-vault/1"}'])
def test_other_contents_are_not_taken_for_a_tree(house: House, text: str) -> None:
    """Even under the right seal."""
    place = SealedPlace(house.folder / VAULT_FILE, KIND, house.seal)
    place.write(Secret(text.encode() or b" "), 99)
    with pytest.raises(VerificationError, match="holds no tree of keys"):
        house.vault.listing()


def test_what_is_written_is_read_again(house: House) -> None:
    """Contents go through their written form unchanged."""
    house.vault.rotate(ACT_LATER)
    found = _inside(house)
    again: Any = from_secret(as_secret(found))
    assert again == found


def test_an_older_vault_is_noticed_after_a_crash_too(house: House) -> None:
    """The line that was not written is written at the next opening."""
    vault, log = house.folder / VAULT_FILE, house.folder / LOG_FILE
    before = vault.read_bytes()
    house.vault.rotate(ACT_LATER)
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    assert len(house.vault.listing()) == 2
    assert house.vault.log.uses()[-1].kind == "written"
    vault.write_bytes(before)
    with pytest.raises(VerificationError, match="an older vault"):
        house.vault.listing()


def test_a_vault_that_could_not_be_read_again_is_not_written(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so before anything is noted or written."""
    files = [house.folder / name for name in (VAULT_FILE, LOG_FILE)]
    before = [path.read_bytes() for path in files]
    monkeypatch.setattr("phalanx.watermark.keys.vault.MOST_BYTES", 10_000)
    with pytest.raises(PolicyError, match="too large"):
        house.vault.rotate(ACT_LATER)
    assert [path.read_bytes() for path in files] == before


@pytest.mark.parametrize("by", ["", " Mary", "Mary\x1b[2J", "\udcff", "x" * 101])
def test_who_acts_has_a_name(by: str) -> None:
    """That a log can hold and a terminal can show."""
    with pytest.raises(InputError, match="named by"):
        Act(by, START)
    with pytest.raises(ValueError, match="time zone"):
        Act("Mary", START.replace(tzinfo=None))


@pytest.mark.parametrize(
    "changes",
    [
        {"facts": []}, {"kind": "other"}, {"kind": "written"}, {"at": "2026-01-01"},
        {"kind": "written", "facts": {"generation": "1", "sha256": ""}},
        {"kind": "written", "facts": {"generation": 1, "sha256": 0}},
    ],
)  # fmt: skip
def test_a_line_of_another_form_is_noticed(house: House, changes: dict[str, Any]) -> None:
    """Even where its number and the hash of the one before are right."""
    log = house.vault.log
    last = log.uses()[-1]
    said = {
        "number": last.number + 1,
        "at": START.isoformat(),
        "kind": "derived",
        "by": "x",
        "facts": {},
        "previous": last.line_hash,
    }
    before = log.path.read_bytes()
    log.path.write_bytes(before + json.dumps(said).encode() + b"\n")
    assert log.uses()[-1].by == "x"
    log.path.write_bytes(before + json.dumps(said | changes).encode() + b"\n")
    with pytest.raises(VerificationError, match="was changed or removed"):
        house.vault.listing()


def test_random_bytes_that_repeat_seal_no_two_contents_alike(tmp_path: Path) -> None:
    """As on a machine that was set back: salt, key of the writing and check differ."""
    place = SealedPlace(tmp_path / "a", KIND, Seal(key_file=tmp_path / "k"), bytes)
    one, same, other = (place.write(Secret(text), 1) for text in (b"one", b"one", b"two"))
    assert one == same
    sealed = [read_sealed(raw, "a", KIND).header for raw in (one, other)]
    assert sealed[0].salt != sealed[1].salt
    assert sealed[0].check != sealed[1].check
