"""A release that somebody changed, mixed, kept back or made for another is not opened."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from phalanx.errors import PhalanxError, PolicyError, VerificationError
from phalanx.release.envelopes.dsse import Envelope
from phalanx.release.grants.grant import accept_grant, issue_grant
from phalanx.release.open import Opener, open_release
from phalanx.release.packages.package import read_envelope
from phalanx.release.seal import Sealing, seal_release


@pytest.fixture
def refuses(opener: Opener, tmp_path: Path) -> Callable[..., None]:
    """Return how to see that a release is refused, and that nothing of it is left."""

    def check(folder: Path, match: str | None, who: Opener = opener) -> None:
        with pytest.raises(PhalanxError, match=match) as found:
            open_release(folder, tmp_path / "opened", tmp_path / "receipt", who)
        assert isinstance(found.value, VerificationError | PolicyError)
        assert not list(tmp_path.glob("*opened*"))
        assert not (tmp_path / "receipt").exists()
        assert not who.memory.exists() or who is not opener

    return check


@pytest.mark.parametrize(
    "name", ["grant.json", "record.json", "manifest.sealed", "000001.sealed", "000002.sealed"]
)
@pytest.mark.parametrize("place", [0.02, 0.3, 0.5, 0.7, 0.98])
def test_a_changed_byte(
    name: str, place: float, release: Path, refuses: Callable[..., None]
) -> None:
    """In whichever file of a release and wherever in it, one changed byte is found."""
    raw = bytearray((release / name).read_bytes())
    at = int(place * len(raw))
    raw[at] = ord("A") if raw[at] != ord("A") else ord("B")
    (release / name).write_bytes(raw)
    refuses(release, None)


@pytest.mark.parametrize("name", ["grant.json", "record.json", "manifest.sealed", "000003.sealed"])
def test_a_missing_or_shorter_file(
    name: str, release: Path, refuses: Callable[..., None], opener: Opener, tmp_path: Path
) -> None:
    """A file that is gone or cut off stops the opening."""
    raw = (release / name).read_bytes()
    (release / name).write_bytes(raw[:-1])
    if not name.endswith(".json"):  # whose last byte is a line feed
        refuses(release, None)
    (release / name).unlink()
    with pytest.raises(PhalanxError):
        open_release(release, tmp_path / "opened", tmp_path / "receipt", opener)
    assert not list(tmp_path.glob("*opened*"))


def test_an_added_file(release: Path, refuses: Callable[..., None]) -> None:
    """What the record does not name has no place in a release."""
    (release / "000009.sealed").write_bytes(b"")
    refuses(release, "does not belong")


def test_swapped_files(release: Path, refuses: Callable[..., None]) -> None:
    """Two sealed files that took each other's name are told by their headers."""
    (release / "000002.sealed").rename(release / "aside")
    (release / "000003.sealed").rename(release / "000002.sealed")
    (release / "aside").rename(release / "000003.sealed")
    refuses(release, "not the file of this release")


def test_shards_of_two_versions(
    model: Path, release: Path, sealing: Sealing, refuses: Callable[..., None], tmp_path: Path
) -> None:
    """A shard of another version, sealed under the same grant for the same recipient, is told."""
    other = replace(sealing, random=random.Random(99).randbytes)
    seal_release(model, tmp_path / "other", other)
    shutil.copy(tmp_path / "other" / "000002.sealed", release / "000002.sealed")
    refuses(release, "not the file of this release")


def test_a_record_of_another_version(
    model: Path, release: Path, sealing: Sealing, refuses: Callable[..., None], tmp_path: Path
) -> None:
    """A record and a manifest of another version do not fit the files of this one."""
    (model / "config.json").write_text('{"layers": 1}')
    seal_release(model, tmp_path / "other", replace(sealing, random=random.Random(99).randbytes))
    shutil.copy(tmp_path / "other" / "manifest.sealed", release / "manifest.sealed")
    refuses(release, "not the file of this release")
    shutil.copy(tmp_path / "other" / "record.json", release / "record.json")
    refuses(release, "not the file of this release")


def test_an_expired_grant(release: Path, opener: Opener, refuses: Callable[..., None]) -> None:
    """From the expiry on the release does not open, however good its signatures are."""
    late = replace(opener, now=opener.now.replace(month=6), memory=opener.memory / "of late")
    refuses(release, "expired at", late)


def test_a_grant_that_has_not_begun(
    release: Path, opener: Opener, refuses: Callable[..., None]
) -> None:
    """Before it begins the release does not open."""
    early = replace(opener, now=opener.now - timedelta(days=1), memory=opener.memory / "early")
    refuses(release, "begins at", early)


