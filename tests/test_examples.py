"""The examples run as they stand, and show what they promise."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from phalanx.errors import VerificationError
from phalanx.watermark.audit import read_plan, verify_report

EXAMPLES = Path(__file__).parents[1] / "examples"


def _free_ports(count: int) -> list[str]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [str(probe.getsockname()[1]) for probe in probes]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
def test_two_providers_find_together_what_one_cannot_alone(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """B lists nobody alone, and by what A shared its part of the campaign; A hears of it."""
    hub_port, keys_port = _free_ports(2)
    tools = str(Path(sys.executable).parent)
    places = {}
    if database == "PostgreSQL":
        new_database = request.getfixturevalue("new_database")
        for server in ("HUB", "KEYS"):
            places[f"PHALANX_SHARE_{server}_DATABASE"] = new_database()
    done = subprocess.run(
        ["bash", str(EXAMPLES / "two_providers.sh"), str(tmp_path / "work")],
        env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
             "HUB_PORT": hub_port, "KEYS_PORT": keys_port, **places},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    alone = done.stdout.split("== B scans its log alone")[1].split("== B pulls")[0]
    together = done.stdout.split("== B pulls, matches")[1].split("== B answers")[0]
    assert "No campaign in" in alone
    assert "1 campaign with 45 accounts" in together
    assert "POSITIVE, 1 agree, 0 disagree, 1 saw it too" in done.stdout
    assert "of 1 reader 1 removed it" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_an_audit_names_the_campaign_whose_harvest_trained_a_student(tmp_path: Path) -> None:
    """It clears the other campaign, every decoy, and a student of unmarked answers."""
    essays = EXAMPLES.parents[1] / "shared" / "data" / "aigc_text" / "outfox_essays.parquet"
    for name, there in (
        ("torch", find_spec("torch")),
        ("transformers", find_spec("transformers")),
        (str(essays), essays.exists()),
    ):
        if not there:
            pytest.skip(f"{name} is not there")
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "marked_student.py"), str(essays), "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    signer = Ed25519PublicKey.from_public_bytes((tmp_path / "signer.pub").read_bytes())
    for name, named in (
        (f"{name}.{mode}", named)
        for name, named in (("student", [True, False]), ("honest", [False, False]))
        for mode in ("weights", "weights-gathered")
    ):
        data = (tmp_path / f"{name}.json").read_bytes()
        published = read_plan((tmp_path / f"{name}.plan.json").read_bytes()).digest()
        report = verify_report(data, signer, published)
        assert [each["named"] for each in report["keys"]] == named
        assert report["plan"]["decoys"] == 1_000
        assert report["largest_decoy_log10_e"] < report["needed_log10_e"]
        with pytest.raises(VerificationError, match="changed"):
            verify_report(data.replace(b'"places":', b'"places":1', 1), signer, published)
