"""`phalanx demo`: simulate, scan, evaluate and report, in one go; or the whole loop."""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.terminal import Common

_OUT, _LOOP = Path("phalanx-demo"), Path("phalanx-loop")
_ACCOUNTS, _ACCOUNTS_OF_BOTH = 4600, 2000


def demo(
    *,
    out: Annotated[Path | None, Parameter(show_default=False)] = None,
    full: Annotated[bool, Parameter(negative="")] = False,
    accounts: Annotated[
        int | None, Parameter(validator=validators.Number(gte=0), show_default=False)
    ] = None,
    seed: Annotated[int, Parameter(validator=validators.Number(gte=0, lte=2**63))] = 0,
    common: Common = Common(),
) -> ExitCode:
    """Tell the whole story on simulated traffic.

    Simulates two weeks of traffic with three planted campaigns, scans it, compares what was found
    with what was planted, and writes the report.

    With --full, the whole loop: two providers pool what each sees too little of, a gateway marks
    what the campaign is still served, a student of the harvest is audited, the case is packed and
    shared, and a third party verifies it. The exit status is 1 where a step does not come out.

    Parameters:
        out: Folder for the traffic, its labels, the scan and the evaluation: `phalanx-demo`. With
            --full a new one, for everything that anybody in the story keeps: `phalanx-loop`.
        full: Tell of the whole loop, in some minutes.
        accounts: Honest accounts to simulate: 4,600, or with --full 2,000 at both providers.
        seed: Seed; the same seed tells the same story.
        common: Options of every command.
    """
    if full:
        from phalanx.cli.demo_full import tell_all

        return tell_all(out or _LOOP, _ACCOUNTS_OF_BOTH if accounts is None else accounts, seed)
    _tell(out or _OUT, _ACCOUNTS if accounts is None else accounts, seed, common)
    return ExitCode.CLEAN


def _tell(out: Path, accounts: int, seed: int, common: Common) -> None:
    """Simulate, scan and evaluate."""
    from phalanx.cli.evaluation_view import as_json, sentences
    from phalanx.cli.rendering import write_text
    from phalanx.cli.scan import scan_into
    from phalanx.cli.simulate_options import SimulateOptions, simulation_config
    from phalanx.detect.config import ScanConfig
    from phalanx.detect.evaluate import evaluate
    from phalanx.detect.simulate import simulate
    from phalanx.formats.wording import promise, summary

    start = time.perf_counter()
    config = simulation_config(SimulateOptions(accounts=accounts, seed=seed))
    simulation = simulate(config)
    common.say(
        f"1. simulate  {simulation.rows:,} exchanges, {config.days} days, {accounts:,} honest "
        f"accounts, {len(config.campaigns)} campaigns that hide at level {config.evasion}"
    )
    exchanges, labels = simulation.write(out)
    key = _demo_key(out / "pseudonym.key", seed)
    folder = out / "scan"
    common.say("2. scan      finding campaigns, day by day")
    scan_config = ScanConfig(pseudonym_key=key, seed=seed)
    result = scan_into((str(exchanges),), folder, scan_config, common)
    common.say("3. evaluate  comparing with what was planted\n")
    evaluation = evaluate(result, labels, pseudonym_key=key)
    write_text(as_json(evaluation), out / "evaluation.json")
    lines = [
        summary(result),
        promise(result),
        "",
        *sentences(evaluation),
        "",
        "All of this traffic is simulated: accounts, addresses, payments, times and prompts. The",
        "figures are about this population, and say nothing of how yours would fare. Measure that:",
        "phalanx simulate --into YOUR_LOG, then scan and evaluate.",
        "",
        f"report      {folder / 'report.html'}",
        f"findings    {folder / 'campaigns.json'}",
        f"evaluation  {out / 'evaluation.json'}",
        f"{time.perf_counter() - start:.0f} seconds",
    ]
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _demo_key(path: Path, seed: int) -> bytes:
    """Write a key that follows from the seed, so that the same seed tells the same story.

    There is nobody to protect in simulated traffic, and the key of the person is left alone.
    """
    key = hashlib.sha256(f"phalanx demo {seed}".encode()).digest()
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(key)
    return key
