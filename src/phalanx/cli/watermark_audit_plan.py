"""How an audit is planned."""

from __future__ import annotations

import math
import secrets
from pathlib import Path

import numpy as np

from phalanx.cli.watermark_audit_options import PowerOptions
from phalanx.cli.watermark_audit_prompts import MOST_PROMPTS_BYTES, read_prompts
from phalanx.cli.watermark_options import KeyOptions
from phalanx.cli.watermark_work import content_of, derived, names_of
from phalanx.errors import InputError
from phalanx.formats.lines import labelled
from phalanx.formats.notation import count, plural
from phalanx.owned import written_whole
from phalanx.printable import printable
from phalanx.watermark.audit import (
    Mode,
    Plan,
    imagined_field,
    imagined_times,
    prompts_digest,
    simulate_power,
)
from phalanx.watermark.audit.choices import MOST_PLACES
from phalanx.watermark.audit.modes import GATHERED, RACED
from phalanx.watermark.audit.plan import MOST_GATHERED, MOST_KEYS
from phalanx.watermark.audit.winners import races
from phalanx.watermark.keys.vault import Act, Vault
from phalanx.watermark.marking.model_digest import model_digest
from phalanx.watermark.schemes.registry import open_scheme

SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5)
_MOST_TEXT = 2_000
_NONE = "none: how likely tokens are is not asked"


def make_plan(
    vault: Vault | None,
    names: Path,
    which: KeyOptions,
    who: Act,
    *,
    suspect: str,
    prompts: Path,
    tokenizer: Path | None,
    answers_each: int,
    least_read: float,
    mode: Mode,
    reference: str | None,
    reference_model: Path | None,
    marked_model: Path | None,
    candidates: int,
    places: int | None,
    level: float,
    decoys: int,
    decoy_seed: int | None,
) -> Plan:
    """Return a plan.

    Parameters:
        vault: That derives the keys; null for audit keys, which custodians open for the plan: it
            names them by what they are for.
        reference: Null for sums alone.
        tokenizer: Null where prompts and answers are token numbers.
        places: Null for as many as the mode takes.

    Other parameters are those of `Plan`, or of the command.

    Raises:
        InputError: If names, scheme or prompts are none, or the scheme cannot be asked that way.
        PhalanxError: If the vault cannot be opened.
    """
    scheme = open_scheme(which.scheme)
    if mode != "sums" and not races(scheme):
        message = f"{scheme.setting.name} lets no tokens race, so that nobody knows its winners"
        raise InputError(message, next_step="Plan with --mode sums.")
    compared = _compared(mode, reference, reference_model)
    for text in (suspect, compared):
        if not 0 < len(text.strip()) <= _MOST_TEXT or not text.isprintable():
            message = f"suspect and reference are said on one line of up to {_MOST_TEXT:,} letters"
            raise InputError(message, next_step="Say them in a sentence each.")
    if answers_each > 1 and mode.startswith("weights"):
        message = f"an audit of {mode} asks nothing, and reads each document once"
        raise InputError(message, next_step="Leave --answers-each out.")
    places = _places(mode, places, candidates, marked_model)
    if decoy_seed is not None and not 0 <= decoy_seed < 1 << 53:
        message = f"--decoy-seed is 0 to 2^53 - 1, not {decoy_seed}"
        raise InputError(message, next_step="Leave it out: one is drawn.")
    content = content_of(prompts, MOST_PROMPTS_BYTES)
    if not content.strip():
        message = f"{prompts}: is empty"
        raise InputError(message, next_step="Write what the suspect is asked, or reads.")
    asked = read_prompts(prompts, tokenizer)
    if vault is None:
        ids, name = _named(names), scheme.setting.name
    else:
        made = derived(vault, names, which, who)
        ids, name = made.ids, made.scheme
    return Plan(
        suspect=suspect,
        mode=mode,
        scheme=name,
        key_ids=ids,
        key_commitment="",
        prompts_digest=prompts_digest(content),
        prompts=len(asked.documents),
        reference=compared,
        reference_digest="" if reference_model is None else model_digest(reference_model),
        level=level,
        decoys=decoys,
        decoy_seed=secrets.randbits(53) if decoy_seed is None else decoy_seed,
        candidates=candidates,
        places=places,
        made_at=who.at.isoformat(timespec="seconds"),
        marked_digest="" if marked_model is None else model_digest(marked_model),
        tokenizer_digest=asked.tokenizer.digest,
        answers_each=answers_each,
        least_read=least_read,
    )


def _compared(mode: Mode, reference: str | None, reference_model: Path | None) -> str:
    """Return what a plan, and the report that is signed, say that the suspect is compared with."""
    if mode == "sums":
        if reference is not None or reference_model is not None:
            message = "an audit of sums asks no reference"
            raise InputError(message, next_step="Leave --reference and --reference-model out.")
        return _NONE
    if reference is None:
        message = f"an audit of {mode} compares with a reference, which is not said"
        advice = "Say with --reference which model it is, and why it knows nothing of the keys."
        raise InputError(message, next_step=advice)
    return reference


