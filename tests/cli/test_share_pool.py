"""`phalanx share pool`: an operator opens a round, members submit, and read what they are told."""

from __future__ import annotations

import json
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uvicorn
from starlette.types import ASGIApp

from phalanx.cli import ExitCode, main
from phalanx.cli.share_pool_noted import noted_submission
from phalanx.errors import ServiceError
from phalanx.share.blinding.allowances import Limits
from phalanx.share.blinding.encoding import to_text
from phalanx.share.blinding.keyring import add_epoch
from phalanx.share.blinding.members import add_member as add_asker
from phalanx.share.blinding.server import create_app as create_key_server
from phalanx.share.blinding.settings import KeyServerSettings
from phalanx.share.blinding.tables import open_tables
from phalanx.share.gate.audit import PROGRAM, AuditLog
from phalanx.share.gate.tables import GateDatabase
from phalanx.share.hub import HubSettings, add_key, add_member, create_app, open_database
from phalanx.share.pool import POOL, pool_routes
from phalanx.share.pool.tables import ROUNDS
from phalanx.store import database_of

ROUND = "2026-11"


def _scan_folder(folder: Path, log10_use: float) -> Path:
    """Write what a scan for the pool leaves, as far as it is read."""
    folder.mkdir()
    (folder / "run.json").write_text('{"key_id": ""}')
    groups = {
        "parties": [[["a1"], ["a2"], ["a3"]], [["b1"], ["b2"]]],
        "log10_e_of_sources": [_sources(6.0), _sources(0.1)],
        "log10_e_honest": [log10_use, -0.2],
    }
    kinds = {"log10_e_of_sources": pa.map_(pa.string(), pa.float64())}
    columns = {name: pa.array(each, type=kinds.get(name)) for name, each in groups.items()}
    pq.write_table(pa.table(columns), folder / "groups.parquet")
    return folder


def _sources(log10_e: float) -> list[tuple[str, float]]:
    """Return two sources that say as much, so that one is left out."""
    return [("birth", log10_e), ("timing", log10_e)]