def test_another_recipient(
    release: Path, deal: Any, opener: Opener, refuses: Callable[..., None]
) -> None:
    """Whoever else holds the release cannot open it, though he trusts the same issuer."""
    refuses(release, "not signed by Other", replace(opener, keys=deal.other))


def test_another_issuer(
    release: Path, deal: Any, opener: Opener, refuses: Callable[..., None]
) -> None:
    """A recipient who pinned another issuer does not take it."""
    refuses(release, "not signed by Other", replace(opener, issuer=deal.other.identity))


def _other_grant(deal: Any, minutes: int, **change: Any) -> Envelope:
    now = deal.now + timedelta(minutes=minutes)
    issued = issue_grant(
        deal.request,
        deal.partner.identity,
        deal.lab,
        deal.terms.model_copy(update=change),
        now,
        commitment=None,
    )
    return accept_grant(issued, deal.lab.identity, deal.partner, deal.request, now)


def test_a_grant_in_the_place_of_another(
    release: Path, deal: Any, refuses: Callable[..., None]
) -> None:
    """A better grant of the same parties does not open what was sealed under this one."""
    better = _other_grant(deal, 5, derivatives="licensed")
    (release / "grant.json").write_bytes(better.as_bytes())
    refuses(release, "sealed under another grant")


def test_a_grant_and_a_record_in_the_place_of_others(
    release: Path, deal: Any, refuses: Callable[..., None]
) -> None:
    """Though the issuer himself signs the record for another grant, headers and key do not fit."""
    better = _other_grant(deal, 5, derivatives="licensed")
    (release / "grant.json").write_bytes(better.as_bytes())
    said = json.loads(read_envelope(release / "record.json").payload)
    said["predicate"]["grant"] = _digest(better)
    forged = Envelope(payload=rfc8785.dumps(said)).signed(deal.lab.signing)
    (release / "record.json").write_bytes(forged.as_bytes())
    refuses(release, "not the file of this release")


def _digest(envelope: Envelope) -> str:
    from phalanx.release.envelopes.statement import digest_of

    return digest_of(envelope.payload)


def test_an_old_release_does_not_come_back(
    model: Path, release: Path, deal: Any, sealing: Sealing, opener: Opener, tmp_path: Path
) -> None:
    """Once a newer grant was opened, the release of the older one is refused, signed as it is."""
    newer = replace(sealing, grant=_other_grant(deal, 5))
    seal_release(model, tmp_path / "newer", newer)
    open_release(release, tmp_path / "a", tmp_path / "receipt", opener)
    open_release(tmp_path / "newer", tmp_path / "b", tmp_path / "receipt", opener)
    with pytest.raises(PolicyError, match="a newer grant of m-1"):
        open_release(release, tmp_path / "c", tmp_path / "receipt", opener)
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    ("field", "value", "match"),
    [
        ("wrapping", "hpke/2", "which is not known"),
        ("wrapped_key", "AAAA", "bytes, and should have"),
        ("files", [], "cannot be understood"),
        ("sealed_at", "soon", "cannot be understood"),
    ],
)
def test_a_record_that_the_issuer_himself_made_wrong(
    field: str, value: Any, match: str, release: Path, deal: Any, refuses: Callable[..., None]
) -> None:
    """A signature does not make a record right."""
    said = json.loads(read_envelope(release / "record.json").payload)
    said["predicate"][field] = value
    forged = Envelope(payload=rfc8785.dumps(said)).signed(deal.lab.signing)
    (release / "record.json").write_bytes(forged.as_bytes())
    refuses(release, match)


@pytest.mark.parametrize("name", ["../x", "/x", "config.json/x", "a\\b", "model.sig"])
def test_names_of_a_hostile_issuer(
    name: str, release: Path, deal: Any, refuses: Callable[..., None]
) -> None:
    """Names that lead out of the folder, or through a file, are refused in a signed record."""
    said = json.loads(read_envelope(release / "record.json").payload)
    said["predicate"]["files"][1]["name"] = name
    forged = Envelope(payload=rfc8785.dumps(said)).signed(deal.lab.signing)
    (release / "record.json").write_bytes(forged.as_bytes())
    refuses(release, "no name of a file|both a file and a folder|stands twice")


def test_a_link_in_a_release(release: Path, opener: Opener, tmp_path: Path) -> None:
    """A sealed file that is a link is not followed."""
    (release / "000001.sealed").rename(tmp_path / "elsewhere")
    (release / "000001.sealed").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PhalanxError, match="cannot be read"):
        open_release(release, tmp_path / "opened", tmp_path / "receipt", opener)


def test_an_oversized_document(release: Path, refuses: Callable[..., None]) -> None:
    """A record that never ends is not read to its end."""
    with (release / "record.json").open("r+b") as file:
        file.truncate(10**12)
    refuses(release, "too large")