def _places(mode: Mode, places: int | None, candidates: int, marked_model: Path | None) -> int:
    """Return how many places count at most, and refuse what other modes take."""
    if marked_model is not None and mode not in RACED:
        message = f"an audit of {mode} fixes no marked model"
        raise InputError(message, next_step="Leave --marked-model out.")
    if mode not in GATHERED:
        return 10**9 if places is None else places
    places = MOST_PLACES if places is None else places
    if places * candidates > MOST_GATHERED:
        message = f"--most-places times --candidates is at most {MOST_GATHERED:,} where both count"
        raise InputError(message, next_step=f"Take fewer; {MOST_PLACES:,} contexts are usual.")
    return places


def _named(names: Path) -> tuple[str, ...]:
    """Return what audit keys are for, as a plan can name it."""
    found = names_of(names)
    if len(found) > MOST_KEYS or not all(
        len(each) <= 200 and each.isascii() and each.isprintable() and " " not in each
        for each in found
    ):
        message = f"{names}: a plan names at most {MOST_KEYS:,} keys, each in ASCII without spaces"
        raise InputError(message, next_step="Name in short what each audit key is for.")
    return found


def write_plan(plan: Plan, output: Path) -> None:
    """Write the file of a plan: its bytes are what its digest is of.

    Raises:
        OSError: If it cannot be written.
    """
    with written_whole(output) as aside:
        aside.write_bytes(plan.as_bytes())


def power_text(plan: Plan, how: PowerOptions) -> str:
    """Say what a plan fixes, and how often audits like it succeed."""
    needed = math.log10(len(plan.key_ids)) - math.log10(plan.level)
    lines = [
        *labelled("plan", f"SHA-256 {plan.digest()}"),
        *labelled("suspect", plan.suspect),
        *labelled(
            "asked", f"{plural(len(plan.key_ids), 'key')} of {plan.scheme}, by {plan.method}"
        ),
        *labelled("compared", plan.reference),
        *labelled("read", _read(plan)),
        *labelled("counted", _counted(plan)),
        *labelled(
            "level",
            f"chance of naming any key falsely: {plan.level:g}; a key needs e 10^{needed:.1f}, and "
            f"more than each of {plural(plan.decoys, 'random key')}",
        ),
    ]
    scheme = open_scheme(plan.scheme)
    if not how.runs:
        lines += labelled("power", "not simulated")
    elif not races(scheme):
        lines += labelled(
            "power", f"not evaluable: {scheme.setting.name} has no winners to simulate by"
        )
    else:
        lines += ["", *_curve(plan, how, needed)]
    return "".join(f"{printable(line)}\n" for line in lines)


def _read(plan: Plan) -> str:
    what = "document" if plan.mode.startswith("weights") else "answer"
    return (
        f"{plural(plan.asked, what)}; with fewer than {count(plan.least)} of them the audit is not "
        "evaluable"
    )


def _counted(plan: Plan) -> str:
    if plan.gathered:
        return f"the most usual {plural(plan.places, 'context')} at most"
    return f"the first {plural(plan.places, 'place')} at most"


def _curve(plan: Plan, how: PowerOptions, needed: float) -> list[str]:
    scheme = open_scheme(plan.scheme)
    # The same curve for the same plan.
    random = np.random.default_rng(plan.decoy_seed)
    of = " contexts" if plan.gathered else " places"
    lines = [
        f"Share of {count(how.runs)} simulated audits that name the key (median e in brackets),",
        f"for choices of {how.entropy_nats:g} nats a token:",
        "",
        "  share of choices that the mark decided"
        + "".join(f"{count(places) + of:>24}" for places in how.places),
    ]
    columns = []
    for places in how.places:
        times = imagined_times(places, random) if plan.gathered else np.ones(places)
        field = imagined_field(times.size, how.entropy_nats, scheme.setting.context_width, random)
        columns.append(
            simulate_power(
                field, plan.mode, scheme, SHARES, needed, runs=how.runs, random=random, times=times
            )
        )
    for row in zip(*columns, strict=True):
        cells = [f"{each.power:.0%} (10^{each.median_log10_e:.1f})" for each in row]
        lines.append(f"  {row[0].share:<38.0%}" + "".join(f"{cell:>24}" for cell in cells))
    lines += [
        "",
        "The imagined student differs from the marked model in nothing else: ask for more. The",
        "share is that of marked text in its training times how much of it the student took on,",
        "which nobody knows. At 0 % it is the rate of false findings.",
    ]
    if plan.gathered:
        lines += [
            "Contexts are imagined to come as often as words do (Zipf's law), and all to be learnt",
            "alike: a real student learns usual ones first, and of rare ones nothing.",
        ]
    return lines
