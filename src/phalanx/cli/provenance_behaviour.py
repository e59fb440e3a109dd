"""Asking models: keys, order and agreement, as files and options say."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from phalanx.cli.provenance_options import BehaviourOptions
from phalanx.errors import InputError, reason_of
from phalanx.model import Inconclusive
from phalanx.owned import read_owned, read_secret_text
from phalanx.provenance.order_test import mean_log_probability, weigh_order
from phalanx.provenance.panel_test import weigh_agreement
from phalanx.provenance.planted_keys import PlantedKeys, read_keys
from phalanx.provenance.planted_keys.key_file import MOST_BYTES
from phalanx.provenance.sources import LogprobSource
from phalanx.provenance.verdict import Asked, Family, of_agreement, of_keys, of_order

_MOST_LINES_BYTES = 1 << 30
_MOST_TEXTS = 50_000
_MOST_API_KEY_BYTES = 4096
_ONE_SET = "questions"

Positions = npt.NDArray[np.int64]
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interview:
    """What models are asked, read and checked before any of them is."""

    keys: PlantedKeys | None
    texts: tuple[str, ...]
    """Whose order is tested; empty if it is not asked."""

    positions: Positions
    """When our model saw them."""

    questions: dict[str, list[str]] | None
    """Sets by name; null if agreement is not asked."""

    tokens: int
    """Length of the answers to questions."""

    @property
    def families(self) -> tuple[Family, ...]:
        """What is asked."""
        asked = (
            (Family.PLANTED_KEYS, self.keys is not None),
            (Family.ORDER, bool(self.texts)),
            (Family.AGREEMENT, self.questions is not None),
        )
        return tuple(family for family, is_asked in asked if is_asked)


def read_interview(options: BehaviourOptions) -> Interview:
    """Read what is asked.

    Raises:
        InputError: If a file cannot be read, or is not as described.
        ConfigError: If others than its owner may read the file of keys.
    """
    named = options.keys, options.order, options.questions
    if options.panel and all(each is None for each in named):
        message = "--panel names models that are asked nothing"
        raise InputError(message, next_step="Name --keys, --order or --questions as well.")
    keys = None
    if options.keys is not None:
        keys = read_keys(read_owned(options.keys, "file of planted keys", MOST_BYTES))
    texts, positions = ([], []) if options.order is None else _order(options.order)
    return Interview(
        keys=keys,
        texts=tuple(texts),
        positions=np.array(positions, dtype=np.int64),
        questions=None if options.questions is None else _questions(options.questions),
        tokens=options.tokens,
    )


def open_source(name: str, api_key: Path | None) -> LogprobSource:
    """Open a model that can be asked: `URL#MODEL`, a folder, or a recording.

    Raises:
        InputError: If it is none of them.
        MissingExtraError: If it is a folder, and torch is not installed.
        ConfigError: If the file of the key cannot be used.
    """
    from phalanx.provenance.sources.endpoint import CompletionsEndpoint
    from phalanx.provenance.sources.recorded import RecordedAnswers
    from phalanx.provenance.sources.transformers_folder import TransformersFolder

    if name.startswith(("http://", "https://")):
        base, _, model = name.partition("#")
        if not model:
            message = f"{name}: an endpoint is named with its model, as URL#MODEL"
            raise InputError(message, next_step="Such as http://127.0.0.1:8000/v1#model.")
        key = ""
        if api_key is not None:
            key = read_secret_text(api_key, "key of an endpoint", _MOST_API_KEY_BYTES)
        return CompletionsEndpoint(base, model, key=key)
    path = Path(name)
    return TransformersFolder(path) if path.is_dir() else RecordedAnswers(path)


def ask(
    interview: Interview,
    suspect: LogprobSource,
    ours: LogprobSource | None,
    panel: Sequence[LogprobSource],
    progress: Progress,
) -> list[Asked]:
    """Ask all models everything, and return the results of each family.

    Parameters:
        interview: What is asked.
        suspect: The model under test.
        ours: Our model; needed for agreement alone.
        panel: Reference models: they can clear planted keys, they make the order test stronger,
            and agreement means nothing without them.
        progress: Is told what is being asked.

    Raises:
        ValueError: If agreement is asked, and our model is not there.
        PhalanxError: If a model cannot be asked.
    """
    found = []
    if interview.keys is not None:
        progress("planted keys", 0.2)
        found.append(_ask_keys(interview.keys, suspect, panel))
    if interview.texts:
        progress("order of training", 0.4)
        found.append(_ask_order(interview, suspect, panel))
    if interview.questions is not None:
        progress("agreement", 0.7)
        found.append(_ask_questions(interview, suspect, ours, panel))
    return found


def _ask_keys(
    planted: PlantedKeys, suspect: LogprobSource, panel: Sequence[LogprobSource]
) -> Asked:
    findings = [
        planted.finding(each.answers(planted.questions, planted.tokens))
        for each in (suspect, *panel)
    ]
    return of_keys(findings[0], findings[1:])


def _ask_order(
    interview: Interview, suspect: LogprobSource, panel: Sequence[LogprobSource]
) -> Asked:
    likely = mean_log_probability(suspect, interview.texts)
    others = [mean_log_probability(each, interview.texts) for each in panel]
    reference = np.mean(others, axis=0) if others else None
    return of_order(weigh_order(likely, interview.positions, reference))


def _ask_questions(
    interview: Interview,
    suspect: LogprobSource,
    ours: LogprobSource | None,
    panel: Sequence[LogprobSource],
) -> Asked:
    if ours is None or interview.questions is None:
        message = "agreement needs questions, and our model's answers"
        raise ValueError(message)
    if not panel:
        reason = (
            "no panel: however much two models agree, it means nothing without reference models "
            "on like data"
        )
        return of_agreement(Inconclusive(reason=reason, reachable_log10_e=0.0))
    said = [
        {
            name: each.answers(questions, interview.tokens)
            for name, questions in interview.questions.items()
        }
        for each in (ours, suspect, *panel)
    ]
    level = 1.0 / (len(panel) + 1.0)
    return of_agreement(weigh_agreement(said[0], said[1], said[2:], level=level))


def _order(path: Path) -> tuple[list[str], list[int]]:
    texts, positions = [], []
    for where, said in json_lines(path):
        text, position = said.get("text"), said.get("position")
        if not isinstance(text, str) or type(position) is not int or not 0 <= position < 2**62:
            _refuse(where, "needs a `text`, and a whole number as its `position`")
        texts.append(text)
        positions.append(position)
    if not 0 < len(texts) <= _MOST_TEXTS:
        _refuse(str(path), f"has {len(texts):,} texts; 1 to {_MOST_TEXTS:,} are compared")
    if len(set(positions)) != len(positions):
        _refuse(str(path), "names a position twice: number the texts of one step as they stand")
    return texts, positions


def _questions(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for where, said in json_lines(path):
        question, name = said.get("question"), said.get("set", _ONE_SET)
        if not isinstance(question, str) or not isinstance(name, str) or not name.isprintable():
            _refuse(where, "needs a `question`, and may name its `set`")
        found.setdefault(name[:100], []).append(question)
    if not found:
        _refuse(str(path), "holds no question")
    return found


def json_lines(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return the objects of a file of JSON lines, each with where it stands.

    Raises:
        InputError: If the file cannot be read, or a line is no object.
    """
    try:
        if path.stat().st_size > _MOST_LINES_BYTES:
            _refuse(str(path), f"is larger than {_MOST_LINES_BYTES:,} bytes")
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Name a file of JSON lines in UTF-8.") from error
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            _refuse(where, "is no JSON object")
        found.append((where, said))
    return found


def _refuse(where: str, why: str) -> NoReturn:
    message = f"{where}: {why}"
    raise InputError(message, next_step="Each line is a JSON object, as the help describes it.")
