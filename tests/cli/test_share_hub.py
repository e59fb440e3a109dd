"""`phalanx share hub`: what an operator does to a hub; `tests/share/client` runs it."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from phalanx.cli import ExitCode, main
from phalanx.cli.application import build_app
from phalanx.cli.share_hub_options import HubOptions
from phalanx.errors import ConfigError
from phalanx.share.hub import HubSettings

GUIDES = Path(__file__).parents[2] / "docs" / "how-to"
KEY = re.compile(r"phx\.[0-9a-f]{16}\.[A-Za-z0-9_-]{43}\n")


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def hub(*words: str) -> int:
    """Do what an operator does."""
    return main(["share", "hub", *words])


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Return what an operator sees."""
    capsys.readouterr()
    assert hub("show", "-f", "json", *words) == ExitCode.CLEAN
    seen: dict[str, Any] = json.loads(capsys.readouterr().out)
    return seen


def test_options_are_the_settings() -> None:
    """Each has the name and the default that the hub's settings have."""
    ours = {each.name: each.default for each in dataclasses.fields(HubOptions)}
    theirs = {each.name: each.default for each in dataclasses.fields(HubSettings)}
    assert ours == {name: theirs[name] for name in theirs.keys() - {"database", "key"}}


@pytest.mark.parametrize("page", ["run-a-hub", "blind-identifiers"])
def test_the_guide_names_commands_that_are_there(page: str) -> None:
    """Each command of the page, in blocks and in sentences, is understood as it is written."""
    text = (GUIDES / f"{page}.md").read_text()
    lines = re.findall(r"phalanx share (?:hub|keys) [^`\n]+", text)
    assert len(lines) > 6
    for line in lines:
        words = shlex.split(line)[1:]
        if len(words) > 3 or words[2] in {"serve", "show", "rotate"}:
            build_app().parse_args(words, exit_on_error=False, print_error=False)


