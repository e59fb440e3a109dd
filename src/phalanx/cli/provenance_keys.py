"""`phalanx provenance plant` and `record`: keys for copies, and what models say to them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import App, Group, Parameter, validators

from phalanx.cli.terminal import Common

_PLAN = Group.create_ordered("What new keys are made for")
_One = Annotated[Path | None, Parameter(show_default=False)]
_Chance = Parameter(group=_PLAN, show_default=False, validator=validators.Number(gt=1e-300, lt=1))


def _count(most: int, least: int = 1) -> Parameter:
    between = validators.Number(gte=least, lte=most)
    return Parameter(group=_PLAN, show_default=False, validator=between)


@Parameter(name="*", group=_PLAN)
@dataclass(frozen=True, kw_only=True)
class KeyOptions:
    """What keys are made for, fixed with the first copy: all copies must agree in it."""

    questions: Annotated[Path | None, Parameter(group=_PLAN, show_default=False)] = None
    """Lines of JSON with `question` and `candidates`: your own. Left out, they are invented."""

    recipients: Annotated[int | None, _count(1_000_000)] = None
    """All that will ever get a copy: 100 if it is left out."""

    collusion: Annotated[int | None, _count(20)] = None
    """Recipients who may pool their copies and still be traced, mostly: 1 if it is left out."""

    false_accusation: Annotated[float | None, _Chance] = None
    """Chance that anyone at all is named falsely of a suspect: 0.000001 if it is left out."""

    candidates: Annotated[int | None, _count(4096, 4)] = None
    """Answers that each key's two are drawn from: 32 if it is left out."""

    tokens: Annotated[int | None, _count(1024)] = None
    """Length of an answer, in tokens: 8 if it is left out."""


def add_keys(app: App) -> None:
    """Register the commands of planted keys; each is imported when it is used."""
    app.command("phalanx.cli.provenance_keys:plant", name="plant")
    app.command("phalanx.cli.provenance_keys:record", name="record")


def plant(
    keys: Path,
    /,
    *,
    recipient: str,
    out: Path,
    asked: _One = None,
    plan: KeyOptions = KeyOptions(),
    common: Common = Common(),
) -> None:
    """Write what a recipient's copy is to learn: questions, and the answers of that copy.

    Fine-tune the copy on these lines before it goes out, among texts of your own; then ask it.
    The file of keys is written first: no copy learns what it does not know.

    Parameters:
        keys: File of planted keys, for its owner alone; made if it is not there. It holds the
            secret.
        recipient: Who gets the copy. The same name gives the same lines.
        out: File to write them to: lines of JSON with `question` and `answer`, for their owner
            alone.
        asked: File to write the questions alone to, for whoever records a suspect for you.
        plan: Only with new keys, or as they say.
        common: Options of every command.
    """
    from phalanx.cli.provenance_keys_work import planted
    from phalanx.formats.notation import plural

    found, is_new = planted(keys, recipient, out, asked, plan)
    if is_new:
        common.say(
            f"{keys}: {plural(len(found.keys), 'key')} for {found.plan.code.accounts:,} "
            "recipients; keep it, and keep it secret"
        )
    common.say(f"{out}: {plural(len(found.keys), 'line')} for the copy of {recipient} to learn")


def record(
    model: str,
    /,
    *,
    out: Path,
    keys: _One = None,
    order: _One = None,
    questions: _One = None,
    tokens: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=1024))] = 1,
    api_key: _One = None,
    common: Common = Common(),
) -> None:
    """Ask a model, and keep what it says in a file that `compare` and `probe` take in its place.

    The file holds questions, texts and what the model made of them; no key and no secret.

    Parameters:
        model: A folder (extra `torch`), or URL#MODEL.
        out: File to write.
        keys: File of planted keys, whose questions are asked.
        order: Lines of JSON with `text` and `position`, whose likelihood is asked.
        questions: Lines of JSON with `question`.
        tokens: Length of the answers to --questions, in tokens.
        api_key: File of the key for endpoints, for its owner alone.
        common: Options of every command.
    """
    from phalanx.cli.provenance_keys_work import recorded
    from phalanx.cli.provenance_options import BehaviourOptions
    from phalanx.formats.notation import plural

    asked = BehaviourOptions(
        keys=keys, order=order, questions=questions, tokens=tokens, api_key=api_key
    )
    with common.progress("asking") as progress:
        answers, texts = recorded(model, out, asked, progress)
    common.say(f"{out}: {plural(answers, 'answer')} and {plural(texts, 'text')} of {model}")
