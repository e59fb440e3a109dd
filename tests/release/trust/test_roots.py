"""Roots are of today, never older than what was seen, and say whom not to trust any more."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from phalanx.errors import (
    ConfigError,
    InputError,
    PhalanxError,
    PolicyError,
    ServiceError,
    VerificationError,
)
from phalanx.release.trust.repository import Repository
from phalanx.release.trust.roots import LOG_POLICY
from phalanx.release.trust.trusting import fresh_roots, pin

NOW = datetime.now(tz=UTC).replace(microsecond=0)
DIGEST = "ab" * 32


@pytest.fixture
def provider(tmp_path: Path, deal: Any) -> Repository:
    """Return a repository that lists the lab."""
    made = Repository(folder=tmp_path / "roots", keys=tmp_path / "keys")
    root = made.begin(NOW)
    made.add_party(deal.lab.identity)
    made.publish(NOW)
    pin(root, str(tmp_path / "roots" / "public"), tmp_path / "trust")
    return made


def test_a_party_that_is_listed(provider: Repository, deal: Any, tmp_path: Path) -> None:
    """The lab is trusted, and whoever is not listed is not."""
    provider.put(LOG_POLICY, b"quorum none\n")
    provider.publish(NOW)
    roots = fresh_roots(tmp_path / "trust")
    roots.refuse_untrusted(deal.lab.identity, deal.partner.identity, DIGEST, NOW)
    assert roots.log_policy == b"quorum none\n"
    with pytest.raises(VerificationError, match="do not list Other"):
        roots.refuse_untrusted(deal.other.identity, deal.partner.identity, DIGEST, NOW)


@pytest.mark.parametrize("who", ["lab", "partner"])
def test_a_revoked_key(who: str, provider: Repository, deal: Any, tmp_path: Path) -> None:
    """A key of either side that was revoked stops the opening, with its reason."""
    provider.revoke("keys", getattr(deal, who).identity.fingerprint, "stolen laptop", NOW)
    provider.publish(NOW)
    roots = fresh_roots(tmp_path / "trust")
    with pytest.raises(PolicyError, match="revoked: stolen laptop"):
        roots.refuse_untrusted(deal.lab.identity, deal.partner.identity, DIGEST, NOW)


def test_a_revoked_grant(provider: Repository, deal: Any, tmp_path: Path) -> None:
    """A grant that was revoked stops the opening; others go on."""
    provider.revoke("grants", DIGEST, "contract ended", NOW)
    provider.revoke("grants", DIGEST, "again", NOW)
    provider.publish(NOW)
    roots = fresh_roots(tmp_path / "trust")
    assert len(roots.revoked.grants) == 1
    with pytest.raises(PolicyError, match="grant was revoked: contract ended"):
        roots.refuse_untrusted(deal.lab.identity, deal.partner.identity, DIGEST, NOW)
    roots.refuse_untrusted(deal.lab.identity, deal.partner.identity, "cd" * 32, NOW)


def test_several_who_revoke_and_publish_at_once(provider: Repository, tmp_path: Path) -> None:
    """No revocation is lost, and no two publications have one number."""

    def work(number: int) -> int:
        provider.revoke("grants", f"{number:064x}", "contract ended", NOW)
        return provider.publish(NOW)

    with ThreadPoolExecutor(8) as pool:
        numbers = sorted(pool.map(work, range(8)))
    assert numbers == list(range(3, 11))
    assert len(fresh_roots(tmp_path / "trust").revoked.grants) == 8


def test_stale_roots(provider: Repository, deal: Any, tmp_path: Path) -> None:
    """A timestamp that has run out is refused, by the machine's clock and by one's own time."""
    roots = fresh_roots(tmp_path / "trust")
    with pytest.raises(PolicyError, match="stale: they expired at"):
        roots.refuse_untrusted(
            deal.lab.identity, deal.partner.identity, DIGEST, NOW + timedelta(days=2)
        )
    provider.publish(NOW - timedelta(days=2))
    with pytest.raises(PolicyError, match="the roots are stale"):
        fresh_roots(tmp_path / "trust")


def test_an_older_state_does_not_come_back(provider: Repository, tmp_path: Path) -> None:
    """Whoever serves an old state again, validly signed, is told from what was seen."""
    public = tmp_path / "roots" / "public"
    shutil.copytree(public, tmp_path / "old")
    provider.revoke("grants", DIGEST, "contract ended", NOW)
    provider.publish(NOW)
    fresh_roots(tmp_path / "trust")
    shutil.rmtree(public)
    (tmp_path / "old").rename(public)
    with pytest.raises(VerificationError, match="older than those that were seen"):
        fresh_roots(tmp_path / "trust")


@pytest.mark.parametrize("file", ["timestamp.json", "2.snapshot.json", "2.targets.json"])
def test_changed_roots(file: str, provider: Repository, tmp_path: Path) -> None:
    """No file of the repository says anything else than was signed."""
    path = tmp_path / "roots" / "public" / "metadata" / file
    said = json.loads(path.read_bytes())
    said["signed"]["expires"] = "2990-01-01T00:00:00Z"
    path.write_text(json.dumps(said))
    with pytest.raises(VerificationError, match="not as the issuer signed"):
        fresh_roots(tmp_path / "trust")
    path.write_bytes(b"{" * 3_000_000)
    with pytest.raises(PhalanxError):
        fresh_roots(tmp_path / "trust")
    assert provider.folder.exists()


def test_a_changed_list_of_what_was_revoked(provider: Repository, tmp_path: Path) -> None:
    """The list itself cannot be replaced by a shorter one."""
    provider.revoke("grants", DIGEST, "contract ended", NOW)
    provider.publish(NOW)
    for path in (tmp_path / "roots" / "public" / "targets").glob("*.revoked.json"):
        path.write_bytes(b'{"grants":[],"keys":[]}\n')
    with pytest.raises(VerificationError, match="not as the issuer signed"):
        fresh_roots(tmp_path / "trust")


def test_another_root(provider: Repository, tmp_path: Path) -> None:
    """A repository of another provider is not taken for the one that was pinned."""
    other = Repository(folder=tmp_path / "other", keys=tmp_path / "other-keys")
    other.begin(NOW)
    shutil.rmtree(provider.folder / "public")
    shutil.copytree(tmp_path / "other" / "public", provider.folder / "public")
    with pytest.raises(VerificationError, match="not as the issuer signed"):
        fresh_roots(tmp_path / "trust")
    with pytest.raises(VerificationError, match="no root"):
        pin(b"{}", "roots", tmp_path / "new")
    with pytest.raises(InputError, match="is there already"):
        other.begin(NOW)
    with pytest.raises(ConfigError):
        fresh_roots(tmp_path / "nowhere")


def test_a_root_that_grows_old_is_renewed(provider: Repository, tmp_path: Path) -> None:
    """Half a year on, a new root signed by the old key takes its place, and is followed."""
    assert provider.publish(NOW) == 3
    far = Repository(folder=tmp_path / "far", keys=tmp_path / "far-keys")
    pin(far.begin(NOW - timedelta(days=300)), str(tmp_path / "far" / "public"), tmp_path / "t")
    far.publish(NOW)
    assert (tmp_path / "far" / "public" / "metadata" / "2.root.json").exists()
    assert fresh_roots(tmp_path / "t").expires_at == NOW + timedelta(days=1)


def test_roots_behind_http(
    provider: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain server of files is enough; where there is none, nothing is opened."""
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    public = str(provider.folder / "public")
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *words: SimpleHTTPRequestHandler(*words, directory=public)
    )
    Thread(target=server.serve_forever, daemon=True).start()
    root = (provider.folder / "public" / "metadata" / "1.root.json").read_bytes()
    pin(root, f"http://127.0.0.1:{server.server_port}", tmp_path / "web")
    assert len(fresh_roots(tmp_path / "web").parties) == 1
    server.shutdown()
    server.server_close()
    with pytest.raises(ServiceError, match="cannot be fetched"):
        fresh_roots(tmp_path / "web")
    with pytest.raises(ConfigError, match="https://"):
        pin(root, "ftp://lab.example", tmp_path / "ftp")