@contextmanager
def _serving(app: ASGIApp) -> Iterator[str]:
    """Serve an application on this machine, and return its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/"
    server.should_exit = True
    thread.join()


def _secret(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path


AGREEMENT = """
schema = "phalanx.agreement/1"
version = "2026-10"
[[member]]
pseudonym = "member-north"
jurisdictions = ["us"]
from = 2026-01-01
[[member]]
pseudonym = "member-south"
jurisdictions = ["eu"]
from = 2026-01-01
"""


class Alliance:
    """A key server and a hub with a pool."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        """Start the servers, and enter the members north and south."""
        self.folder = folder
        now = datetime.now(UTC)
        epoch = add_epoch(folder / "keys", now, timedelta(days=9), timedelta(days=1))
        settings = KeyServerSettings(folder / "keys", database_of(str(folder / "keys.db")))
        asker = add_asker(
            open_tables(settings.database), "all", Limits(9**9, 9**9, 1e6), secrets.token_bytes, now
        )
        keys = stack.enter_context(_serving(create_key_server(settings)))
        self.pool = f"{folder}/pool.db"
        place = database_of(str(folder / "alliance.hub"))
        hub = open_database(place)
        with hub.write() as connection:
            for who in ("north", "south"):
                add_member(connection, who, now)
                key = add_key(connection, who, secrets.token_bytes, now)
                _secret(folder / f"{who}.api", key)
        hub.close()
        self.hub = ""
        (folder / "agreement.toml").write_text(AGREEMENT)
        for who in ("north", "south"):
            self.write_settings(who, ["us-rule-of-reason", "eu-gdpr-6-1-f"])
        pool = open_database(database_of(self.pool), schema=POOL)
        stack.callback(pool.close)
        app = create_app(HubSettings(place, folder / "hub.key"), extensions=(pool_routes(pool),))
        self.hub = stack.enter_context(_serving(app))
        self.blinding: tuple[str, ...] = (
            "--keys", keys, "--keys-api-key", str(_secret(folder / "keys.api", asker)),
            "--commitment", epoch.commitment,
        )  # fmt: skip

    def write_settings(self, who: str, bases: list[str]) -> None:
        """Write how a member takes part in the alliance."""
        (self.folder / f"{who}.toml").write_text(
            f"""
            schema = "phalanx.alliance/1"
            member = "member-{who}"
            agreement = "agreement.toml"
            bases = {json.dumps(bases)}
            signing_key = "{who}.key"
            gate = "{who}.gate"
            [hub]
            url = "{self.hub}/alliance/collections/campaigns/"
            """
        )

    def run(self, *words: str) -> int:
        """Run a command of the pool."""
        return main(["share", "pool", *words])

    def let_rounds_end(self) -> None:
        """Move the end of all rounds to now."""
        pool = open_database(database_of(self.pool), schema=POOL)
        with pool.write() as connection:
            connection.execute(ROUNDS.update().values(closes_at=datetime.now(UTC).isoformat()))
        pool.close()

    def reach(self, who: str) -> tuple[str, ...]:
        """Return how a member reaches the hub."""
        return ("--round", ROUND, "--hub", self.hub, "--api-key", str(self.folder / f"{who}.api"))

    def submit(self, who: str, scan: Path, identifiers: Path) -> int:
        """Submit as a member."""
        return self.run(
            "submit", str(scan), "--identifiers", str(identifiers), "--member", who,
            "--signing-key", str(self.folder / f"{who}.key"), *self.blinding, *self.reach(who),
            "--alliance-config", str(self.folder / f"{who}.toml"),
        )  # fmt: skip

    def ready(self, capsys: pytest.CaptureFixture[str], *more: str) -> Path:
        """Enter both members, open a round, and return a table of identifiers."""
        for who in ("north", "south"):
            assert self.run("key", str(self.folder / f"{who}.key")) == ExitCode.CLEAN
            public = capsys.readouterr().out.strip()
            assert self.run("add-member", "--pool", self.pool, "--", who, public) == ExitCode.CLEAN
        closes = datetime.now(UTC) + timedelta(days=1)
        opened = self.run(
            "open-round", ROUND, "--closes", f"{closes:%Y-%m-%dT%H:%M:%S}", "--epoch", "1",
            "--pool", self.pool, *more,
        )  # fmt: skip
        assert opened == ExitCode.CLEAN
        identifiers = self.folder / "identifiers.csv"
        identifiers.write_text(
            "account_id,kind,value\na1,payment,card\na2,payment,card\na3,email,A@Example.com\n"
            "b1,email,b@example.com\nb2,phone,none\n"
        )
        return identifiers


@pytest.fixture
def alliance(tmp_path: Path) -> Iterator[Alliance]:
    """Return an alliance whose servers run."""
    with ExitStack() as stack:
        yield Alliance(tmp_path, stack)


def _pooled(folder: Path, who: str = "north") -> list[str]:
    """Return what the audit log of a member says of submissions, which one program made."""
    entries = AuditLog(GateDatabase(folder / f"{who}.gate")).entries()
    assert {(each.kind, each.actor) for each in entries} <= {("pooled", PROGRAM)}
    return [each.facts["action"] for each in entries]


def test_a_submission_that_nobody_answers_is_noted_as_unknown(tmp_path: Path) -> None:
    """What went out and was neither taken nor refused stands so in the log, with the reason."""
    log = AuditLog(GateDatabase(tmp_path / "north.gate"))
    broken = ServiceError("the connection broke", next_step="Try again.")

    def send() -> None:
        with noted_submission(log, {"object": "round 1"}, lambda: datetime.now(UTC)) as noted:
            noted.sending(slots=256)
            raise broken

    with pytest.raises(ServiceError):
        send()
    assert _pooled(tmp_path) == ["sending", "unknown whether taken"]
    assert log.entries()[-1].facts["reason"] == "the connection broke"


def test_two_members_find_together(
    alliance: Alliance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From two scans to two reports: each learns of its own accounts, and of nothing else."""
    identifiers = alliance.ready(capsys)
    for who in ("north", "south"):
        scan = _scan_folder(tmp_path / f"scan-{who}", 2.5)
        assert alliance.submit(who, scan, identifiers) == ExitCode.CLEAN
    said = capsys.readouterr()
    assert "submitted 1 mark in 256 entries; not usable: 1 identifier\n" in said.err
    assert _pooled(tmp_path) == ["sending", "taken by the pool"]
    sending, taken = AuditLog(GateDatabase(tmp_path / "north.gate")).entries()
    for each in (sending, taken):
        assert (each.kind, each.facts["object"]) == ("pooled", f"round {ROUND}")
    assert sending.facts["batch_sha256"] == taken.facts["batch_sha256"]
    assert alliance.run("evaluate", ROUND, "--pool", alliance.pool) == ExitCode.BAD_INPUT
    assert "is open until" in capsys.readouterr().err
    alliance.let_rounds_end()
    assert alliance.run("evaluate", ROUND, "--pool", alliance.pool) == ExitCode.CLEAN
    assert "tokens told        1" in capsys.readouterr().out
    folder = str(tmp_path / "scan-north")
    shown = tmp_path / "told.json"
    told = alliance.run("report", folder, *alliance.reach("north"), "-f", "json", "-o", str(shown))
    assert told == ExitCode.FINDINGS
    (mark,) = json.loads(shown.read_text())
    assert (mark["kind"], mark["value"], mark["accounts"]) == ("payment", "card", ["a1", "a2"])
    assert alliance.run("report", folder, *alliance.reach("south")) == ExitCode.FINDINGS
    assert "payment card: 2 accounts" in capsys.readouterr().out


