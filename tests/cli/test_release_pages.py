"""What the pages about roots, the log and the broker tell a reader to type is done, in order."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from phalanx.cli import ExitCode, main

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)


def _lines(page: str) -> list[str]:
    blocks = _BLOCK.findall((PAGES / page).read_text(encoding="utf-8"))
    return [line for block in blocks for line in block.splitlines()]


def _do(line: str) -> None:
    assert main(shlex.split(line)[1:]) == ExitCode.CLEAN, line


def test_roots_and_log(
    parties: Callable[..., None], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """From the first root to the certificate of deletion, each command does what the page says."""
    parties(demands=("roots", "log"))
    keys: dict[str, str] = {}
    for line in _lines("release-trust.md"):
        capsys.readouterr()
        if "certify-deletion" in line:
            Path("opened").rename("elsewhere")
        for name, key in keys.items():
            line = line.replace(name, key)  # noqa: PLW2901 - as the reader does
        _do(line)
        said = capsys.readouterr()
        if "log init" in line:
            keys["LOG_KEY"] = said.out.split()[1]
            Path("log.policy").write_text(
                f"{said.out.strip()} {tmp_path}/log/public\nquorum none\n"
            )
        if "roots key" in line:
            keys[f"{line.split()[-1].partition('.')[0].upper()}_KEY"] = said.out.strip()
        if "log cosign " in line:
            keys["WITNESS_KEY"] = said.err.partition("witness key: ")[2].strip()
    _do("phalanx release log check log")
    assert "4 entries" in capsys.readouterr().out  # grant, record, receipt, certificate


def test_broker(parties: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    """What needs no other machine is done; the policy on the page is one."""
    import json

    import jwt
    from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key

    parties()
    parts = "--recipient partner.json --terms terms.toml --keys lab.keys -o issued.json"
    _do(f"phalanx release grant request.json {parts}")
    parts = "--request request.json --issuer lab.json --keys partner.keys -o grant.json"
    _do(f"phalanx release accept issued.json {parts}")
    public = generate_private_key(SECP384R1()).public_key()
    key = {**jwt.algorithms.ECAlgorithm.to_jwk(public, as_dict=True), "kid": "k1"}
    Path("attester.json").write_text(json.dumps({"keys": [key]}))
    page = (PAGES / "key-broker.md").read_text(encoding="utf-8")
    Path("policy.toml").write_text(page.split("```toml\n")[1].split("```")[0])
    for line in _lines("key-broker.md"):
        if not {"serve", "challenge", "open"} & set(line.split()):
            _do(line)
    capsys.readouterr()
    assert Path("decisions.jsonl").read_text() == ""
