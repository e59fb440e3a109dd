"""What ends: epochs for good, keys as far as the tree allows, seals without a moment in between."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from phalanx.errors import ConfigError, InputError, PhalanxError, PolicyError, VerificationError
from phalanx.watermark.keys.ending import destroy_epoch, reseal, withdraw_keys
from phalanx.watermark.keys.sealed_place import Seal
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.stretching import Cost
from phalanx.watermark.keys.tree import derive_key, purpose_root
from phalanx.watermark.keys.vault import LOG_FILE, VAULT_FILE, Act, Vault
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

if TYPE_CHECKING:
    from tests.watermark.keys.conftest import House

START = datetime(2026, 3, 1, tzinfo=UTC)
ACT = Act("Mary", START + timedelta(days=1))
SETTING, NARROW = PhalanxGumbel().setting, PhalanxGumbel(2).setting
PASSPHRASE, OTHER = Secret(b"correct horse battery staple"), Secret(b"another passphrase")
CHEAP = Cost(memory_kib=19 * 1024, passes=1, lanes=1)


def _key(vault: Vault, name: str = "C-1") -> Secret:
    (key,) = vault.derive("campaign", [name], SETTING, ACT).keys
    return key


def test_a_withdrawn_key_is_not_derived_under_any_scheme(house: House) -> None:
    """Others are, those of other purposes and of other epochs too."""
    before = _key(house.vault, "C-2")
    assert withdraw_keys(house.vault, "campaign", ["C-1", "C-3"], ACT) == 1
    for setting in (SETTING, NARROW):
        with pytest.raises(PolicyError, match="C-1 was withdrawn from epoch 1"):
            house.vault.derive("campaign", ["C-2", "C-1"], setting, ACT)
    assert _key(house.vault, "C-2") == before
    assert house.vault.derive("account", ["C-1"], SETTING, ACT).ids
    house.vault.rotate(ACT)
    assert _key(house.vault)
    with pytest.raises(PolicyError, match="was withdrawn"):
        house.vault.derive("campaign", ["C-3"], SETTING, ACT, epoch=1)


def test_a_withdrawn_key_is_noted_and_not_named(house: House) -> None:
    """The log has an id that tells nothing; withdrawing again changes nothing."""
    for _ in range(2):
        withdraw_keys(house.vault, "account", ["acct_deadbeef"], ACT)
    first, second = (use.facts for use in house.vault.log.uses() if use.kind == "withdrawn")
    assert (first["purpose"], first["keys"], len(first["ids"])) == ("account", 1, 1)
    assert second["ids"] == []
    assert "acct_deadbeef" not in (house.folder / LOG_FILE).read_text()


def test_a_withdrawn_key_is_gone_only_with_its_epoch(house: House) -> None:
    """What is said of it is true: the root in the vault still gives it, until it is destroyed."""
    key = _key(house.vault)
    withdraw_keys(house.vault, "campaign", ["C-1"], ACT)
    with house.vault.held() as (contents, _):
        root = contents.current.root
        assert root is not None
        assert derive_key(purpose_root(root, "campaign"), "C-1", SETTING) == key
    house.vault.rotate(ACT)
    destroy_epoch(house.vault, 1, ACT)
    with house.vault.held() as (contents, _):
        assert (contents.epochs[0].root, contents.epochs[0].withdrawn) == (None, ())
    with pytest.raises(PolicyError, match="was destroyed"):
        withdraw_keys(house.vault, "campaign", ["C-1"], ACT, epoch=1)


def test_what_cannot_be_withdrawn_is_said(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Audit keys, no key, names that are none, and too many."""
    for purpose, names, error in (
        ("audit", ["a"], PolicyError),
        ("other", ["a"], InputError),
        ("serve", [], InputError),
        ("serve", ["a b"], InputError),
    ):
        with pytest.raises(error):
            withdraw_keys(house.vault, purpose, names, ACT)  # type: ignore[arg-type]
    monkeypatch.setattr("phalanx.watermark.keys.ending.MOST_WITHDRAWN", 2)
    with pytest.raises(PolicyError, match="more than 2 keys"):
        withdraw_keys(house.vault, "serve", ["a", "b", "c"], ACT)
    assert house.vault.log.uses()[-1].kind == "written"