@pytest.mark.parametrize("why", ["circle", "decoy"])
def test_neither_one_circle_nor_a_decoy_is_told(
    alliance: Alliance, tmp_path: Path, capsys: pytest.CaptureFixture[str], why: str
) -> None:
    """What rests on members that see the same traffic stays untold, and so does a decoy."""
    more = ("--circle", "cloud=north,south") if why == "circle" else ()
    identifiers = alliance.ready(capsys, *more)
    for who in ("north", "south"):
        scan = _scan_folder(tmp_path / f"scan-{who}", 2.5)
        assert alliance.submit(who, scan, identifiers) == ExitCode.CLEAN
    if why == "decoy":
        (token,) = json.loads((scan / f"pool-{ROUND}.json").read_bytes())
        (tmp_path / "decoys.txt").write_text(f"{token}\n")
        words = ("add-decoys", str(tmp_path / "decoys.txt"), "--accounts", "north-1")
        assert alliance.run(*words, "--pool", alliance.pool) == ExitCode.CLEAN
        assert "entered: 1 decoy\n" in capsys.readouterr().err
    alliance.let_rounds_end()
    assert alliance.run("evaluate", ROUND, "--pool", alliance.pool) == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert "tokens told        0" in said
    # Evidence against honesty comes from what members say of decoys, and of nothing else.
    assert (max(_audited(said)) > 0.0) is (why == "decoy")
    report = ("report", str(scan), *alliance.reach("south"))
    assert alliance.run(*report) == ExitCode.CLEAN
    assert "none of your marks is told" in capsys.readouterr().out


def _audited(said: str) -> list[float]:
    """Return what the operator reads against the honesty of each member."""
    return [float(line.split()[1]) for line in said.partition("log10 e:\n")[2].splitlines()]