def test_a_hub_from_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A collection, a member, its key on standard output once, its rights."""
    assert hub("add-collection", "campaigns", "--title", "Campaigns") == ExitCode.CLEAN
    assert capsys.readouterr().out == "/alliance/collections/campaigns/\n"
    assert hub("add-member", "northwind") == ExitCode.CLEAN
    key = capsys.readouterr().out
    assert KEY.fullmatch(key)
    assert hub("set-rights", "northwind", "campaigns", "--may", "read") == ExitCode.CLEAN
    seen = shown(capsys)
    (member,) = seen["members"]
    assert seen["collections"][0]["path"] == "/alliance/collections/campaigns/"
    assert [each["key_id"] for each in member["keys"]] == [key.split(".")[1]]
    assert key.split(".")[2].strip() not in json.dumps(seen)
    (rights,) = member["rights"]
    assert (rights["can_read"], rights["can_write"]) == (True, False)
    assert Path("alliance.hub").stat().st_mode & 0o777 == 0o600


def test_a_collection_is_made_once(capsys: pytest.CaptureFixture[str]) -> None:
    """The second time says by name that it is there, and makes nothing."""
    assert hub("add-collection", "campaigns") == ExitCode.CLEAN
    assert hub("add-collection", "campaigns") == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert "alliance/campaigns: there is a collection of that name already" in said
    assert len(shown(capsys)["collections"]) == 1


def test_keys_go_into_files_for_their_owner(capsys: pytest.CaptureFixture[str]) -> None:
    """And nowhere else; where they cannot be written, nothing is done."""
    hub("add-member", "northwind", "-o", "n.key")
    assert Path("n.key").stat().st_mode & 0o777 == 0o600
    assert KEY.fullmatch(Path("n.key").read_text())
    said = capsys.readouterr()
    assert Path("n.key").read_text().strip() not in said.out + said.err
    Path("folder").mkdir()
    assert hub("new-key", "northwind", "-o", "folder") == ExitCode.BAD_INPUT
    assert hub("add-member", "south", "-o", "folder") == ExitCode.BAD_INPUT
    (member,) = shown(capsys)["members"]
    assert len(member["keys"]) == 1


def test_what_is_taken_away_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    """A revoked key, a suspended member, rights that ended, as a table and as JSON."""
    hub("add-collection", "campaigns", "--root", "other", "--root-title", "Others")
    hub("add-collection", "patterns", "--root", "other")
    hub("add-member", "northwind", "-o", "n.key")
    hub(
        "set-rights", "northwind", "campaigns", "--root", "other", "--may", "read", "--may", "write"
    )
    capsys.readouterr()
    hub("show")
    table = capsys.readouterr().out
    assert "/other/collections/campaigns/  read, write" in table
    assert "in use" in table
    hub("revoke-key", Path("n.key").read_text().split(".")[1])
    hub("set-rights", "northwind", "campaigns", "--root", "other")
    hub("suspend", "northwind")
    (member,) = shown(capsys)["members"]
    assert (member["is_active"], member["rights"]) == (False, [])
    assert member["keys"][0]["is_revoked"]
    hub("suspend", "northwind", "--lift")
    assert shown(capsys)["members"][0]["is_active"]


def test_passwords_come_from_files(capsys: pytest.CaptureFixture[str]) -> None:
    """Which nobody else may read."""
    hub("add-member", "northwind", "-o", "n.key")
    Path("password").write_text("correct horse\n")
    Path("password").chmod(0o644)
    assert hub("set-password", "northwind", "password") == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert "chmod 600" in said
    assert "horse" not in said
    Path("password").chmod(0o600)
    assert hub("set-password", "northwind", "password") == ExitCode.CLEAN
    assert shown(capsys)["members"][0]["has_password"]


@pytest.mark.parametrize(
    "words",
    [
        ["add-collection", "Not A Name"], ["add-collection", "campaigns"],
        ["add-member", "north wind"], ["add-member", "northwind"], ["new-key", "nobody"],
        ["set-rights", "nobody", "campaigns"], ["set-rights", "northwind", "nothing"],
        ["set-rights", "northwind", "campaigns", "--may", "rule"], ["revoke-key", "abc"],
        ["suspend", "nobody"], ["add-certificate", "northwind", "none.pem"],
        ["remove-certificates", "nobody"],
        ["add-certificate", "northwind", "alliance.hub"], ["set-password", "northwind", "none"],
        ["show", "--database", "none.hub"], ["suspend", "northwind", "--database", "none.hub"],
        ["show", "--database", "postgresql://me:secret@db/hub"], ["serve", "--host", "192.0.2.1"],
        ["serve", "--client-certificates", "required"], ["serve", "--certificate", "none.pem"],
    ],
)  # fmt: skip
def test_mistakes_are_told(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """By what is wrong, without a traceback, and nothing is made."""
    hub("add-collection", "campaigns")
    hub("add-member", "northwind", "-o", "n.key")
    capsys.readouterr()
    assert hub(*words) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert said
    assert "Traceback" not in said
    assert "secret" not in said
    assert not Path("none.hub").exists()


def test_a_wrong_name_makes_no_other_hub(capsys: pytest.CaptureFixture[str]) -> None:
    """A hub without members would run, say that it is ready, and turn all away."""
    assert hub("serve", "--database", "nothere.hub") == ExitCode.BAD_INPUT
    assert "there is no hub" in capsys.readouterr().err
    assert not Path("nothere.hub").exists()


def test_a_key_replaces_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    """It may hold the only key of somebody else; nobody is entered, and no folder is made."""
    assert hub("add-member", "northwind", "-o", "n.key") == ExitCode.CLEAN
    key = Path("n.key").read_text()
    for output in ("n.key", "none/n.key"):
        assert hub("add-member", "second", "-o", output) == ExitCode.BAD_INPUT
        assert hub("new-key", "northwind", "-o", output) == ExitCode.BAD_INPUT
    assert Path("n.key").read_text() == key
    assert not Path("none").exists()
    capsys.readouterr()
    assert hub("show") == ExitCode.CLEAN
    assert "second" not in capsys.readouterr().out


def test_a_taken_port_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is loaded."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = str(other.getsockname()[1])
        assert hub("add-collection", "campaigns") == ExitCode.CLEAN
        assert hub("serve", "--port", port) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert "another program" in said
    assert "listens on" not in said.replace("program listens", "")


def test_a_server_says_that_it_listens_when_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    """One that cannot start for another reason never says so."""
    assert hub("add-collection", "campaigns") == ExitCode.CLEAN
    Path("hub.key").write_text("short")
    Path("hub.key").chmod(0o600)
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    assert hub("serve", "--port", port) == ExitCode.BAD_INPUT
    assert "the hub listens" not in capsys.readouterr().err
    Path("hub.key").unlink()
    with subprocess.Popen(
        [sys.executable, "-m", "phalanx", "share", "hub", "serve", "--port", port],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert "the hub listens on 127.0.0.1:" + port in process.stderr.readline()
        with closing(socket.create_connection(("127.0.0.1", int(port)))):
            process.terminate()
        assert process.wait(60) == ExitCode.CLEAN


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("what", ["hub", "keys"])
def test_a_server_that_is_told_to_stop_ends_well(
    what: str, how: signal.Signals, nursery: Any
) -> None:
    """With exit status 0, whichever signal it is."""
    if what == "keys":
        assert main(["share", "keys", "rotate", "-q"]) == ExitCode.CLEAN
    else:
        assert hub("add-collection", "campaigns") == ExitCode.CLEAN
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = nursery.born("share", what, "serve", "--port", str(port), "-q")
    for _ in range(3_000):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            break
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(how)
    assert process.wait() == ExitCode.CLEAN


def test_postgresql_by_its_url(
    new_database: Callable[[], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """No folder is asked for."""
    url = new_database()
    assert hub("add-collection", "campaigns", "--database", url) == ExitCode.CLEAN
    assert hub("add-member", "northwind", "--database", url, "-o", "n.key") == ExitCode.CLEAN
    assert [each["name"] for each in shown(capsys, "--database", url)["members"]] == ["northwind"]
    assert sorted(each.name for each in Path().iterdir()) == ["n.key"]
    with pytest.raises(ConfigError):
        HubOptions(host="192.0.2.1").settings(url, Path("hub.key"))