def test_a_key_file_of_another_vault_is_not_taken(house: House, tmp_path: Path) -> None:
    """It would be replaced, and the other vault would open to nobody."""
    theirs = tmp_path / "theirs.key"
    theirs.write_bytes(bytes(32))
    theirs.chmod(0o600)
    with pytest.raises(InputError, match="may open another vault"):
        reseal(house.vault, Seal(key_file=theirs), ACT)
    assert theirs.read_bytes() == bytes(32)
    own = house.seal.key_file
    assert own is not None
    before = own.read_bytes()
    reseal(house.vault, Seal(key_file=own), ACT)
    assert own.read_bytes() != before
    assert house.vault.listing()


def test_a_wrong_passphrase_reseals_nothing(make: Callable[..., House]) -> None:
    """Neither vault nor log change, and the one that is right opens it as before."""
    house = make(passphrase=PASSPHRASE)
    files = [house.folder / name for name in (VAULT_FILE, LOG_FILE)]
    before = [path.read_bytes() for path in files]
    wrong = Vault(house.folder, Seal(passphrase=OTHER, cost=CHEAP))
    with pytest.raises(ConfigError, match="not the passphrase"):
        reseal(wrong, Seal(passphrase=OTHER, cost=CHEAP), ACT)
    assert [path.read_bytes() for path in files] == before
    reseal(house.vault, Seal(passphrase=OTHER, cost=CHEAP), ACT)
    assert wrong.listing() == house.vault.listing()
    assert [use.kind for use in house.vault.log.uses()][-2:] == ["resealed", "written"]


def test_a_tampered_seal_and_a_truncated_log_are_noticed_before_anything_ends(
    house: House,
) -> None:
    """Nothing is destroyed, withdrawn or sealed anew on top of what is not whole."""
    house.vault.rotate(ACT)
    vault, log = house.folder / VAULT_FILE, house.folder / LOG_FILE
    kept = {path: path.read_bytes() for path in (vault, log)}
    flipped = bytearray(kept[vault])
    flipped[-1] ^= 1
    lines = kept[log].splitlines(keepends=True)
    ends: tuple[Callable[[], object], ...] = (
        lambda: destroy_epoch(house.vault, 1, ACT),
        lambda: withdraw_keys(house.vault, "serve", ["a"], ACT),
        lambda: reseal(house.vault, house.seal, ACT),
    )
    for path, content in ((vault, bytes(flipped)), (log, b"".join(lines[:-2]))):
        path.write_bytes(content)
        for end in ends:
            with pytest.raises(VerificationError):
                end()
        assert path.read_bytes() == content
        path.write_bytes(kept[path])
    assert house.vault.listing()