def test_a_submission_makes_no_key(
    alliance: Alliance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong name of the signing key is told, and nothing stands there afterwards."""
    identifiers = alliance.ready(capsys)
    (tmp_path / "north.key").unlink()
    scan = _scan_folder(tmp_path / "scan", 2.5)
    assert alliance.submit("north", scan, identifiers) == ExitCode.BAD_INPUT
    assert "there is no signing key" in capsys.readouterr().err
    assert not (tmp_path / "north.key").exists()


def test_what_is_refused_changes_nothing(
    alliance: Alliance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each refusal says what is wrong, and what the first batch means stays as it was kept."""
    identifiers = alliance.ready(capsys)
    scan = _scan_folder(tmp_path / "scan-north", 2.5)
    kept = scan / f"pool-{ROUND}.json"
    right = (tmp_path / "north.key").read_bytes()
    (tmp_path / "north.key").write_bytes(bytes(32))
    assert alliance.submit("north", scan, identifiers) == ExitCode.BAD_INPUT
    assert "the signing key is none that the pool knows of you" in capsys.readouterr().err
    assert not list(scan.glob("pool-*"))
    assert _pooled(tmp_path) == ["sending", "refused by the pool"]
    *_, refused = AuditLog(GateDatabase(tmp_path / "north.gate")).entries()
    assert refused.facts["reason"] == "the signing key is none that the pool knows of you"
    (tmp_path / "north.key").write_bytes(right)
    assert alliance.submit("north", scan, identifiers) == ExitCode.CLEAN
    before = kept.read_bytes()
    assert alliance.run("report", str(scan), *alliance.reach("north")) == ExitCode.BAD_INPUT
    assert "the round was not evaluated yet" in capsys.readouterr().err
    identifiers.write_text("account_id,kind,value\na1,payment,card\n")
    # Whether the round is open is known before the key server is asked.
    alliance.blinding = (
        "--keys", "http://127.0.0.1:1/", "--keys-api-key", "none", "--commitment", "none",
    )  # fmt: skip
    assert alliance.submit("north", scan, identifiers) == ExitCode.BAD_INPUT
    assert "you have submitted in this round" in capsys.readouterr().err
    assert _pooled(tmp_path)[2:] == ["sending", "taken by the pool", "not sent"]
    alliance.let_rounds_end()
    other = _scan_folder(tmp_path / "scan-south", 2.5)
    assert alliance.submit("south", other, identifiers) == ExitCode.BAD_INPUT
    assert "the round is over" in capsys.readouterr().err
    assert [each.name for each in scan.glob("pool-*")] == [kept.name]
    assert kept.read_bytes() == before


def test_told_tokens_that_are_not_known_are_said(
    alliance: Alliance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another folder than that of the submission does not look as if nothing were told."""
    identifiers = alliance.ready(capsys)
    identifiers.write_text(identifiers.read_text() + "a1,email,x@a.example\na2,email,x@a.example\n")
    for who in ("north", "south"):
        scan = _scan_folder(tmp_path / f"scan-{who}", 2.5)
        assert alliance.submit(who, scan, identifiers) == ExitCode.CLEAN
    alliance.let_rounds_end()
    assert alliance.run("evaluate", ROUND, "--pool", alliance.pool) == ExitCode.CLEAN
    kept = scan / f"pool-{ROUND}.json"
    known = json.loads(kept.read_bytes())
    assert len(known) == 2
    known.popitem()
    kept.write_text(json.dumps(known))
    assert alliance.run("report", str(scan), *alliance.reach("south")) == ExitCode.FINDINGS
    assert "told besides, and not known to" in capsys.readouterr().err
    kept.write_text("{}")
    assert alliance.run("report", str(scan), *alliance.reach("south")) == ExitCode.BAD_INPUT
    assert "none of the 2 tokens" in capsys.readouterr().err


def test_nothing_is_submitted_without_a_legal_basis(
    alliance: Alliance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A basis that is over, or of one side only, keeps it in the house; the audit log says both."""
    identifiers = alliance.ready(capsys)
    scan = _scan_folder(tmp_path / "scan", 2.5)
    for bases in (["us-rule-of-reason"], ["us-cisa-2015", "eu-gdpr-6-1-f"]):
        alliance.write_settings("north", bases)
        assert alliance.submit("north", scan, identifiers) == ExitCode.BAD_INPUT
        assert "no legal basis in force for" in capsys.readouterr().err
    assert not (scan / f"pool-{ROUND}.json").exists()
    alliance.write_settings("north", ["us-rule-of-reason", "eu-gdpr-6-1-f"])
    assert alliance.submit("north", scan, identifiers) == ExitCode.CLEAN
    entries = AuditLog(GateDatabase(alliance.folder / "north.gate")).entries()
    assert _pooled(tmp_path) == ["refuse", "refuse", "sending", "taken by the pool"]
    named = [basis["id"] for basis in entries[-1].facts["legal_bases"]]
    assert named == ["us-rule-of-reason", "eu-gdpr-6-1-f"]
    assert all(basis["from"] for basis in entries[-1].facts["legal_bases"])


def test_wrong_files_are_refused(
    alliance: Alliance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder of another scan, or a table of something else, is named with a next step."""
    identifiers = tmp_path / "identifiers.csv"
    identifiers.write_text("account_id,kind,value\na1,shoe size,44\n")
    assert alliance.submit("north", tmp_path / "absent", identifiers) == ExitCode.BAD_INPUT
    assert "--for-pool" in capsys.readouterr().err
    scan = _scan_folder(tmp_path / "scan", 1.0)
    alliance.run("key", str(tmp_path / "north.key"))
    assert alliance.submit("north", scan, identifiers) == ExitCode.BAD_INPUT
    error = capsys.readouterr().err
    assert "no known kind" in error
    assert "shoe" not in error
    identifiers.write_text("a,b\n1,2\n")
    assert alliance.submit("north", scan, identifiers) == ExitCode.BAD_INPUT
    assert alliance.run("report", str(scan), *alliance.reach("north")) == ExitCode.BAD_INPUT
    assert "submitted" in capsys.readouterr().err
    pq.write_table(pa.table({"parties": [1], "log10_e_apart": [1], "log10_e_honest": [1]}),
                   scan / "groups.parquet")  # fmt: skip
    assert alliance.submit("north", scan, identifiers) == ExitCode.BAD_INPUT


def test_an_operator_sees_and_removes_members(
    alliance: Alliance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second key is said, another's is refused, and a member that left is not listed."""
    alliance.ready(capsys)
    pool = ("--pool", alliance.pool)
    public = {}
    for name in ("north", "second"):
        alliance.run("key", str(tmp_path / f"{name}.key"))
        public[name] = capsys.readouterr().out.strip()
    for key, said in (
        (public["north"], "has this key already, 1 now"),
        (public["second"], "one more key, 2 now"),
    ):
        assert alliance.run("add-member", *pool, "--", "north", key) == ExitCode.CLEAN
        assert said in capsys.readouterr().err
    refused = alliance.run("add-member", *pool, "--", "south", public["north"])
    assert refused == ExitCode.BAD_INPUT
    assert "north: has this key already" in capsys.readouterr().err
    assert alliance.run("remove-member", "south", *pool) == ExitCode.CLEAN
    assert alliance.run("remove-member", "south", *pool) == ExitCode.BAD_INPUT
    capsys.readouterr()
    assert alliance.run("show", *pool) == ExitCode.CLEAN
    shown = capsys.readouterr().out
    assert shown.startswith(f"members\n  north  2 keys\nrounds\n  {ROUND}  open, closes ")
    alliance.let_rounds_end()
    alliance.run("show", *pool)
    assert f"{ROUND}  over, closed " in capsys.readouterr().out
    alliance.run("evaluate", ROUND, *pool)
    alliance.run("show", *pool)
    assert f"{ROUND}  evaluated, closed " in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["--"]])
def test_a_key_may_begin_with_a_hyphen(words: list[str], tmp_path: Path) -> None:
    """One of 64 does, and is no option."""
    key = "-OK90F1gafNshTAiQd5B-omX7h9-K0FHpeCj4ENp84I"
    pool = ("--pool", str(tmp_path / "pool.db"))
    assert main(["share", "pool", "add-member", *pool, *words, "north", key]) == ExitCode.CLEAN


@pytest.mark.parametrize("start", ["-O", "-q", "-v", "-h", "--"])
def test_a_commitment_may_begin_with_a_hyphen(
    start: str, alliance: Alliance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Likewise: what is wrong here is told, and that is something else."""
    scan, identifiers = _scan_folder(tmp_path / "scan", 2.5), tmp_path / "identifiers.csv"
    identifiers.write_text("account_id,kind,value\na1,payment,card\na2,payment,card\n")
    assert alliance.run("key", str(tmp_path / "north.key")) == ExitCode.CLEAN
    *others, _ = alliance.blinding
    alliance.blinding = (*others, f"{start}K90F1gafNshTAiQd5B-omX7h9-K0FHpeCj4ENp84I")
    capsys.readouterr()
    assert alliance.submit("north", scan, identifiers) == ExitCode.BAD_INPUT
    assert "you take no part in the pool" in capsys.readouterr().err


def test_a_round_of_the_past_is_not_opened(
    alliance: Alliance, capsys: pytest.CaptureFixture[str]
) -> None:
    """It could take nothing."""
    words = ("open-round", ROUND, "--closes", "2026-01-01", "--epoch", "1", "--pool", alliance.pool)
    assert alliance.run(*words) == ExitCode.BAD_INPUT
    assert "is over" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["show"], ["evaluate", ROUND], ["remove-member", "north"],
        ["open-round", ROUND, "--closes", "2126-01-01", "--epoch", "1"],
        ["add-decoys", "decoys.txt", "--accounts", "north-1"],
    ],
)  # fmt: skip
def test_a_wrong_name_makes_no_pool(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Only a member that enters begins a pool; a round of nobody would open in silence."""
    monkeypatch.chdir(tmp_path)
    Path("decoys.txt").write_text("x\n")
    missing = tmp_path / "none.db"
    assert main(["share", "pool", *words, "--pool", str(missing)]) == ExitCode.BAD_INPUT
    assert "there is no pool" in capsys.readouterr().err
    assert not missing.exists()
    missing.touch()
    assert main(["share", "pool", *words, "--pool", str(missing)]) == ExitCode.BAD_INPUT
    assert missing.stat().st_size == 0


def test_an_alliance_of_nobody_is_not_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a wrong folder it is said what is missing, and nothing is made."""
    monkeypatch.chdir(tmp_path)
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        serve = ("share", "pool", "serve", "--port", str(other.getsockname()[1]))
        assert main([*serve]) == ExitCode.BAD_INPUT
        assert "there is no hub" in capsys.readouterr().err
        assert not list(tmp_path.iterdir())
        main(["share", "hub", "add-collection", "campaigns"])
        capsys.readouterr()
        assert main([*serve]) == ExitCode.BAD_INPUT
        assert "there is no pool" in capsys.readouterr().err
        assert not list(tmp_path.glob("pool.db*"))
        main(["share", "pool", "add-member", "north", to_text(bytes(32))])
        capsys.readouterr()
        assert main([*serve]) == ExitCode.BAD_INPUT
        assert "another program" in capsys.readouterr().err


def test_circles_are_written_as_names(
    alliance: Alliance, capsys: pytest.CaptureFixture[str]
) -> None:
    """A circle without members, or with a member of another, is refused."""
    for circle in ("cloud", "cloud=", "=north"):
        refused = alliance.run(
            "open-round", "2026-12", "--closes", "2030-01-01", "--epoch", "1",
            "--circle", circle, "--pool", alliance.pool,
        )  # fmt: skip
        assert refused == ExitCode.BAD_INPUT
        assert "no circle" in capsys.readouterr().err
