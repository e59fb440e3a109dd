"""A third party: processes that see what was handed over and public keys, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from phalanx.cli.demo_full.acts import digest_of
from phalanx.cli.demo_full.auditing import commitment_of, plan_of, report_of
from phalanx.cli.demo_full.chapter import Chapter, write_lines
from phalanx.cli.demo_full.places import Places
from phalanx.printable import printable

_ENVIRONMENT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG")
"""That a process needs to run at all; no settings, no keys, no home."""


def verify_as_third_party(places: Places) -> Chapter:
    """Hand over the package and public keys, and verify them in processes of their own.

    Parameters:
        places: With the package.
    """
    folder = places.third_party
    _hand_over(places)
    package = ["govern", "verify", "package", "--policy", "cases.policy",
               "--ledgers", "ledger.policy"]  # fmt: skip
    # A report names its public key itself; who believes it takes the key from its owner.
    signer = (folder / "auditor.pub").read_text(encoding="ascii").strip()
    items = {
        name: f"package/items/{digest_of(path)}"
        for name, path in (
            ("report", report_of(places, "student")),
            ("plan", plan_of(places, "student")),
            ("commitment", commitment_of(places, "student")),
        )
    }
    report = ["watermark", "audit", "verify", items["report"], f"--signer={signer}",
              "--plan", items["plan"], "--commitment", items["commitment"]]  # fmt: skip
    verdicts = [_asked(words, folder) for words in (package, report)]
    refusal = _changed_by_one_byte(folder, package)
    text = "\n".join(said for _, said in verdicts)
    write_lines(folder / "verified.txt", f"{text}\n")
    holds = all(status == 0 for status, _ in verdicts) and refusal[0] != 0
    return Chapter(
        title="A third party verifies it with the package and public keys alone",
        lines=(
            "the package verifies" if verdicts[0][0] == 0 else f"refused: {verdicts[0][1]}",
            "the report of the audit in it follows its plan, and verifies"
            if verdicts[1][0] == 0
            else f"refused: {verdicts[1][1]}",
            f"changed by one byte: {_first_line(refusal[1])}",
        ),
        artefacts=(folder,),
        commands=(f"phalanx {' '.join(package)}", "phalanx watermark audit verify REPORT ..."),
        lacks="" if holds else "what was handed over does not verify",
    )


def _hand_over(places: Places) -> None:
    folder = places.third_party
    folder.mkdir(mode=0o700)
    shutil.copytree(places.package, folder / "package")
    for path in (places.case_policy, places.a.ledger_policy, places.audit / "auditor.pub"):
        shutil.copyfile(path, folder / path.name)


def _changed_by_one_byte(folder: Path, words: Sequence[str]) -> tuple[int, str]:
    """Change a byte of a copy, and return how that is refused."""
    copy = folder / "changed" / "package"
    shutil.copytree(folder / "package", copy)
    for path in folder.glob("*.policy"):
        shutil.copyfile(path, copy.parent / path.name)
    item = max((copy / "items").iterdir(), key=lambda each: each.stat().st_size)
    content = bytearray(item.read_bytes())
    content[len(content) // 2] ^= 1
    item.write_bytes(content)
    try:
        return _asked(words, copy.parent)
    finally:
        shutil.rmtree(copy.parent)


def _asked(words: Sequence[str], folder: Path) -> tuple[int, str]:
    """Run a command of Phalanx in a folder, without this person's settings and keys."""
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    done = subprocess.run(  # noqa: S603 - our own command
        (sys.executable, "-m", "phalanx", *words),
        cwd=folder,
        env={**kept, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return done.returncode, printable((done.stdout + done.stderr).decode(), keep="\n").strip()


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
