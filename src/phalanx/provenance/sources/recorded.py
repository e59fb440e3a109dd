"""A model's answers in a file, for whoever may not be given the model itself.

Each line is a JSON object: `{"text": ..., "log_probabilities": [...]}` or
`{"question": ..., "tokens": ..., "answer": ...}`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from phalanx.errors import InputError, reason_of
from phalanx.provenance.sources.source import LogprobSource

_MOST_BYTES = 1 << 30
_NEXT_STEP = "Record the model again, with the texts and questions of this test."


class RecordedAnswers:
    """What a model said, read from a file.

    Parameters:
        path: The file, of at most 1 GB.

    Raises:
        InputError: If it cannot be read, or a line is not as described.
    """

    def __init__(self, path: Path) -> None:
        """Read the whole file."""
        self._path = path
        self._texts: dict[str, npt.NDArray[np.float64]] = {}
        self._said: dict[tuple[str, int], str | None] = {}
        try:
            if path.stat().st_size > _MOST_BYTES:
                message = f"{path} is larger than {_MOST_BYTES:,} bytes"
                raise InputError(message, next_step="Split the recording, and test the parts.")
            lines = path.read_text("utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            message = f"{path} cannot be read: {reason_of(error)}"
            raise InputError(message, next_step="Name a recording in UTF-8.") from error
        for number, line in enumerate(lines, 1):
            if line.strip():
                self._take(line, number)

    def _take(self, line: str, number: int) -> None:
        try:
            said: Any = json.loads(line)
            if "text" in said:
                self._texts[said["text"]] = checked(said["log_probabilities"])
            else:
                answer = said["answer"]
                if not (answer is None or isinstance(answer, str)):
                    _refuse("an answer is a text or null")
                self._said[said["question"], int(said["tokens"])] = answer
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            message = f"line {number} of {self._path} is no answer: {reason_of(error)}"
            raise InputError(message, next_step=_NEXT_STEP) from error

    @property
    def name(self) -> str:
        """Name of the file."""
        return self._path.name

    def log_probabilities(self, texts: Sequence[str]) -> list[npt.NDArray[np.float64]]:
        """Return what was recorded of each text."""
        self._need([text for text in texts if text not in self._texts], "texts")
        return [self._texts[text] for text in texts]

    def answers(self, questions: Sequence[str], tokens: int) -> list[str | None]:
        """Return what was recorded of each question."""
        missing = [each for each in questions if (each, tokens) not in self._said]
        self._need(missing, f"questions with answers of {tokens} tokens")
        return [self._said[each, tokens] for each in questions]

    def _need(self, missing: list[str], what: str) -> None:
        if missing:
            message = f"{self._path} lacks {len(missing):,} {what}, first {missing[0][:60]!r}"
            raise InputError(message, next_step=_NEXT_STEP)


def record(
    source: LogprobSource,
    path: Path,
    texts: Sequence[str],
    questions: Mapping[int, Sequence[str]],
) -> None:
    """Write what a model says into a file that `RecordedAnswers` reads.

    Parameters:
        source: The model.
        path: Written aside, then renamed.
        texts: Whose log-probabilities are asked for.
        questions: To be answered, by the length of the answers in tokens.

    Raises:
        PhalanxError: If the model cannot be read or asked.
        OSError: If the file cannot be written.
    """
    lines: list[Mapping[str, object]] = [
        {"text": text, "log_probabilities": said.tolist()}
        for text, said in zip(texts, source.log_probabilities(texts), strict=True)
    ]
    lines += [
        {"question": question, "tokens": tokens, "answer": answer}
        for tokens, asked in questions.items()
        for question, answer in zip(asked, source.answers(asked, tokens), strict=True)
    ]
    aside = path.with_name(path.name + ".aside")
    with aside.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line, allow_nan=False) + "\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def checked(said: object) -> npt.NDArray[np.float64]:
    """Return logarithms of probabilities as numbers.

    Raises:
        ValueError: If they are something else, or above 0.
    """
    if not isinstance(said, list) or not all(type(each) in {int, float} for each in said):
        _refuse("log-probabilities are a list of numbers")
    result = np.array(said, dtype=np.float64)
    # A server may round a certain token to a little above 0.
    if not np.isfinite(result).all() or (result > 1e-3).any():
        _refuse("log-probabilities are finite and at most 0")
    return np.minimum(result, 0.0)


def _refuse(why: str) -> None:
    raise ValueError(why)