CRASHING = """
import json, os, shutil, sys
from datetime import UTC, datetime
from pathlib import Path
from phalanx.watermark.keys.ending import destroy_epoch, reseal
from phalanx.watermark.keys.sealed_place import Seal
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.stretching import Cost
from phalanx.watermark.keys.vault import Act, Vault

folder, what = Path(sys.argv[1]), sys.argv[2]
cost = Cost(memory_kib=19 * 1024, passes=1, lanes=1)
act = Act("Mary", datetime(2026, 3, 3, tzinfo=UTC))

def seal(words):
    words = dict(words)
    if "passphrase" in words:
        words["passphrase"] = Secret(words["passphrase"].encode())
    if "key_file" in words:
        words["key_file"] = Path(words["key_file"])
    return Seal(cost=cost, **words)

def end(step):
    place, seen = folder.with_name(f"{what}-{step}"), [0]
    shutil.copytree(folder, place)
    os.chdir(place)

    def fall(event, arguments):
        if event not in ("open", "os.rename", "os.remove", "os.link", "os.truncate"):
            return
        if not any(str(each).startswith(str(place)) for each in arguments if each is not None):
            return
        seen[0] += 1
        if seen[0] == step:
            os._exit(9)

    sys.addaudithook(fall)
    vault = Vault(place / "vault", old(place))
    if what == "destroy":
        destroy_epoch(vault, 1, act)
    else:
        reseal(vault, new(place), act)
    os._exit(0)

def placed(words, place):
    return {k: (str(place / v) if k == "key_file" else v) for k, v in words.items()}

def old(place):
    return seal(placed(json.loads(sys.argv[3]), place))

def new(place):
    return seal(placed(json.loads(sys.argv[4]), place))

steps = 0
while True:
    steps += 1
    child = os.fork()
    if child == 0:
        end(steps)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, 9), code
    if code == 0:
        break
print(steps)
"""


@pytest.mark.parametrize(
    ("what", "old", "new"),
    [
        ("reseal", {"key_file": "v.key"}, {"key_file": "v.key"}),
        pytest.param(
            "reseal",
            {"passphrase": "correct horse battery"},
            {"passphrase": "another passphrase"},
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "reseal", {"key_file": "v.key"}, {"key_file": "new.key"}, marks=pytest.mark.slow
        ),
        pytest.param(
            "reseal",
            {"passphrase": "correct horse battery", "key_file": "v.key"},
            {"passphrase": "another passphrase", "key_file": "v.key"},
            marks=pytest.mark.slow,
        ),
        ("destroy", {"key_file": "v.key"}, {"key_file": "v.key"}),
    ],
)
def test_a_crash_at_any_moment_leaves_a_vault_that_opens(
    tmp_path: Path, what: str, old: dict[str, str], new: dict[str, str]
) -> None:
    """The process is ended before each step it takes on its files: one of both seals opens."""
    from phalanx.watermark.keys.vault import make_vault

    base = tmp_path / "base"
    base.mkdir()
    vault = make_vault(base / "vault", "example.com", _seal(old, base), Act("Mary", START))
    vault.rotate(ACT)
    key = _key(vault)
    said = subprocess.run(
        [sys.executable, "-c", CRASHING, str(base), what, json.dumps(old), json.dumps(new)],
        capture_output=True,
        check=False,
        text=True,
        env={**os.environ},
    )
    assert said.returncode == 0, said.stderr
    steps = int(said.stdout)
    assert steps > 8
    ended = 0
    for step in range(1, steps + 1):
        place = tmp_path / f"{what}-{step}"
        opened = _opened(place, old, new)
        assert _key(opened) == key
        ended += _is_over(opened, what)
        # And it can be done again, whatever lies about.
        opened.rotate(Act("Mary", ACT.at + timedelta(days=3)))
    assert 1 <= ended < steps


def _opened(place: Path, old: dict[str, str], new: dict[str, str]) -> Vault:
    for words in (old, new):
        try:
            vault = Vault(place / "vault", _seal(words, place))
            vault.listing()
        except PhalanxError:
            continue
        return vault
    message = f"{place}: neither seal opens it"
    raise AssertionError(message)


def _is_over(vault: Vault, what: str) -> bool:
    """Tell whether it was done; then the log says so."""
    noted = {"destroy": "destroyed", "reseal": "resealed"}[what]
    kinds = [use.kind for use in vault.log.uses()]
    done = vault.listing()[0].destroyed is not None if what == "destroy" else noted in kinds
    assert noted in kinds or not done
    return done


def _seal(words: dict[str, str], place: Path) -> Seal:
    passphrase = Secret(words["passphrase"].encode()) if "passphrase" in words else None
    key_file = place / words["key_file"] if "key_file" in words else None
    return Seal(passphrase=passphrase, key_file=key_file, cost=CHEAP)
