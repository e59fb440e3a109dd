"""The story: every step in its order, told as it comes out, and ended where one does not."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from phalanx.cli.demo_full.alliance import join_alliance, running
from phalanx.cli.demo_full.auditing import audit_students
from phalanx.cli.demo_full.chapter import Chapter, write_json, write_lines
from phalanx.cli.demo_full.marking import mark_what_is_served
from phalanx.cli.demo_full.packing import pack_case
from phalanx.cli.demo_full.places import Places, new_places
from phalanx.cli.demo_full.pooling import pool_evidence
from phalanx.cli.demo_full.scanning import scan_alone, scan_with_told_marks
from phalanx.cli.demo_full.sharing import share_campaign
from phalanx.cli.demo_full.teaching import teach
from phalanx.cli.demo_full.theft import train_students
from phalanx.cli.demo_full.third_party import verify_as_third_party
from phalanx.cli.demo_full.traffic import Setting, make_logs
from phalanx.cli.exit_codes import ExitCode
from phalanx.govern.ledger import open_ledger
from phalanx.printable import printable


@dataclass(frozen=True, slots=True)
class Told:
    """A step that was told."""

    name: str
    chapter: Chapter
    seconds: float
    cpu_seconds: float
    """Of this process and of commands that it waited for; servers count where they are stopped."""


def tell_all(out: Path, honest_accounts: int, seed: int) -> ExitCode:
    """Tell the whole story, and keep everything that it is about.

    Parameters:
        out: New folder.
        honest_accounts: At both providers together.
        seed: The same one simulates the same traffic; keys are always new.

    Returns:
        `CLEAN` if every step came out, else `FINDINGS`.

    Raises:
        PhalanxError: If a step cannot be done at all.
    """
    places = new_places(out)
    setting = Setting(honest_accounts, seed, datetime.now(UTC))
    with closing(_told(places, setting)) as steps:
        return tell(steps, places, setting)


def tell(steps: Iterable[Told], places: Places, setting: Setting) -> ExitCode:
    """Tell steps as they come out, up to the first that does not, and keep what was told.

    Parameters:
        steps: Each is done when it is asked for.
        places: Where everything stands.
        setting: What was simulated.
    """
    told: list[Told] = []
    lacks = ""
    for each in steps:
        told.append(each)
        _say(_as_text(len(told), each, places))
        lacks = each.chapter.lacks
        if lacks:
            break
    write_json(places.out / "story.json", _as_json(told, setting))
    text = "".join(_as_text(number, each, places) for number, each in enumerate(told, 1))
    ending = _ending(places, told, lacks)
    write_lines(places.out / "story.txt", text + ending)
    _say(ending)
    return ExitCode.FINDINGS if lacks else ExitCode.CLEAN


def _told(places: Places, setting: Setting) -> Generator[Told]:
    """Do the steps; the alliance runs from the second to the last that needs it."""
    yield _timed("simulate", lambda: make_logs(setting, places))
    with ExitStack() as stack:
        begin = _Clock()
        alliance = stack.enter_context(running(places))
        yield _timed("alliance", lambda: join_alliance(places, alliance), begin)
        yield _timed("alone", lambda: scan_alone(places))
        yield _timed("pool", lambda: pool_evidence(places, alliance))
        yield _timed("together", lambda: scan_with_told_marks(places))
        yield _timed("share", lambda: share_campaign(places))
    yield _timed("teach", lambda: teach(places))
    yield _timed("mark", lambda: mark_what_is_served(places, setting.seed))
    yield _timed("steal", lambda: train_students(places))
    yield _timed("audit", lambda: audit_students(places, setting.seed))
    yield _timed("pack", lambda: pack_case(places))
    yield _timed("verify", lambda: verify_as_third_party(places))


@dataclass(frozen=True, slots=True)
class _Clock:
    """When a step began."""

    wall: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=lambda: sum(os.times()[:4]))


def _timed(name: str, step: Callable[[], Chapter], begin: _Clock | None = None) -> Told:
    begin = _Clock() if begin is None else begin
    chapter = step()
    end = _Clock()
    return Told(name, chapter, end.wall - begin.wall, end.cpu - begin.cpu)


def _as_text(number: int, told: Told, places: Places) -> str:
    chapter = told.chapter
    lines = [f"{number}. {chapter.title}  ({told.seconds:.1f} s)"]
    lines += [f"     {line}" for line in chapter.lines]
    lines += [f"   $ {command}" for command in chapter.commands]
    lines += [f"   > {_short(path, places)}" for path in chapter.artefacts]
    return "\n".join(lines) + "\n\n"


def _ending(places: Places, told: list[Told], lacks: str) -> str:
    seconds = sum(each.seconds for each in told)
    if lacks:
        last = told[-1].name
        lines = [f"The story ends here: at the step {last!r} {lacks}.",
                 "Nothing was made up to go on. Another --seed tells another story."]  # fmt: skip
        return "\n".join(lines) + "\n"
    ledger = open_ledger(places.a.ledger)
    lines = [
        "All of this is simulated: traffic, accounts, people, models and the theft. The tests and",
        "the evidence are real, and say nothing of how your own traffic or models would fare.",
        "",
        f"everything  {places.out}",
        f"campaign    {_short(places.a.scan / 'report.html', places)}",
        f"audit       {_short(places.audits / 'student.json', places)}",
        f"package     {_short(places.package, places)}",
        (
            f"ledger      {_short(places.a.ledger, places)}: {ledger.check():,} acts, "
            "as its signed tree says"
        ),
        *_console(places),
        "verify it   cd " + shlex.quote(str(places.third_party)) + " && phalanx govern verify "
        "package --policy cases.policy --ledgers ledger.policy",
        f"{seconds:.0f} seconds",
    ]
    return "\n".join(lines) + "\n"


def _console(places: Places) -> tuple[str, ...]:
    """Return the command that shows what the first provider holds."""
    house = places.a.folder
    shown = {
        "data": house / "console", "scan": places.a.scan, "store": places.a.store,
        "alliance": places.a.alliance, "audits": places.audits,
        "audit-signer": places.audit / "auditor.pem", "cases": places.cases,
        "packages": places.package.parent,
        "believed": house / "believed.policy", "ledger": places.a.ledger,
    }  # fmt: skip
    words = " ".join(f"--{name} {path.relative_to(house)}" for name, path in shown.items())
    return (
        (
            f"look at it  cd {shlex.quote(str(house))} && phalanx console user add ada "
            "--role administrator --data console"
        ),
        f"            phalanx console {words}",
    )


def _as_json(told: list[Told], setting: Setting) -> Mapping[str, Any]:
    return {
        "seed": setting.seed,
        "honest_accounts": setting.honest_accounts,
        "told_at": setting.now.isoformat(timespec="seconds"),
        "came_out": not told[-1].chapter.lacks,
        "steps": [
            {
                "name": each.name,
                "title": each.chapter.title,
                "seconds": round(each.seconds, 2),
                "cpu_seconds": round(each.cpu_seconds, 2),
                "said": list(each.chapter.lines),
                "commands": list(each.chapter.commands),
                "artefacts": [str(path) for path in each.chapter.artefacts],
                "lacks": each.chapter.lacks,
            }
            for each in told
        ],
    }


def _short(path: Path, places: Places) -> str:
    """Name a path from the folder of the story on."""
    return str(path.relative_to(places.out))


def _say(text: str) -> None:
    sys.stdout.write(printable(text, keep="\n"))
    sys.stdout.flush()
